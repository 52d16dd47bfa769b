/* SPDX-License-Identifier: Apache-2.0 */
/* files.c - the same file by another name, also before it exists. */
#include "host/files.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* The folder of @path: its identity into *st, the name inside it returned. NULL: no such folder. */
static const char *folder_of(const char *path, struct stat *st)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int n = slash ? (int)(slash - path) + 1 : 0;
    int all = snprintf(folder, sizeof(folder), "%.*s.", n, path);
    if (all < 0 || (size_t)all >= sizeof(folder) || stat(folder, st) < 0)
        return NULL;
    return slash ? slash + 1 : path;
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    int have_a = stat(a, &x), have_b = stat(b, &y);
    if (have_a == 0 && have_b == 0)
        return S_ISREG(x.st_mode) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
    if (have_a == 0 || have_b == 0)
        return false;
    const char *in_a = folder_of(a, &x), *in_b = folder_of(b, &y);
    return in_a && in_b && strcmp(in_a, in_b) == 0 && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
}

int files_check(const struct opts *o, const char *reads)
{
    const struct { const char *option, *path; } out[] = {
        { "--pcap", o->pcap }, { "--pcap-far", o->pcap_far }, { "--record", o->record },
        { "--fst", o->fst },
    };
    for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++) {
        if (!out[i].path)
            continue;
        if (reads && same_file(out[i].path, reads)) {
            say("%s %s would overwrite the file that is read", out[i].option, out[i].path);
            return EXIT_USAGE;
        }
        for (size_t k = 0; k < i; k++)
            if (out[k].path && same_file(out[i].path, out[k].path)) {
                say("%s and %s go into one file, %s: give each its own", out[k].option,
                    out[i].option, out[i].path);
                return EXIT_USAGE;
            }
    }
    return EXIT_DONE;
}
