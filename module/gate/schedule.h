/* SPDX-License-Identifier: BSD-2-Clause */
/* A restriction that starts on a date: before `from` it only reports, but during a brownout it is enforced for a few
 * hours, so that its day comes as no surprise. A brownout overrides nothing but `from`. */
#ifndef AUTHGATE_GATE_SCHEDULE_H
#define AUTHGATE_GATE_SCHEDULE_H

#include "gate/gate.h"

/* Makes `judgement` a report where `from` (may be NULL) is still to come at `now` and none of `brownouts` (may be
 * NULL) holds. */
void schedule_apply(const struct value *from, const struct value *brownouts, int64_t now, struct judgement *judgement);

#endif
