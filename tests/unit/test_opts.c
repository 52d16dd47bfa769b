/* SPDX-License-Identifier: Apache-2.0 */
/* Options: every default that depends on the wire, and a clear no to what is malformed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "driver/nic.h"
#include "host/opts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int parse(struct opts *o, char **argv)
{
    int argc = 0;
    while (argv[argc])
        argc++;
    return opts_parse(o, argc, argv);
}
#define PARSE(o, ...) parse(o, (char *[]){ (char[]){ "lanyard" }, __VA_ARGS__, NULL })
#define S(text) (char[]){ text }

static void defaults(void **state)
{
    struct opts o;
    (void)state;
    assert_int_equal(PARSE(&o, S("fetch"), S("x")), EXIT_DONE);
    assert_int_equal(o.wire, WIRE_SLIRP);
    assert_false(o.virtual_time);
    assert_int_equal(o.addr, 0x0a00020f);
    assert_int_equal(o.gw, 0x0a000202);
    assert_int_equal(o.dns[0].addr, 0x0a000203);
    assert_int_equal(o.dns[0].port, 53);
    assert_int_equal(o.offload, NIC_OFF_ALL);
    assert_int_equal(o.command, 1);

    assert_int_equal(PARSE(&o, S("--wire"), S("peer"), S("fetch")), EXIT_DONE);
    assert_true(o.virtual_time);
    assert_int_equal(o.seed, 1);
    assert_int_equal(o.addr, 0x0a090001);
    assert_int_equal(o.dns[0].addr, 0x0a090002);
    assert_int_equal(o.command, 3);
}

/* A real network gives the address, unless one is given by hand; the peer has none to give. */
static void dhcp(void **state)
{
    struct opts o;
    (void)state;
    assert_int_equal(PARSE(&o, S("--wire"), S("packet:v0"), S("dig")), EXIT_DONE);
    assert_true(o.dhcp);
    assert_int_equal(o.dns_count, 0);
    assert_int_equal(PARSE(&o, S("--wire"), S("packet:v0"), S("--addr"), S("10.0.0.1/8"),
                           S("dig")), EXIT_DONE);
    assert_false(o.dhcp);
    assert_int_equal(PARSE(&o, S("dig")), EXIT_DONE);       /* slirp: as ever */
    assert_false(o.dhcp);
    assert_int_equal(PARSE(&o, S("--addr"), S("dhcp"), S("--dns"), S("1.2.3.4"), S("dig")),
                     EXIT_DONE);
    assert_true(o.dhcp);
    assert_false(o.have_addr);
    assert_int_equal(o.gw, 0);
    assert_int_equal(o.dns[0].addr, 0x01020304);
    /* The last one counts, and leaves nothing of those before it. */
    assert_int_equal(PARSE(&o, S("--addr"), S("10.0.0.1/8"), S("--addr"), S("dhcp"), S("--wire"),
                           S("tap:x"), S("dig")), EXIT_DONE);
    assert_true(o.dhcp && !o.have_addr && o.addr == 0 && o.prefix_len == 0);
    assert_int_equal(PARSE(&o, S("--addr"), S("dhcp"), S("--addr"), S("10.0.0.1/8"), S("dig")),
                     EXIT_DONE);
    assert_false(o.dhcp);
    assert_true(o.have_addr);
    assert_int_equal(PARSE(&o, S("--wire"), S("peer"), S("--addr"), S("dhcp"), S("dig")),
                     EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--addr"), S("dhcp"), S("--gw"), S("10.0.0.1"), S("dig")),
                     EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--wire"), S("packet:v0"), S("--gw"), S("10.0.0.1"), S("dig")),
                     EXIT_USAGE);
}

