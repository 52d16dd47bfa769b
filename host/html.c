/* SPDX-License-Identifier: Apache-2.0 */
#include "host/html.h"

#include <errno.h>
#include <libxml/HTMLparser.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct walk {
    void (*found)(void *arg, const char *ref);
    void *arg;
    char *base;
    size_t room;
    int count;
    bool no_memory;
};

/* libxml2 tells of every error here instead of on stderr. A page may have all but one. */
static void on_error(void *arg, xmlErrorPtr e)
{
    struct walk *w = arg;
    w->no_memory |= e->code == XML_ERR_NO_MEMORY;
}

static const char blanks[] = " \t\n\f\r"; /* ASCII whitespace of the HTML standard */

/* A URL attribute; blanks around it count for nothing. */
static char *stripped(xmlChar *v)
{
    char *text = (char *)v + strspn((char *)v, blanks);
    size_t n = strlen(text);
    while (n && strchr(blanks, text[n - 1]))
        n--;
    text[n] = '\0';
    return text;
}

static void report(struct walk *w, xmlNode *node, const char *attribute)
{
    xmlChar *v = xmlGetProp(node, BAD_CAST attribute);
    const char *ref = v ? stripped(v) : "";
    if (*ref) {
        w->found(w->arg, ref);
        w->count++;
    }
    xmlFree(v);
}

static void take_base(struct walk *w, xmlNode *node)
{
    xmlChar *v = xmlGetProp(node, BAD_CAST "href");
    const char *ref = v ? stripped(v) : "";
    if (!w->base[0] && strlen(ref) < w->room)
        snprintf(w->base, w->room, "%s", ref);
    xmlFree(v);
}

/* rel is a set of words. */
static bool has_word(const char *set, const char *word)
{
    size_t n = strlen(word);
    for (set += strspn(set, blanks); *set; set += strspn(set, blanks)) {
        size_t len = strcspn(set, blanks);
        if (len == n && !strncasecmp(set, word, n))
            return true;
        set += len;
    }
    return false;
}

static void take_link(struct walk *w, xmlNode *node)
{
    xmlChar *rel = xmlGetProp(node, BAD_CAST "rel");
    if (rel && has_word((const char *)rel, "stylesheet"))
        report(w, node, "href");
    xmlFree(rel);
}

static void take(struct walk *w, xmlNode *node)
{
    const char *name = (const char *)node->name;
    if (!strcasecmp(name, "img") || !strcasecmp(name, "script"))
        report(w, node, "src");
    else if (!strcasecmp(name, "link"))
        take_link(w, node);
    else if (!strcasecmp(name, "base"))
        take_base(w, node);
}

/* The next node in document order, NULL at the end: no recursion, whatever the depth. */
static xmlNode *next_node(xmlNode *n)
{
    if (n->children)
        return n->children;
    while (n && !n->next)
        n = n->parent;
    return n ? n->next : NULL;
}

static void walk(struct walk *w, xmlDoc *doc)
{
    for (xmlNode *n = xmlDocGetRootElement(doc); n; n = next_node(n))
        if (n->type == XML_ELEMENT_NODE)
            take(w, n);
}

int html_objects(const char *page, size_t len, char *base_href, size_t room,
                 void (*found)(void *arg, const char *ref), void *arg)
{
    struct walk w = { .found = found, .arg = arg, .base = base_href, .room = room };
    base_href[0] = '\0';
    if (len > INT_MAX)
        return -EINVAL;
    xmlSetStructuredErrorFunc(&w, on_error);
    htmlDocPtr doc = htmlReadMemory(page, (int)len, NULL, NULL,
                                    HTML_PARSE_RECOVER | HTML_PARSE_NONET);
    if (doc)
        walk(&w, doc);
    xmlFreeDoc(doc);
    xmlSetStructuredErrorFunc(NULL, NULL);
    return w.no_memory ? -ENOMEM : doc ? w.count : -EINVAL;
}
