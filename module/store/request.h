/* SPDX-License-Identifier: BSD-2-Clause */
/* Making requests out of a caller's arguments: every text is copied within its bounds, or there is no request. */
#ifndef AUTHGATE_STORE_REQUEST_H
#define AUTHGATE_STORE_REQUEST_H

#include "store/engine.h"
#include "store/store.h"

/* Each gives a request with room for its answer, or NULL where memory is short, something mandatory is missing or a
 * value is too long. */
struct store_request *request_of_question(const struct store_question *question);
struct store_request *request_of_login(const struct store_login *login);
struct store_request *request_of_order(const struct store_order *order);

void request_free(struct store_request *request);

#endif
