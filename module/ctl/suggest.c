/* SPDX-License-Identifier: BSD-2-Clause */
/* authgatectl suggest countries: an allow-list for each account, drawn from where it logged in from. A country that was
 * seen once or twice, or for a day alone, is named but left out: it may be the thief's. With --out the files are
 * written, but none is ever written over. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/country_code.h"
#include "ctl/grid.h"
#include "ctl/host.h"
#include "ctl/past.h"
#include "ctl/progress.h"

#define FEWEST    3 /* logins that a country needs to be allowed, … */
#define PER_MILLE 5 /* … and its share of the account's logins */
#define DAY       86400
#define BRIEF     (2 * DAY)  /* logins within less than this, of an account that is known … */
#define LONG      (14 * DAY) /* … for that long, may be one thief's, however many: they count for nothing */
#define FILE_SIZE 8192
#define PATH_SIZE 4096

struct from {
    char country[3];
    int64_t count, first, last;
    char ref[33];
    bool brief, allowed;
};

struct account {
    char name[ACCOUNT_NAME_SIZE];
    struct from *from;
    size_t count;
};

struct view {
    const struct settings *settings;
    const char *out;   /* the folder that files go to; NULL: shown */
    struct json *list; /* NULL: text */
    struct account *accounts;
    size_t count, room;
    size_t written, kept, useless;
    bool failed;
};

static void *grown(void *place, size_t count, size_t size) {
    void *made = reallocarray(place, count, size);
    if (made == NULL)
        exit((int)verb_fail(STATUS_NO, "out of memory"));
    return made;
}

/* Rows of an account come one behind the other. */
static struct account *account_of(struct view *view, const char *name) {
    if (view->count > 0 && strcmp(view->accounts[view->count - 1].name, name) == 0)
        return &view->accounts[view->count - 1];
    if (view->count == view->room) {
        view->room = view->room > 0 ? 2 * view->room : 64;
        view->accounts = grown(view->accounts, view->room, sizeof *view->accounts);
    }
    struct account *account = &view->accounts[view->count++];
    *account = (struct account){.from = NULL};
    snprintf(account->name, sizeof account->name, "%s", name);
    return account;
}

static void take(void *context, const struct past_row *row) {
    struct view *view = context;
    if (strcmp(row->verdict, "accept") != 0 || row->country[0] == '\0')
        return;
    struct account *account = account_of(view, row->account);
    account->from = grown(account->from, account->count + 1, sizeof *account->from);
    struct from *from = &account->from[account->count++];
    *from = (struct from){.count = row->count, .first = row->first, .last = row->last};
    snprintf(from->country, sizeof from->country, "%.2s", row->country);
    snprintf(from->ref, sizeof from->ref, "%s", row->ref);
}

static int compare(const void *one, const void *other) {
    const struct from *left = one, *right = other;
    return (left->count < right->count) - (left->count > right->count);
}

/* Marks what is brief; returns how many logins the others are. */
static int64_t count_lasting(struct account *account) {
    int64_t first = INT64_MAX, last = 0, lasting = 0;
    for (size_t i = 0; i < account->count; i++) {
        first = account->from[i].first < first ? account->from[i].first : first;
        last = account->from[i].last > last ? account->from[i].last : last;
    }
    for (size_t i = 0; i < account->count; i++) {
        struct from *from = &account->from[i];
        from->brief = last - first >= LONG && from->last - from->first < BRIEF;
        lasting += from->brief ? 0 : from->count;
    }
    return lasting;
}

/* Decides what is allowed; false where nothing is. */
static bool choose(struct account *account) {
    bool some = false;
    int64_t all = count_lasting(account);
    qsort(account->from, account->count, sizeof *account->from, compare);
    for (size_t i = 0; i < account->count; i++) {
        struct from *from = &account->from[i];
        from->allowed = !from->brief && from->count >= FEWEST && from->count * 1000 >= all * PER_MILLE &&
                        country_code_assigned(country_code_parse(from->country));
        some = some || from->allowed;
    }
    return some;
}

static void write_list(const struct account *account, struct buffer *text) {
    const char *before = "";
    buffer_add(text, "countries = { allow = [ ");
    for (size_t i = 0; i < account->count; i++) {
        if (!account->from[i].allowed)
            continue;
        buffer_add_format(text, "%s\"%s\"", before, account->from[i].country);
        before = ", ";
    }
    buffer_add(text, " ]; };\n");
}

static void write_file_text(const struct account *account, const char *since, struct buffer *text) {
    char last[WHEN_TEXT_SIZE], span[WHEN_TEXT_SIZE];
    buffer_add_format(text,
                      "# Suggested from logins since %s. Countries that are seldom or only shortly seen are left out: "
                      "look at them.\n",
                      since);
    for (size_t i = 0; i < account->count; i++) {
        const struct from *from = &account->from[i];
        past_format_time(from->last, last);
        when_format_span(from->last - from->first, span);
        bool burst = from->brief && from->count > 1;
        buffer_add_format(text, "# %s %s: %" PRId64 " login%s%s%s, the last %s%s%s\n",
                          from->allowed ? "allowed" : "LEFT OUT", from->country, from->count,
                          from->count == 1 ? "" : "s", burst ? " within " : "", burst ? span : "", last,
                          from->ref[0] != '\0' ? ", such as " : "", from->ref);
    }
    write_list(account, text);
}

