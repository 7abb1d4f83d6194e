/* SPDX-License-Identifier: BSD-2-Clause */
/* The admin socket, as authgatectl speaks with it. One message asks; the answer is a sequence of messages, each with
 * record=…, closed by record=end. Further questions may follow on the same connection. Times are seconds since the
 * epoch; `who` is the person who asks, for the log and the store.
 *
 *  request=explain account=… service=… [client_address=…] [credential=…] [mechanism=…] [at=TIME]
 *    record=login     account= (canonical) service= client_address= value=COUNTRY, "unknown" or "no database"
 *                     credential= mechanism= at=
 *    record=rule      rule= outcome= text=WHY key= source=FILE:LINE        for every rule, in the order in which they
 *                     until=, of a throttle                                decide
 *    record=softened  rule= text=HOW key= source=                          after a rule that a mode, date or exception
 *                                                                          softens
 *    record=verdict   verdict=continue|deny|later reason= value=THE RULE THAT WOULD DENY rule= text=WHY source= until=
 *    record=policy    key= value= source=                                  for every value that holds for the account
 *  request=account-show account=…
 *    record=account   account= (canonical), then record=policy as above, and where a store is configured, before it:
 *    record=state     key=totp|app_passwords|recovery_codes|networks|wrong_codes value= text= made=
 *    record=lock      value=hand|gate text=WHY who= made= until=
 *    record=throttle  network= value=passwords|spraying|attacked text=WHY until=      from where it is throttled now
 *  request=account-kept account=…                  the same, also of a domain that is not served any more
 *  request=account-list [after=…]                  one page of the accounts of which the store keeps anything
 *    record=account   account= value=yes|no|unknown: whether `account_exists` knows it
 *    record=more      after=WHAT TO ASK WITH NEXT: there may be more
 *  request=account-exists account=…                record=account, as above
 *  request=status
 *    record=status    key= value=      version pid started configuration country_database country_database_type …
 *    record=socket    key=KIND value=PATH text=WHAT IT TAKES
 *    record=counter   key= value= text=WHAT IT COUNTS
 *  request=history value=logins|days|events|legacy|countries|stolen [account=…] [ref=…] [client_address=…] [country=…]
 *                  [since=TIME] [until=TIME] [outcome=denied] [after=…]       one page; store/history.h says of what
 *    record=row       at=FIRST last= count= ref= account= service= mechanism= client_address= network= country=
 *                     credential= verdict= reason= value=unknown|right|wrong, the password
 *    record=event     key=locked|unlocked|stolen|compromised|throttled at= account= ref= client_address= network=
 *                     country= who= text=WHY until=
 *    record=more      after=WHAT TO ASK WITH NEXT: there are more
 *  request=trial-watch name=…     logins by this name are counted from now on, for two minutes (authgatectl doctor)
 *  request=trial-seen name=…
 *    record=counter   key=seen|right|accepted|uncommitted value=       right: the gate was told that the password was
 *    record=trial     name= reason=OF THE LAST ONE
 *
 *  What changes the store (all take who=…; all but import answer with the account's canonical name):
 *  request=totp-enroll account=… [issuer=…] [value=new|not-enrolled: what the account must be]
 *    record=enrolment account= seed=URI value=pending|kept text=WHY KEPT issuer=
 *  request=totp-confirm account=… digits=…         record=confirmed account= value=DRIFT IN SECONDS
 *  request=totp-disable account=…                  record=disabled account=
 *  request=totp-import [account=…] format=uri|base32|hex|users|google seed=…   record=imported account= text=A WARNING
 *                                                                          uses=RECOVERY CODES TAKEN OVER
 *  request=app-password-add account=… services=A,B [networks=…] [expires=TIME] [name=…]
 *    record=app-password account= id= app_password= name= services= networks= expires= text=A WARNING
 *  request=app-password-list account=…             record=app-password for each, without app_password, with made=
 *                                                  revoked= who=BY last_used= client_address= country= service= uses=
 *  request=app-password-revoke account=… name=NAME, OR A BEGINNING OF THE ID    record=revoked account= id= name=
 *  request=recovery-codes-new account=…            record=recovery-code account= digits= for each
 *  request=networks-list account=…                 record=network network= made= until=
 *  request=networks-forget account=… [network=…]   record=forgotten account=
 *  request=account-lock account=… text=WHY [until=TIME]    record=locked account=
 *  request=throttle-end account=… client_address=…         record=unlocked account=
 *  request=account-unlock, account-forget account=…        record=unlocked, record=forgotten account=
 *
 *  The key file stays with whoever asks, since the daemon cannot write it:
 *  request=key-rotate, key-retire key_file=ITS BYTES       record=key key_file=WHAT IT MUST BECOME value=KEYS THAT SEAL
 *  request=key-use key_file=…                      record=key value=KEYS THAT SEAL: the daemon uses it from now on
 *  request=key-reseal account=WHERE TO GO ON       record=resealed account=WHERE value=HOW MANY uses=HOW MANY NOT
 *                                                  (nothing is left after `account` where value and uses are 0)
 *  request=key-check [after=…]                     opens some pages of secrets, to see whether they do
 *    record=unopened  account= text=WHY            for the first that do not
 *    record=checked   value=ACCOUNTS LOOKED AT uses=HOW MANY DO NOT OPEN count=HOW MANY OF THEM ARE HASHED
 *                     UNDER ANOTHER KEY after=WHAT TO ASK WITH NEXT, where there may be more
 *  request=store-backup, store-restore path=…, store-accept        record=store value=ITS STATE text=WHY uses=LOST
 *
 *  What cannot be answered or done: record=error reason=malformed|unavailable text=WHY. */
#ifndef AUTHGATE_DAEMON_ADMIN_PROTOCOL_H
#define AUTHGATE_DAEMON_ADMIN_PROTOCOL_H

struct protocol;
extern const struct protocol admin_protocol;

#endif
