/* SPDX-License-Identifier: Apache-2.0 */
/* Request targets: no input leads above the root, and a path whose every character behind the
 * first slash is written as %XX is itself again. RFC 9112 3.2, RFC 3986 5.2.4. */
#include "host/target.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>

#define ROOM 200u

static void check_path(const char *path)
{
    char dots[ROOM + 1];
    assert(path[0] == '/' && strlen(path) < ROOM);
    /* With a slash behind it, each dot segment shows as /./ or /../ */
    snprintf(dots, sizeof(dots), "%s/", path);
    assert(!strstr(path, "//") && !strstr(dots, "/./") && !strstr(dots, "/../"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[ROOM], again[ROOM], encoded[3 * ROOM] = "/", *text = fuzz_text(data, size);
    if (target_path(text, path, sizeof(path))) {
        check_path(path);
        for (size_t i = 1; path[i]; i++)
            snprintf(encoded + 3 * i - 2, 4, "%%%02X", (unsigned char)path[i]);
        assert(target_path(encoded, again, sizeof(again)));
        assert(!strcmp(again, path));
    }
    free(text);
    return 0;
}
