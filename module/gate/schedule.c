/* SPDX-License-Identifier: BSD-2-Clause */
/* Start dates and brownouts, for the rules that have them. Times are seconds since the epoch, worked out by the parser
 * in the configuration's time zone; a span holds its first second and not its last. */
#include "gate/schedule.h"

static bool holds(const struct value *spans, int64_t now) {
    for (size_t i = 0; spans != NULL && i < spans->count; i++)
        if (spans->spans[i].from <= now && now < spans->spans[i].until)
            return true;
    return false;
}

void schedule_apply(const struct value *from, const struct value *brownouts, int64_t now, struct judgement *judgement) {
    if (from == NULL || from->number <= now || holds(brownouts, now))
        return;
    judgement->report_only = true;
    judgement->softener = from;
}
