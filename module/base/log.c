/* SPDX-License-Identifier: BSD-2-Clause */
/* Builds and writes log lines. Only programs log; the modules hand their few words to pam_syslog or SASL's logger. */
#include "base/log.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/syslog_socket.h"

static enum log_target log_target = LOG_TO_STDERR;
/* What stderr is, so that a line costs one system call where one is enough. */
static enum { STDERR_OTHER, STDERR_FILE, STDERR_SOCKET } stderr_kind;
static atomic_ulong dropped;

static void add_escaped(struct buffer *line, const char *text, bool keep_blanks) {
    size_t shown = 0;
    for (; text[shown] != '\0' && shown < LOG_VALUE_LIMIT; shown++) {
        unsigned char byte = (unsigned char)text[shown];
        bool plain = (byte > ' ' && byte < 0x7f && byte != '\\') || (byte == ' ' && keep_blanks);
        if (plain)
            buffer_add_char(line, (char)byte);
        else
            buffer_add_format(line, "\\x%02x", byte);
    }
    if (text[shown] != '\0')
        buffer_add(line, "...");
}

void log_add(struct buffer *line, const char *name, const char *value) {
    if (value == NULL || value[0] == '\0')
        return;
    struct buffer before = *line;
    line->overflowed = false;
    if (line->length > 0)
        buffer_add_char(line, ' ');
    buffer_add(line, name);
    buffer_add_char(line, '=');
    add_escaped(line, value, false);
    if (line->overflowed) { /* half a value would be another value */
        line->length = before.length;
        line->bytes[line->length] = '\0';
    }
    line->overflowed = line->overflowed || before.overflowed;
}

void log_add_text(struct buffer *line, const char *text) {
    add_escaped(line, text, true);
}

static void look_at_stderr(void) {
    struct stat status;
    stderr_kind = STDERR_OTHER;
    if (fstat(STDERR_FILENO, &status) == 0)
        stderr_kind = S_ISREG(status.st_mode) ? STDERR_FILE : S_ISSOCK(status.st_mode) ? STDERR_SOCKET : STDERR_OTHER;
}

void log_open(enum log_target target, const char *name) {
    log_target = target;
    look_at_stderr();
    if (target == LOG_TO_SYSLOG)
        syslog_socket_open(name);
}

void log_close(void) {
    syslog_socket_close();
}

static const char *urgency(int priority) {
    static const char *const words[] = {"emergency: ", "alert: ", "critical: ", "error: ", "warning: "};
    return priority >= 0 && priority <= LOG_WARNING ? words[priority] : "";
}

/* Whether a write to stderr will neither block nor raise SIGPIPE now. */
static bool stderr_takes_more(void) {
    struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
    return poll(&ready, 1, 0) == 1 && ready.revents == POLLOUT;
}

static bool write_parts(struct iovec *parts, size_t count) {
    const struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    if (stderr_kind == STDERR_SOCKET)
        return sendmsg(STDERR_FILENO, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
    if (stderr_kind == STDERR_OTHER && !stderr_takes_more())
        return false;
    return writev(STDERR_FILENO, parts, (int)count) >= 0;
}

static void write_stderr(int priority, const char *line) {
    const char *word = urgency(priority);
    struct iovec parts[] = {
        {.iov_base = (void *)(size_t)word, .iov_len = strlen(word)},
        {.iov_base = (void *)(size_t)line, .iov_len = strlen(line)},
        {.iov_base = (void *)(size_t) "\n", .iov_len = 1},
    };
    if (!write_parts(parts, sizeof parts / sizeof parts[0]))
        dropped++;
}

void log_line(int priority, const char *line) {
    if (log_target == LOG_TO_STDERR)
        write_stderr(priority, line);
    else if (!syslog_socket_send(priority, line))
        dropped++;
}

void log_message(int priority, const char *format, ...) {
    char text[LOG_LINE_SIZE], escaped[LOG_LINE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    struct buffer line;
    buffer_init(&line, escaped, sizeof escaped);
    for (const char *byte = text; *byte != '\0' && !line.overflowed; byte++) {
        if (*byte >= ' ' && *byte < 0x7f)
            buffer_add_char(&line, *byte);
        else
            buffer_add_format(&line, "\\x%02x", (unsigned char)*byte);
    }
    log_line(priority, line.bytes);
}

unsigned long log_dropped(void) {
    return dropped;
}
