/* SPDX-License-Identifier: BSD-2-Clause */
/* authgatectl incident: the timeline of one account that an incident report needs, as text, as a page or for programs.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "ctl/grid.h"
#include "ctl/incident_page.h"
#include "ctl/secret_file.h"
#include "ctl/story.h"

#define MOMENTS_SHOWN 200

static void print_first(const char *name, const struct story_moment *moment) {
    char time[WHEN_TEXT_SIZE];
    printf("%s", name);
    if (moment == NULL) {
        puts("none");
        return;
    }
    when_format(moment->at, time);
    printf("%s, ", time);
    grid_print_text(moment->place);
    printf(", %s %s\n", moment->what, moment->ref);
}

static void print_places(const struct story *story) {
    struct grid grid = {.columns = 8};
    grid_add(&grid, (const char *const[]){"", "COUNTRY", "FROM", "SERVICES", "ACCEPTED", "REFUSED", "FIRST", "LAST"});
    for (size_t i = 0; i < story->place_count - story->guessing_count; i++) {
        const struct story_place *place = &story->places[i];
        char accepted[24], refused[64], first[WHEN_TEXT_SIZE], last[WHEN_TEXT_SIZE];
        snprintf(accepted, sizeof accepted, "%" PRId64, place->accepted);
        if (place->right_refused > 0)
            snprintf(refused, sizeof refused, "%" PRId64 " (%" PRId64 " right)", place->refused, place->right_refused);
        else
            snprintf(refused, sizeof refused, "%" PRId64, place->refused);
        past_format_time(place->first, first);
        past_format_time(place->last, last);
        grid_add(&grid, (const char *const[]){place->unusual ? "!" : "",
                                              place->country[0] != '\0' ? place->country : "unknown",
                                              place->addresses[0] != '\0' ? place->addresses : place->network,
                                              place->services, accepted, refused, first, last});
    }
    grid_print(&grid);
    if (story->guessing_count > 0)
        printf("  … and %zu network%s that never had the right password (%" PRId64 " login%s)\n", story->guessing_count,
               story->guessing_count == 1 ? "" : "s", story->guesses, story->guesses == 1 ? "" : "s");
}

static void print_moments(const struct story *story) {
    struct grid grid = {.columns = 7};
    size_t shown = story->moment_count < MOMENTS_SHOWN ? story->moment_count : MOMENTS_SHOWN;
    for (size_t i = 0; i < shown; i++) {
        const struct story_moment *moment = &story->moments[i];
        char time[WHEN_TEXT_SIZE], last[WHEN_TEXT_SIZE], more[96] = "";
        when_format(moment->at, time);
        past_format_time(moment->last, last);
        if (moment->count > 1)
            snprintf(more, sizeof more, "%" PRId64 " times, the last %s", moment->count, last);
        grid_add(&grid, (const char *const[]){moment->unusual ? "!" : "", time, moment->what, moment->place,
                                              moment->text, moment->ref, more});
    }
    grid_print(&grid);
    if (shown < story->moment_count)
        printf("  … and %zu more; --since narrows it, --json has them\n", story->moment_count - shown);
}

static void print_text(const struct story *story) {
    char since[WHEN_TEXT_SIZE], until[WHEN_TEXT_SIZE];
    when_format(story->since, since);
    when_format(story->until, until);
    grid_print_text(story->account);
    printf(", %s to %s\n", since, until);
    if (strcmp(story->asked, story->account) != 0) {
        fputs("asked for as ", stdout);
        grid_print_text(story->asked);
        putchar('\n');
    }
    putchar('\n');
    if (story->place_count == 0 && story->moment_count == 0) {
        puts("no login that the history knows");
        return;
    }
    print_first("first login from an unusual place   ", story->first_wrong);
    print_first("first success from one              ", story->first_success);
    printf("accepted                            %" PRId64 ", of them %" PRId64 " from unusual places\n",
           story->accepted, story->unusual_accepted);
    printf("refused                             %" PRId64 "\n\nwhere from (! is unusual)\n", story->refused);
    print_places(story);
    puts("\nwhat happened");
    print_moments(story);
}

static void put_moment(struct json *object, const struct story_moment *moment) {
    json_put_number(object, "at", moment->at);
    json_put_number(object, "count", moment->count);
    json_put_number(object, "last", moment->last);
    json_put_text(object, "what", moment->what);
    json_put_flag(object, "unusual", moment->unusual);
    json_put_text(object, "where", moment->place);
    json_put_text(object, "why", moment->text);
    json_put_text(object, "ref", moment->ref);
}

static void put_place(struct json *object, const struct story_place *place) {
    json_put_text(object, "network", place->network);
    json_put_text(object, "country", place->country);
    json_put_text(object, "addresses", place->addresses);
    json_put_text(object, "services", place->services);
    json_put_flag(object, "unusual", place->unusual);
    json_put_flag(object, "guessing", place->guessing);
    json_put_number(object, "accepted", place->accepted);
    json_put_number(object, "refused", place->refused);
    json_put_number(object, "refused_with_right_password", place->right_refused);
    json_put_number(object, "first", place->first);
    json_put_number(object, "last", place->last);
}

static enum status print_json(const struct story *story) {
    struct json *document = json_make_object();
    json_put_text(document, "account", story->account);
    json_put_text(document, "asked", story->asked);
    json_put_number(document, "since", story->since);
    json_put_number(document, "until", story->until);
    json_put_number(document, "accepted", story->accepted);
    json_put_number(document, "accepted_from_unusual_places", story->unusual_accepted);
    json_put_number(document, "refused", story->refused);
    json_put_number(document, "guessing_networks", (int64_t)story->guessing_count);
    json_put_number(document, "guesses", story->guesses);
    if (story->first_wrong != NULL)
        put_moment(json_put_object(document, "first_unusual"), story->first_wrong);
    if (story->first_success != NULL)
        put_moment(json_put_object(document, "first_unusual_success"), story->first_success);
    struct json *places = json_put_list(document, "places"), *moments = json_put_list(document, "moments");
    for (size_t i = 0; i < story->place_count; i++)
        put_place(json_append_object(places), &story->places[i]);
    for (size_t i = 0; i < story->moment_count; i++)
        put_moment(json_append_object(moments), &story->moments[i]);
    return json_print(&document, STATUS_DONE);
}

/* A terminal, a pipe, /dev/null: what no file is put in the place of. */
static bool is_outlet(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && (S_ISCHR(status.st_mode) || S_ISFIFO(status.st_mode));
}

