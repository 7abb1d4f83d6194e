/* SPDX-License-Identifier: BSD-2-Clause */
/* links: daemon/throttle.o daemon/throttle_list.o */
/* What administrators see of a throttle: whom it refuses now and until when; and its end on their word. */
#include "daemon/throttle_list.h"
#include "daemon/throttle_scene.h"

static const char home[] = "192.0.2.7", thief[] = "198.51.100.9", hotel[] = "203.0.113.5";

static void guess(const char *account, const char *address, uint32_t count) {
    for (uint32_t mark = 1; mark <= count; mark++)
        fails(from(account, address), mark);
}

static void spray(unsigned count) {
    char account[32];
    for (unsigned i = 0; i < count; i++) {
        snprintf(account, sizeof account, "user%u@example.com", i);
        fails(from(account, thief), i);
    }
}

/* From more networks than may be. */
static void attack(const char *account) {
    for (unsigned i = 0; i <= THROTTLE_ATTACK_NETWORKS; i++)
        fails(login_of(account, network_number(i)), 1000 + i);
}

/* The throttle holds up to the moment that throttle_until says, and no longer. */
static void assert_holds_until(struct throttle_login login, enum throttle_state kind, int64_t until) {
    assert_int_equal(throttle_until(throttle, &login, now), until);
    now = until - 1;
    assert_int_equal(state_of(login), kind);
    assert_int_equal(throttle_until(throttle, &login, now), until);
    now = until;
    assert_int_equal(state_of(login), THROTTLE_NOT);
    assert_int_equal(throttle_until(throttle, &login, now), now);
}

static void wrong_passwords_are_over_when_the_first_of_them_leaves_the_window(void **state) {
    (void)state;
    for (uint32_t mark = 1; mark <= 5; mark++, now += MINUTE)
        fails(from("alice@example.com", home), mark);
    assert_holds_until(from("alice@example.com", home), THROTTLE_PASSWORDS, SCENE_START + 15 * MINUTE);
}

static void spraying_is_over_when_its_minutes_have_passed(void **state) {
    (void)state;
    now += 30 * SECOND;
    spray(30);
    assert_holds_until(from("alice@example.com", thief), THROTTLE_SPRAYING, SCENE_START + 15 * MINUTE);
}

static void an_attack_is_over_when_its_hours_have_passed(void **state) {
    (void)state;
    now += 10 * MINUTE;
    attack("alice@example.com");
    assert_holds_until(from("alice@example.com", hotel), THROTTLE_ATTACKED, SCENE_START + DAY);
}

static void the_last_of_several_grounds_is_told(void **state) {
    (void)state;
    guess("alice@example.com", thief, 5);
    now += 5 * MINUTE;
    spray(30);
    assert_int_equal(state_of(from("alice@example.com", thief)), THROTTLE_PASSWORDS);
    struct throttle_login alice = from("alice@example.com", thief);
    assert_int_equal(throttle_until(throttle, &alice, now), SCENE_START + 20 * MINUTE);
}

static void where_nothing_is_throttled_nothing_ends(void **state) {
    (void)state;
    struct throttle_login alice = from("alice@example.com", home);
    guess("alice@example.com", home, 4);
    assert_int_equal(throttle_until(throttle, &alice, now), now);
    assert_int_equal(throttle_end(throttle, &alice, now), THROTTLE_NOT);
    assert_int_equal(fails(alice, 5), THROTTLE_PASSWORDS); /* the four still count */
}

static void ending_frees_the_account_from_that_network_alone(void **state) {
    (void)state;
    struct throttle_login alice = from("alice@example.com", home);
    guess("alice@example.com", home, 7);
    guess("alice@example.com", thief, 5);
    guess("bob@example.com", home, 5);
    assert_int_equal(throttle_end(throttle, &alice, now), THROTTLE_PASSWORDS);
    assert_int_equal(state_of(alice), THROTTLE_NOT);
    assert_int_equal(state_of(from("alice@example.com", thief)), THROTTLE_PASSWORDS);
    assert_int_equal(state_of(from("bob@example.com", home)), THROTTLE_PASSWORDS);
}

static void after_its_end_wrong_passwords_count_from_one(void **state) {
    (void)state;
    struct throttle_login alice = from("alice@example.com", home);
    guess("alice@example.com", home, 12);
    throttle_end(throttle, &alice, now);
    for (uint32_t mark = 21; mark <= 24; mark++)
        assert_int_equal(fails(alice, mark), THROTTLE_NOT);
    assert_int_equal(fails(alice, 25), THROTTLE_PASSWORDS);
}

