/* SPDX-License-Identifier: BSD-2-Clause */
/* Five bounded tables: the refused passwords of an account from a network (`pairs`, with their times in `pages`), who
 * fails from a network, where an account fails from, and where it got in from. Called by login.c; decides nothing about
 * rules and modes. Distinct things over a window are counted in slices of it: a pair remembers in which slice it was
 * counted last, so that it is in the sum once. */
#include "daemon/throttle.h"

#include <stdlib.h>
#include <string.h>

#include "base/table.h"

#define SECOND       1000
#define HOUR         (3600 * (int64_t)SECOND)
#define DAY          (24 * HOUR)
#define SUCCESS_KEPT (30 * DAY)

#define PAGE_SLOTS 8U
#define PAGE_COUNT 128U /* of one pair, before it starts over: room for 1000, the most that throttle.passwords can be  \
                         */

#define SPRAY_SLICES  15
#define SPRAY_SLICE   (THROTTLE_SPRAY_WINDOW * (int64_t)SECOND / SPRAY_SLICES)
#define ATTACK_SLICES 24
#define ATTACK_SLICE  (THROTTLE_ATTACK_WINDOW * (int64_t)SECOND / ATTACK_SLICES)
#define WRONG_KEPT    8 /* an account's latest wrong passwords, wherever they came from */

struct slot {
    uint32_t password; /* hash of mark and digits; 0: unknown, and like no other */
    uint32_t time;     /* milliseconds, modulo 2^32: entries live for less than that */
};

struct page {
    struct slot slots[PAGE_SLOTS];
};

struct page_key {
    uint64_t pair;
    uint64_t page;
};

/* Where an account's guesses come from. */
enum { ELSEWHERE, WHERE_IT_GOT_IN, PLACES_OF_GUESSES };

/* Slices are numbered from 1, so that 0 is never. */
struct pair {
    uint32_t counted; /* distinct wrong passwords since the entry was made */
    uint32_t spray_slice;
    uint32_t attack_slice;
};

struct home {
    uint32_t spray_slice; /* in which it was counted as a success of its network */
};

struct network {
    uint32_t slice; /* the latest one that was counted in */
    uint16_t failed[SPRAY_SLICES];
    uint16_t succeeded[SPRAY_SLICES];
};

struct account {
    uint32_t slice;
    uint16_t attackers[ATTACK_SLICES];
    uint32_t wrong[WRONG_KEPT];
    uint32_t wrong_next;
    uint16_t guesses[PLACES_OF_GUESSES][ATTACK_SLICES];
    uint32_t guessed[WRONG_KEPT];
    uint32_t guessed_next;
    uint32_t good_mark;
    bool has_good_mark;
};

struct throttle {
    unsigned char key[SIPHASH_KEY_SIZE];
    struct table *pairs, *pages, *networks, *accounts, *homes;
    uint64_t counted;
};

/* The keys under which one login's entries stand. */
struct names {
    uint64_t account, network, pair;
};

struct throttle *throttle_create(size_t places, const unsigned char key[SIPHASH_KEY_SIZE]) {
    struct throttle *throttle = calloc(1, sizeof *throttle);
    if (throttle == NULL)
        return NULL;
    memcpy(throttle->key, key, SIPHASH_KEY_SIZE);
    throttle->pairs = table_create(places, sizeof(uint64_t), sizeof(struct pair), key);
    throttle->pages = table_create(places / 2 + 1, sizeof(struct page_key), sizeof(struct page), key);
    throttle->networks = table_create(places, sizeof(uint64_t), sizeof(struct network), key);
    throttle->accounts = table_create(places / 4 + 1, sizeof(uint64_t), sizeof(struct account), key);
    throttle->homes = table_create(places / 2 + 1, sizeof(uint64_t), sizeof(struct home), key);
    if (throttle->pairs == NULL || throttle->pages == NULL || throttle->networks == NULL ||
        throttle->accounts == NULL || throttle->homes == NULL)
        throttle_destroy(&throttle);
    return throttle;
}

void throttle_destroy(struct throttle **destroyed) {
    struct throttle *throttle = *destroyed;
    if (throttle == NULL)
        return;
    table_destroy(&throttle->pairs);
    table_destroy(&throttle->pages);
    table_destroy(&throttle->networks);
    table_destroy(&throttle->accounts);
    table_destroy(&throttle->homes);
    explicit_bzero(throttle, sizeof *throttle);
    free(throttle);
    *destroyed = NULL;
}

