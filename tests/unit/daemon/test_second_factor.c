/* SPDX-License-Identifier: BSD-2-Clause */
/* links: daemon/second_factor.o daemon/app_password.o gate/app_password_scope.o gate/country.o gate/country_unknown.o gate/gate.o gate/legacy_auth.o gate/locked.o gate/mechanism.o gate/network.o gate/not_gated.o gate/place.o gate/schedule.o gate/second_factor_missing.o gate/service_closed.o gate/throttled.o credential/code.o credential/generated.o credential/keyed_hash.o credential/keyring.o credential/sealed.o credential/seed.o credential/seed_files.o credential/totp.o -lsodium -loath -Wl,--wrap=totp_wipe */
/* What typed digits and stored rows mean for one login (DESIGN 4, codes in mail clients), case by case, and rows that
 * somebody else has written. */
#include <stdio.h>

#include "gate/scene.h"

#include "credential/sealed.h"
#include "daemon/app_password.h"
#include "daemon/second_factor.h"

#define ACCOUNT "alice@example.org"
#define NOW 1700000000
#define HOME "198.51.100.7"
#define AWAY "203.0.113.9"
#define RECOVERY "73190425"

enum digits { NO_DIGITS, RIGHT_CODE, OLD_CODE, UNKNOWN_CODE, RECOVERY_CODE, USED_RECOVERY_CODE };

static struct {
    struct keyring *keyring;
    struct totp totp;
    struct account_facts stored; /* enrolled, one known code, one recovery code each unused and used, HOME remembered */
    char code[TOTP_CODE_SIZE], old_code[TOTP_CODE_SIZE], unknown_code[TOTP_CODE_SIZE];
} world;

static int wiped; /* secrets that were there before a wipe, and were not after it */

void __real_totp_wipe(struct totp *totp);
void __wrap_totp_wipe(struct totp *totp);

void __wrap_totp_wipe(struct totp *totp) {
    static const struct totp nothing;
    bool held = totp->length == world.totp.length && memcmp(totp->secret, world.totp.secret, totp->length) == 0;
    __real_totp_wipe(totp);
    wiped += held && memcmp(totp, &nothing, sizeof nothing) == 0;
}

static void store_secret(struct store_secret *secret) {
    struct sealed sealed;
    sealed_make_id(secret->id);
    assert_true(totp_seal(world.keyring, ACCOUNT, secret->id, &world.totp, &sealed));
    memcpy(secret->sealed, sealed.bytes, sealed.length);
    secret->sealed_length = sealed.length;
    secret->confirmed = NOW - 1000;
    secret->last_step = totp_step(&world.totp, NOW) - 40;
    step_mac(world.keyring, ACCOUNT, secret->id, secret->last_step, secret->step_mac);
}

static void remember_home(struct account_facts *stored) {
    struct address home = scene_address(HOME);
    stored->network_remembered = true;
    stored->network.network = address_network(&home);
    stored->network.made = NOW - 86400;
    stored->network.until = NOW + 29 * 86400;
    network_mac(world.keyring, ACCOUNT, &stored->network.network, stored->network.until, stored->network.mac);
}

/* A code that is none of the window and none of the known. */
static void find_unknown_code(void) {
    for (int i = 100000;; i++) {
        int64_t step;
        snprintf(world.unknown_code, sizeof world.unknown_code, "%06d", i % 1000000);
        if (!totp_match(&world.totp, world.unknown_code, NOW, 10, &step) &&
            strcmp(world.unknown_code, world.old_code) != 0)
            return;
    }
}

static int set_up(void **state) {
    (void)state;
    static const unsigned char key[KEY_BLOCK_SIZE] = "thirty-two bytes for the tests..";
    memset(&world, 0, sizeof world);
    scene_clear();
    assert_true(credential_start());
    world.keyring = keyring_make(key, sizeof key);
    assert_non_null(world.keyring);
    totp_generate(&world.totp);
    assert_true(totp_code(&world.totp, totp_step(&world.totp, NOW), world.code));
    assert_true(totp_code(&world.totp, totp_step(&world.totp, NOW) - 40, world.old_code));
    find_unknown_code();
    struct account_facts *stored = &world.stored;
    stored->enrolled = true;
    store_secret(&stored->secret);
    stored->code_count = 1;
    keyed_hash_text(world.keyring, HASH_CODE, ACCOUNT, world.old_code, stored->codes[0]);
    stored->recovery_count = 2;
    stored->recovery_unused = 1;
    keyed_hash_text(world.keyring, HASH_RECOVERY_CODE, ACCOUNT, RECOVERY, stored->recovery[0]);
    keyed_hash_text(world.keyring, HASH_RECOVERY_CODE, ACCOUNT, "55555555", stored->recovery[1]);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    keyring_free(&world.keyring);
    return 0;
}

