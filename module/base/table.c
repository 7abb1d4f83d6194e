/* SPDX-License-Identifier: BSD-2-Clause */
/* Chained hash table over one allocation, with a binary heap by expiry so that the first to expire is found at once.
 * Places are numbered from 1; 0 means none. */
#include "base/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"

struct place {
    int64_t expires;
    uint32_t next;      /* in its chain, or in the free list */
    uint32_t heap_slot; /* where heap[] names this place */
};

struct table {
    unsigned char key[SIPHASH_KEY_SIZE];
    size_t capacity, key_size, value_size, stride;
    size_t buckets; /* a power of two */
    size_t count;
    size_t touched; /* places that ever held an entry: the others' memory was never written to */
    uint64_t evicted;
    uint32_t free_list;
    uint32_t *chains; /* first place of each bucket */
    uint32_t *heap;   /* heap[0..count): places, the first to expire on top */
    struct place *places;
    unsigned char *data; /* key, then value, aligned to 8 */
};

static size_t aligned(size_t size) {
    return (size + 7) & ~(size_t)7;
}

static unsigned char *key_of(const struct table *table, uint32_t place) {
    return table->data + (place - 1) * table->stride;
}

static void *value_of(const struct table *table, uint32_t place) {
    return key_of(table, place) + aligned(table->key_size);
}

static struct place *at(const struct table *table, uint32_t place) {
    return &table->places[place - 1];
}

static uint32_t *chain_of(const struct table *table, const void *key) {
    return &table->chains[siphash(table->key, key, table->key_size) & (table->buckets - 1)];
}

struct table *table_create(size_t capacity, size_t key_size, size_t value_size, const unsigned char *key) {
    if (capacity < 1 || capacity > UINT32_MAX / 2)
        return NULL;
    struct table *table = calloc(1, sizeof *table);
    if (table == NULL)
        return NULL;
    memcpy(table->key, key, SIPHASH_KEY_SIZE);
    table->capacity = capacity;
    table->key_size = key_size;
    table->value_size = value_size;
    table->stride = aligned(key_size) + aligned(value_size);
    for (table->buckets = 16; table->buckets < capacity;)
        table->buckets *= 2;
    table->chains = calloc(table->buckets, sizeof *table->chains);
    table->heap = calloc(capacity, sizeof *table->heap);
    table->places = calloc(capacity, sizeof *table->places);
    table->data = calloc(capacity, table->stride);
    if (table->chains == NULL || table->heap == NULL || table->places == NULL || table->data == NULL)
        table_destroy(&table);
    return table;
}

void table_destroy(struct table **table) {
    if (*table == NULL)
        return;
    if ((*table)->data != NULL)
        explicit_bzero((*table)->data, (*table)->touched * (*table)->stride);
    free((*table)->data);
    free((*table)->places);
    free((*table)->heap);
    free((*table)->chains);
    free(*table);
    *table = NULL;
}

static void heap_set(struct table *table, size_t slot, uint32_t place) {
    table->heap[slot] = place;
    at(table, place)->heap_slot = (uint32_t)slot;
}

static void heap_rise(struct table *table, size_t slot) {
    uint32_t moving = table->heap[slot];
    while (slot > 0 && at(table, table->heap[(slot - 1) / 2])->expires > at(table, moving)->expires) {
        heap_set(table, slot, table->heap[(slot - 1) / 2]);
        slot = (slot - 1) / 2;
    }
    heap_set(table, slot, moving);
}

static void heap_sink(struct table *table, size_t slot) {
    uint32_t moving = table->heap[slot];
    for (;;) {
        size_t child = 2 * slot + 1;
        if (child >= table->count)
            break;
        if (child + 1 < table->count &&
            at(table, table->heap[child + 1])->expires < at(table, table->heap[child])->expires)
            child++;
        if (at(table, table->heap[child])->expires >= at(table, moving)->expires)
            break;
        heap_set(table, slot, table->heap[child]);
        slot = child;
    }
    heap_set(table, slot, moving);
}

static uint32_t look_up(const struct table *table, const void *key) {
    uint32_t place = *chain_of(table, key);
    while (place != 0 && memcmp(key_of(table, place), key, table->key_size) != 0)
        place = at(table, place)->next;
    return place;
}

static void remove_place(struct table *table, uint32_t place) {
    uint32_t *link = chain_of(table, key_of(table, place));
    while (*link != place)
        link = &at(table, *link)->next;
    *link = at(table, place)->next;
    size_t slot = at(table, place)->heap_slot;
    table->count--;
    if (slot != table->count) {
        heap_set(table, slot, table->heap[table->count]);
        heap_rise(table, slot);
        heap_sink(table, slot);
    }
    explicit_bzero(key_of(table, place), table->stride);
    at(table, place)->next = table->free_list;
    table->free_list = place;
}

void *table_find(struct table *table, const void *key, int64_t now) {
    uint32_t place = look_up(table, key);
    if (place == 0)
        return NULL;
    if (at(table, place)->expires <= now) {
        remove_place(table, place);
        return NULL;
    }
    return value_of(table, place);
}

static uint32_t new_place(struct table *table, int64_t now) {
    if (table->count == table->capacity) {
        uint32_t first = table->heap[0];
        if (at(table, first)->expires > now)
            table->evicted++;
        remove_place(table, first);
    }
    uint32_t place = table->free_list;
    if (place != 0)
        table->free_list = at(table, place)->next;
    else
        place = (uint32_t)++table->touched;
    return place;
}

void *table_put(struct table *table, const void *key, int64_t now, int64_t expires) {
    uint32_t place = look_up(table, key);
    if (place != 0 && at(table, place)->expires <= now) {
        remove_place(table, place);
        place = 0;
    }
    if (place == 0) {
        place = new_place(table, now);
        memcpy(key_of(table, place), key, table->key_size);
        uint32_t *chain = chain_of(table, key);
        at(table, place)->next = *chain;
        *chain = place;
        heap_set(table, table->count++, place);
    }
    at(table, place)->expires = expires;
    heap_rise(table, at(table, place)->heap_slot);
    heap_sink(table, at(table, place)->heap_slot);
    return value_of(table, place);
}

void table_remove(struct table *table, const void *key) {
    uint32_t place = look_up(table, key);
    if (place != 0)
        remove_place(table, place);
}

void table_clear(struct table *table) {
    while (table->count > 0)
        remove_place(table, table->heap[table->count - 1]);
}

size_t table_count(const struct table *table) {
    return table->count;
}

uint64_t table_evicted(const struct table *table) {
    return table->evicted;
}
