/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts an account's history together. Day rows are complete and say how many; single logins, as long as they are kept,
 * say when exactly and from which address; events say what was done. Called by incident.c. */
#include "ctl/story.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/configuration.h"

#define USUAL_PERCENT   20 /* of the days with accepted logins on which a usual country has some */
#define MOMENT_LIMIT    2000
#define ADDRESSES_SHOWN 3

/* A row as it is kept until all have come. */
struct kept {
    int64_t first, last, count;
    char network[65], country[3], service[65], address[65], reason[65], ref[33];
    bool accepted, right;
};

struct rows {
    struct kept *list;
    size_t count, room;
};

struct gathering {
    struct story *story;
    struct rows days, logins;
};

static void *grown(void *place, size_t count, size_t size) {
    void *made = reallocarray(place, count, size);
    if (made == NULL)
        exit((int)verb_fail(STATUS_NO, "out of memory"));
    return made;
}

static void keep(struct rows *rows, const struct past_row *row) {
    if (rows->count == rows->room) {
        rows->room += rows->room + 256;
        rows->list = grown(rows->list, rows->room, sizeof *rows->list);
    }
    struct kept *kept = &rows->list[rows->count++];
    *kept = (struct kept){.first = row->first, .last = row->last, .count = row->count};
    snprintf(kept->network, sizeof kept->network, "%s", row->network[0] != '\0' ? row->network : "unknown");
    snprintf(kept->country, sizeof kept->country, "%.2s", row->country);
    snprintf(kept->service, sizeof kept->service, "%s", row->service);
    snprintf(kept->address, sizeof kept->address, "%s", row->address);
    snprintf(kept->reason, sizeof kept->reason, "%s", row->reason);
    snprintf(kept->ref, sizeof kept->ref, "%s", row->ref);
    kept->accepted = strcmp(row->verdict, "accept") == 0;
    kept->right = strcmp(row->password, "right") == 0;
}

/* The daemon knows best what the name that was asked about stands for. */
static void name_account(struct story *story, const char *account) {
    if (story->account[0] == '\0')
        snprintf(story->account, sizeof story->account, "%s", account);
}

static void take_day(void *context, const struct past_row *row) {
    name_account(((struct gathering *)context)->story, row->account);
    keep(&((struct gathering *)context)->days, row);
}

static void take_login(void *context, const struct past_row *row) {
    name_account(((struct gathering *)context)->story, row->account);
    keep(&((struct gathering *)context)->logins, row);
}

/* ---- moments ---- */

static struct story_moment *add_moment(struct story *story, int64_t at) {
    if (story->moment_count % 256 == 0)
        story->moments = grown(story->moments, story->moment_count + 256, sizeof *story->moments);
    struct story_moment *moment = &story->moments[story->moment_count++];
    *moment = (struct story_moment){.at = at, .count = 1, .last = at};
    return moment;
}

static void word_place(char text[140], const char *address, const char *country, const char *service) {
    snprintf(text, 140, "%s%s%s%s%s%s", address, country[0] != '\0' ? " (" : "", country, country[0] != '\0' ? ")" : "",
             service[0] != '\0' ? " by " : "", service);
}

static void take_event(void *context, const struct past_row *row) {
    struct gathering *gathering = context;
    name_account(gathering->story, row->account);
    struct story_moment *moment = add_moment(gathering->story, row->first);
    char until[WHEN_TEXT_SIZE] = "";
    if (row->until != 0)
        past_format_time(row->until, until);
    snprintf(moment->what, sizeof moment->what, "%s", row->event);
    if (row->address[0] != '\0')
        word_place(moment->place, row->address, row->country, "");
    const char *by = row->who[0] == '\0' ? "" : row->why[0] != '\0' ? ", by " : "by ";
    snprintf(moment->text, sizeof moment->text, "%.180s%s%.40s%s%s", row->why, by, row->who,
             until[0] != '\0' ? ", until " : "", until);
    snprintf(moment->ref, sizeof moment->ref, "%s", row->ref);
}

static int by_time(const void *one, const void *other) {
    const struct story_moment *left = one, *right = other;
    return (left->at > right->at) - (left->at < right->at);
}

/* ---- places ---- */

static int by_place(const void *one, const void *other) {
    const struct kept *left = one, *right = other;
    int order = strcmp(left->network, right->network);
    return order != 0 ? order : strcmp(left->country, right->country);
}

static int rank(const struct story_place *place) {
    return place->unusual ? 0 : place->guessing ? 2 : 1;
}

static int by_rank(const void *one, const void *other) {
    const struct story_place *left = one, *right = other;
    if (rank(left) != rank(right))
        return rank(left) - rank(right);
    return (left->first > right->first) - (left->first < right->first);
}

/* Adds a word to a list of words, once and as long as there is room. */
static void add_word(char *list, size_t size, const char *word) {
    size_t used = strlen(list), length = strlen(word);
    for (const char *at = strstr(list, word); at != NULL && length > 0; at = strstr(at + 1, word))
        if ((at == list || at[-1] == ' ') && (at[length] == '\0' || at[length] == ','))
            return;
    if (length > 0 && used + length + 3 < size)
        snprintf(list + used, size - used, "%s%s", used > 0 ? ", " : "", word);
}