static struct names name(const struct throttle *throttle, const struct throttle_login *login) {
    unsigned char text[sizeof login->network.base.bytes + 2 + 320];
    const struct address *base = &login->network.base;
    size_t head = sizeof base->bytes + 2;
    size_t length = strnlen(login->account, sizeof text - head);
    text[0] = base->family;
    text[1] = base->family != 0 ? login->network.bits : 0;
    memcpy(text + 2, base->bytes, sizeof base->bytes);
    memcpy(text + head, login->account, length);
    return (struct names){.account = siphash(throttle->key, text + head, length),
                          .network = siphash(throttle->key, text, head),
                          .pair = siphash(throttle->key, text, head + length)};
}

static int64_t larger(int64_t one, int64_t other) {
    return one > other ? one : other;
}

/* A /48 is what one customer is given, and has 65536 networks in it: to try from each of them is no more than to try
 * from one. Behind NAT64 an address has nothing but its own network. */
static bool has_site(const struct throttle_login *login) {
    return !login->shared && login->network.base.family == 6 && login->network.bits == 64;
}

/* The login as one from anywhere in its site, whose entries stand under names of their own. */
static struct throttle_login of_site(const struct throttle_login *login) {
    struct throttle_login site = *login;
    site.network.bits = THROTTLE_SITE_BITS;
    memset(site.network.base.bytes + THROTTLE_SITE_BITS / 8, 0,
           sizeof site.network.base.bytes - THROTTLE_SITE_BITS / 8);
    site.passwords = larger(login->passwords, 1) * THROTTLE_SITE_TIMES;
    site.remembered = false;
    return site;
}

/* The rules about whole networks and about where an account is attacked from leave out addresses that stand for many
 * people, and those that are not known. */
static bool by_network(const struct throttle_login *login) {
    return !login->shared && login->network.base.family != 0;
}

static uint32_t slice_at(int64_t now, int64_t length) {
    return (uint32_t)(now / length) + 1;
}

/* Whether what was counted in `slice` is still in the sum of the last `count` slices. */
static bool still_counts(uint32_t slice, uint32_t current, uint32_t count) {
    return slice != 0 && current - slice < count;
}

/* Empties the slices that have passed since `latest`. */
static void pass_slices(uint16_t *slices, uint32_t count, uint32_t latest, uint32_t current) {
    for (uint32_t i = latest + 1; i <= current && i <= latest + count; i++)
        slices[i % count] = 0;
}

/* Slice 0 is none, nor is there one before it: on the day of a boot there are fewer than `count`. */
static uint32_t sum_slices(const uint16_t *slices, uint32_t count, uint32_t latest, uint32_t current) {
    uint32_t sum = 0;
    for (uint32_t back = current - latest; back < count && back < current; back++)
        sum += slices[(current - back) % count];
    return sum;
}

static void count_in(uint16_t *slices, uint32_t count, uint32_t current) {
    if (slices[current % count] < UINT16_MAX)
        slices[current % count]++;
}

/* How many distinct refused passwords within which time are too many. */
static uint32_t limit_of(const struct throttle_login *login, int64_t *window) {
    int64_t passwords = larger(login->passwords, login->remembered ? THROTTLE_REMEMBERED_PASSWORDS : 1);
    *window = (login->remembered ? THROTTLE_REMEMBERED_WINDOW : login->window) * SECOND;
    return passwords < PAGE_SLOTS * PAGE_COUNT ? (uint32_t)passwords : PAGE_SLOTS * PAGE_COUNT - 1;
}

static struct page_key page_of(uint64_t pair, uint32_t index) {
    return (struct page_key){.pair = pair, .page = index / PAGE_SLOTS % PAGE_COUNT};
}

static const struct page *find_page(struct throttle *throttle, uint64_t pair, uint32_t index, int64_t now) {
    struct page_key key = page_of(pair, index);
    return table_find(throttle->pages, &key, now);
}

static bool recent(const struct slot *slot, int64_t window, int64_t now) {
    return (int64_t)((uint32_t)now - slot->time) < window;
}