static bool write_outlet(const char *path, const struct story *story) {
    FILE *out = fopen(path, "we");
    if (out != NULL)
        incident_page_write(out, story, clock_wall());
    bool good = out != NULL && ferror(out) == 0;
    if ((out != NULL && fclose(out) != 0) || !good)
        verb_fail(STATUS_NO, "%s could not be written", path);
    return good;
}

/* Who logged in from where is for nobody else to read, and a link may lead to a file that others chose. */
static bool write_file(const char *path, const struct story *story) {
    struct secret_file file;
    struct stat status;
    if (lstat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
        verb_fail(STATUS_NO, "%s is a symbolic link, or else no plain file; name one, or none that is there", path);
        return false;
    }
    if (!secret_file_open(&file, path, true))
        return false;
    incident_page_write(file.out, story, clock_wall());
    return secret_file_close(&file, true);
}

static enum status write_page(const char *path, const struct story *story, bool json) {
    bool outlet = is_outlet(path);
    if (!(outlet ? write_outlet(path, story) : write_file(path, story)))
        return STATUS_NO;
    if (!json && !outlet)
        printf("written  %s\n", path);
    return STATUS_DONE;
}

static enum status tell(struct talk *talk, const struct story *wanted, const char *page, bool json) {
    struct story story;
    enum status status = story_gather(talk, wanted->asked, wanted->since, wanted->until, &story);
    if (status == STATUS_DONE && page != NULL)
        status = write_page(page, &story, json);
    if (status == STATUS_DONE && json)
        status = print_json(&story);
    else if (status == STATUS_DONE && page == NULL)
        print_text(&story);
    story_clear(&story);
    return status;
}

static enum status run(struct invocation *invocation) {
    const char *since = NULL, *until = NULL, *page = NULL;
    const struct verb_option options[] = {{"since", &since}, {"until", &until}, {"html", &page}, {NULL, NULL}};
    if (!verb_parse(invocation, options) || invocation->count != 1)
        return STATUS_USAGE;
    struct talk talk;
    talk_start(&talk, invocation);
    int64_t now = clock_wall();
    struct story wanted = {.asked = invocation->words[0], .until = now + 1};
    enum status status = STATUS_USAGE;
    if (past_parse_since(since, "30d", now, &wanted.since) &&
        (until == NULL || past_parse_time(until, now, &wanted.until)))
        status = tell(&talk, &wanted, page, invocation->json);
    talk_end(&talk);
    return status;
}

const struct verb incident_verb = {
    .name = "incident",
    .arguments = "ACCOUNT [--since 30d] [--until T] [--html FILE]",
    .help = "what happened to an account: from where, by which service, what was done; --html writes a page",
    .run = run,
};
