/* SPDX-License-Identifier: BSD-2-Clause */
/* One SMTP AUTH as a mail client does it, in the clear or through openssl's s_client. */
#ifndef AUTHGATE_CTL_SMTP_DIALOG_H
#define AUTHGATE_CTL_SMTP_DIALOG_H

#include <stdbool.h>

#include "ctl/scrap.h"

enum smtp_outcome {
    SMTP_UNREACHABLE, /* nobody listens there, or it ended before an answer */
    SMTP_NO_AUTH,     /* AUTH PLAIN is not offered */
    SMTP_REFUSED,     /* 5xx */
    SMTP_LATER,       /* 4xx */
    SMTP_LET_IN,      /* 235 */
};

enum smtp_cover { SMTP_CLEAR, SMTP_STARTTLS, SMTP_TLS };

struct smtp_attempt {
    enum smtp_outcome outcome;
    bool starttls;          /* is offered, so that more may be behind it */
    const char *mechanisms; /* what stands behind AUTH; "" where it is not offered */
};

/* Tries AUTH PLAIN. Waits 15 s at most. */
struct smtp_attempt smtp_try(struct arena *arena, const char *host, const char *port, enum smtp_cover cover,
                             const char *const name_and_password[2]);

#endif