/* When the limit-th wrong password, counted back from the latest, leaves the window; `now` where it has. */
static int64_t passwords_until(struct throttle *throttle, const struct names *names,
                               const struct throttle_login *login, int64_t now) {
    int64_t window;
    uint32_t limit = limit_of(login, &window);
    const struct pair *pair = table_find(throttle->pairs, &names->pair, now);
    if (pair == NULL || pair->counted < limit)
        return now;
    uint32_t index = pair->counted - limit;
    const struct page *page = find_page(throttle, names->pair, index, now);
    const struct slot *slot = page != NULL ? &page->slots[index % PAGE_SLOTS] : NULL;
    bool within = slot != NULL && recent(slot, window, now);
    return within ? now + window - (int64_t)((uint32_t)now - slot->time) : now;
}

static bool over_passwords(struct throttle *throttle, const struct names *names, const struct throttle_login *login,
                           int64_t now) {
    return passwords_until(throttle, names, login, now) > now;
}

/* As passwords_until, for the site. */
static int64_t site_until(struct throttle *throttle, const struct throttle_login *login, int64_t now) {
    const struct throttle_login site = of_site(login);
    const struct names names = name(throttle, &site);
    return has_site(login) ? passwords_until(throttle, &names, &site, now) : now;
}

/* How a network's or an account's counts stand in slice `current`. */
static bool sprays_in(const struct network *network, uint32_t current) {
    uint32_t failed = sum_slices(network->failed, SPRAY_SLICES, network->slice, current);
    uint32_t succeeded = sum_slices(network->succeeded, SPRAY_SLICES, network->slice, current);
    return failed >= THROTTLE_SPRAY_ACCOUNTS && succeeded * 100 < (failed + succeeded) * THROTTLE_SPRAY_SUCCESS;
}

static bool attacked_in(const struct account *account, uint32_t current) {
    return sum_slices(account->attackers, ATTACK_SLICES, account->slice, current) > THROTTLE_ATTACK_NETWORKS;
}

static bool spraying(struct throttle *throttle, const struct names *names, int64_t now) {
    const struct network *network = table_find(throttle->networks, &names->network, now);
    return network != NULL && sprays_in(network, slice_at(now, SPRAY_SLICE));
}

static bool attacked(struct throttle *throttle, const struct names *names, int64_t now) {
    const struct account *account = table_find(throttle->accounts, &names->account, now);
    return account != NULL && attacked_in(account, slice_at(now, ATTACK_SLICE)) &&
           table_find(throttle->homes, &names->pair, now) == NULL;
}

static enum throttle_state judge(struct throttle *throttle, const struct names *names,
                                 const struct throttle_login *login, int64_t now) {
    if (over_passwords(throttle, names, login, now))
        return THROTTLE_PASSWORDS;
    if (!by_network(login) || login->remembered)
        return THROTTLE_NOT;
    if (site_until(throttle, login, now) > now)
        return THROTTLE_PASSWORDS;
    if (spraying(throttle, names, now))
        return THROTTLE_SPRAYING;
    return attacked(throttle, names, now) ? THROTTLE_ATTACKED : THROTTLE_NOT;
}

enum throttle_state throttle_check(struct throttle *throttle, const struct throttle_login *login, int64_t now) {
    struct names names = name(throttle, login);
    return judge(throttle, &names, login, now);
}

/* When slice `slice` begins. */
static int64_t slice_starts(uint32_t slice, int64_t length) {
    return ((int64_t)slice - 1) * length;
}

static int64_t spraying_until(struct throttle *throttle, const struct names *names, int64_t now) {
    const struct network *network = table_find(throttle->networks, &names->network, now);
    uint32_t slice = slice_at(now, SPRAY_SLICE);
    if (network == NULL || !sprays_in(network, slice))
        return now;
    while (sprays_in(network, slice))
        slice++;
    return slice_starts(slice, SPRAY_SLICE);
}

static int64_t attacked_until(struct throttle *throttle, const struct names *names, int64_t now) {
    const struct account *account = table_find(throttle->accounts, &names->account, now);
    uint32_t slice = slice_at(now, ATTACK_SLICE);
    if (!attacked(throttle, names, now))
        return now;
    while (attacked_in(account, slice))
        slice++;
    return slice_starts(slice, ATTACK_SLICE);
}

