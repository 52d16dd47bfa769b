/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE         /* struct winsize */
#include "host/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define COLUMNS_DEFAULT 80u
#define BAR_MIN 10u             /* narrower ones say nothing */
#define BAR_MAX 40u

/* "1.2 MiB": at most four digits, so that the line does not dance. */
static void amount(char out[16], uint64_t bytes)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
    double v = (double)bytes;
    unsigned u = 0;
    while (v >= 1000 && u + 1 < sizeof(units) / sizeof(units[0])) {
        v /= 1024;
        u++;
    }
    snprintf(out, 16, u ? "%.1f %s" : "%.0f %s", v, units[u]);
}

/* "[=====>    ]" in @width columns. */
static void bar(char *out, unsigned width, unsigned percent)
{
    unsigned room = width - 2, full = room * percent / 100;
    out[0] = '[';
    memset(out + 1, ' ', room);
    memset(out + 1, '=', full);
    if (full < room)
        out[1 + full] = '>';
    out[width - 1] = ']';
    out[width] = '\0';
}

/* The last column stays empty: some terminals begin a new line behind it. */
unsigned progress_line(char out[PROGRESS_COLUMNS_MAX], unsigned columns,
                       const struct progress_view *v)
{
    char text[120], have[16], all[16], graph[BAR_MAX + 1] = "";
    unsigned room = columns && columns < PROGRESS_COLUMNS_MAX ? columns - 1
                                                              : PROGRESS_COLUMNS_MAX - 1;
    double mbit = v->run_ns > 0 ? (double)v->bytes * 8e3 / (double)v->run_ns : 0;
    amount(have, v->bytes);
    amount(all, v->total_bytes);
    uint64_t share = v->total_bytes ? v->bytes * 100 / v->total_bytes : 0;
    unsigned percent = share < 100 ? (unsigned)share : 100;
    int n = v->total_bytes
        ? snprintf(text, sizeof(text), "%3u%%  %s of %s  %.2f Mbit/s  %u/%u", percent, have, all,
                   mbit, v->done, v->objects)
        : snprintf(text, sizeof(text), "%s  %.2f Mbit/s  %u/%u", have, mbit, v->done, v->objects);
    if (v->total_bytes && (unsigned)n + 1 + BAR_MIN <= room) {
        unsigned width = room - (unsigned)n - 1;
        bar(graph, width < BAR_MAX ? width : BAR_MAX, percent);
    }
    n = snprintf(out, room + 1, "%s%s%s", text, graph[0] ? " " : "", graph);
    return (unsigned)n < room ? (unsigned)n : room;
}

static int64_t wall_now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

void progress_start(struct progress *p, bool wanted)
{
    *p = (struct progress){ .on = wanted && isatty(STDERR_FILENO) };
}

bool progress_due(struct progress *p)
{
    return p->on && wall_now() >= p->next_ns;
}

/* A terminal of 0 columns does not know its size. */
static unsigned columns_now(void)
{
    struct winsize w;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col ? w.ws_col : COLUMNS_DEFAULT;
}

/* One write for each drawing, so that no half of one is ever seen. */
void progress_draw(struct progress *p, const struct progress_view *v)
{
    char line[PROGRESS_COLUMNS_MAX];
    unsigned n = progress_line(line, columns_now(), v);
    int blanks = p->drawn > n ? (int)(p->drawn - n) : 0;
    fprintf(stderr, "\r%s%*s\r", line, blanks, "");
    p->drawn = n;
    p->next_ns = wall_now() + PROGRESS_EVERY_NS;
}

void progress_hide(struct progress *p)
{
    if (!p || !p->drawn)
        return;
    fprintf(stderr, "\r%*s\r", (int)p->drawn, "");
    p->drawn = 0;
}
