/* SPDX-License-Identifier: BSD-2-Clause */
/* A hash table with a fixed number of places, whose entries expire: for what the daemon remembers in memory. It
 * allocates once. When it is full, the entry that would expire first goes. Time is the caller's. */
#ifndef AUTHGATE_BASE_TABLE_H
#define AUTHGATE_BASE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table;

/* Room for `capacity` entries of `key_size` + `value_size` bytes; `key` keeps outsiders from choosing collisions
 * (SIPHASH_KEY_SIZE bytes). NULL where memory is short. */
struct table *table_create(size_t capacity, size_t key_size, size_t value_size, const unsigned char *key);

/* Wipes and frees it and sets the pointer to NULL. */
void table_destroy(struct table **table);

/* The value under `key`, or NULL where there is none or it has expired (`now` is at or past its expiry). It stays
 * valid until the next table_put or table_remove. */
void *table_find(struct table *table, const void *key, int64_t now);

/* The value under `key`, made (zeroed) where it was missing or expired, with its expiry set to `expires`. */
void *table_put(struct table *table, const void *key, int64_t now, int64_t expires);

/* Forgets one entry, if it is there. */
void table_remove(struct table *table, const void *key);

/* Forgets them all. */
void table_clear(struct table *table);

/* How many entries it holds, expired ones that nobody asked for included; and how many live ones it had to give up. */
size_t table_count(const struct table *table);
uint64_t table_evicted(const struct table *table);

#endif