int64_t throttle_until(struct throttle *throttle, const struct throttle_login *login, int64_t now) {
    struct names names = name(throttle, login);
    int64_t until = passwords_until(throttle, &names, login, now);
    if (!by_network(login) || login->remembered)
        return until;
    until = larger(until, site_until(throttle, login, now));
    return larger(until, larger(spraying_until(throttle, &names, now), attacked_until(throttle, &names, now)));
}

/* The slots of a pair that is forgotten may stay: a new one counts from 0 and looks at none that it has not written. */
enum throttle_state throttle_end(struct throttle *throttle, const struct throttle_login *login, int64_t now) {
    struct names names = name(throttle, login);
    enum throttle_state state = judge(throttle, &names, login, now);
    if (state == THROTTLE_NOT)
        return state;
    table_remove(throttle->pairs, &names.pair);
    if (!by_network(login))
        return state;
    table_remove(throttle->networks, &names.network);
    const struct throttle_login site = of_site(login);
    const struct names site_names = name(throttle, &site);
    if (has_site(login))
        table_remove(throttle->pairs, &site_names.pair);
    if (attacked(throttle, &names, now))
        table_put(throttle->homes, &names.pair, now, now + SUCCESS_KEPT);
    return state;
}

/* The network's entry with its slices moved up to now; the more accounts failed from it, the longer it stays. */
static struct network *touch_network(struct throttle *throttle, const struct names *names, int64_t now) {
    const int64_t window = THROTTLE_SPRAY_WINDOW * (int64_t)SECOND;
    uint32_t current = slice_at(now, SPRAY_SLICE);
    struct network *network = table_put(throttle->networks, &names->network, now, now + window);
    pass_slices(network->failed, SPRAY_SLICES, network->slice, current);
    pass_slices(network->succeeded, SPRAY_SLICES, network->slice, current);
    network->slice = current;
    uint32_t failed = sum_slices(network->failed, SPRAY_SLICES, current, current);
    uint32_t weight = failed < THROTTLE_SPRAY_ACCOUNTS ? failed : THROTTLE_SPRAY_ACCOUNTS;
    return table_put(throttle->networks, &names->network, now,
                     now + window + window * weight / THROTTLE_SPRAY_ACCOUNTS);
}

static struct account *touch_account(struct throttle *throttle, const struct names *names, int64_t now, bool success) {
    uint32_t current = slice_at(now, ATTACK_SLICE);
    const struct account *known = table_find(throttle->accounts, &names->account, now);
    bool lasting = success || (known != NULL && known->has_good_mark);
    struct account *account =
        table_put(throttle->accounts, &names->account, now, now + (lasting ? SUCCESS_KEPT : 2 * DAY));
    pass_slices(account->attackers, ATTACK_SLICES, account->slice, current);
    for (size_t i = 0; i < PLACES_OF_GUESSES; i++)
        pass_slices(account->guesses[i], ATTACK_SLICES, account->slice, current);
    account->slice = current;
    return account;
}

static uint32_t hash_password(const struct throttle *throttle, const uint32_t *mark, uint64_t digits) {
    if (mark == NULL)
        return 0;
    uint64_t parts[2] = {*mark, digits};
    uint32_t hash = (uint32_t)siphash(throttle->key, parts, sizeof parts);
    return hash != 0 ? hash : 1;
}

/* Whether the password was counted for the pair and still is. Only the latest ones up to the limit are looked at: where
 * there are more, the pair is throttled anyway. */
static bool seen_here(struct throttle *throttle, const struct names *names, const struct throttle_login *login,
                      uint32_t password, int64_t now) {
    const struct pair *pair = table_find(throttle->pairs, &names->pair, now);
    int64_t window;
    uint32_t limit = limit_of(login, &window);
    uint32_t counted = pair != NULL ? pair->counted : 0;
    const struct page *page = NULL;
    for (uint32_t back = 1; password != 0 && back <= counted && back <= limit; back++) {
        uint32_t index = counted - back;
        if (page == NULL || index % PAGE_SLOTS == PAGE_SLOTS - 1)
            page = find_page(throttle, names->pair, index, now);
        const struct slot *slot = page != NULL ? &page->slots[index % PAGE_SLOTS] : NULL;
        if (slot == NULL || !recent(slot, window, now))
            return false;
        if (slot->password == password)
            return true;
    }
    return false;
}

