/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress.h - one line on a terminal that says how far a fetch has come. It is drawn on
 * stderr over itself with blanks and carriage returns, nothing else; whoever prints a line
 * hides it first.
 */
#ifndef LY_HOST_PROGRESS_H
#define LY_HOST_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRESS_COLUMNS_MAX 200u
#define PROGRESS_EVERY_NS INT64_C(100000000)    /* of the wall: ten times a second at most */

struct progress {
    bool on;
    unsigned drawn;             /* columns that stand on the line now */
    int64_t next_ns;            /* wall; not drawn again before */
};

/* What there is to say. */
struct progress_view {
    uint64_t bytes;             /* received */
    uint64_t total_bytes;       /* of them all; 0: not known */
    int64_t run_ns;             /* since the start, in the run's own time */
    unsigned done, objects;
};

/** progress_start() - @wanted: only then, and only where stderr is a terminal. */
void progress_start(struct progress *p, bool wanted);

/** progress_due() - whether to draw now: cheap, so that it can be asked each turn. */
bool progress_due(struct progress *p);
void progress_draw(struct progress *p, const struct progress_view *v);

/** progress_hide() - the line is as if nothing had been drawn. NULL is allowed. */
void progress_hide(struct progress *p);

/** progress_line() - the text for a terminal of so many columns. Returns its length, which is
 * less than @columns. */
unsigned progress_line(char out[PROGRESS_COLUMNS_MAX], unsigned columns,
                       const struct progress_view *v);

#endif
