/* SPDX-License-Identifier: BSD-2-Clause */
/* The two clocks. Only programs' outermost code reads them; everything below is handed the time. */
#ifndef AUTHGATE_BASE_CLOCK_H
#define AUTHGATE_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds that only rise (CLOCK_MONOTONIC): for deadlines and expiry. */
int64_t clock_monotonic(void);

/* Seconds since the epoch (CLOCK_REALTIME): for dates, codes and logs. */
int64_t clock_wall(void);

#endif