/* Puts one more wrong password down; what has been tried more often stays longer. */
static struct pair *count_password(struct throttle *throttle, const struct names *names,
                                   const struct throttle_login *login, uint32_t password, int64_t now) {
    int64_t window;
    uint32_t limit = limit_of(login, &window);
    int64_t page_kept = larger(login->window, THROTTLE_REMEMBERED_WINDOW) * SECOND;
    int64_t pair_kept = larger(page_kept, DAY);
    const struct pair *known = table_find(throttle->pairs, &names->pair, now);
    uint32_t index = known != NULL ? known->counted : 0;
    uint32_t weight = index < limit ? index : limit;
    struct page_key key = page_of(names->pair, index);
    struct page *page = table_put(throttle->pages, &key, now, now + page_kept + page_kept * weight / limit);
    page->slots[index % PAGE_SLOTS] = (struct slot){.password = password, .time = (uint32_t)now};
    struct pair *pair = table_put(throttle->pairs, &names->pair, now, now + pair_kept + pair_kept * weight / limit);
    pair->counted = index + 1;
    return pair;
}

static void count_for_network(struct throttle *throttle, const struct names *names, struct pair *pair, int64_t now) {
    uint32_t current = slice_at(now, SPRAY_SLICE);
    if (still_counts(pair->spray_slice, current, SPRAY_SLICES))
        return;
    pair->spray_slice = current;
    count_in(touch_network(throttle, names, now)->failed, SPRAY_SLICES, current);
}

/* Puts the password down for the site too, where it is new there; returns the pair that stands for the attacker. */
static struct pair *count_for_site(struct throttle *throttle, const struct throttle_login *login, uint32_t password,
                                   int64_t now) {
    const struct throttle_login site = of_site(login);
    const struct names names = name(throttle, &site);
    if (seen_here(throttle, &names, &site, password, now))
        return table_find(throttle->pairs, &names.pair, now);
    return count_password(throttle, &names, &site, password, now);
}

/* Whether the account has seen the password fail lately: then it is one device that moves about, no further attacker,
 * and no further guess. */
static bool seen_lately(uint32_t seen[WRONG_KEPT], uint32_t *next, uint32_t password) {
    for (size_t i = 0; password != 0 && i < WRONG_KEPT; i++)
        if (seen[i] == password)
            return true;
    seen[(*next)++ % WRONG_KEPT] = password;
    return false;
}

static void count_for_account(struct throttle *throttle, const struct names *names, struct pair *pair,
                              uint32_t password, int64_t now) {
    uint32_t current = slice_at(now, ATTACK_SLICE);
    struct account *account = touch_account(throttle, names, now, false);
    if (seen_lately(account->wrong, &account->wrong_next, password) ||
        still_counts(pair->attack_slice, current, ATTACK_SLICES) ||
        table_find(throttle->homes, &names->pair, now) != NULL)
        return;
    pair->attack_slice = current;
    count_in(account->attackers, ATTACK_SLICES, current);
}

static bool last_succeeded(struct throttle *throttle, const struct names *names, const uint32_t *mark, int64_t now) {
    const struct account *account = table_find(throttle->accounts, &names->account, now);
    return mark != NULL && account != NULL && account->has_good_mark && account->good_mark == *mark;
}

/* Puts a refused password down where it is a new one; returns what that brought about. */
static enum throttle_state count_refused(struct throttle *throttle, const struct names *names,
                                         const struct throttle_login *login, uint32_t password, int64_t now) {
    if (seen_here(throttle, names, login, password, now))
        return THROTTLE_NOT;
    enum throttle_state before = judge(throttle, names, login, now);
    struct pair *pair = count_password(throttle, names, login, password, now);
    throttle->counted++;
    if (by_network(login)) {
        count_for_network(throttle, names, pair, now);
        if (has_site(login))
            pair = count_for_site(throttle, login, password, now);
        count_for_account(throttle, names, pair, password, now);
    }
    enum throttle_state after = judge(throttle, names, login, now);
    return before == THROTTLE_NOT ? after : THROTTLE_NOT;
}

