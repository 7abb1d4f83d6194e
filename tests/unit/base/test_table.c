/* SPDX-License-Identifier: BSD-2-Clause */
/* links: */
/* The bounded table: expiry, eviction of what would expire first, a full table, and 100,000 random operations against
 * a model that searches a plain array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/siphash.h"
#include "base/table.h"

__attribute__((visibility("default"))) const char *__asan_default_options(void);

/* A sanitizer would end the program where calloc says that a size cannot be. */
const char *__asan_default_options(void) {
    return "allocator_may_return_null=1";
}

static const unsigned char hash_key[SIPHASH_KEY_SIZE] = "fixed for tests";

static struct table *table_of(size_t capacity) {
    struct table *table = table_create(capacity, sizeof(uint32_t), sizeof(uint64_t), hash_key);
    assert_non_null(table);
    return table;
}

static void put(struct table *table, uint32_t key, uint64_t value, int64_t now, int64_t expires) {
    uint64_t *place = table_put(table, &key, now, expires);
    assert_non_null(place);
    *place = value;
}

static uint64_t found(struct table *table, uint32_t key, int64_t now) {
    uint64_t *place = table_find(table, &key, now);
    return place == NULL ? 0 : *place;
}

static void an_entry_lives_until_its_expiry(void **state) {
    (void)state;
    struct table *table = table_of(4);
    put(table, 1, 11, 0, 100);
    assert_int_equal(found(table, 1, 99), 11);
    assert_int_equal(found(table, 1, 100), 0);
    assert_int_equal(table_count(table), 0);
    assert_int_equal(table_evicted(table), 0);
    table_destroy(&table);
    assert_null(table);
}

static void an_expired_entry_is_made_anew_with_zeros(void **state) {
    (void)state;
    struct table *table = table_of(4);
    uint32_t key = 1;
    put(table, key, 11, 0, 100);
    assert_int_equal(*(uint64_t *)table_put(table, &key, 50, 200), 11);
    assert_int_equal(*(uint64_t *)table_put(table, &key, 200, 300), 0);
    table_remove(table, &key);
    assert_int_equal(*(uint64_t *)table_put(table, &key, 200, 300), 0);
    table_destroy(&table);
}

static void an_expiry_can_be_brought_forward(void **state) {
    (void)state;
    struct table *table = table_of(2);
    uint32_t one = 1;
    put(table, 1, 11, 0, 1000);
    put(table, 2, 22, 0, 500);
    assert_non_null(table_put(table, &one, 1, 100)); /* now the first to expire */
    put(table, 3, 33, 2, 600);
    assert_int_equal(found(table, 1, 3), 0);
    assert_int_equal(found(table, 2, 3), 22);
    assert_int_equal(found(table, 3, 3), 33);
    table_destroy(&table);
}

static void a_full_table_gives_up_what_would_expire_first(void **state) {
    (void)state;
    struct table *table = table_of(3);
    put(table, 1, 11, 0, 300);
    put(table, 2, 22, 0, 100);
    put(table, 3, 33, 0, 200);
    put(table, 4, 44, 1, 400);
    assert_int_equal(table_count(table), 3);
    assert_int_equal(table_evicted(table), 1);
    assert_int_equal(found(table, 2, 1), 0);
    assert_int_equal(found(table, 1, 1), 11);
    put(table, 5, 55, 250, 500); /* 3 has expired: no live entry is lost */
    assert_int_equal(table_evicted(table), 1);
    assert_int_equal(found(table, 1, 250), 11);
    assert_int_equal(found(table, 4, 250), 44);
    assert_int_equal(found(table, 5, 250), 55);
    table_destroy(&table);
}

static void a_table_of_one_place_works(void **state) {
    (void)state;
    struct table *table = table_of(1);
    for (uint32_t key = 1; key < 100; key++) {
        put(table, key, key, 0, 10);
        assert_int_equal(found(table, key, 1), key);
        assert_int_equal(table_count(table), 1);
    }
    assert_int_equal(table_evicted(table), 98);
    table_destroy(&table);
}

static void impossible_sizes_are_refused(void **state) {
    (void)state;
    assert_null(table_create(0, 4, 4, hash_key));
    assert_null(table_create(SIZE_MAX, 4, 4, hash_key));
    assert_null(table_create(1000, SIZE_MAX / 512, 4, hash_key));
    struct table *none = NULL;
    table_destroy(&none);
}

