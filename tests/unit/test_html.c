/* SPDX-License-Identifier: Apache-2.0 */
/* Which objects a page names, whatever state the page is in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "host/html.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct refs { char text[2000]; int n; };

static void on_ref(void *arg, const char *ref)
{
    struct refs *r = arg;
    size_t at = strlen(r->text);
    snprintf(r->text + at, sizeof(r->text) - at, "%s%s", r->n++ ? "|" : "", ref);
}

/* @want: references joined by '|'. */
static void expect(const char *page, const char *want, const char *want_base)
{
    struct refs r = { .n = 0 };
    char base[20];
    int n = html_objects(page, strlen(page), base, sizeof(base), on_ref, &r);
    assert_int_equal(n, r.n);
    assert_string_equal(r.text, want);
    assert_string_equal(base, want_base);
}

static void objects_in_order(void **state)
{
    (void)state;
    expect("<html><head><link rel=stylesheet href=a.css><script src='b.js'></script></head>"
           "<body><IMG SRC=\"c.png\"><p><img src=d.png></body></html>",
           "a.css|b.js|c.png|d.png", "");
    expect("<a href=x>y</a><link rel=icon href=i><script>1</script><img alt=n><img src=''>", "",
           "");
    expect("<img src='a?b=1&amp;c=2'><img src='&#x64;'>", "a?b=1&c=2|d", "");
}

static void relations(void **state)
{
    (void)state;
    expect("<link rel='StyleSheet' href=a><link rel=' preload stylesheet ' href=b>"
           "<link rel=stylesheets href=c><link href=d><link rel=stylesheet>", "a|b", "");
}

/* HTML: a URL may be surrounded by blanks. */
static void blanks(void **state)
{
    (void)state;
    expect("<img src=' \n\ta b.png\r '><img src='  '>", "a b.png", "");
}

static void base(void **state)
{
    (void)state;
    expect("<base href=' /x/ '><base href=/y/><img src=a>", "a", "/x/");
    expect("<base target=_top><img src=a>", "a", "");
    expect("<base href=/a/name/beyond/the/room/><img src=a>", "a", "");
}

static void broken_pages(void **state)
{
    struct refs r = { .n = 0 };
    char where[20];
    (void)state;
    expect("<p><b><img src=a></p><table><img src=b></i></zz><img src=c", "a|b|c", "");
    expect("no tags at all", "", "");
    assert_int_equal(html_objects("", 0, where, sizeof(where), on_ref, &r), -EINVAL);
    assert_int_equal(html_objects(NULL, 0, where, sizeof(where), on_ref, &r), -EINVAL);
    assert_string_equal(where, "");
    assert_int_equal(r.n, 0);
    /* Something else under the name of HTML: gzip that nobody asked for, all bytes. */
    char junk[4096] = { 0x1f, (char)0x8b, 8 };
    for (size_t i = 3; i < sizeof(junk); i++)
        junk[i] = (char)(i * 31 + i / 256);
    assert_true(html_objects(junk, sizeof(junk), where, sizeof(where), on_ref, &r) >= -EINVAL);
}

/* No recursion, however deep. */
static void deep_page(void **state)
{
    enum { DEPTH = 200 };
    char page[DEPTH * 5 + 32] = "";
    (void)state;
    for (int i = 0; i < DEPTH; i++)
        memcpy(page + 5 * i, "<div>", 5);
    strcpy(page + 5 * DEPTH, "<img src=deep>");
    expect(page, "deep", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_in_order),
        cmocka_unit_test(relations),
        cmocka_unit_test(blanks),
        cmocka_unit_test(base),
        cmocka_unit_test(broken_pages),
        cmocka_unit_test(deep_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