/* accounts/NAME.conf in the default domain, else accounts/DOMAIN/NAME.conf. A name has no '/' (account_name.h). */
static void path_of(const struct view *view, const struct account *account, struct buffer *path) {
    const char *at = strrchr(account->name, '@');
    const char *home = view->settings->naming.default_domain;
    size_t local = at != NULL ? (size_t)(at - account->name) : strlen(account->name);
    buffer_add(path, "accounts/");
    if (at != NULL && (home == NULL || strcmp(at + 1, home) != 0))
        buffer_add_format(path, "%s/", at + 1);
    buffer_add_bytes(path, account->name, local);
    buffer_add(path, ".conf");
}

/* Makes the folders of a path below `out`; those that are there are fine. */
static bool make_folders(char *path, size_t from) {
    for (char *slash = strchr(path + from, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool made = path[0] == '\0' || mkdir(path, 0755) == 0 || errno == EEXIST;
        *slash = '/';
        if (!made)
            return false;
    }
    return true;
}

static void save(struct view *view, const char *name, const struct buffer *text) {
    char path[PATH_SIZE];
    struct buffer whole;
    buffer_init(&whole, path, sizeof path);
    buffer_add_format(&whole, "%s/%s", view->out, name);
    int file = -1;
    if (!whole.overflowed && make_folders(path, 1))
        file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (file < 0 && errno == EEXIST) {
        view->kept++;
        printf("kept     %s: it is there already\n", path);
        return;
    }
    bool good = file >= 0 && write(file, text->bytes, text->length) == (ssize_t)text->length;
    if (file >= 0 && (close(file) != 0 || !good))
        unlink(path);
    if (!good) {
        view->failed = true;
        verb_fail(STATUS_NO, "%s: %s", path, strerror(errno));
        return;
    }
    view->written++;
    printf("written  %s\n", path);
}

static void put(struct view *view, const struct account *account, const char *path) {
    struct json *object = json_append_object(view->list);
    json_put_text(object, "account", account->name);
    json_put_text(object, "file", path);
    struct json *allow = json_put_list(object, "allow");
    struct json *left_out = json_put_list(object, "left_out");
    for (size_t i = 0; i < account->count; i++) {
        const struct from *from = &account->from[i];
        if (from->allowed) {
            json_append_text(allow, from->country);
            continue;
        }
        struct json *rare = json_append_object(left_out);
        json_put_text(rare, "country", from->country);
        json_put_number(rare, "count", from->count);
        json_put_number(rare, "first", from->first);
        json_put_number(rare, "last", from->last);
        json_put_text(rare, "ref", from->ref);
    }
}

static void suggest(struct view *view, struct account *account, const char *since) {
    char path_text[PATH_SIZE], file_text[FILE_SIZE];
    struct buffer path, text;
    buffer_init(&path, path_text, sizeof path_text);
    buffer_init(&text, file_text, sizeof file_text);
    if (!choose(account) || strchr(account->name, '/') != NULL || account->name[0] == '.') {
        view->useless++;
        return;
    }
    path_of(view, account, &path);
    write_file_text(account, since, &text);
    if (view->list != NULL) {
        put(view, account, path.bytes);
    } else if (view->out != NULL) {
        save(view, path.bytes, &text);
    } else {
        printf("# ---- ");
        grid_print_text(path.bytes);
        printf("\n%s\n", text.bytes);
    }
}

static enum status finish(struct view *view) {
    if (view->list != NULL)
        return json_print(&view->list, view->failed ? STATUS_NO : STATUS_DONE);
    if (view->out != NULL)
        printf("%zu written, %zu kept, %zu without a country that is seen often enough\n", view->written, view->kept,
               view->useless);
    else if (view->count == 0)
        puts("no accepted login whose country is known");
    return view->failed ? STATUS_NO : STATUS_DONE;
}

static enum status suggest_all(struct talk *talk, const struct past_question *question, struct view *view) {
    char since[WHEN_TEXT_SIZE];
    enum status status = past_ask(talk, question, take, view);
    progress_end(question->progress);
    past_format_time(question->since, since);
    for (size_t i = 0; i < view->count; i++) {
        if (status == STATUS_DONE)
            suggest(view, &view->accounts[i], since);
        free(view->accounts[i].from);
    }
    free(view->accounts);
    return status == STATUS_DONE ? finish(view) : status;
}

static enum status run(struct invocation *invocation) {
    struct progress progress;
    struct view view = {.out = NULL};
    struct past_question question = {.what = "countries", .progress = &progress};
    const char *since = NULL;
    const struct verb_option options[] = {
        {"account", &question.account}, {"since", &since}, {"out", &view.out}, {NULL, NULL}};
    if (!verb_parse(invocation, options) || invocation->count != 0)
        return STATUS_USAGE;
    struct talk talk;
    talk_start(&talk, invocation);
    enum status status = talk.configuration != NULL ? STATUS_USAGE : STATUS_NO;
    progress_start(&progress, "rows");
    if (talk.configuration != NULL && past_parse_since(since, "90d", clock_wall(), &question.since)) {
        view.settings = configuration_settings(talk.configuration);
        view.list = invocation->json ? json_make_list() : NULL;
        status = suggest_all(&talk, &question, &view);
    }
    talk_end(&talk);
    return status;
}

const struct verb suggest_countries_verb = {
    .name = "suggest countries",
    .arguments = "[--account A] [--since 90d] [--out FOLDER]",
    .help = "an allow-list for each account from its own logins, for review; --out writes new account files",
    .run = run,
};