static void values(void **state)
{
    struct opts o;
    (void)state;
    assert_int_equal(PARSE(&o, S("--wire=packet:v0"), S("--addr"), S("10.77.0.2/24"), S("--gw"),
                           S("10.77.0.1"), S("--dns"), S("1.2.3.4:5353,5.6.7.8"), S("--seed"),
                           S("7"), S("--offload"), S("tx-csum"), S("--mac"),
                           S("02:00:00:00:00:0a"), S("dig")), EXIT_DONE);
    assert_int_equal(o.wire, WIRE_PACKET);
    assert_string_equal(o.ifname, "v0");
    assert_int_equal(o.prefix_len, 24);
    assert_int_equal(o.gw, 0x0a4d0001);
    assert_int_equal(o.dns_count, 2);
    assert_int_equal(o.dns[0].port, 5353);
    assert_int_equal(o.dns[1].addr, 0x05060708);
    assert_int_equal(o.seed, 7);
    assert_int_equal(o.offload, NIC_OFF_TX_CSUM);
    assert_int_equal(o.mac[5], 10);
    assert_int_equal(PARSE(&o, S("--wire=tap:fifteen-letters"), S("dig")), EXIT_DONE);
    assert_int_equal(o.wire, WIRE_TAP);
    assert_string_equal(o.ifname, "fifteen-letters");
    assert_int_equal(PARSE(&o, S("--wire"), S("switch"), S("dig")), EXIT_DONE);
    assert_int_equal(o.peers, 3);
    assert_true(o.virtual_time);
    assert_int_equal(opts_peer_addr(&o, 0), 0x0a090002);
    assert_int_equal(opts_peer_addr(&o, 2), 0x0a090004);
    assert_int_equal(PARSE(&o, S("--wire=switch:8"), S("--addr=10.9.0.4/28"), S("dig")), EXIT_DONE);
    assert_int_equal(o.peers, 7);
    assert_int_equal(opts_peer_addr(&o, 1), 0x0a090003);
    assert_int_equal(opts_peer_addr(&o, 2), 0x0a090001);    /* 10.9.0.4 is ours */
    assert_int_equal(opts_peer_addr(&o, 3), 0x0a090005);
    assert_int_equal(PARSE(&o, S("--wire=peer"), S("dig")), EXIT_DONE);
    assert_int_equal(o.peers, 1);
    assert_int_equal(PARSE(&o, S("--wire=switch"), S("--wire=slirp"), S("dig")), EXIT_DONE);
    assert_int_equal(o.peers, 0);
    assert_int_equal(PARSE(&o, S("--wire"), S("pcap:a.pcap"), S("dig")), EXIT_DONE);
    assert_int_equal(o.wire, WIRE_PCAP);
    assert_string_equal(o.play, "a.pcap");
    assert_true(o.virtual_time);
    assert_int_equal(o.addr, 0x0a090001);
    assert_int_equal(PARSE(&o, S("--wire=pcap:x"), S("--time=wall"), S("dig")), EXIT_DONE);
    assert_false(o.virtual_time);
}

static void refused(void **state)
{
    struct opts o;
    (void)state;
    assert_int_equal(PARSE(&o, S("--wire"), S("hub9")), EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--wire")), EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--wire"), S("switch:1")), EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--wire"), S("switch:9")), EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--wire"), S("switch:")), EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--wire"), S("switches")), EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--wire=switch:8"), S("--addr=10.9.0.1/29"), S("dig")),
                     EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--wire=switch:2"), S("--addr=dhcp"), S("dig")), EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--wire"), S("tap:")), EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--wire"), S("pcap:")), EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--wire"), S("tap:sixteen-letters-")), EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--wire"), S("tap:tap%d")), EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--nic"), S("usb")), EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--phy"), S("")), EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--phy"), S("generic"), S("--partner"), S("")), EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--partner"), S("all")), EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--wire=pcap:x"), S("--phy=generic"), S("serve"), S(".")),
                     EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--wire=pcap:x"), S("--phy=fixed"), S("serve"), S(".")),
                     EXIT_DONE);
    assert_int_equal(PARSE(&o, S("--phy"), S("fixed"), S("--partner"), S("all")), EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--phy"), S("fixed"), S("ping")), EXIT_DONE);
    assert_null(o.phy);
    assert_int_equal(PARSE(&o, S("--partner"), S("100fd"), S("--phy=lan8720"), S("ping")),
                     EXIT_DONE);
    assert_string_equal(o.phy, "lan8720");
    assert_string_equal(o.partner, "100fd");
    assert_int_equal(PARSE(&o, S("--nosuch")), EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--addr"), S("10.0.0.1")), EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--addr"), S("10.0.0.256/8")), EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--addr"), S("10.0.0.1/33")), EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--dns"), S("1.2.3.4:0")), EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--dns"), S("1.1.1.1,2.2.2.2,3.3.3.3,4.4.4.4")), EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--mac"), S("01:00:00:00:00:00")), EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--mac"), S("02:00:00:00:00")), EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--offload"), S("tso")), EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--seed"), S("-1")), EXIT_USAGE);
    assert_int_equal(PARSE(&o, S("--time"), S("virtual"), S("fetch")), EXIT_USAGE);
}

/* Whatever an argument holds, what is said about it is one line of plain text. */
static void one_line(void **state)
{
    struct opts o;
    char *said;
    size_t n;
    FILE *real = stderr, *memory = open_memstream(&said, &n);
    (void)state;
    assert_non_null(memory);
    stderr = memory;
    int code = PARSE(&o, S("--wire"), S("a\nb\033[2J"));
    stderr = real;
    assert_int_equal(fclose(memory), 0);
    assert_int_equal(code, EXIT_USAGE);
    const char *tail = strstr(said, ", not ");
    assert_non_null(tail);
    assert_string_equal(tail, ", not a\\x0ab\\x1b[2J\n");
    assert_ptr_equal(strchr(said, '\n'), strchr(tail, '\n'));
    free(said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(dhcp),
        cmocka_unit_test(values),
        cmocka_unit_test(refused),
        cmocka_unit_test(one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
