/* SPDX-License-Identifier: Apache-2.0 */
#include "host/target.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decode %xx once, up to the query. Returns false when malformed or too long. */
static bool decode(const char *target, char *out, size_t room)
{
    size_t n = 0;
    while (*target && *target != '?' && *target != '#') {
        char ch = *target++;
        if (ch == '%') {
            int hi = hex(target[0]), lo = hi < 0 ? -1 : hex(target[1]);
            if (lo < 0)
                return false;
            ch = (char)(hi << 4 | lo);
            target += 2;
        }
        if (ch == '\0' || n + 1 >= room)
            return false;
        out[n++] = ch;
    }
    out[n] = '\0';
    return true;
}

/* Remove empty and dot segments in place, never above the root; a directory keeps
 * its slash. Done after decoding, so an encoded slash or dot hides nothing. */
static void normalise(char *path)
{
    char *out = path, *in = path;
    while (*in) {
        while (*in == '/')
            in++;
        size_t n = strcspn(in, "/");
        bool dot = n == 1 && in[0] == '.', up = n == 2 && in[0] == '.' && in[1] == '.';
        bool more = in[n] == '/';
        if (up)
            while (out > path && *--out != '/')
                ;
        if (n && !dot && !up) {
            *out++ = '/';
            memmove(out, in, n);
            out += n;
        }
        in += n;
        if (!*in && (more || dot || up || n == 0))
            *out++ = '/';
    }
    *out = '\0';
}

bool target_path(const char *target, char *path, size_t room)
{
    if (!strncasecmp(target, "http://", 7)) {
        target += 7 + strcspn(target + 7, "/?#");
        if (*target != '/')         /* the authority ends here: RFC 3986 3.2 */
            target = "/";
    }
    if (*target != '/' || !decode(target, path, room))
        return false;
    normalise(path);
    return true;
}