static void add_to_place(struct story_place *place, const struct kept *row) {
    if (row->accepted)
        place->accepted += row->count;
    else
        place->refused += row->count;
    if (!row->accepted && row->right)
        place->right_refused += row->count;
    if (place->first == 0 || row->first < place->first)
        place->first = row->first;
    if (row->last > place->last)
        place->last = row->last;
    if (row->accepted && (place->first_accepted == 0 || row->first < place->first_accepted))
        place->first_accepted = row->first;
    add_word(place->services, sizeof place->services, row->service);
}

static void make_places(struct story *story, struct rows *days) {
    if (days->count > 0)
        qsort(days->list, days->count, sizeof *days->list, by_place);
    for (size_t i = 0; i < days->count; i++) {
        if (i == 0 || by_place(&days->list[i - 1], &days->list[i]) != 0) {
            if (story->place_count % 256 == 0)
                story->places = grown(story->places, story->place_count + 256, sizeof *story->places);
            struct story_place *made = &story->places[story->place_count++];
            *made = (struct story_place){.first = 0};
            memcpy(made->network, days->list[i].network, sizeof made->network);
            memcpy(made->country, days->list[i].country, sizeof made->country);
        }
        add_to_place(&story->places[story->place_count - 1], &days->list[i]);
    }
}

/* On how many days the account got in, from one country or (NULL) from any. Days come by day. */
static int64_t days_accepted(const struct story *story, const char *country) {
    int64_t found = 0, latest = -1;
    for (size_t i = 0; i < story->day_count; i++) {
        const struct story_day *day = &story->days[i];
        if (day->accepted == 0 || (country != NULL && strcmp(day->country, country) != 0))
            continue;
        found += day->day != latest;
        latest = day->day;
    }
    return found;
}

/* Places by country, so that each country is added up once. */
static int by_country(const void *one, const void *other) {
    return strcmp(((const struct story_place *)one)->country, ((const struct story_place *)other)->country);
}

/* How often a thief logs in says nothing; on how few days he did, does. */
static void find_unusual(struct story *story) {
    int64_t days = days_accepted(story, NULL);
    bool usual = false;
    if (story->place_count > 0)
        qsort(story->places, story->place_count, sizeof *story->places, by_country);
    for (size_t i = 0; i < story->place_count; i++) {
        struct story_place *place = &story->places[i];
        if (i == 0 || by_country(place - 1, place) != 0)
            usual = days > 0 && days_accepted(story, place->country) * 100 >= days * USUAL_PERCENT;
        place->unusual = (place->accepted > 0 && !usual && place->country[0] != '\0') || place->right_refused > 0;
        place->guessing = !place->unusual && place->accepted == 0;
        story->guessing_count += place->guessing;
        story->guesses += place->guessing ? place->refused : 0;
        story->accepted += place->accepted;
        story->refused += place->refused;
        if (place->unusual)
            story->unusual_accepted += place->accepted;
    }
}

static int by_network(const void *one, const void *other) {
    const struct story_place *left = one, *right = other;
    int order = strcmp(left->network, right->network);
    return order != 0 ? order : strcmp(left->country, right->country);
}

/* ---- single logins ---- */

static void add_login(struct story *story, const struct kept *login, bool unusual) {
    struct story_moment *moment = add_moment(story, login->first);
    moment->unusual = unusual;
    snprintf(moment->what, sizeof moment->what, "%s", login->accepted ? "accepted" : "refused");
    word_place(moment->place, login->address[0] != '\0' ? login->address : login->network, login->country,
               login->service);
    snprintf(moment->text, sizeof moment->text, "%s%s%s",
             login->accepted && login->reason[0] != '\0' ? "would be refused: " : "", login->reason,
             login->right && !login->accepted ? ", with the right password" : "");
    snprintf(moment->ref, sizeof moment->ref, "%s", login->ref);
}

/* By place, then in time. */
static int by_origin(const void *one, const void *other) {
    const struct kept *left = one, *right = other;
    int order = by_place(one, other);
    return order != 0 ? order : (left->first > right->first) - (left->first < right->first);
}

/* A few addresses of a place; "…" stands for the others. */
static void add_address(struct story_place *place, const char *address) {
    size_t commas = 0;
    for (const char *at = place->addresses; (at = strchr(at, ',')) != NULL; at++)
        commas++;
    add_word(place->addresses, sizeof place->addresses, commas < ADDRESSES_SHOWN - 1 ? address : "…");
}

/* The place that a login belongs to; both go through in the same order. */
static struct story_place *place_of(struct story *story, const struct kept *login, size_t *at) {
    while (*at < story->place_count) {
        struct story_place *place = &story->places[*at];
        int order = strcmp(place->network, login->network);
        if (order == 0)
            order = strcmp(place->country, login->country);
        if (order >= 0)
            return order == 0 ? place : NULL;
        ++*at;
    }
    return NULL;
}

/* Of each place the first login, the first that was accepted and the first refused with the right password; of an
 * unusual one all of them, while there is room; of one that only guessed none. */
