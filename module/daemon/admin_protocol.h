/* SPDX-License-Identifier: BSD-2-Clause */
/* The admin socket, as authgatectl speaks with it. One message asks; the answer is a sequence of messages, each with
 * record=…, closed by record=end. Further questions may follow on the same connection.
 *
 *  request=explain account=… service=… [client_address=…] [credential=…] [mechanism=…] [at=SECONDS SINCE THE EPOCH]
 *    record=login     account= (canonical) service= client_address= value=COUNTRY, "unknown" or "no database"
 *                     credential= mechanism= at=
 *    record=rule      rule= outcome= text=WHY key= source=FILE:LINE     for every rule, in the order in which they
 * decide record=softened  rule= text=HOW key= source=                       after a rule that a mode, date or exception
 * softens record=verdict   verdict=continue|deny|later reason= value=THE RULE THAT WOULD DENY rule= text=WHY source=
 *    record=policy    key= value= source=                               for every value that holds for the account
 *  request=account-show account=…
 *    record=account   account= (canonical), then record=policy as above
 *  request=status
 *    record=status    key= value=      version pid started configuration country_database country_database_type …
 *    record=socket    key=KIND value=PATH text=WHAT IT TAKES
 *    record=counter   key= value= text=WHAT IT COUNTS
 *  What cannot be answered: record=error reason=malformed|unavailable text=WHY. */
#ifndef AUTHGATE_DAEMON_ADMIN_PROTOCOL_H
#define AUTHGATE_DAEMON_ADMIN_PROTOCOL_H

struct protocol;
extern const struct protocol admin_protocol;

#endif