static const char *typed(enum digits digits) {
    switch (digits) {
    case NO_DIGITS:
        return NULL;
    case RIGHT_CODE:
        return world.code;
    case OLD_CODE:
        return world.old_code;
    case UNKNOWN_CODE:
        return world.unknown_code;
    case RECOVERY_CODE:
        return RECOVERY;
    case USED_RECOVERY_CODE:
        break;
    }
    return "55555555";
}

static bool examine(const char *address, enum digits digits, struct facts *facts, struct second_factor *factor) {
    *facts = (struct facts){.now = NOW, .service = 0, .address = scene_address(address)};
    wiped = 0;
    struct account_facts stored = world.stored;
    if (strcmp(address, HOME) == 0 && !stored.network_remembered)
        remember_home(&stored);
    const struct second_factor_inquiry inquiry = {
        .keyring = world.keyring,
        .account = ACCOUNT,
        .policy = SCENE_POLICY,
        .digits = typed(digits),
        .cut = SECOND_FACTOR_CUT_OPEN,
    };
    return second_factor_examine(&inquiry, &stored, facts, factor);
}

struct row {
    const char *what;
    const char *address;
    enum digits digits;
    unsigned cut;
    enum credential credential;
    enum store_use use;         /* at commit */
    enum store_use use_denied;  /* where another rule denied */
    enum reason reason;         /* once the store said settled */
};

static const struct row rows[] = {
    {"a bare password away", AWAY, NO_DIGITS, 0, CREDENTIAL_PASSWORD, STORE_USE_NOTHING, STORE_USE_NOTHING,
     REASON_NONE},
    {"a bare password at home", HOME, NO_DIGITS, 0, CREDENTIAL_REMEMBERED, STORE_USE_NOTHING, STORE_USE_NOTHING,
     REASON_NONE},
    {"a fresh code away", AWAY, RIGHT_CODE, 6, CREDENTIAL_TOTP, STORE_USE_STEP, STORE_USE_STEP, REASON_NONE},
    {"a fresh code at home", HOME, RIGHT_CODE, 6, CREDENTIAL_TOTP, STORE_USE_STEP, STORE_USE_STEP, REASON_NONE},
    {"the stored password with its old code at home", HOME, OLD_CODE, 6, CREDENTIAL_REMEMBERED, STORE_USE_NOTHING,
     STORE_USE_NOTHING, REASON_NONE},
    {"the same away", AWAY, OLD_CODE, 6, CREDENTIAL_TOTP, STORE_USE_NOTHING, STORE_USE_NOTHING,
     REASON_SECOND_FACTOR_REUSED},
    {"an unknown code away", AWAY, UNKNOWN_CODE, 6, CREDENTIAL_TOTP, STORE_USE_WRONG, STORE_USE_NOTHING,
     REASON_SECOND_FACTOR_WRONG},
    {"digits of the password itself at home", HOME, UNKNOWN_CODE, 0, CREDENTIAL_REMEMBERED, STORE_USE_NOTHING,
     STORE_USE_NOTHING, REASON_NONE},
    {"a recovery code", AWAY, RECOVERY_CODE, 8, CREDENTIAL_RECOVERY_CODE, STORE_USE_RECOVERY, STORE_USE_RECOVERY,
     REASON_NONE},
};

