/* SPDX-License-Identifier: Apache-2.0 */
/* What is printed of a stranger's text: valid JSON, and nothing that steers a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "host/show.h"

#include <errno.h>
#include <string.h>

static void expect(void (*show)(FILE *f, const char *text), const char *text, const char *want)
{
    char got[200] = "";
    FILE *f = fmemopen(got, sizeof(got), "w");
    assert_non_null(f);
    show(f, text);
    assert_int_equal(fclose(f), 0);
    assert_string_equal(got, want);
}

static void json_strings(void **state)
{
    (void)state;
    expect(show_string, "", "\"\"");
    expect(show_string, "a\"b\\c/", "\"a\\\"b\\\\c/\"");
    expect(show_string, "\n\x1f\x7f", "\"\\u000a\\u001f\\u007f\"");
    expect(show_string, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
           "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
}

/* RFC 3629: overlong forms, surrogates, values beyond 10FFFF, and what is cut off. */
static void not_utf8(void **state)
{
    (void)state;
    expect(show_string, "\xff" "a", "\"\\u00ffa\"");
    expect(show_string, "\xc0\x80", "\"\\u00c0\\u0080\"");
    expect(show_string, "\xe0\x9f\xbf", "\"\\u00e0\\u009f\\u00bf\"");
    expect(show_string, "\xed\xa0\x80", "\"\\u00ed\\u00a0\\u0080\"");
    expect(show_string, "\xf0\x8f\xbf\xbf", "\"\\u00f0\\u008f\\u00bf\\u00bf\"");
    expect(show_string, "\xf4\x90\x80\x80", "\"\\u00f4\\u0090\\u0080\\u0080\"");
    expect(show_string, "\xe2\x82", "\"\\u00e2\\u0082\"");
    expect(show_string, "\xf0", "\"\\u00f0\"");
}

static void terminal(void **state)
{
    (void)state;
    expect(show_text, "plain \xc3\xa9", "plain \xc3\xa9");
    expect(show_text, "\x1b[2J\r\n\x7f", "\\x1b[2J\\x0d\\x0a\\x7f");
}

static void addresses(void **state)
{
    char out[16];
    (void)state;
    assert_string_equal(show_ip4(out, 0), "0.0.0.0");
    assert_string_equal(show_ip4(out, 0xffffffff), "255.255.255.255");
    assert_string_equal(show_ip4(out, 0x0a090002), "10.9.0.2");
}

static void errors(void **state)
{
    (void)state;
    assert_string_equal(show_errno(-ECONNREFUSED), "connection refused");
    assert_string_equal(show_errno(-ENOENT), "no such name");
    assert_string_equal(show_errno(-ENOSPC), strerror(ENOSPC));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_strings),
        cmocka_unit_test(not_utf8),
        cmocka_unit_test(terminal),
        cmocka_unit_test(addresses),
        cmocka_unit_test(errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
