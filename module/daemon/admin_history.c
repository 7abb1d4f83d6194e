/* SPDX-License-Identifier: BSD-2-Clause */
/* Turns a question into the history's, and a page of rows into records. A page that is too long for one answer is sent
 * in pieces: `after` then says how many of its rows have been sent. Run by admin jobs; changes nothing, logs nothing.
 */
#include "daemon/admin_history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/admin_job.h"
#include "daemon/archive.h"
#include "daemon/server.h"
#include "store/history.h"

#define ANSWER_LIMIT 120000 /* bytes, so that it fits the socket's buffer */
#define ROW_LIMIT    4096   /* bytes that one record takes at most */

struct words {
    char first[ADMIN_NUMBER_SIZE], last[ADMIN_NUMBER_SIZE], count[ADMIN_NUMBER_SIZE], until[ADMIN_NUMBER_SIZE];
    char address[ADDRESS_TEXT_SIZE], network[ADDRESS_TEXT_SIZE + 4], country[3];
    char account[4 * 320 + 1], service[4 * 64 + 1], mechanism[4 * 64 + 1], who[4 * 64 + 1], why[4 * 256 + 1];
};

static const char *const what_words[] = {"logins", "days", "events", "legacy", "countries", "stolen"};

/* What was typed may hold anything: control characters are shown as \xNN. What does not fit its field is cut. */
static const char *plain(enum field field, const char *from, char *to, size_t size) {
    struct buffer text;
    size_t limit = field_declaration(field)->limit;
    buffer_init(&text, to, size < limit + 1 ? size : limit + 1);
    for (; *from != '\0' && !text.overflowed; from++) {
        unsigned char byte = (unsigned char)*from;
        if (byte < ' ' || byte == 0x7f)
            buffer_add_format(&text, "\\x%02x", byte);
        else
            buffer_add_char(&text, *from);
    }
    return to;
}

static void place(struct message *record, const struct history_row *row, struct words *words) {
    address_format(&row->address, words->address);
    words->network[0] = '\0';
    if (row->network.base.family != 0)
        prefix_format(&row->network, words->network);
    country_code_format(row->country, words->country);
    record->value[FIELD_CLIENT_ADDRESS] = words->address;
    record->value[FIELD_NETWORK] = words->network;
    record->value[FIELD_COUNTRY] = words->country;
    record->value[FIELD_ACCOUNT] = plain(FIELD_ACCOUNT, row->account, words->account, sizeof words->account);
    record->value[FIELD_REF] = field_valid(FIELD_REF, row->ref) ? row->ref : NULL;
    record->value[FIELD_AT] = admin_number(row->first, words->first);
}

static void add_event(struct records *records, const struct history_row *row) {
    struct words words;
    struct message record = records_make("event");
    place(&record, row, &words);
    record.value[FIELD_KEY] = history_event_name(row->event);
    record.value[FIELD_WHO] = plain(FIELD_WHO, row->who, words.who, sizeof words.who);
    record.value[FIELD_TEXT] = plain(FIELD_TEXT, row->why, words.why, sizeof words.why);
    record.value[FIELD_UNTIL] = row->until != 0 ? admin_number(row->until, words.until) : NULL;
    records_add(records, &record);
}

static void add_row(struct records *records, const struct history_row *row) {
    struct words words;
    struct message record = records_make("row");
    place(&record, row, &words);
    record.value[FIELD_LAST] = admin_number(row->last, words.last);
    record.value[FIELD_TIMES] = admin_number(row->count, words.count);
    record.value[FIELD_SERVICE] = plain(FIELD_SERVICE, row->service, words.service, sizeof words.service);
    record.value[FIELD_MECHANISM] = plain(FIELD_MECHANISM, row->mechanism, words.mechanism, sizeof words.mechanism);
    record.value[FIELD_CREDENTIAL] = credential_name(row->credential);
    record.value[FIELD_VERDICT] = verdict_name(row->verdict);
    record.value[FIELD_REASON] = reason_name(row->reason);
    record.value[FIELD_VALUE] = history_password_name(row->password);
    records_add(records, &record);
}