static void each_login_is_what_its_row_says(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        struct facts facts;
        struct second_factor factor;
        struct store_login settle = {0}, burn = {0};
        assert_true(examine(row->address, row->digits, &facts, &factor));
        assert_int_equal(wiped, 1);
        assert_int_equal(facts.code_present, row->cut != 0);
        second_factor_settlement(&factor, false, &settle);
        second_factor_settlement(&factor, true, &burn);
        if (factor.cut != row->cut || facts.credential != row->credential || settle.use != row->use ||
            burn.use != row->use_denied || second_factor_reason(&factor, STORE_SETTLED) != row->reason)
            fail_msg("%s: cut %u, %s, use %d, denied %d, %s", row->what, factor.cut, credential_name(facts.credential),
                     (int)settle.use, (int)burn.use, reason_name(second_factor_reason(&factor, STORE_SETTLED)));
        assert_int_equal(burn.network_until, 0);
        if (settle.use == STORE_USE_STEP)
            assert_int_equal(burn.code_until, 0);
        bool fresh = settle.use == STORE_USE_STEP || settle.use == STORE_USE_RECOVERY;
        assert_int_equal(settle.network_until, fresh ? NOW + 30 * 86400 : 0);
    }
}

/* What examining `digits` typed at AWAY would have settled. The factor must outlive it. */
static struct store_login settled(enum digits digits, struct second_factor *factor) {
    struct facts facts;
    struct store_login settlement = {.use = STORE_USE_APP_PASSWORD, .burn = true};
    assert_true(examine(AWAY, digits, &facts, factor));
    second_factor_settlement(factor, false, &settlement);
    assert_false(settlement.burn);
    return settlement;
}

static void a_fresh_code_uses_up_its_step_of_its_secret(void **state) {
    (void)state;
    struct second_factor factor;
    struct store_login settle = settled(RIGHT_CODE, &factor);
    unsigned char mac[KEYED_HASH_SIZE], hash[KEYED_HASH_SIZE];
    int64_t step = totp_step(&world.totp, NOW);
    step_mac(world.keyring, ACCOUNT, world.stored.secret.id, step, mac);
    keyed_hash_text(world.keyring, HASH_CODE, ACCOUNT, world.code, hash);
    assert_int_equal(settle.step, step);
    assert_int_equal(settle.step_starts, totp_step_starts(&world.totp, step));
    assert_memory_equal(settle.secret_id, world.stored.secret.id, STORE_ID_SIZE);
    assert_memory_equal(settle.step_mac, mac, sizeof mac);
    assert_memory_equal(settle.code, hash, sizeof hash);
    assert_int_equal(settle.code_until, NOW + 30 * 86400);
}

static void the_network_that_is_remembered_is_the_logins_own(void **state) {
    (void)state;
    static const enum digits fresh[] = {RIGHT_CODE, RECOVERY_CODE};
    struct address away = scene_address(AWAY);
    struct prefix network = address_network(&away);
    unsigned char mac[KEYED_HASH_SIZE];
    for (size_t i = 0; i < 2; i++) {
        struct second_factor factor;
        struct store_login settle = settled(fresh[i], &factor);
        network_mac(world.keyring, ACCOUNT, &network, settle.network_until, mac);
        assert_int_equal(settle.network_until, NOW + 30 * 86400);
        assert_memory_equal(settle.network_mac, mac, sizeof mac);
    }
}

static void other_codes_are_told_by_their_hashes(void **state) {
    (void)state;
    struct second_factor factor;
    unsigned char hash[KEYED_HASH_SIZE];
    struct store_login settle = settled(RECOVERY_CODE, &factor);
    keyed_hash_text(world.keyring, HASH_RECOVERY_CODE, ACCOUNT, RECOVERY, hash);
    assert_memory_equal(settle.recovery, hash, sizeof hash);
    settle = settled(UNKNOWN_CODE, &factor);
    keyed_hash_text(world.keyring, HASH_CODE, ACCOUNT, world.unknown_code, hash);
    assert_memory_equal(settle.code, hash, sizeof hash);
    assert_int_equal(settled(NO_DIGITS, &factor).use, STORE_USE_NOTHING);
}

