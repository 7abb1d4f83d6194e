/* SPDX-License-Identifier: BSD-2-Clause */
/* The client's side of SMTP as far as AUTH. TLS is left to openssl's s_client, whose child process is ended by its pid;
 * no certificate is looked at, for nothing that is secret is sent. Called by doctor's trials. */
#include "ctl/smtp_dialog.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/random.h"

#define PATIENCE  15000
#define LOOPBACK  "127.0.0.1"
#define FROM_SIZE sizeof "127.255.255.255"

struct dialog {
    struct arena *arena;
    int descriptor;
    pid_t child; /* 0: none */
    int64_t deadline;
    char text[16384]; /* what has come */
    size_t length;
};

/* Dovecot lets an address wait longer after each failure, until Postfix gives up on it: each conversation on loopback
 * comes from an address of its own. */
static void some_address(char from[FROM_SIZE]) {
    unsigned char byte[3];
    struct buffer text;
    random_fill(byte, sizeof byte);
    buffer_init(&text, from, FROM_SIZE);
    buffer_add_format(&text, "127.%d.%d.%d", 128 + byte[0] % 127, byte[1], 1 + byte[2] % 254);
}

/* Where the system has no such address, the connection is made from the usual one. */
static void come_from_another(int descriptor, const char *host) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    char from[FROM_SIZE];
    some_address(from);
    if (strcmp(host, LOOPBACK) == 0 && inet_pton(AF_INET, from, &address.sin_addr) == 1)
        (void)bind(descriptor, (const struct sockaddr *)&address, sizeof address);
}

/* Connects to one of the addresses of host and port; -1. */
static int connect_to(const char *host, const char *port) {
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int descriptor = -1;
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return -1;
    for (const struct addrinfo *at = found; at != NULL && descriptor < 0; at = at->ai_next) {
        descriptor = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (descriptor >= 0)
            come_from_another(descriptor, host);
        if (descriptor >= 0 && connect(descriptor, at->ai_addr, at->ai_addrlen) != 0) {
            close(descriptor);
            descriptor = -1;
        }
    }
    freeaddrinfo(found);
    return descriptor;
}

static void become_s_client(int end, const char *where, enum smtp_cover cover) {
    int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(end, STDIN_FILENO);
    dup2(end, STDOUT_FILENO);
    dup2(nothing, STDERR_FILENO);
    const char *command[10] = {"openssl", "s_client", "-quiet", "-connect", where};
    size_t count = 5;
    char from[FROM_SIZE];
    some_address(from);
    if (strncmp(where, LOOPBACK ":", strlen(LOOPBACK ":")) == 0) {
        command[count++] = "-bind";
        command[count++] = from;
    }
    if (cover == SMTP_STARTTLS) {
        command[count++] = "-starttls";
        command[count++] = "smtp";
    }
    execvp(command[0], (char *const *)(uintptr_t)command);
    _exit(127);
}

static bool open_covered(struct dialog *dialog, const char *where, enum smtp_cover cover) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return false;
    dialog->child = fork();
    if (dialog->child == 0)
        become_s_client(ends[1], where, cover);
    close(ends[1]);
    dialog->descriptor = ends[0];
    return dialog->child > 0;
}

static void close_dialog(struct dialog *dialog) {
    if (dialog->descriptor >= 0)
        close(dialog->descriptor);
    if (dialog->child <= 0)
        return;
    kill(dialog->child, SIGTERM);
    while (waitpid(dialog->child, NULL, 0) < 0 && errno == EINTR) {
    }
}

