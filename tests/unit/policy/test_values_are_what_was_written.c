/* SPDX-License-Identifier: BSD-2-Clause */
/* links: policy/account_file.o policy/account_name.o policy/arena.o policy/configuration.o policy/date.o policy/document.o policy/entry.o policy/folder.o policy/host.o policy/keys.o policy/layer.o policy/load.o policy/members.o policy/mistake.o policy/policy.o policy/policy_file.o policy/reading.o policy/scan.o policy/services.o policy/source.o policy/suggest.o policy/tokens.o policy/unix_group.o policy/value.o policy/value_place.o -lconfig */
/* What stands in the files is what daemon and gate are given: each host setting, and each type of policy value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/place.h"

static struct configuration *configuration;
static struct policy policy;

static int finish(void **state) {
    policy_release(&policy);
    configuration_free(&configuration);
    return place_remove(state);
}

static void load(const char *text) {
    place_write(MAIN_FILE, text);
    configuration = place_load();
}

/* Loads the text as `defaults` and looks up an account that has nothing else. */
static void load_defaults(const char *text) {
    char whole[2048];
    snprintf(whole, sizeof whole, MAIN_START "services_known = [ \"webmail\" ];\ndefaults = {\n%s\n};\n", text);
    load(whole);
    assert_int_equal(configuration_policy(configuration, "alice@example.com", 0, &policy), POLICY_FOUND);
}

static const char every_setting[] =
    "sockets = (\n"
    "  { kind = \"gate\"; path = \"/run/authgate/gate.sock\"; owner = \"root\"; group = \"adm\"; mode = \"0620\"; },\n"
    "  { kind = \"gate\"; path = \"/p/gate.sock\"; requests = [ \"ask\", \"smtpd_access_policy\" ];\n"
    "    services = [ \"submission\", \"webmail\" ]; },\n"
    "  { kind = \"saslauthd\"; path = \"/p/saslauthd\"; seen_as = \"/run/saslauthd\"; },\n"
    "  { kind = \"admin\"; path = \"/run/authgate/admin.sock\"; } );\n"
    "saslauthd = { upstream = \"/run/mux\"; require_plugin = false; };\n"
    "postfix_policy = { require_login = false; };\n"
    "user = \"authgate\"; log = \"syslog\"; timezone = \"Asia/Tokyo\";\n"
    "country_database = \"/c.mmdb\"; store = \"sqlite:/s.db\"; history = \"sqlite:/h.db\"; raw_for = \"60d\";\n"
    "secret_key_file = \"/k\"; account_exists = \"nss\"; notify = \"/usr/bin/notify\";\n"
    "default_domain = \"Example.COM\"; domains = [ \"example.com\", \"B.example\" ]; recipient_delimiter = \"+\";\n"
    "services_known = [ \"webmail\" ];\n";

static void assert_sockets(const struct settings *settings) {
    assert_int_equal(settings->socket_count, 4);
    const struct socket_setting *sockets = settings->sockets;
    assert_int_equal(sockets[0].kind, SOCKET_GATE);
    assert_string_equal(sockets[0].path, "/run/authgate/gate.sock");
    assert_string_equal(sockets[0].seen_as, "/run/authgate/gate.sock");
    assert_string_equal(sockets[0].owner, "root");
    assert_string_equal(sockets[0].group, "adm");
    assert_int_equal(sockets[0].mode, 0620);
    assert_int_equal(sockets[0].requests & 31, 31);
    assert_int_equal(sockets[0].services, ALL_SERVICES);
    assert_int_equal(sockets[0].line, 2);
    assert_null(sockets[1].owner);
    assert_int_equal(sockets[1].mode, 0600);
    assert_int_equal(sockets[1].requests, 1 << 3 | 1 << 4);
    assert_int_equal(sockets[1].services, 1 << 2 | 1 << 5);
    assert_int_equal(sockets[2].kind, SOCKET_SASLAUTHD);
    assert_string_equal(sockets[2].seen_as, "/run/saslauthd");
    assert_int_equal(sockets[3].kind, SOCKET_ADMIN);
    assert_int_equal(sockets[3].line, 6);
}

