/* SPDX-License-Identifier: BSD-2-Clause */
/* What a login reads and consumes. Consuming is always one conditional UPDATE whose count of changed rows is the
 * answer; nothing is read first and written on the strength of it. Called by the SQLite engine on its thread, writes
 * within its transaction; knows no time but the request's. */
#include "store/login_rows.h"

#include <endian.h>
#include <string.h>

#define HOUR 3600
#define DAY 86400
#define AHEAD HOUR /* what a clock that was more than that ahead has charged is not counted once it is set right */

/* A step as a row's key: in the order of the steps. */
struct step_key {
    unsigned char bytes[8];
};

/* ---- rows ---- */

struct network_key network_key_of(const struct prefix *network) {
    struct network_key key = {0};
    size_t size = network->base.family == 4 ? 4 : 16;
    if (network->base.family == 0)
        return key;
    key.bytes[0] = network->base.family;
    key.bytes[1] = network->bits;
    memcpy(key.bytes + 2, network->base.bytes, size);
    key.length = size + 2;
    return key;
}

bool network_of_key(const struct network_key *key, struct prefix *network) {
    *network = (struct prefix){0};
    if (key->length != (key->bytes[0] == 4 ? 6U : 18U))
        return false;
    network->base.family = key->bytes[0];
    network->bits = key->bytes[1];
    memcpy(network->base.bytes, key->bytes + 2, key->length - 2);
    return true;
}

static struct step_key step_key_of(int64_t step) {
    struct step_key key;
    uint64_t order = htobe64((uint64_t)step);
    memcpy(key.bytes, &order, sizeof key.bytes);
    return key;
}

void read_secret(const struct query *query, struct store_secret *secret) {
    const void *sealed = sqlite3_column_blob(query->statement, 1);
    size_t length = (size_t)sqlite3_column_bytes(query->statement, 1);
    *secret = (struct store_secret){0};
    query_column_bytes(query, 0, secret->id, STORE_ID_SIZE);
    if (sealed != NULL && length <= STORE_SEALED_LIMIT) { /* else it opens nothing */
        memcpy(secret->sealed, sealed, length);
        secret->sealed_length = length;
    }
    secret->key = query_column(query, 2);
    secret->last_step = query_column(query, 3);
    query_column_bytes(query, 4, secret->step_mac, STORE_HASH_SIZE);
    secret->made = query_column(query, 5);
    secret->confirmed = query_column(query, 6);
}

void read_app_password(const struct query *query, struct store_app_password *password) {
    *password = (struct store_app_password){0};
    query_column_bytes(query, 0, password->id, STORE_ID_SIZE);
    query_column_bytes(query, 1, password->hash, STORE_HASH_SIZE);
    query_column_bytes(query, 2, password->mac, STORE_HASH_SIZE);
    query_column_text(query, 3, password->name, sizeof password->name);
    query_column_text(query, 4, password->services, sizeof password->services);
    query_column_text(query, 5, password->networks, sizeof password->networks);
    password->made = query_column(query, 6);
    password->expires = query_column(query, 7);
    password->revoked = query_column(query, 8);
    query_column_text(query, 9, password->revoked_by, sizeof password->revoked_by);
    password->last_used = query_column(query, 10);
    query_column_text(query, 11, password->last_address, sizeof password->last_address);
    query_column_text(query, 12, password->last_country, sizeof password->last_country);
    query_column_text(query, 13, password->last_service, sizeof password->last_service);
    password->uses = query_column(query, 14);
}

void read_network(const struct query *query, int first, struct store_network *network) {
    struct network_key key = {0};
    *network = (struct store_network){0};
    key.length = (size_t)sqlite3_column_bytes(query->statement, first);
    if (key.length <= sizeof key.bytes && query_column_bytes(query, first, key.bytes, key.length))
        network_of_key(&key, &network->network);
    network->made = query_column(query, first + 1);
    network->until = query_column(query, first + 2);
    query_column_bytes(query, first + 3, network->mac, STORE_HASH_SIZE);
}

void read_lock(const struct query *query, struct store_lock *lock) {
    *lock = (struct store_lock){.by_hand = query_column(query, 0) != 0};
    query_column_text(query, 1, lock->who, sizeof lock->who);
    query_column_text(query, 2, lock->why, sizeof lock->why);
    lock->at = query_column(query, 3);
    lock->until = query_column(query, 4);
}

