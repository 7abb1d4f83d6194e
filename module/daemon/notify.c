/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's end: what is told, how often, in which words. The other end is notify_helper.c. Called by whoever locks,
 * throttles or finds a store in trouble; runs no program itself. */
#include "daemon/notify.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "base/table.h"
#include "daemon/json_text.h"
#include "daemon/notify_helper.h"
#include "daemon/privilege.h"

#define TOLD_KNOWN 4096
#define STOP_TIME  500 /* milliseconds that the helper has to end before it is left to itself */
#define STOP_LOOK  5

struct notifier {
    int socket; /* -1: the helper is gone */
    pid_t helper;
    unsigned char key[SIPHASH_KEY_SIZE];
    struct table *told; /* what was told lately, by kind and whom it concerns */
    int64_t refilled;   /* when `tokens` was last right; 0: never */
    int64_t tokens;
    char host[256];
    uint64_t told_count, left_out_count;
    uint64_t left_out; /* since the last notice */
};

static void be_the_helper(int socket, const char *user, enum log_target log) {
    char fault[256];
    log_close();
    notify_helper_close_others(socket);
    log_open(log, "authgated");
    if (!privilege_drop(user, fault, sizeof fault)) {
        log_message(LOG_ERR, "notify: %s", fault);
        _exit(1);
    }
    notify_helper_run(socket, NOTIFY_PROGRAM_TIME);
    _exit(0);
}

struct notifier *notifier_start(const char *user, enum log_target log, const unsigned char key[SIPHASH_KEY_SIZE]) {
    int sockets[2] = {-1, -1};
    struct notifier *notifier = calloc(1, sizeof *notifier);
    if (notifier == NULL)
        return NULL;
    memcpy(notifier->key, key, SIPHASH_KEY_SIZE);
    notifier->socket = -1;
    notifier->told = table_create(TOLD_KNOWN, sizeof(uint64_t), sizeof(uint64_t), key);
    if (gethostname(notifier->host, sizeof notifier->host - 1) != 0)
        notifier->host[0] = '\0';
    if (notifier->told != NULL && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) == 0)
        notifier->helper = fork();
    if (notifier->helper == 0 && sockets[0] >= 0)
        be_the_helper(sockets[1], user, log);
    if (sockets[1] >= 0)
        close(sockets[1]);
    notifier->socket = sockets[0];
    if (notifier->helper <= 0)
        notifier_stop(&notifier);
    return notifier;
}

void notifier_stop(struct notifier **stopped) {
    struct notifier *notifier = *stopped;
    if (notifier == NULL)
        return;
    if (notifier->socket >= 0)
        close(notifier->socket);
    for (int waited = 0; notifier->helper > 0 && waited < STOP_TIME; waited += STOP_LOOK) {
        if (waitpid(notifier->helper, NULL, WNOHANG) != 0)
            notifier->helper = 0;
        else
            poll(NULL, 0, STOP_LOOK);
    }
    table_destroy(&notifier->told);
    free(notifier);
    *stopped = NULL;
}

const char *notice_name(enum notice_kind kind) {
    static const char *const words[NOTICE_COUNT] = {"locked",    "unlocked",      "stolen-password", "compromised",
                                                    "throttled", "store-trouble", "exception-ending"};
    return words[kind];
}

/* What makes two notices the same: kind and account, or else network, or else the words (of trouble with a store). */
static uint64_t gist(const struct notifier *notifier, const struct notice *notice) {
    char text[512];
    char network[ADDRESS_TEXT_SIZE + 4] = "";
    struct buffer whom;
    buffer_init(&whom, text, sizeof text);
    if (notice->network.base.family != 0)
        prefix_format(&notice->network, network);
    bool account = notice->account != NULL && notice->account[0] != '\0';
    buffer_add_format(&whom, "%d %s ", (int)notice->kind, account ? notice->account : network);
    if (!account && network[0] == '\0' && notice->why != NULL)
        buffer_add(&whom, notice->why);
    return siphash(notifier->key, text, whom.length);
}