static void every_host_setting(void **state) {
    (void)state;
    load(every_setting);
    const struct settings *settings = configuration_settings(configuration);
    assert_sockets(settings);
    assert_string_equal(settings->file, place_path(MAIN_FILE));
    assert_string_equal(settings->saslauthd_upstream, "/run/mux");
    assert_false(settings->saslauthd_require_plugin);
    assert_false(settings->postfix_require_login);
    assert_string_equal(settings->user, "authgate");
    assert_int_equal(settings->log, LOG_SETTING_SYSLOG);
    assert_string_equal(settings->timezone, "Asia/Tokyo");
    assert_string_equal(settings->country_database, "/c.mmdb");
    assert_string_equal(settings->store, "sqlite:/s.db");
    assert_string_equal(settings->history, "sqlite:/h.db");
    assert_int_equal(settings->raw_for, 60 * 86400);
    assert_string_equal(settings->secret_key_file, "/k");
    assert_string_equal(settings->account_exists, "nss");
    assert_string_equal(settings->notify, "/usr/bin/notify");
    assert_string_equal(settings->naming.default_domain, "example.com");
    assert_int_equal(settings->naming.domain_count, 2);
    assert_int_equal(settings->naming.recipient_delimiter, '+');
    assert_int_equal(settings->service_count, 6);
    assert_string_equal(settings->services[5], "webmail");
    char canonical[ACCOUNT_NAME_SIZE];
    assert_true(account_name_canonical(&settings->naming, "Alice+x@b.EXAMPLE", canonical));
    assert_string_equal(canonical, "alice@b.example");
    assert_false(account_name_canonical(&settings->naming, "alice@example.org", canonical));
}

static void a_socket_whose_mode_has_three_digits_and_that_takes_begin_alone(void **state) {
    (void)state;
    load("sockets = ( { kind = \"gate\"; path = \"/a\"; mode = \"640\"; requests = [ \"begin\" ]; } );");
    const struct socket_setting *socket = configuration_settings(configuration)->sockets;
    assert_int_equal(socket->mode, 0640);
    assert_int_equal(socket->requests, 1);
}

static void nothing_set(void **state) {
    (void)state;
    load("sockets = ( );");
    const struct settings *settings = configuration_settings(configuration);
    assert_int_equal(settings->socket_count, 0);
    assert_null(settings->user);
    assert_int_equal(settings->log, LOG_SETTING_STDERR);
    assert_null(settings->timezone);
    assert_null(settings->country_database);
    assert_null(settings->store);
    assert_null(settings->history);
    assert_null(settings->secret_key_file);
    assert_null(settings->notify);
    assert_string_equal(settings->account_exists, "none");
    assert_string_equal(settings->saslauthd_upstream, "/run/saslauthd/mux");
    assert_true(settings->saslauthd_require_plugin);
    assert_true(settings->postfix_require_login);
    assert_int_equal(settings->raw_for, 30 * 86400);
    assert_null(settings->naming.default_domain);
    assert_int_equal(settings->naming.domain_count, 0);
    assert_int_equal(settings->naming.recipient_delimiter, '\0');
    assert_int_equal(settings->service_count, 5);
}

