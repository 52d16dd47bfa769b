/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arp.c - RFC 826: who on the link has an IPv4 address. A cache of ARP_ENTRIES,
 * each with the packets that wait for its answer.
 *
 * An entry is used for ARP_REACHABLE_NS after it was last heard of; the next
 * packet then starts a unicast poll (RFC 1122 2.3.2.1, mechanism 2) and still
 * goes out. The entry is dropped after ARP_TRIES polls without an answer.
 *
 * Three kinds of entry compete for the places: live ones, to which we send; those
 * being asked; and idle ones, learnt from requests for us in case we answer them. Idle
 * ones make room for the others and never the reverse, so strangers who ask for us
 * push out nobody. Those being asked take at most ARP_ASKING_MAX places from live
 * ones and then replace each other, the oldest first: who answers at all answers soon.
 */
#include "stack/net_int.h"

#include "stack/wire/arp.h"

#include <errno.h>
#include <string.h>

static const uint8_t eth_broadcast[ETH_ADDR_BYTES] = { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF };
static const uint8_t eth_unknown[ETH_ADDR_BYTES] = { 0 };

/* A host talks mostly to its router: the last entry found is tried first. */
static struct arp_entry *find(struct net *n, uint32_t addr)
{
    struct arp_state *a = &n->arp;
    if (a->last && a->last->kind != ARP_FREE && a->last->addr == addr)
        return a->last;
    for (unsigned i = 0; i < ARP_ENTRIES; i++) {
        if (a->entry[i].kind != ARP_FREE && a->entry[i].addr == addr) {
            a->last = &a->entry[i];
            return a->last;
        }
    }
    return NULL;
}

/* --- packets that wait ---------------------------------------------------- */

static struct pkt *wait_pop(struct net *n, struct pkt_list *l)
{
    struct pkt *p = pkt_list_pop(l);
    if (p)
        n->arp.wait_bytes -= p->cap;
    return p;
}

static void wait_drop_all(struct net *n, struct arp_entry *e, uint64_t *counter)
{
    for (struct pkt *p; (p = wait_pop(n, &e->wait)) != NULL;) {
        (*counter)++;
        pkt_release(p);
    }
}

/* The entry longest not sent to of those where packets wait. */
static struct arp_entry *longest_waiting(struct net *n)
{
    struct arp_entry *old = NULL;
    for (unsigned i = 0; i < ARP_ENTRIES; i++) {
        struct arp_entry *e = &n->arp.entry[i];
        if (e->wait.n && (!old || e->used < old->used))
            old = e;
    }
    return old;
}

/* RFC 1122 2.3.2.2: the latest packets are the ones worth keeping, of one address and
 * of all. */
static void wait_push(struct net *n, struct arp_entry *e, struct pkt *p)
{
    struct arp_entry *from = e->wait.n >= ARP_WAIT_MAX ? e : NULL;
    while (from || n->arp.wait_bytes + p->cap > ARP_WAIT_BYTES) {
        from = from ? from : longest_waiting(n);
        n->c.drop_arp_queue_full++;
        pkt_release(wait_pop(n, &from->wait));
        from = NULL;
    }
    n->arp.wait_bytes += p->cap;
    pkt_list_push(&e->wait, p);
}

/* --- places --------------------------------------------------------------- */

/* The place for a new entry, by the rules at the head of this file. NULL: an idle one
 * finds none. */
static struct arp_entry *place(struct net *n, bool wanted)
{
    struct arp_entry *idle = NULL, *live = NULL, *asked = NULL;
    unsigned n_asked = 0;
    for (unsigned i = 0; i < ARP_ENTRIES; i++) {
        struct arp_entry *e = &n->arp.entry[i];
        if (e->kind == ARP_FREE)
            return e;
        n_asked += e->kind == ARP_ASKING;
        struct arp_entry **old = e->kind == ARP_ASKING ? &asked : e->wanted ? &live : &idle;
        if (!*old || e->used < (*old)->used)
            *old = e;
    }
    if (idle || !wanted)
        return idle;
    return n_asked < ARP_ASKING_MAX ? live : asked;
}

static struct arp_entry *take(struct net *n, uint32_t addr, bool wanted, int64_t now_ns)
{
    struct arp_entry *e = place(n, wanted);
    if (!e)
        return NULL;
    wait_drop_all(n, e, &n->c.drop_arp_table_full);
    *e = (struct arp_entry){
        .addr = addr,
        .wanted = wanted,
        .used_ns = now_ns,
        .used = ++n->arp.uses,
    };
    return e;
}

/* --- asking and sending --------------------------------------------------- */