#define MODEL_CAPACITY 30
#define MODEL_KEYS     80

struct model {
    struct {
        bool there;
        int64_t expires;
        uint64_t value;
    } entries[MODEL_KEYS];
    size_t count;
    uint64_t evicted;
};

static void model_forget(struct model *model, size_t key) {
    if (model->entries[key].there)
        model->count--;
    model->entries[key].there = false;
}

/* The first to expire; every expiry of the run differs, so that there is one answer. */
static size_t model_first(const struct model *model) {
    size_t first = MODEL_KEYS;
    for (size_t i = 0; i < MODEL_KEYS; i++)
        if (model->entries[i].there &&
            (first == MODEL_KEYS || model->entries[i].expires < model->entries[first].expires))
            first = i;
    return first;
}

static uint64_t *model_put(struct model *model, size_t key, int64_t now, int64_t expires) {
    if (model->entries[key].there && model->entries[key].expires <= now)
        model_forget(model, key);
    if (!model->entries[key].there) {
        if (model->count == MODEL_CAPACITY) {
            size_t first = model_first(model);
            model->evicted += model->entries[first].expires > now;
            model_forget(model, first);
        }
        model->entries[key].there = true;
        model->entries[key].value = 0;
        model->count++;
    }
    model->entries[key].expires = expires;
    return &model->entries[key].value;
}

static uint64_t *model_find(struct model *model, size_t key, int64_t now) {
    if (model->entries[key].there && model->entries[key].expires <= now)
        model_forget(model, key);
    return model->entries[key].there ? &model->entries[key].value : NULL;
}

static void one_step(struct table *table, struct model *model, uint64_t random, int64_t step) {
    uint32_t key = (uint32_t)(random % MODEL_KEYS);
    int64_t now = step * 10;
    /* scaled, and the step added: no two expiries are alike */
    int64_t expires = now + (int64_t)(random >> 8 & 0x3ff) * 4 - 100;
    expires = expires * 200000 + step;
    now *= 200000;
    switch (random >> 32 & 3) {
    case 0:
    case 1: {
        uint64_t *here = table_put(table, &key, now, expires), *there = model_put(model, key, now, expires);
        assert_int_equal(*here, *there);
        *here = *there = random;
        break;
    }
    case 2: {
        uint64_t *here = table_find(table, &key, now), *there = model_find(model, key, now);
        assert_int_equal(here == NULL, there == NULL);
        if (here != NULL)
            assert_int_equal(*here, *there);
        break;
    }
    default:
        table_remove(table, &key);
        model_forget(model, key);
    }
    assert_int_equal(table_count(table), model->count);
    assert_int_equal(table_evicted(table), model->evicted);
}

static void random_operations_agree_with_a_plain_model(void **state) {
    (void)state;
    static struct model model;
    struct table *table = table_of(MODEL_CAPACITY);
    uint64_t random = 88172645463325252U; /* xorshift, the same run each time */
    for (int64_t step = 0; step < 100000; step++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        one_step(table, &model, random >> 4, step);
    }
    assert_true(model.evicted > 100); /* the run filled the table */
    table_destroy(&table);
}

static void a_cleared_table_is_empty_and_can_be_filled_again(void **state) {
    (void)state;
    struct table *table = table_of(8);
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t key = 0; key < 8; key++)
            put(table, key, key, 0, 100);
        table_clear(table);
        assert_int_equal(table_count(table), 0);
        for (uint32_t key = 0; key < 8; key++)
            assert_null(table_find(table, &key, 0));
    }
    table_destroy(&table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cleared_table_is_empty_and_can_be_filled_again),
        cmocka_unit_test(an_entry_lives_until_its_expiry),
        cmocka_unit_test(an_expired_entry_is_made_anew_with_zeros),
        cmocka_unit_test(an_expiry_can_be_brought_forward),
        cmocka_unit_test(a_full_table_gives_up_what_would_expire_first),
        cmocka_unit_test(a_table_of_one_place_works),
        cmocka_unit_test(impossible_sizes_are_refused),
        cmocka_unit_test(random_operations_agree_with_a_plain_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