static void a_trusted_network_passes_only_where_the_policy_skips_it(void **state) {
    (void)state;
    static const struct {
        int64_t skip; /* second_factor.trusted_networks; -1: not set */
        const char *trusted, *proxies;
        bool passes;
    } trust[] = {
        {-1, "203.0.113.0/24", NULL, false}, {0, "203.0.113.0/24", NULL, false}, {1, "203.0.113.0/24", NULL, true},
        {1, "203.0.112.0/24", NULL, false},  {1, NULL, NULL, false},             {1, "203.0.113.0/24", AWAY, false},
    };
    for (size_t i = 0; i < sizeof trust / sizeof trust[0]; i++) {
        struct value skip = {.number = trust[i].skip}, values[2];
        struct prefix prefixes[2];
        struct facts facts;
        struct second_factor factor;
        scene_clear();
        scene.key[POLICY_SECOND_FACTOR_TRUSTED_NETWORKS] = trust[i].skip >= 0 ? &skip : NULL;
        scene_network(POLICY_NETWORKS_TRUSTED, trust[i].trusted, &prefixes[0], &values[0]);
        scene_network(POLICY_NETWORKS_PROXIES, trust[i].proxies, &prefixes[1], &values[1]);
        assert_true(examine(AWAY, OLD_CODE, &facts, &factor));
        assert_int_equal(factor.passes, trust[i].passes);
        assert_int_equal(facts.credential, trust[i].passes ? CREDENTIAL_REMEMBERED : CREDENTIAL_TOTP);
    }
}

static void a_network_that_the_store_does_not_name_is_not_remembered(void **state) {
    (void)state;
    struct facts facts;
    struct second_factor factor;
    world.stored.network.made = NOW;
    assert_true(examine(AWAY, NO_DIGITS, &facts, &factor));
    assert_false(facts.network_remembered);
    assert_int_equal(facts.credential, CREDENTIAL_PASSWORD);
}

static void a_lock_is_told_with_who_made_it(void **state) {
    (void)state;
    struct facts facts;
    struct second_factor factor;
    for (int i = 0; i < 4; i++) {
        world.stored.locked = i / 2 != 0;
        world.stored.lock.by_hand = i % 2 != 0;
        world.stored.wrong_day = 7;
        assert_true(examine(AWAY, NO_DIGITS, &facts, &factor));
        assert_int_equal(facts.locked, i / 2 != 0 ? KNOWN_YES : KNOWN_NO);
        assert_int_equal(facts.lock_by_hand, i == 3);
        assert_int_equal(factor.wrong_codes, 7);
    }
}

static void behind_a_proxy_nothing_is_remembered(void **state) {
    (void)state;
    struct prefix prefix;
    struct value proxies;
    struct facts facts;
    struct second_factor factor;
    struct store_login settle = {0};
    scene_network(POLICY_NETWORKS_PROXIES, HOME, &prefix, &proxies);
    assert_true(examine(HOME, NO_DIGITS, &facts, &factor));
    assert_int_equal(facts.credential, CREDENTIAL_PASSWORD);
    assert_true(examine(HOME, RIGHT_CODE, &facts, &factor));
    second_factor_settlement(&factor, false, &settle);
    assert_int_equal(settle.network_until, 0);
}

static void a_shorter_remember_holds_for_networks_remembered_before(void **state) {
    (void)state;
    struct value remember = {.number = 86400};
    struct facts facts;
    struct second_factor factor;
    scene.key[POLICY_SECOND_FACTOR_REMEMBER] = &remember;
    assert_true(examine(HOME, NO_DIGITS, &facts, &factor));
    assert_int_equal(facts.credential, CREDENTIAL_PASSWORD);
    remember.number = 86401;
    assert_true(examine(HOME, NO_DIGITS, &facts, &factor));
    assert_int_equal(facts.credential, CREDENTIAL_REMEMBERED);
}

static void a_denied_login_burns_its_code_over_budget_too(void **state) {
    (void)state;
    struct second_factor factor = {.kind = CODE_STEP};
    struct store_login settle = {0}, burn = {0};
    second_factor_settlement(&factor, false, &settle);
    second_factor_settlement(&factor, true, &burn);
    assert_false(settle.burn);
    assert_true(burn.burn);
}

static void an_account_without_a_secret_has_nothing_cut(void **state) {
    (void)state;
    struct facts facts;
    struct second_factor factor;
    world.stored.enrolled = false;
    memset(&world.stored.secret, 0, sizeof world.stored.secret);
    assert_true(examine(AWAY, RIGHT_CODE, &facts, &factor));
    assert_int_equal(factor.cut, 0);
    assert_int_equal(facts.credential, CREDENTIAL_PASSWORD);
    assert_false(facts.enrolled);
}