/* Where the next question goes on: behind `sent` rows of the same page, or at the next one. */
static void add_more(struct admin_job *job, const char *after, size_t sent) {
    char text[HISTORY_NEXT_SIZE + ADMIN_NUMBER_SIZE];
    struct message record = records_make("more");
    if (sent > 0)
        snprintf(text, sizeof text, "%s/%zu", after, sent);
    else
        snprintf(text, sizeof text, "%s", after);
    record.value[FIELD_AFTER] = text;
    if (text[0] != '\0')
        records_add(&job->records, &record);
}

static void take(void *context, const struct history_page *page) {
    struct admin_job *job = context;
    job->past.query = 0;
    if (page->failed) {
        admin_job_fail(job, REASON_UNAVAILABLE, "the history cannot be read; the daemon's log says why");
        return;
    }
    size_t sent = job->past.skip;
    for (; sent < page->count && job->records.bytes.length + ROW_LIMIT < ANSWER_LIMIT; sent++) {
        if (job->past.events)
            add_event(&job->records, &page->rows[sent]);
        else
            add_row(&job->records, &page->rows[sent]);
    }
    if (sent < page->count)
        add_more(job, job->past.after, sent);
    else
        add_more(job, page->next, 0);
    admin_job_answer(job);
}

static bool parse_what(const char *word, enum history_what *what) {
    for (size_t i = 0; i < sizeof what_words / sizeof what_words[0]; i++) {
        if (strcmp(what_words[i], word) == 0) {
            *what = (enum history_what)i;
            return true;
        }
    }
    return false;
}

/* `after` is what add_more wrote: the page's own, then the rows to leave out. */
static bool read_after(struct admin_job *job, struct history_question *question) {
    const char *text = admin_job_value(job, FIELD_AFTER);
    const char *slash = strchr(text, '/');
    size_t length = slash != NULL ? (size_t)(slash - text) : strlen(text);
    if (length >= sizeof job->past.after)
        return false;
    memcpy(job->past.after, text, length);
    job->past.after[length] = '\0';
    if (slash != NULL)
        job->past.skip = (size_t)strtoul(slash + 1, NULL, 10);
    question->after = length > 0 ? job->past.after : NULL;
    return true;
}

static bool read_question(struct admin_job *job, struct history_question *question) {
    const char *const *value = job->question.value;
    *question = (struct history_question){.account = value[FIELD_ACCOUNT],
                                          .ref = value[FIELD_REF],
                                          .since = admin_job_time(job, FIELD_SINCE),
                                          .until = admin_job_time(job, FIELD_UNTIL),
                                          .denied = strcmp(admin_job_value(job, FIELD_OUTCOME), "denied") == 0};
    if (value[FIELD_ACCOUNT] != NULL && admin_job_canonical(job, value[FIELD_ACCOUNT]))
        question->account = job->account; /* else as it was typed: malformed ones have a history too */
    if (value[FIELD_COUNTRY] != NULL)
        question->country = country_code_parse(value[FIELD_COUNTRY]);
    struct address address;
    if (value[FIELD_CLIENT_ADDRESS] != NULL && address_parse(value[FIELD_CLIENT_ADDRESS], &address))
        question->network = address_network(&address);
    job->past.events = strcmp(admin_job_value(job, FIELD_VALUE), "events") == 0;
    bool country_fits = value[FIELD_COUNTRY] == NULL || country_code_assigned(question->country);
    return country_fits && question->since >= 0 && question->until >= 0 &&
           parse_what(admin_job_value(job, FIELD_VALUE), &question->what) && read_after(job, question);
}

static void abandon(struct admin_job *job) {
    history_cancel(archive_history(job->server->archive), job->past.query);
}

void admin_history(struct admin_job *job) {
    struct history_question question;
    struct history *history = archive_history(job->server->archive);
    if (history == NULL) {
        admin_job_fail(job, REASON_MALFORMED, "no history is configured: `history` in the configuration names one");
        return;
    }
    if (!read_question(job, &question)) {
        admin_job_fail(job, REASON_MALFORMED, "the question has a value that cannot be");
        return;
    }
    job->past.query = history_ask(history, &question, take, job);
    if (job->past.query == 0)
        admin_job_fail(job, REASON_UNAVAILABLE, "too many ask for past logins at once");
    else
        job->abandoned = abandon;
}