static void tell_logins(struct story *story, struct rows *logins) {
    bool accepted = false, right = false;
    size_t at = 0;
    if (logins->count > 0)
        qsort(logins->list, logins->count, sizeof *logins->list, by_origin);
    if (story->place_count > 0)
        qsort(story->places, story->place_count, sizeof *story->places, by_network);
    for (size_t i = 0; i < logins->count; i++) {
        const struct kept *login = &logins->list[i];
        bool first = i == 0 || by_place(login - 1, login) != 0;
        struct story_place *place = place_of(story, login, &at);
        accepted = accepted && !first;
        right = right && !first;
        if (place == NULL || place->guessing)
            continue;
        add_address(place, login->address);
        if (first || (login->accepted && !accepted) || (login->right && !login->accepted && !right) ||
            (place->unusual && story->moment_count < MOMENT_LIMIT))
            add_login(story, login, place->unusual);
        accepted = accepted || login->accepted;
        right = right || (login->right && !login->accepted);
    }
}

/* ---- days ---- */

static int by_day(const void *one, const void *other) {
    const struct kept *left = one, *right = other;
    int64_t difference = left->first / STORY_DAY - right->first / STORY_DAY;
    return difference != 0 ? (difference > 0) - (difference < 0) : strcmp(left->country, right->country);
}

static void make_days(struct story *story, struct rows *days) {
    if (days->count > 0)
        qsort(days->list, days->count, sizeof *days->list, by_day);
    for (size_t i = 0; i < days->count; i++) {
        const struct kept *row = &days->list[i];
        if (i == 0 || by_day(row - 1, row) != 0) {
            if (story->day_count % 256 == 0)
                story->days = grown(story->days, story->day_count + 256, sizeof *story->days);
            struct story_day *made = &story->days[story->day_count++];
            *made = (struct story_day){.day = row->first / STORY_DAY};
            memcpy(made->country, row->country, sizeof made->country);
        }
        struct story_day *day = &story->days[story->day_count - 1];
        if (row->accepted)
            day->accepted += row->count;
        else
            day->refused += row->count;
    }
}

/* ---- the whole ---- */

static bool alike(const struct story_moment *one, const struct story_moment *other) {
    return strcmp(one->what, other->what) == 0 && strcmp(one->place, other->place) == 0 &&
           strcmp(one->text, other->text) == 0;
}

/* A hundred logins alike in a row are one line of the timeline. */
static void fold(struct story *story) {
    size_t kept = 0;
    if (story->moment_count > 0)
        qsort(story->moments, story->moment_count, sizeof *story->moments, by_time);
    for (size_t i = 0; i < story->moment_count; i++) {
        struct story_moment *before = kept > 0 ? &story->moments[kept - 1] : NULL;
        if (before != NULL && alike(before, &story->moments[i])) {
            before->count++;
            before->last = story->moments[i].at;
        } else {
            story->moments[kept++] = story->moments[i];
        }
    }
    story->moment_count = kept;
}

static void find_firsts(struct story *story) {
    for (size_t i = 0; i < story->moment_count; i++) {
        const struct story_moment *moment = &story->moments[i];
        if (!moment->unusual)
            continue;
        if (story->first_wrong == NULL)
            story->first_wrong = moment;
        if (story->first_success == NULL && strcmp(moment->what, "accepted") == 0)
            story->first_success = moment;
    }
}

static void tell(struct gathering *gathering) {
    struct story *story = gathering->story;
    make_places(story, &gathering->days);
    make_days(story, &gathering->days);
    find_unusual(story);
    tell_logins(story, &gathering->logins);
    fold(story);
    find_firsts(story);
    if (story->place_count > 0)
        qsort(story->places, story->place_count, sizeof *story->places, by_rank);
}

/* Where there is no row to tell it. */
static void name_by_configuration(struct story *story, const struct configuration *configuration) {
    char canonical[ACCOUNT_NAME_SIZE];
    bool account = configuration != NULL &&
                   account_name_canonical(&configuration_settings(configuration)->naming, story->asked, canonical);
    name_account(story, account ? canonical : story->asked);
}

enum status story_gather(struct talk *talk, const char *account, int64_t since, int64_t until, struct story *story) {
    static const struct {
        const char *what;
        take_past *take;
    } parts[] = {{"events", take_event}, {"days", take_day}, {"logins", take_login}};
    *story = (struct story){.asked = account, .since = since, .until = until};
    struct gathering gathering = {.story = story};
    enum status status = STATUS_DONE;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && status == STATUS_DONE; i++) {
        const struct past_question question = {
            .what = parts[i].what, .account = account, .since = since, .until = until};
        status = past_ask(talk, &question, parts[i].take, &gathering);
    }
    name_by_configuration(story, talk->configuration);
    if (status == STATUS_DONE)
        tell(&gathering);
    free(gathering.days.list);
    free(gathering.logins.list);
    return status;
}

void story_clear(struct story *story) {
    free(story->places);
    free(story->moments);
    free(story->days);
    *story = (struct story){.asked = NULL};
}
