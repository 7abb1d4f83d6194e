/* SPDX-License-Identifier: BSD-2-Clause */
/* The countries that each account was accepted from lately, in a bounded table. Called by login.c when a login has been
 * accepted; locks nothing and tells nobody. */
#include "daemon/compromise.h"

#include <stdlib.h>
#include <string.h>

#include "base/table.h"

#define NEWS_KEPT  3600 /* seconds */
#define PAGE_SLOTS 8
#define PAGE_COUNT 7 /* together more than compromise.countries can be */

struct slot {
    country_code country;
    uint32_t seen; /* seconds, modulo 2^32 */
};

struct page {
    struct slot slots[PAGE_SLOTS];
};

struct page_key {
    uint64_t account;
    uint64_t page;
};

struct news_key {
    uint64_t account;
    uint64_t what;
};

struct compromise {
    unsigned char key[SIPHASH_KEY_SIZE];
    struct table *pages;
    struct table *news; /* what was asked about within the hour */
};

/* What one look at an account's slots found. */
struct found {
    int same;     /* where the login's own country stands that was seen within the window; -1: nowhere */
    int free;     /* the first that is empty or past the window; -1: none */
    int distinct; /* countries within the window */
};

struct compromise *compromise_create(size_t accounts, const unsigned char key[SIPHASH_KEY_SIZE]) {
    struct compromise *compromise = calloc(1, sizeof *compromise);
    if (compromise == NULL)
        return NULL;
    memcpy(compromise->key, key, SIPHASH_KEY_SIZE);
    compromise->pages = table_create(accounts, sizeof(struct page_key), sizeof(struct page), key);
    compromise->news = table_create(accounts, sizeof(struct news_key), 1, key);
    if (compromise->pages == NULL || compromise->news == NULL)
        compromise_destroy(&compromise);
    return compromise;
}

void compromise_destroy(struct compromise **destroyed) {
    struct compromise *compromise = *destroyed;
    if (compromise == NULL)
        return;
    table_destroy(&compromise->pages);
    table_destroy(&compromise->news);
    free(compromise);
    *destroyed = NULL;
}

static bool recent(const struct slot *slot, const struct compromise_login *login) {
    return slot->country != COUNTRY_UNKNOWN && (uint32_t)login->now - slot->seen < login->window;
}

static void look_through(const struct page *page, int first, const struct compromise_login *login,
                         struct found *found) {
    for (int i = 0; i < PAGE_SLOTS; i++) {
        const struct slot *slot = &page->slots[i];
        if (!recent(slot, login)) {
            if (found->free < 0)
                found->free = first + i;
            continue;
        }
        found->distinct++;
        if (slot->country == login->country)
            found->same = first + i;
    }
}

static struct page_key key_of(const struct compromise *compromise, const char *account) {
    return (struct page_key){.account = siphash(compromise->key, account, strlen(account))};
}

static struct found look(struct compromise *compromise, const struct compromise_login *login) {
    struct found found = {.same = -1, .free = -1};
    struct page_key key = key_of(compromise, login->account);
    for (; key.page < PAGE_COUNT; key.page++) {
        const struct page *page = table_find(compromise->pages, &key, login->now);
        if (page != NULL)
            look_through(page, (int)key.page * PAGE_SLOTS, login, &found);
        else if (found.free < 0)
            found.free = (int)key.page * PAGE_SLOTS;
    }
    return found;
}

int compromise_note(struct compromise *compromise, const struct compromise_login *login) {
    if (login->country == COUNTRY_UNKNOWN || login->proxied)
        return 0;
    struct found found = look(compromise, login);
    int at = found.same >= 0 ? found.same : found.free;
    if (at < 0)
        return 0;
    struct page_key key = key_of(compromise, login->account);
    key.page = (uint64_t)at / PAGE_SLOTS;
    struct page *page = table_put(compromise->pages, &key, login->now, login->now + login->window);
    page->slots[at % PAGE_SLOTS] = (struct slot){.country = login->country, .seen = (uint32_t)login->now};
    int distinct = found.distinct + (found.same < 0);
    return found.same < 0 && distinct >= login->countries ? distinct : 0;
}

void compromise_forget(struct compromise *compromise, const char *account) {
    struct page_key key = key_of(compromise, account);
    for (; key.page < PAGE_COUNT; key.page++)
        table_remove(compromise->pages, &key);
}

bool compromise_is_news(struct compromise *compromise, int what, const char *account, int64_t now) {
    struct news_key key = {.account = key_of(compromise, account).account, .what = (uint64_t)what};
    if (table_find(compromise->news, &key, now) != NULL)
        return false;
    table_put(compromise->news, &key, now, now + NEWS_KEPT);
    return true;
}

bool stolen_password(enum reason reason, unsigned wrong_codes) {
    bool place = reason == REASON_NETWORK || reason == REASON_COUNTRY;
    bool code = reason == REASON_SECOND_FACTOR_WRONG || reason == REASON_SECOND_FACTOR_BUDGET;
    return place || (code && wrong_codes > STOLEN_WRONG_CODES);
}