static void ending_frees_a_network_that_sprayed(void **state) {
    (void)state;
    struct throttle_login alice = from("alice@example.com", thief);
    spray(40);
    assert_int_equal(throttle_end(throttle, &alice, now), THROTTLE_SPRAYING);
    assert_int_equal(state_of(alice), THROTTLE_NOT);
    assert_int_equal(state_of(from("bob@example.com", thief)), THROTTLE_NOT);
}

static void ending_lets_an_attacked_account_in_from_that_network(void **state) {
    (void)state;
    struct throttle_login alice = from("alice@example.com", hotel);
    attack("alice@example.com");
    assert_int_equal(throttle_end(throttle, &alice, now), THROTTLE_ATTACKED);
    assert_int_equal(state_of(alice), THROTTLE_NOT);
    assert_int_equal(state_of(from("alice@example.com", home)), THROTTLE_ATTACKED);
    guess("alice@example.com", hotel, 5); /* it is not free to guess */
    assert_int_equal(state_of(alice), THROTTLE_PASSWORDS);
}

/* ---- the list ---- */

static struct throttle_list *list;
static struct throttle_held seen[THROTTLE_LIST_ROOM];
static size_t seen_count;

static void see(void *context, const struct throttle_held *held) {
    (void)context;
    seen[seen_count++] = *held;
}

static size_t look(const char *account) {
    seen_count = 0;
    size_t count = throttle_list_look(list, account, now, see, NULL);
    assert_int_equal(count, seen_count);
    return count;
}

static void begin_throttle(struct throttle_login login) {
    enum throttle_state began = THROTTLE_NOT;
    for (uint32_t mark = 1; began == THROTTLE_NOT; mark++)
        began = fails(login, mark);
    throttle_list_add(list, &login);
}

static int open_list(void **state) {
    if (open_scene(state) != 0)
        return 1;
    list = throttle_list_create(throttle);
    return list == NULL;
}

static int close_list(void **state) {
    throttle_list_destroy(&list);
    return close_scene(state);
}

static void the_list_has_what_holds_now(void **state) {
    (void)state;
    begin_throttle(from("alice@example.com", home));
    now += MINUTE;
    begin_throttle(from("bob@example.com", thief));
    assert_int_equal(look(NULL), 2);
    assert_string_equal(seen[0].account, "bob@example.com"); /* the latest first */
    assert_int_equal(look("alice@example.com"), 1);
    assert_int_equal(seen[0].state, THROTTLE_PASSWORDS);
    assert_int_equal(seen[0].until, SCENE_START + 15 * MINUTE);
    assert_int_equal(look("carol@example.com"), 0);
    now = SCENE_START + 15 * MINUTE;
    assert_int_equal(look(NULL), 1);
    assert_int_equal(throttle_list_look(list, NULL, now, NULL, NULL), 1);
}

static void one_account_and_network_is_in_it_once(void **state) {
    (void)state;
    struct throttle_login alice = from("alice@example.com", home);
    for (int round = 0; round < 3; round++) {
        begin_throttle(alice);
        assert_int_equal(look(NULL), 1);
        throttle_end(throttle, &alice, now);
        assert_int_equal(look(NULL), 0);
    }
}

static void it_forgets_the_oldest(void **state) {
    (void)state;
    char account[32];
    for (unsigned i = 0; i < THROTTLE_LIST_ROOM + 3; i++) {
        snprintf(account, sizeof account, "user%u@example.com", i);
        begin_throttle(login_of(account, network_number(i)));
    }
    assert_int_equal(look(NULL), THROTTLE_LIST_ROOM);
    assert_int_equal(look("user2@example.com"), 0);
    assert_int_equal(look("user3@example.com"), 1);
}

#define list_test(test) cmocka_unit_test_setup_teardown(test, open_list, close_list)

int main(void) {
    const struct CMUnitTest tests[] = {
        scene_test(wrong_passwords_are_over_when_the_first_of_them_leaves_the_window),
        scene_test(spraying_is_over_when_its_minutes_have_passed),
        scene_test(an_attack_is_over_when_its_hours_have_passed),
        scene_test(the_last_of_several_grounds_is_told),
        scene_test(where_nothing_is_throttled_nothing_ends),
        scene_test(ending_frees_the_account_from_that_network_alone),
        scene_test(after_its_end_wrong_passwords_count_from_one),
        scene_test(ending_frees_a_network_that_sprayed),
        scene_test(ending_lets_an_attacked_account_in_from_that_network),
        list_test(the_list_has_what_holds_now),
        list_test(one_account_and_network_is_in_it_once),
        list_test(it_forgets_the_oldest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