enum throttle_state throttle_failed(struct throttle *throttle, const struct throttle_login *login, const uint32_t *mark,
                                    uint64_t digits, int64_t now) {
    struct names names = name(throttle, login);
    if (last_succeeded(throttle, &names, mark, now))
        return THROTTLE_NOT;
    return count_refused(throttle, &names, login, hash_password(throttle, mark, digits), now);
}

enum throttle_state throttle_denied(struct throttle *throttle, const struct throttle_login *login, const uint32_t *mark,
                                    uint64_t digits, int64_t now) {
    struct names names = name(throttle, login);
    return count_refused(throttle, &names, login, hash_password(throttle, mark, digits), now);
}

void throttle_succeeded(struct throttle *throttle, const struct throttle_login *login, const uint32_t *mark,
                        int64_t now) {
    struct names names = name(throttle, login);
    struct account *account = touch_account(throttle, &names, now, true);
    if (mark != NULL) {
        account->good_mark = *mark;
        account->has_good_mark = true;
    }
    if (login->network.base.family == 0)
        return;
    struct home *home = table_put(throttle->homes, &names.pair, now, now + SUCCESS_KEPT);
    uint32_t current = slice_at(now, SPRAY_SLICE);
    if (login->shared || still_counts(home->spray_slice, current, SPRAY_SLICES))
        return;
    home->spray_slice = current;
    count_in(touch_network(throttle, &names, now)->succeeded, SPRAY_SLICES, current);
}

static size_t place_of(struct throttle *throttle, const struct names *names, int64_t now) {
    return table_find(throttle->homes, &names->pair, now) != NULL ? WHERE_IT_GOT_IN : ELSEWHERE;
}

void throttle_guessed(struct throttle *throttle, const struct throttle_login *login, const uint32_t *mark,
                      uint64_t digits, int64_t now) {
    struct names names = name(throttle, login);
    if (last_succeeded(throttle, &names, mark, now))
        return;
    struct account *account = touch_account(throttle, &names, now, false);
    if (!seen_lately(account->guessed, &account->guessed_next, hash_password(throttle, mark, digits)))
        count_in(account->guesses[place_of(throttle, &names, now)], ATTACK_SLICES, account->slice);
}

unsigned throttle_guesses(struct throttle *throttle, const struct throttle_login *login, int64_t now) {
    struct names names = name(throttle, login);
    const struct account *account = table_find(throttle->accounts, &names.account, now);
    if (account == NULL)
        return 0;
    const uint16_t *guesses = account->guesses[place_of(throttle, &names, now)];
    return sum_slices(guesses, ATTACK_SLICES, account->slice, slice_at(now, ATTACK_SLICE));
}

unsigned throttle_forget_guesses(struct throttle *throttle, const char *account, int64_t now) {
    const struct throttle_login login = {.account = account};
    struct names names = name(throttle, &login);
    struct account *found = table_find(throttle->accounts, &names.account, now);
    unsigned sum = 0;
    for (size_t i = 0; found != NULL && i < PLACES_OF_GUESSES; i++) {
        sum += sum_slices(found->guesses[i], ATTACK_SLICES, found->slice, slice_at(now, ATTACK_SLICE));
        memset(found->guesses[i], 0, sizeof found->guesses[i]);
    }
    return sum;
}

void throttle_count(const struct throttle *throttle, struct throttle_counters *counters) {
    const struct table *const tables[] = {throttle->pairs, throttle->pages, throttle->networks, throttle->accounts,
                                          throttle->homes};
    *counters = (struct throttle_counters){.networks = table_count(throttle->networks),
                                           .accounts = table_count(throttle->accounts),
                                           .pairs = table_count(throttle->pairs),
                                           .counted = throttle->counted};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        counters->evicted += table_evicted(tables[i]);
}

const char *throttle_state_name(enum throttle_state state) {
    static const char *const words[] = {"", "passwords", "spraying", "attacked"};
    return words[state];
}

const char *throttle_state_words(enum throttle_state state) {
    static const char *const words[] = {
        [THROTTLE_NOT] = "",
        [THROTTLE_PASSWORDS] = "too many wrong passwords for the account from this network",
        [THROTTLE_SPRAYING] = "one account after the other fails from this network",
        [THROTTLE_ATTACKED] = "the account is attacked from everywhere, and never got in from this network",
    };
    return words[state];
}
