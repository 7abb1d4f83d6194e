/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts the mistakes of a configuration into the log. */
#ifndef AUTHGATE_DAEMON_REPORT_H
#define AUTHGATE_DAEMON_REPORT_H

struct mistakes;

/* One line a mistake: file:line: what is wrong; what would be right. */
void report_mistakes(const struct mistakes *mistakes);

#endif
