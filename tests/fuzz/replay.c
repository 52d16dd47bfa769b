/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.c - main() of a harness without libFuzzer: runs each file that is named, and says so
 * before, so that the last line of a crash names its input.
 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>

/* The whole file in a block of exactly its size. Returns NULL if it cannot be read. */
static uint8_t *slurp(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = NULL;
    if (f && fseek(f, 0, SEEK_END) == 0) {
        long end = ftell(f);
        rewind(f);
        *size = end > 0 ? (size_t)end : 0;
        data = malloc(*size);
        if (data && fread(data, 1, *size, f) != *size) {
            free(data);
            data = NULL;
        }
    }
    if (f)
        (void)fclose(f);
    return data;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        size_t size = 0;
        uint8_t *data = slurp(argv[i], &size);
        if (!data) {
            fprintf(stderr, "%s: cannot be read\n", argv[i]);
            return 2;
        }
        printf("replay %s\n", argv[i]);
        (void)fflush(stdout);
        (void)LLVMFuzzerTestOneInput(data, size);
        free(data);
    }
    printf("%d replayed\n", argc - 1);
    return 0;
}