/* What anybody can bring about leaves half of them to what only somebody with a right password can: else wrong
 * passwords for a score of accounts would keep a stolen one from being told. */
static int64_t kept_back(enum notice_kind kind) {
    return kind == NOTICE_THROTTLED ? NOTIFY_BURST / 2 : 0;
}

static bool take_token(struct notifier *notifier, enum notice_kind kind, int64_t now) {
    if (notifier->refilled == 0) {
        notifier->tokens = NOTIFY_BURST;
        notifier->refilled = now;
    }
    int64_t more = (now - notifier->refilled) / NOTIFY_REFILL;
    notifier->refilled += more * NOTIFY_REFILL;
    notifier->tokens = notifier->tokens + more < NOTIFY_BURST ? notifier->tokens + more : NOTIFY_BURST;
    if (notifier->tokens <= kept_back(kind))
        return false;
    notifier->tokens--;
    return true;
}

static void add_place(struct buffer *text, const struct notice *notice) {
    char address[ADDRESS_TEXT_SIZE], network[ADDRESS_TEXT_SIZE + 4], country[3];
    address_format(&notice->address, address);
    json_text_add(text, "address", address);
    if (notice->network.base.family != 0) {
        prefix_format(&notice->network, network);
        json_text_add(text, "network", network);
    }
    country_code_format(notice->country, country);
    json_text_add(text, "country", country);
}

static void write_object(const struct notifier *notifier, const struct notice *notice, struct buffer *text) {
    json_text_open(text);
    json_text_add(text, "event", notice_name(notice->kind));
    json_text_add_time(text, "at", notice->at);
    json_text_add(text, "host", notifier->host);
    json_text_add(text, "account", notice->account);
    json_text_add(text, "service", notice->service);
    add_place(text, notice);
    json_text_add(text, "ref", notice->ref);
    json_text_add(text, "who", notice->who);
    json_text_add(text, "why", notice->why);
    if (notice->until != 0)
        json_text_add_time(text, "until", notice->until);
    if (notifier->left_out > 0)
        json_text_add_number(text, "left_out", (int64_t)notifier->left_out);
    json_text_close(text);
}

static bool hand_over(struct notifier *notifier, const char *program, const struct notice *notice) {
    char message[NOTIFY_MESSAGE_LIMIT];
    struct buffer text;
    buffer_init(&text, message, sizeof message);
    buffer_add_bytes(&text, program, strlen(program) + 1);
    struct buffer object;
    buffer_init(&object, message + text.length, sizeof message - text.length);
    write_object(notifier, notice, &object);
    if (text.overflowed || object.overflowed || notifier->socket < 0)
        return false;
    if (send(notifier->socket, message, text.length + object.length, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
        return true;
    if (errno != EAGAIN && errno != EINTR) {
        log_message(LOG_ERR, "notify: the helper process has gone; nobody is told of anything until a restart");
        close(notifier->socket);
        notifier->socket = -1;
    }
    return false;
}

bool notifier_tell(struct notifier *notifier, const char *program, const struct notice *notice, int64_t now) {
    if (notifier == NULL || program == NULL)
        return false;
    uint64_t hash = gist(notifier, notice);
    if (table_find(notifier->told, &hash, now) != NULL)
        return false;
    if (!take_token(notifier, notice->kind, now) || !hand_over(notifier, program, notice)) {
        notifier->left_out++;
        notifier->left_out_count++;
        return false;
    }
    table_put(notifier->told, &hash, now, now + NOTIFY_SAME_AGAIN);
    notifier->left_out = 0;
    notifier->told_count++;
    return true;
}

void notifier_count(const struct notifier *notifier, uint64_t *told, uint64_t *left_out) {
    *told = notifier != NULL ? notifier->told_count : 0;
    *left_out = notifier != NULL ? notifier->left_out_count : 0;
}