static void services_by_every_name(void **state) {
    (void)state;
    load(every_setting);
    static const struct {
        const char *name;
        int number;
    } names[] = {{"imap", 0},
                 {"pop3", 1},
                 {"smtp", 2},
                 {"submission", 2},
                 {"submissions", 2},
                 {"smtps", 2},
                 {"sieve", 3},
                 {"managesieve", 3},
                 {"doveadm", 4},
                 {"webmail", 5},
                 {"IMAP", SERVICE_UNKNOWN},
                 {"", SERVICE_UNKNOWN},
                 {"ftp", SERVICE_UNKNOWN}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(configuration_service(configuration, names[i].name), names[i].number);
}

/* default_domain and every name under domains/, unless `domains` says. */
static void what_is_served(void **state) {
    (void)state;
    place_write("domains/b.example.conf", "# nothing\n");
    place_write("domains/b-c.example.conf", "throttle = { passwords = 7; };");
    load("sockets = ( ); default_domain = \"a.example\";");
    const struct account_naming *naming = &configuration_settings(configuration)->naming;
    char canonical[ACCOUNT_NAME_SIZE];
    assert_int_equal(naming->domain_count, 3);
    assert_true(account_name_canonical(naming, "x@a.example", canonical));
    assert_true(account_name_canonical(naming, "x@b.example", canonical));
    assert_true(account_name_canonical(naming, "x@b-c.example", canonical));
    assert_int_equal(configuration_policy(configuration, canonical, 0, &policy), POLICY_FOUND);
    assert_int_equal(policy_number(&policy, POLICY_THROTTLE_PASSWORDS, 0), 7);
    assert_false(account_name_canonical(naming, "x@c.example", canonical));
    struct mistakes mistakes = {.list = NULL};
    place_write(MAIN_FILE, "sockets = ( ); domains = [ \"b.example\" ];");
    struct configuration *other = configuration_load(place_path(MAIN_FILE), &mistakes);
    assert_non_null(other);
    assert_string_equal(place_mistake(&mistakes, 0),
                        "domains/b-c.example.conf: warning: b-c.example is not served; add "
                        "it to domains in the main file");
    mistakes_clear(&mistakes);
    configuration_free(&other);
}

static void a_member_may_be_named_twice(void **state) {
    (void)state;
    place_write("groups/staff.conf", "members = [ \"alice\", \"alice\" ]; throttle = { passwords = 7; };");
    load(MAIN_START "sockets = ( ); groups = [ \"staff\" ];");
    assert_int_equal(configuration_policy(configuration, "alice@example.com", 0, &policy), POLICY_FOUND);
    assert_int_equal(policy_number(&policy, POLICY_THROTTLE_PASSWORDS, 0), 7);
}

static bool allowed(enum policy_key key, const char *country) {
    return country_set_has(&policy_value(&policy, key)->countries, country_code_parse(country));
}

static void countries(void **state) {
    (void)state;
    load_defaults("countries = { allow = [ \"JP\", \"fr\", \"continent:OC\" ]; deny = [ ]; unknown = \"report\"; };");
    assert_true(allowed(POLICY_COUNTRIES_ALLOW, "JP"));
    assert_true(allowed(POLICY_COUNTRIES_ALLOW, "FR"));
    assert_true(allowed(POLICY_COUNTRIES_ALLOW, "NZ"));
    assert_false(allowed(POLICY_COUNTRIES_ALLOW, "US"));
    assert_int_equal(policy_value(&policy, POLICY_COUNTRIES_ALLOW)->count, 3);
    assert_int_equal(policy_value(&policy, POLICY_COUNTRIES_DENY)->count, 0);
    assert_true(country_set_empty(&policy_value(&policy, POLICY_COUNTRIES_DENY)->countries));
    assert_int_equal(policy_number(&policy, POLICY_COUNTRIES_UNKNOWN, -1), ACTION_REPORT);
}

static bool holds(enum policy_key key, const char *text) {
    struct address address;
    assert_true(address_parse(text, &address));
    return value_holds_address(policy_value(&policy, key), &address);
}

static void networks(void **state) {
    (void)state;
    load_defaults("networks = { trusted = [ \"133.11.0.0/16\", \"private\", \"2001:db8::/32\" ];\n"
                  "denied = [ \"loopback\" ]; proxies = [ \"192.0.2.7\" ]; };");
    static const char *const trusted[] = {"133.11.255.255", "10.1.2.3", "172.31.0.1",   "192.168.9.9",    "169.254.1.1",
                                          "fd00::1",        "fe80::1",  "2001:db8:1::", "::ffff:10.0.0.1"};
    static const char *const foreign[] = {"133.12.0.0", "11.0.0.1", "172.32.0.1", "100.64.0.1",
                                          "127.0.0.1",  "::1",      "2001:db9::"};
    for (size_t i = 0; i < sizeof trusted / sizeof trusted[0]; i++)
        assert_true(holds(POLICY_NETWORKS_TRUSTED, trusted[i]));
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
        assert_false(holds(POLICY_NETWORKS_TRUSTED, foreign[i]));
    assert_true(holds(POLICY_NETWORKS_DENIED, "127.9.9.9"));
    assert_true(holds(POLICY_NETWORKS_DENIED, "::1"));
    assert_true(holds(POLICY_NETWORKS_PROXIES, "192.0.2.7"));
    assert_false(holds(POLICY_NETWORKS_PROXIES, "192.0.2.8"));
    struct address unknown = {.family = 0};
    assert_false(value_holds_address(policy_value(&policy, POLICY_NETWORKS_TRUSTED), &unknown));
    assert_false(value_holds_address(NULL, &unknown));
}

static void services_and_modes(void **state) {
    (void)state;
    load_defaults("services = { pop3 = \"closed\"; managesieve = \"open\"; webmail = \"closed\"; };\n"
                  "mode = \"report\"; modes = { country = \"off\"; second-factor-missing = \"enforce\"; };\n"
                  "legacy_auth = { default = \"report\"; services = { smtps = \"deny\"; };\n"
                  "mechanisms = [ \"cram-md5\", \"LOGIN\" ]; };");
    assert_null(policy_value_of(&policy, POLICY_SERVICES, 0));
    assert_int_equal(policy_value_of(&policy, POLICY_SERVICES, 1)->number, 1);
    assert_int_equal(policy_value_of(&policy, POLICY_SERVICES, 3)->number, 0);
    assert_int_equal(policy_value_of(&policy, POLICY_SERVICES, 5)->number, 1);
    assert_int_equal(policy_number(&policy, POLICY_MODE, -1), MODE_REPORT);
    assert_int_equal(policy_value_of(&policy, POLICY_MODES, REASON_COUNTRY)->number, MODE_OFF);
    assert_int_equal(policy_value_of(&policy, POLICY_MODES, REASON_SECOND_FACTOR_MISSING)->number, MODE_ENFORCE);
    assert_null(policy_value_of(&policy, POLICY_MODES, REASON_NETWORK));
    assert_int_equal(policy_number(&policy, POLICY_LEGACY_AUTH_DEFAULT, -1), ACTION_REPORT);
    assert_int_equal(policy_value_of(&policy, POLICY_LEGACY_AUTH_SERVICES, 2)->number, ACTION_DENY);
    assert_true(value_holds_word(policy_value(&policy, POLICY_LEGACY_AUTH_MECHANISMS), "CRAM-MD5"));
    assert_true(value_holds_word(policy_value(&policy, POLICY_LEGACY_AUTH_MECHANISMS), "LOGIN"));
    assert_false(value_holds_word(policy_value(&policy, POLICY_LEGACY_AUTH_MECHANISMS), "PLAIN"));
}

/* Midnight in Tokyo is 15:00 in UTC. */
static void times_and_lists(void **state) {
    (void)state;
    load_defaults(
        "legacy_auth = { from = \"2026-12-01\";\n"
        "brownouts = ( { at = \"2026-11-24T09:00\"; lasting = \"4h\"; } ); };\n"
        "travel = ( { countries = [ \"FR\" ]; from = \"2026-11-20\"; until = \"2026-11-20\"; } );\n"
        "exceptions = (\n"
        "{ rule = \"legacy-auth\"; service = \"submission\"; until = \"2027-03-31\"; reason = \"scanner\"; },\n"
        "{ rule = \"country\"; until = \"2027-03-31T12:00\"; reason = \"a \\\"ship\\\"\"; } );");
    assert_int_equal(policy_number(&policy, POLICY_LEGACY_AUTH_FROM, 0), 1796050800);
    const struct value *brownouts = policy_value(&policy, POLICY_LEGACY_AUTH_BROWNOUTS);
    assert_int_equal(brownouts->count, 1);
    assert_int_equal(brownouts->spans[0].from, 1795478400);
    assert_int_equal(brownouts->spans[0].until, 1795478400 + 4 * 3600);
    const struct value *travel = policy_value(&policy, POLICY_TRAVEL);
    assert_int_equal(travel->count, 1);
    assert_int_equal(travel->travels[0].span.until - travel->travels[0].span.from, 86400);
    assert_int_equal(travel->travels[0].span.from, 1795100400);
    assert_int_equal(travel->travels[0].line, 6);
    assert_true(country_set_has(&travel->travels[0].countries, country_code_parse("FR")));
    const struct exception *exceptions = policy_value(&policy, POLICY_EXCEPTIONS)->exceptions;
    assert_int_equal(exceptions[0].rule, REASON_LEGACY_AUTH);
    assert_int_equal(exceptions[0].service, 2);
    assert_int_equal(exceptions[0].until, 1806505200);
    assert_string_equal(exceptions[0].reason, "scanner");
    assert_int_equal(exceptions[0].line, 8);
    assert_int_equal(exceptions[1].service, SERVICE_UNKNOWN);
    assert_int_equal(exceptions[1].until, 1806505200 - 12 * 3600);
    assert_string_equal(exceptions[1].reason, "a \"ship\"");
    assert_int_equal(exceptions[1].line, 9);
}

static void reminders_come_a_week_before(void **state) {
    (void)state;
    load_defaults("exceptions = ( { rule = \"country\"; until = \"2027-03-31\"; reason = \"a ship\"; } );");
    static const struct {
        int64_t before_end; /* seconds */
        const char *said;
    } rows[] = {
        {7 * 86400 + 1, ""},
        {7 * 86400, "authgate.conf:4: warning: the exception from country (a ship) ends with 2027-03-31; be ready "
                    "for it, or move until"},
        {1, "authgate.conf:4: warning: the exception from country (a ship) ends with 2027-03-31; be ready for it, "
            "or move until"},
        {0, "authgate.conf:4: warning: the exception from country (a ship) has ended with 2027-03-31; take it out"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mistakes mistakes = {.list = NULL};
        configuration_reminders(configuration, 1806505200 - rows[i].before_end, &mistakes);
        assert_string_equal(place_mistake(&mistakes, 0), rows[i].said);
        assert_int_equal(mistakes.grave, 0);
        mistakes_clear(&mistakes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_host_setting, place_make, finish),
        cmocka_unit_test_setup_teardown(a_socket_whose_mode_has_three_digits_and_that_takes_begin_alone, place_make,
                                        finish),
        cmocka_unit_test_setup_teardown(nothing_set, place_make, finish),
        cmocka_unit_test_setup_teardown(services_by_every_name, place_make, finish),
        cmocka_unit_test_setup_teardown(what_is_served, place_make, finish),
        cmocka_unit_test_setup_teardown(a_member_may_be_named_twice, place_make, finish),
        cmocka_unit_test_setup_teardown(countries, place_make, finish),
        cmocka_unit_test_setup_teardown(networks, place_make, finish),
        cmocka_unit_test_setup_teardown(services_and_modes, place_make, finish),
        cmocka_unit_test_setup_teardown(times_and_lists, place_make, finish),
        cmocka_unit_test_setup_teardown(reminders_come_a_week_before, place_make, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