/* One ARP packet about ourselves to @tpa, @tha, in a frame to @dst. What goes wrong is
 * counted where it happens; a request is repeated, a lost reply asked for again. */
static void send(struct net *n, uint16_t op, uint32_t tpa, const uint8_t *tha, const uint8_t *dst)
{
    struct pkt *p = net_pkt_alloc(n, PKT_SMALL);
    if (!p)
        return;
    struct arp_view v = { .op = op, .spa = n->ip4.addr, .tpa = tpa };
    memcpy(v.sha, nic_mac(n->nic), sizeof(v.sha));
    memcpy(v.tha, tha, sizeof(v.tha));
    p->l3 = p->head;
    arp_emit(pkt_put(p, ARP_BYTES), &v);
    if (eth_tx(n, p, dst, ETH_TYPE_ARP) == 0)
        n->c.arp_tx++;
}

void arp_ask_all(struct net *n, uint32_t addr)
{
    send(n, ARP_OP_REQUEST, addr, eth_unknown, eth_broadcast);
}

/* One more request: to all, or to the address that we know but doubt. */
static void ask(struct net *n, struct arp_entry *e, int64_t now_ns)
{
    e->tries++;
    e->due_ns = now_ns + ARP_TRY_NS;
    if (e->due_ns < n->arp.due_ns)
        n->arp.due_ns = e->due_ns;
    net_emit(n, (struct net_event){ .kind = NET_EV_ARP_ASK, .addr = e->addr });
    send(n, ARP_OP_REQUEST, e->addr, eth_unknown, e->kind == ARP_PROBING ? e->mac : eth_broadcast);
}

int arp_tx(struct net *n, struct pkt *p, uint32_t next_hop, int64_t now_ns)
{
    uint8_t group[ETH_ADDR_BYTES];
    if (ip4_is_broadcast(n, next_hop))
        return ip4_link_tx(n, p, eth_broadcast);
    if (ip4_is_multicast(next_hop)) {
        eth_group_of_ip4(group, next_hop);
        return ip4_link_tx(n, p, group);
    }
    struct arp_entry *e = find(n, next_hop);
    if (!e) {
        e = take(n, next_hop, true, now_ns);
        e->kind = ARP_ASKING;
        ask(n, e, now_ns);
    }
    e->wanted = true;
    e->used_ns = now_ns;
    e->used = ++n->arp.uses;
    if (e->kind == ARP_ASKING) {
        wait_push(n, e, p);
        return 0;
    }
    if (e->kind == ARP_REACHABLE && now_ns - e->confirmed_ns > ARP_REACHABLE_NS) {
        e->kind = ARP_PROBING;
        e->tries = 0;
        ask(n, e, now_ns);
    }
    return ip4_link_tx(n, p, e->mac);
}

/* The address was heard of: note it and send what waits. */
static void learn(struct net *n, struct arp_entry *e, const uint8_t *mac, int64_t now_ns)
{
    bool asked = e->kind == ARP_ASKING;
    memcpy(e->mac, mac, sizeof(e->mac));
    e->kind = ARP_REACHABLE;
    e->confirmed_ns = now_ns;
    e->tries = 0;
    if (!asked)
        return;
    struct net_event ev = { .kind = NET_EV_ARP_ANSWER, .addr = e->addr };
    memcpy(ev.mac, mac, sizeof(ev.mac));
    net_emit(n, ev);
    for (struct pkt *p; (p = wait_pop(n, &e->wait)) != NULL;)
        (void)ip4_link_tx(n, p, e->mac);    /* counted there if refused */
}

/* A sender address that nobody can have. 0 is a probe, RFC 5227 1.1. */
static bool bad_sender(const struct net *n, uint32_t spa)
{
    return spa != 0 && (ip4_is_multicast(spa) || ip4_is_loopback(spa) || ip4_is_this_net(spa) ||
                        ip4_is_broadcast(n, spa));
}

/* RFC 826 "Packet Reception": an entry that exists is updated by any packet of its
 * owner (so also by a gratuitous one); a new entry comes only from a request to us. A
 * reply that we did not ask for is nobody's business but a forger's. */
static void merge(struct net *n, const struct arp_view *v, int64_t now_ns)
{
    struct arp_entry *e = find(n, v->spa);
    if (!e && v->op == ARP_OP_REQUEST && v->tpa == n->ip4.addr)
        e = take(n, v->spa, false, now_ns);
    if (e)
        learn(n, e, v->sha, now_ns);
}

/* Another host claims our address. We keep it, as RFC 5227 2.4(c) lets those who may not
 * give theirs up, and say so once in ten seconds: two who do that must not fill the link. */