void remember(struct database *database, const char *account, const struct remembered *row) {
    struct query query = query_of(database, SQL_MEMORY_SET);
    query_text(&query, account);
    query_number(&query, row->kind);
    query_bytes(&query, row->item, row->item_length);
    query_bytes(&query, row->network == NULL ? row->item : row->network->bytes,
                row->network == NULL ? 0 : row->network->length);
    query_bytes(&query, row->mac, STORE_HASH_SIZE);
    query_number(&query, row->made);
    query_number(&query, row->until);
    query_text(&query, database->host);
    query_run(&query);
}

/* ---- facts ---- */

/* The lock in force, one by hand first; `by_hand_only` passes over the gate's. */
static bool find_lock(struct database *database, const struct store_request *request, bool by_hand_only,
                      struct store_lock *lock) {
    struct query query = query_of(database, SQL_LOCK_GET);
    query_text(&query, request->account);
    query_number(&query, request->now);
    query_number(&query, by_hand_only);
    if (!query_row(&query))
        return false;
    read_lock(&query, lock);
    query_end(&query);
    return true;
}

static void find_secret(struct database *database, const char *account, struct account_facts *facts) {
    struct query query = query_of(database, SQL_SECRET_GET);
    query_text(&query, account);
    query_number(&query, 1);
    facts->enrolled = query_row(&query);
    if (!facts->enrolled)
        return;
    read_secret(&query, &facts->secret);
    query_end(&query);
}

/* Whether the query's network, in column 1, is this one. */
static bool is_network(const struct query *query, const struct network_key *key) {
    unsigned char bytes[sizeof key->bytes];
    return key->length > 0 && query_column_bytes(query, 1, bytes, key->length) &&
           memcmp(bytes, key->bytes, key->length) == 0;
}

/* The known codes, and the network where it is remembered. */
static void find_memory(struct database *database, const struct store_request *request, struct account_facts *facts) {
    struct network_key key = network_key_of(&request->network);
    struct query query = query_of(database, SQL_MEMORY_LIST);
    query_text(&query, request->account);
    query_number(&query, request->now);
    while (query_row(&query)) {
        if (query_column(&query, 0) == MEMORY_CODE) {
            if (facts->code_count < STORE_CODE_LIMIT &&
                query_column_bytes(&query, 4, facts->codes[facts->code_count], STORE_HASH_SIZE))
                facts->code_count++;
        } else if (is_network(&query, &key)) {
            facts->network_remembered = true;
            read_network(&query, 1, &facts->network);
        }
    }
}

/* The unused ones come to the front without the database sorting them: most accounts have none, and to make ready for
 * sorting costs more than to read them. */
size_t list_recovery(struct database *database, const char *account, unsigned char (*hashes)[STORE_HASH_SIZE],
                     size_t *unused) {
    size_t count = 0;
    struct query query = query_of(database, SQL_RECOVERY_LIST);
    query_text(&query, account);
    *unused = 0;
    while (query_row(&query)) {
        unsigned char hash[STORE_HASH_SIZE];
        bool used = query_column(&query, 1) != 0;
        if (!query_column_bytes(&query, 0, hash, sizeof hash) || (used && count == STORE_RECOVERY_LIMIT) ||
            *unused == STORE_RECOVERY_LIMIT)
            continue;
        size_t place = used ? count : (*unused)++;
        if (place < count && count < STORE_RECOVERY_LIMIT)
            memcpy(hashes[count], hashes[place], sizeof hash);
        count += count < STORE_RECOVERY_LIMIT;
        memcpy(hashes[place], hash, sizeof hash);
    }
    return count;
}

void count_wrong(struct database *database, const char *account, int64_t now, unsigned *hour, unsigned *day) {
    struct query query = query_of(database, SQL_WRONG_COUNT);
    query_text(&query, account);
    query_number(&query, now - HOUR);
    query_number(&query, now - DAY);
    query_number(&query, now + AHEAD);
    *hour = *day = 0;
    if (!query_row(&query))
        return;
    *day = (unsigned)query_column(&query, 0);
    *hour = (unsigned)query_column(&query, 1);
    query_end(&query);
}