static void off_never_looks(void **state) {
    (void)state;
    struct value off = {.number = TOTP_OFF};
    struct facts facts;
    struct second_factor factor;
    scene.key[POLICY_SECOND_FACTOR_TOTP] = &off;
    memset(world.stored.secret.sealed, 0, world.stored.secret.sealed_length); /* it would not open */
    assert_true(examine(HOME, RIGHT_CODE, &facts, &factor));
    assert_int_equal(factor.cut, 0);
    assert_int_equal(facts.credential, CREDENTIAL_PASSWORD);
    assert_false(facts.enrolled || facts.network_remembered || facts.store_unreadable);
}

static void before_from_unknown_digits_stay_the_passwords_own(void **state) {
    (void)state;
    struct value from = {.number = NOW + 1};
    scene.key[POLICY_SECOND_FACTOR_FROM] = &from;
    struct facts facts;
    struct second_factor factor;
    assert_true(examine(AWAY, UNKNOWN_CODE, &facts, &factor));
    assert_int_equal(factor.cut, 0);
    assert_true(examine(AWAY, RIGHT_CODE, &facts, &factor));
    assert_int_equal(factor.cut, 6);
}

/* What a code typed at `address` comes to after so many guesses: until when its network is remembered; -1: nothing. */
static int64_t after(unsigned guesses, const char *address, enum digits digits) {
    struct facts facts;
    struct second_factor factor;
    struct store_login settle = {0};
    assert_true(examine(address, digits, &facts, &factor));
    bool taken = second_factor_after_guesses(&factor, guesses);
    second_factor_settlement(&factor, false, &settle);
    return taken ? settle.network_until : -1;
}

static void where_none_is_due_a_code_that_comes_true_among_guesses_is_not_remembered(void **state) {
    (void)state;
    static const enum digits good[] = {RIGHT_CODE, RECOVERY_CODE};
    const int64_t until = NOW + 30 * 86400;
    struct value from = {.number = NOW + 1};
    for (size_t i = 0; i < 2; i++) {
        scene_clear();
        assert_int_equal(after(50, AWAY, good[i]), until); /* due: the budget is for that */
        assert_int_equal(after(49, HOME, good[i]), until);
        assert_int_equal(after(50, HOME, good[i]), 0);
        scene.key[POLICY_SECOND_FACTOR_FROM] = &from;
        assert_int_equal(after(49, AWAY, good[i]), until);
        assert_int_equal(after(50, AWAY, good[i]), 0);
    }
}

static void after_five_hundred_guesses_no_recovery_code_is_taken(void **state) {
    (void)state;
    assert_int_equal(after(499, AWAY, RECOVERY_CODE), NOW + 30 * 86400);
    assert_int_equal(after(500, AWAY, RECOVERY_CODE), -1);
    assert_int_equal(after(500, AWAY, RIGHT_CODE), NOW + 30 * 86400);
}

static bool may_be_guess(const char *address, enum digits digits) {
    struct facts facts;
    struct second_factor factor;
    assert_true(examine(address, digits, &facts, &factor));
    return factor.guess;
}

static void what_may_be_a_guess_is_what_no_budget_knows_of(void **state) {
    (void)state;
    struct value from = {.number = NOW + 1};
    assert_false(may_be_guess(AWAY, UNKNOWN_CODE)); /* charged at commit */
    assert_false(may_be_guess(HOME, NO_DIGITS));
    assert_true(may_be_guess(HOME, UNKNOWN_CODE));
    assert_true(may_be_guess(AWAY, USED_RECOVERY_CODE)); /* eight digits, six of them cut */
    world.stored.recovery_unused = 0;
    assert_false(may_be_guess(AWAY, USED_RECOVERY_CODE));
    scene.key[POLICY_SECOND_FACTOR_FROM] = &from;
    assert_true(may_be_guess(AWAY, UNKNOWN_CODE));
}

static void without_remembering_a_code_stays_known_while_it_could_be_typed(void **state) {
    (void)state;
    struct value nothing = {.number = 0};
    scene.key[POLICY_SECOND_FACTOR_REMEMBER] = &nothing;
    struct facts facts;
    struct second_factor factor;
    struct store_login settle = {0};
    assert_true(examine(AWAY, RIGHT_CODE, &facts, &factor));
    second_factor_settlement(&factor, false, &settle);
    assert_int_equal(settle.network_until, 0);
    assert_int_equal(settle.code_until, totp_step_starts(&world.totp, totp_step(&world.totp, NOW) + 2));
}