static void defend(struct net *n, int64_t now_ns)
{
    static const uint8_t unknown[ETH_ADDR_BYTES] = { 0 };
    n->c.arp_conflicts++;
    if (now_ns < n->arp.defend_ns)
        return;
    n->arp.defend_ns = now_ns + ARP_DEFEND_NS;
    n->c.arp_defences++;
    send(n, ARP_OP_REQUEST, n->ip4.addr, unknown, eth_broadcast);
}

void arp_rx(struct net *n, struct pkt *p, int64_t now_ns)
{
    struct arp_view v;
    int err = arp_parse(pkt_data(p), p->len, &v);
    pkt_release(p);             /* the view holds copies */
    n->c.arp_rx++;
    if (err || bad_sender(n, v.spa)) {
        n->c.drop_arp_malformed++;
        return;
    }
    n->c.arp_handled++;
    dhcp_heard_arp(n, &v, now_ns);
    if (!n->ip4.addr)
        return;                 /* address 0 would match every probe */
    if (v.spa == n->ip4.addr) {
        /* RFC 5227 2.4. Our own frame, reflected by a hub, is no conflict. */
        if (memcmp(v.sha, nic_mac(n->nic), sizeof(v.sha)) != 0)
            defend(n, now_ns);
        return;
    }
    /* First learn, then answer, as the order of RFC 826 is: the reply to a request, and
     * what follows it, then need not ask. */
    if (v.spa != 0)
        merge(n, &v, now_ns);
    if (v.op == ARP_OP_REQUEST && v.tpa == n->ip4.addr)
        send(n, ARP_OP_REPLY, v.spa, v.sha, v.sha);
}

/* No answer: those who wait are told (RFC 1122 2.4), and a later packet asks anew. */
static void give_up(struct net *n, struct arp_entry *e)
{
    /* The entry is free before anyone is told, who might want to send again. */
    struct pkt_list wait = e->wait;
    bool asked = e->kind == ARP_ASKING;
    uint32_t addr = e->addr;
    *e = (struct arp_entry){ .kind = ARP_FREE };
    if (asked)
        net_emit(n, (struct net_event){ .kind = NET_EV_ARP_FAILED, .addr = addr });
    for (struct pkt *p; (p = wait_pop(n, &wait)) != NULL;) {
        n->c.drop_arp_unresolved++;
        icmp4_unreachable(n, p);
    }
}

/* Most polls come before anything is due: due_ns then saves the walk. It may be too
 * early (its entry was answered), never too late. */
int64_t arp_poll(struct net *n, int64_t now_ns)
{
    if (now_ns < n->arp.due_ns)
        return n->arp.due_ns;
    n->arp.due_ns = NET_NEVER;
    for (unsigned i = 0; i < ARP_ENTRIES; i++) {
        struct arp_entry *e = &n->arp.entry[i];
        if (e->kind != ARP_ASKING && e->kind != ARP_PROBING)
            continue;
        if (e->due_ns > now_ns) {
            if (e->due_ns < n->arp.due_ns)
                n->arp.due_ns = e->due_ns;
        } else if (e->tries < ARP_TRIES) {
            ask(n, e, now_ns);
        } else {
            give_up(n, e);
        }
    }
    return n->arp.due_ns;
}

/* For another address, and for the end: what waits was to leave with the old one. */
void arp_forget(struct net *n)
{
    for (unsigned i = 0; i < ARP_ENTRIES; i++) {
        struct arp_entry *e = &n->arp.entry[i];
        wait_drop_all(n, e, &n->c.drop_arp_unresolved);
        *e = (struct arp_entry){ .kind = ARP_FREE };
    }
    n->arp.last = NULL;
    n->arp.due_ns = NET_NEVER;
}

size_t net_arp_list(const struct net *n, struct net_arp_info *out, size_t max)
{
    size_t count = 0;
    for (unsigned i = 0; i < ARP_ENTRIES; i++) {
        const struct arp_entry *e = &n->arp.entry[i];
        if (e->kind == ARP_FREE)
            continue;
        if (count < max) {
            out[count] = (struct net_arp_info){
                .addr = e->addr,
                .resolved = e->kind != ARP_ASKING,
                .stale = e->kind == ARP_PROBING || (e->kind == ARP_REACHABLE &&
                         n->now_ns - e->confirmed_ns > ARP_REACHABLE_NS),
                .age_ns = n->now_ns - (e->kind == ARP_ASKING ? e->used_ns : e->confirmed_ns),
            };
            memcpy(out[count].mac, e->mac, sizeof(e->mac));
        }
        count++;
    }
    return count;
}