static void find_app_password(struct database *database, const struct store_request *request,
                              struct account_facts *facts) {
    struct query query = query_of(database, SQL_APP_GET);
    query_text(&query, request->account);
    query_bytes(&query, request->asked.facts.app_password, STORE_HASH_SIZE);
    facts->app_password_found = query_row(&query);
    if (!facts->app_password_found)
        return;
    read_app_password(&query, &facts->app_password);
    query_end(&query);
}

void answer_facts(struct database *database, struct store_request *request) {
    struct account_facts *facts = request->found.facts;
    *facts = (struct account_facts){0};
    facts->locked = find_lock(database, request, false, &facts->lock);
    if (request->asked.facts.has_app_password)
        find_app_password(database, request, facts);
    find_secret(database, request->account, facts);
    if (!facts->enrolled)
        return; /* the others have no meaning without a secret */
    find_memory(database, request, facts);
    facts->recovery_count = list_recovery(database, request->account, facts->recovery, &facts->recovery_unused);
    count_wrong(database, request->account, request->now, &facts->wrong_hour, &facts->wrong_day);
}

/* ---- settling ---- */

/* What a ref was answered before; true where it was settled within its time. */
static bool find_settled(struct database *database, const struct store_request *request, enum store_answer *answer) {
    char account[STORE_ACCOUNT_SIZE];
    unsigned char facts[STORE_HASH_SIZE];
    struct query query = query_of(database, SQL_SETTLED_GET);
    query_text(&query, request->asked.settle.ref);
    query_number(&query, request->now - STORE_REF_KEPT);
    if (!query_row(&query))
        return false;
    query_column_text(&query, 0, account, sizeof account);
    bool same = query_column_bytes(&query, 1, facts, sizeof facts) &&
                memcmp(facts, request->asked.settle.facts, sizeof facts) == 0 &&
                strcmp(account, request->account) == 0;
    int64_t before = query_column(&query, 2);
    bool possible = before >= STORE_SETTLED && before <= STORE_WRONG;
    *answer = same && possible ? (enum store_answer)before : STORE_REUSED;
    query_end(&query);
    return true;
}

static void keep_settled(struct database *database, const struct store_request *request) {
    struct query query = query_of(database, SQL_SETTLED_SET);
    query_text(&query, request->asked.settle.ref);
    query_text(&query, request->account);
    query_bytes(&query, request->asked.settle.facts, STORE_HASH_SIZE);
    query_number(&query, request->answer);
    query_number(&query, request->now);
    query_text(&query, database->host);
    query_run(&query);
    database->settled++;
}

/* The last of the next SETTLED_SWEPT refs behind one; "" where there are not so many. */
static void sweep_to(struct database *database, char ref[STORE_REF_SIZE]) {
    struct query query = query_of(database, SQL_SETTLED_NEXT);
    query_text(&query, database->swept);
    query_number(&query, SETTLED_SWEPT - 1);
    ref[0] = '\0';
    if (!query_row(&query))
        return;
    query_column_text(&query, 0, ref, STORE_REF_SIZE);
    query_end(&query);
}

/* Neighbours go together and no index is needed. */
static void sweep(struct database *database, int64_t now) {
    char last[STORE_REF_SIZE];
    sweep_to(database, last);
    struct query query = query_of(database, SQL_SETTLED_TRIM);
    query_text(&query, database->swept);
    query_text(&query, last[0] != '\0' ? last : "~"); /* behind every ref */
    query_number(&query, now - STORE_REF_KEPT);
    query_run(&query);
    memcpy(database->swept, last, sizeof last);
}

/* Passes over the table, SETTLED_SWEPT refs for each half as many that came to it, so that it holds at most about twice
 * what is still to be known, however many come at once. */
void trim_settled(struct database *database, int64_t now) {
    for (; database->settled >= SETTLED_SWEPT / 2; database->settled -= SETTLED_SWEPT / 2)
        sweep(database, now);
}

bool wrong_spent(unsigned hour, unsigned day) {
    return hour >= STORE_WRONG_HOUR || day >= STORE_WRONG_DAY;
}

static bool over_budget(struct database *database, const struct store_request *request) {
    unsigned hour, day;
    count_wrong(database, request->account, request->now, &hour, &day);
    return wrong_spent(hour, day);
}