static void what_the_module_has_cut_stays_cut(void **state) {
    (void)state;
    struct facts facts = {.now = NOW, .address = scene_address(AWAY)};
    struct second_factor factor;
    struct second_factor_inquiry inquiry = {
        .keyring = world.keyring, .account = ACCOUNT, .policy = SCENE_POLICY, .digits = world.unknown_code, .cut = 6};
    assert_true(second_factor_examine(&inquiry, &world.stored, &facts, &factor));
    assert_int_equal(factor.cut, 6);
    assert_int_equal(factor.kind, CODE_WRONG);
}

static void what_the_login_was_taken_for_before_counts_for_nothing(void **state) {
    (void)state;
    struct facts facts = {
        .now = NOW, .address = scene_address(AWAY), .credential = CREDENTIAL_TOKEN, .network_remembered = true};
    struct second_factor factor;
    struct second_factor_inquiry inquiry = {.keyring = world.keyring,
                                            .account = ACCOUNT,
                                            .policy = SCENE_POLICY,
                                            .digits = world.unknown_code,
                                            .cut = SECOND_FACTOR_CUT_OPEN};
    assert_true(second_factor_examine(&inquiry, &world.stored, &facts, &factor));
    assert_int_equal(factor.cut, 6);
    assert_int_equal(facts.credential, CREDENTIAL_TOTP);
    facts.credential = CREDENTIAL_TOKEN;
    facts.network_remembered = true;
    assert_true(second_factor_examine(&inquiry, NULL, &facts, &factor));
    assert_int_equal(facts.credential, CREDENTIAL_PASSWORD);
    assert_false(facts.network_remembered);
}

static void an_unreadable_store_makes_the_lock_and_the_factor_unknown(void **state) {
    (void)state;
    struct facts facts = {.now = NOW, .address = scene_address(AWAY)};
    struct second_factor factor;
    struct second_factor_inquiry inquiry = {
        .keyring = world.keyring, .account = ACCOUNT, .policy = SCENE_POLICY, .cut = SECOND_FACTOR_CUT_OPEN};
    assert_true(second_factor_examine(&inquiry, NULL, &facts, &factor));
    assert_true(facts.store_unreadable);
    assert_int_equal(facts.locked, KNOWN_NOT);
    assert_int_equal(factor.cut, 0);
    for (int cut = 0; cut <= 8; cut++) {
        inquiry.cut = cut; /* before: a repeat still says how much */
        assert_true(second_factor_examine(&inquiry, NULL, &facts, &factor));
        assert_int_equal(factor.cut, cut);
    }
}

static void tampered(void) {
    struct facts facts;
    struct second_factor factor;
    world.stored.locked = true;
    assert_false(examine(AWAY, RIGHT_CODE, &facts, &factor));
    assert_true(facts.store_unreadable);
    assert_false(facts.network_remembered || facts.enrolled || facts.code_present);
    assert_int_equal(facts.credential, CREDENTIAL_PASSWORD);
    assert_int_equal(facts.locked, KNOWN_YES); /* of that the row is no judge */
    assert_int_equal(factor.cut, 0);
}

static void another_accounts_secret_opens_nothing(void **state) {
    (void)state;
    struct sealed sealed;
    assert_true(totp_seal(world.keyring, "mallory@example.org", world.stored.secret.id, &world.totp, &sealed));
    memcpy(world.stored.secret.sealed, sealed.bytes, sealed.length);
    tampered();
}

static void a_step_put_back_is_noticed(void **state) {
    (void)state;
    world.stored.secret.last_step -= 1000;
    tampered();
}

static void a_step_taken_away_is_noticed(void **state) {
    (void)state;
    world.stored.secret.last_step = 0;
    memset(world.stored.secret.step_mac, 0, sizeof world.stored.secret.step_mac);
    tampered();
}

static void a_network_that_somebody_else_remembered_is_noticed(void **state) {
    (void)state;
    remember_home(&world.stored);
    world.stored.network.until += 100000;
    tampered();
    assert_int_equal(wiped, 1); /* the secret itself did open */
}

