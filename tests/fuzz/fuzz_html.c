/* SPDX-License-Identifier: Apache-2.0 */
/* A page from any server: each reference is a text without blanks around it, as many are told
 * as are counted, and the base fits its room. */
#include "host/html.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

static void on_found(void *arg, const char *ref)
{
    static const char blanks[] = " \t\n\f\r";
    unsigned *n = arg;
    assert(*ref && !strchr(blanks, ref[0]) && !strchr(blanks, ref[strlen(ref) - 1]));
    (*n)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char base[40];
    unsigned found = 0;
    memset(base, 1, sizeof(base));
    int n = html_objects((const char *)data, size, base, sizeof(base), on_found, &found);
    assert(memchr(base, '\0', sizeof(base)));
    assert(n == -EINVAL ? found == 0 : n == (int)found);
    return 0;
}