/* Whether the step was still to be had, and now is consumed. */
static bool consume_step(struct database *database, const struct store_request *request) {
    const struct asked_settle *asked = &request->asked.settle;
    struct query query = query_of(database, SQL_STEP_CONSUME);
    query_text(&query, request->account);
    query_bytes(&query, asked->secret_id, STORE_ID_SIZE);
    query_number(&query, asked->step);
    query_bytes(&query, asked->step_mac, STORE_HASH_SIZE);
    query_text(&query, database->host);
    return query_run(&query) == 1;
}

/* Whether the code was accepted before from this very network: parallel connections are one use. */
static bool accepted_from_here(struct database *database, const struct store_request *request) {
    const struct asked_settle *asked = &request->asked.settle;
    struct network_key key = network_key_of(&request->network);
    struct step_key step = step_key_of(asked->step);
    if (key.length == 0)
        return false;
    struct query query = query_of(database, SQL_CODE_GET);
    query_text(&query, request->account);
    query_bytes(&query, step.bytes, sizeof step.bytes);
    query_bytes(&query, asked->code, STORE_HASH_SIZE);
    query_bytes(&query, key.bytes, key.length);
    query_number(&query, request->now);
    bool accepted = query_row(&query);
    query_end(&query);
    return accepted;
}

/* Whether the account has used these digits for an earlier step. They come true again about once in a million steps:
 * who has them from there must not get in by trying them at every one. */
static bool accepted_earlier(struct database *database, const struct store_request *request) {
    const struct asked_settle *asked = &request->asked.settle;
    struct step_key step = step_key_of(asked->step);
    struct query query = query_of(database, SQL_CODE_KNOWN);
    query_text(&query, request->account);
    query_bytes(&query, step.bytes, sizeof step.bytes);
    query_bytes(&query, asked->code, STORE_HASH_SIZE);
    query_number(&query, request->now);
    bool accepted = query_row(&query);
    query_end(&query);
    return accepted;
}

static void trim(struct database *database, enum statement which, const char *account) {
    struct query query = query_of(database, which);
    query_text(&query, account);
    query_run(&query);
}

/* Keeps the newest codes and networks; most accounts never have more of them than that. */
static void trim_memory(struct database *database, const char *account) {
    struct query query = query_of(database, SQL_MEMORY_MANY);
    query_text(&query, account);
    if (!query_row(&query))
        return;
    query_end(&query);
    query = query_of(database, SQL_MEMORY_COUNT);
    query_text(&query, account);
    if (!query_row(&query))
        return;
    bool codes = query_column(&query, 0) > STORE_CODE_LIMIT, networks = query_column(&query, 1) > STORE_NETWORK_LIMIT;
    query_end(&query);
    if (codes)
        trim(database, SQL_CODE_TRIM, account);
    if (networks)
        trim(database, SQL_NETWORK_TRIM, account);
}

static void remember_code(struct database *database, const struct store_request *request) {
    const struct asked_settle *asked = &request->asked.settle;
    struct network_key key = network_key_of(&request->network);
    struct step_key step = step_key_of(asked->step);
    const struct remembered row = {MEMORY_CODE,  step.bytes,   sizeof step.bytes, &key,
                                   asked->code, request->now, asked->code_until};
    if (asked->code_until > request->now)
        remember(database, request->account, &row);
}

static void remember_network(struct database *database, const struct store_request *request) {
    const struct asked_settle *asked = &request->asked.settle;
    struct network_key key = network_key_of(&request->network);
    const struct remembered row = {MEMORY_NETWORK,     key.bytes,    key.length,          NULL,
                                   asked->network_mac, request->now, asked->network_until};
    if (asked->network_until > request->now && key.length != 0)
        remember(database, request->account, &row);
}

/* Whether the code was charged as a wrong one within so many seconds. */
static bool charged(struct database *database, const struct store_request *request, int64_t seconds) {
    struct query query = query_of(database, SQL_WRONG_GET);
    query_text(&query, request->account);
    query_bytes(&query, request->asked.settle.code, STORE_HASH_SIZE);
    query_number(&query, request->now - seconds);
    query_number(&query, request->now + AHEAD);
    bool found = query_row(&query);
    query_end(&query);
    return found;
}