static void what_the_store_says_has_its_reason(void **state) {
    (void)state;
    struct second_factor factor = {.kind = CODE_STEP};
    assert_int_equal(second_factor_reason(&factor, STORE_SETTLED), REASON_NONE);
    assert_int_equal(second_factor_reason(&factor, STORE_REUSED), REASON_SECOND_FACTOR_REUSED);
    assert_int_equal(second_factor_reason(&factor, STORE_OVER_BUDGET), REASON_SECOND_FACTOR_BUDGET);
    assert_int_equal(second_factor_reason(&factor, STORE_LOCKED), REASON_LOCKED);
    assert_int_equal(second_factor_reason(&factor, STORE_WRONG), REASON_SECOND_FACTOR_WRONG);
    assert_int_equal(second_factor_reason(&factor, STORE_UNAVAILABLE), REASON_UNAVAILABLE);
}

static enum app_password_scope scope(const char *service, const char *address,
                                     void (*change)(struct store_app_password *)) {
    struct store_app_password row = {.services = "imap pop3", .networks = "198.51.100.0/24 2001:db8::/32",
                                     .expires = NOW + 1};
    struct app_password_limits limits = {
        .id = row.id, .hash = row.hash, .services = row.services, .networks = row.networks, .expires = row.expires};
    scope_mac(world.keyring, ACCOUNT, &limits, row.mac);
    if (change != NULL)
        change(&row);
    struct facts facts = {.now = NOW, .address = scene_address(address)};
    return app_password_scope(world.keyring, ACCOUNT, service, &facts, &row);
}

static void revoke(struct store_app_password *row) {
    row->revoked = NOW - 1;
}

static void widen(struct store_app_password *row) {
    memcpy(row->services, "imap smtp", sizeof "imap smtp");
}

static void an_app_password_keeps_to_its_limits(void **state) {
    (void)state;
    assert_int_equal(scope("imap", HOME, NULL), APP_PASSWORD_FITS);
    assert_int_equal(scope("pop3", "2001:db8::1", NULL), APP_PASSWORD_FITS);
    assert_int_equal(scope("smtp", HOME, NULL), APP_PASSWORD_OUT_OF_SCOPE);
    assert_int_equal(scope("pop", HOME, NULL), APP_PASSWORD_OUT_OF_SCOPE);
    assert_int_equal(scope("imap", AWAY, NULL), APP_PASSWORD_OUT_OF_SCOPE);
    assert_int_equal(scope("imap", HOME, revoke), APP_PASSWORD_OUT_OF_SCOPE);
    assert_int_equal(scope("smtp", HOME, widen), APP_PASSWORD_TAMPERED);
}

int main(void) {
#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(each_login_is_what_its_row_says),
        CASE(a_fresh_code_uses_up_its_step_of_its_secret),
        CASE(the_network_that_is_remembered_is_the_logins_own),
        CASE(other_codes_are_told_by_their_hashes),
        CASE(a_trusted_network_passes_only_where_the_policy_skips_it),
        CASE(a_network_that_the_store_does_not_name_is_not_remembered),
        CASE(a_lock_is_told_with_who_made_it),
        CASE(behind_a_proxy_nothing_is_remembered),
        CASE(a_shorter_remember_holds_for_networks_remembered_before),
        CASE(a_denied_login_burns_its_code_over_budget_too),
        CASE(an_account_without_a_secret_has_nothing_cut),
        CASE(off_never_looks),
        CASE(before_from_unknown_digits_stay_the_passwords_own),
        CASE(where_none_is_due_a_code_that_comes_true_among_guesses_is_not_remembered),
        CASE(after_five_hundred_guesses_no_recovery_code_is_taken),
        CASE(what_may_be_a_guess_is_what_no_budget_knows_of),
        CASE(without_remembering_a_code_stays_known_while_it_could_be_typed),
        CASE(what_the_module_has_cut_stays_cut),
        CASE(what_the_login_was_taken_for_before_counts_for_nothing),
        CASE(an_unreadable_store_makes_the_lock_and_the_factor_unknown),
        CASE(another_accounts_secret_opens_nothing),
        CASE(a_step_put_back_is_noticed),
        CASE(a_step_taken_away_is_noticed),
        CASE(a_network_that_somebody_else_remembered_is_noticed),
        CASE(what_the_store_says_has_its_reason),
        CASE(an_app_password_keeps_to_its_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
