/* SPDX-License-Identifier: BSD-2-Clause */
/* One look-up as the gate is told of it: who logs in, from where, by which mechanism, and who will check the password.
 */
#ifndef AUTHGATE_SASL_QUESTION_H
#define AUTHGATE_SASL_QUESTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "wire/message.h"

#define QUESTION_USER_SIZE 1025
#define QUESTION_WORD_SIZE 65

/* Texts; "" where something is not known. Zeroed memory is an empty one, so two can be compared byte by byte. */
struct question {
    char user[QUESTION_USER_SIZE];
    char service[QUESTION_WORD_SIZE];
    char address[ADDRESS_TEXT_SIZE];
    char port[6];
    char mechanism[QUESTION_WORD_SIZE];
    char pwcheck[129];
    char pwcheck_path[257];
};

/* The name has `length` bytes and need not end in a NUL. False where no message could carry it: empty, too long,
 * control characters or a NUL in it. */
bool question_set_user(struct question *question, const char *user, unsigned length);

/* False where there is none, or none that could be. */
bool question_set_service(struct question *question, const char *service);

/* "address;port" as libsasl2 has it. What is no address, or NULL, leaves it unknown. */
void question_set_remote(struct question *question, const char *remote);

/* Each may be NULL; what no message could carry counts as not known, which is judged more strictly. */
void question_set_mechanism(struct question *question, const char *mechanism);
void question_set_pwcheck(struct question *question, const char *method, const char *path);

/* Whether libsasl2 looks the name up twice in one login: before the password check and once more within it. */
bool question_comes_twice(const struct question *question);

/* Whether both are about the same login, as far as libsasl2 tells. */
bool question_same(const struct question *one, const struct question *other);

/* The message that asks it; it borrows the question's texts. */
void question_fill(const struct question *question, struct message *message);

#endif