static enum store_answer use_wrong(struct database *database, const struct store_request *request) {
    if (over_budget(database, request))
        return STORE_OVER_BUDGET;
    if (charged(database, request, HOUR))
        return STORE_SETTLED;
    struct query query = query_of(database, SQL_WRONG_SET);
    query_text(&query, request->account);
    query_bytes(&query, request->asked.settle.code, STORE_HASH_SIZE);
    query_number(&query, request->now);
    query_text(&query, database->host);
    query_number(&query, request->now + AHEAD);
    query_run(&query);
    query = query_of(database, SQL_WRONG_TRIM);
    query_text(&query, request->account);
    query_number(&query, request->now - DAY);
    query_run(&query);
    return STORE_SETTLED;
}

/* Digits that were tried before are no code, whatever the step makes of them. STORE_SETTLED: they were not. */
static enum store_answer tried_before(struct database *database, const struct store_request *request) {
    unsigned hour, day;
    count_wrong(database, request->account, request->now, &hour, &day);
    if (wrong_spent(hour, day))
        return STORE_OVER_BUDGET;
    if (accepted_earlier(database, request))
        return STORE_REUSED;
    if (day == 0 || !charged(database, request, DAY))
        return STORE_SETTLED;
    enum store_answer answer = use_wrong(database, request);
    return answer == STORE_SETTLED ? STORE_WRONG : answer;
}

static enum store_answer use_step(struct database *database, const struct store_request *request, bool locked,
                                  int64_t accepted) {
    if (!locked && !request->asked.settle.burn) {
        enum store_answer before = tried_before(database, request);
        if (before != STORE_SETTLED)
            return before;
    }
    bool fresh = consume_step(database, request);
    if (locked)
        return STORE_LOCKED; /* burnt, and nothing of it is remembered */
    if (accepted != 0 && request->asked.settle.step_starts <= accepted)
        return STORE_REUSED; /* the lost part of the store may have had it */
    if (!fresh)
        return accepted_from_here(database, request) ? STORE_SETTLED : STORE_REUSED;
    remember_code(database, request);
    remember_network(database, request);
    trim_memory(database, request->account);
    return STORE_SETTLED;
}

static enum store_answer use_recovery(struct database *database, const struct store_request *request, bool locked) {
    if (!locked && !request->asked.settle.burn && over_budget(database, request))
        return STORE_OVER_BUDGET;
    struct query query = query_of(database, SQL_RECOVERY_CONSUME);
    query_text(&query, request->account);
    query_bytes(&query, request->asked.settle.recovery, STORE_HASH_SIZE);
    query_number(&query, request->now);
    query_text(&query, database->host);
    bool fresh = query_run(&query) == 1;
    database->raised |= fresh; /* an older copy of the store would have it unused again */
    if (locked)
        return STORE_LOCKED;
    if (!fresh)
        return STORE_REUSED;
    remember_network(database, request);
    trim_memory(database, request->account);
    return STORE_SETTLED;
}

static enum store_answer use_app_password(struct database *database, const struct store_request *request) {
    const struct asked_settle *asked = &request->asked.settle;
    struct query query = query_of(database, SQL_APP_USE);
    query_text(&query, request->account);
    query_bytes(&query, asked->app_password, STORE_HASH_SIZE);
    query_number(&query, request->now);
    query_text(&query, asked->address);
    query_text(&query, asked->country);
    query_text(&query, asked->service);
    query_text(&query, database->host);
    return query_run(&query) == 1 ? STORE_SETTLED : STORE_REUSED;
}

static enum store_answer use(struct database *database, const struct store_request *request, int64_t accepted) {
    struct store_lock lock;
    bool locked = find_lock(database, request, request->asked.settle.past_gate_lock, &lock);
    switch (request->asked.settle.use) {
    case STORE_USE_STEP:
        return use_step(database, request, locked, accepted);
    case STORE_USE_RECOVERY:
        return use_recovery(database, request, locked);
    case STORE_USE_APP_PASSWORD:
        return locked ? STORE_LOCKED : use_app_password(database, request);
    case STORE_USE_WRONG:
        return locked ? STORE_LOCKED : use_wrong(database, request);
    case STORE_USE_NOTHING:
        break;
    }
    return locked ? STORE_LOCKED : STORE_SETTLED;
}

void answer_settle(struct database *database, struct store_request *request, int64_t accepted) {
    if (find_settled(database, request, &request->answer))
        return;
    request->answer = use(database, request, accepted);
    if (request->asked.settle.use != STORE_USE_NOTHING)
        keep_settled(database, request);
}