static bool send_line(const struct dialog *dialog, const char *line) {
    const char *text = scrap_text(dialog->arena, "%s\r\n", line);
    return send(dialog->descriptor, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

/* The code of a whole reply at the start of what has come; 0 where more must come. *extent is how long it is. */
static int whole_reply(const struct dialog *dialog, size_t *extent) {
    const char *line = dialog->text;
    for (const char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *extent = (size_t)(end + 1 - dialog->text);
        if (end - line >= 4 && line[3] != '-')
            return (int)strtol(line, NULL, 10);
    }
    return 0;
}

/* Waits for one reply and takes it out; its code, 0 where it does not come. `reply` gets its text. */
static int hear(struct dialog *dialog, char **reply) {
    size_t extent = 0;
    int code;
    while ((code = whole_reply(dialog, &extent)) == 0) {
        struct pollfd ready = {.fd = dialog->descriptor, .events = POLLIN};
        int64_t left = dialog->deadline - clock_monotonic();
        size_t room = sizeof dialog->text - 1 - dialog->length;
        if (left <= 0 || room == 0 || poll(&ready, 1, (int)left) <= 0)
            return 0;
        ssize_t got = read(dialog->descriptor, dialog->text + dialog->length, room);
        if (got <= 0)
            return 0;
        dialog->length += (size_t)got;
        dialog->text[dialog->length] = '\0';
    }
    *reply = scrap_part(dialog->arena, dialog->text, extent);
    dialog->length -= extent;
    memmove(dialog->text, dialog->text + extent, dialog->length + 1);
    return code;
}

static void read_offers(struct smtp_attempt *attempt, char *reply) {
    for (char *line; (line = scrap_line(&reply)) != NULL;) {
        line = scrap_trim(line);
        if (strlen(line) < 4)
            continue;
        if (strncasecmp(line + 4, "AUTH ", 5) == 0)
            attempt->mechanisms = line + 9;
        attempt->starttls = attempt->starttls || strcasecmp(line + 4, "STARTTLS") == 0;
    }
}

static char *encode(struct arena *arena, const unsigned char *bytes, size_t length) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = scrap_take(arena, length / 3 * 4 + 5, 1);
    size_t used = 0;
    for (size_t i = 0; i < length; i += 3) {
        unsigned long three = (unsigned long)bytes[i] << 16;
        three |= i + 1 < length ? (unsigned long)bytes[i + 1] << 8 : 0;
        three |= i + 2 < length ? bytes[i + 2] : 0;
        text[used++] = digits[three >> 18];
        text[used++] = digits[three >> 12 & 63];
        text[used++] = i + 1 < length ? digits[three >> 6 & 63] : '=';
        text[used++] = i + 2 < length ? digits[three & 63] : '=';
    }
    return text;
}

static const char *plain(struct arena *arena, const char *const name_and_password[2]) {
    size_t name = strlen(name_and_password[0]), password = strlen(name_and_password[1]);
    unsigned char *bytes = scrap_take(arena, name + password + 2, 1);
    memcpy(bytes + 1, name_and_password[0], name);
    memcpy(bytes + name + 2, name_and_password[1], password);
    return scrap_text(arena, "AUTH PLAIN %s", encode(arena, bytes, name + password + 2));
}

static enum smtp_outcome outcome_of(int code) {
    if (code == 0)
        return SMTP_UNREACHABLE;
    return code == 235 ? SMTP_LET_IN : code >= 500 ? SMTP_REFUSED : SMTP_LATER;
}

static void converse(struct dialog *dialog, enum smtp_cover cover, const char *const name_and_password[2],
                     struct smtp_attempt *attempt) {
    char *reply = NULL;
    bool greeted = cover == SMTP_STARTTLS || hear(dialog, &reply) == 220; /* s_client keeps that greeting */
    if (!greeted || !send_line(dialog, "EHLO localhost"))
        return;
    int code = hear(dialog, &reply);
    while (code == 250 && cover == SMTP_STARTTLS && strncasecmp(reply, "250-", 4) != 0)
        code = hear(dialog, &reply); /* the end of s_client's own conversation, by some versions */
    if (code != 250)
        return;
    read_offers(attempt, reply);
    struct words words = scrap_split(dialog->arena, attempt->mechanisms, " ");
    attempt->outcome = SMTP_NO_AUTH;
    if (!words_have(&words, "PLAIN") || !send_line(dialog, plain(dialog->arena, name_and_password)))
        return;
    attempt->outcome = outcome_of(hear(dialog, &reply));
    send_line(dialog, "QUIT");
}

struct smtp_attempt smtp_try(struct arena *arena, const char *host, const char *port, enum smtp_cover cover,
                             const char *const name_and_password[2]) {
    struct smtp_attempt attempt = {.outcome = SMTP_UNREACHABLE, .mechanisms = ""};
    struct dialog *dialog = scrap_take(arena, 1, sizeof *dialog);
    *dialog = (struct dialog){.arena = arena, .descriptor = -1, .deadline = clock_monotonic() + PATIENCE};
    bool open = false;
    if (cover == SMTP_CLEAR) {
        dialog->descriptor = connect_to(host, port);
        open = dialog->descriptor >= 0;
    } else {
        open = open_covered(dialog, scrap_text(arena, "%s:%s", host, port), cover);
    }
    if (open)
        converse(dialog, cover, name_and_password, &attempt);
    close_dialog(dialog);
    return attempt;
}
