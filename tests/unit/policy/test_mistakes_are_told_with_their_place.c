/* SPDX-License-Identifier: BSD-2-Clause */
/* links: policy/account_file.o policy/account_name.o policy/arena.o policy/configuration.o policy/date.o policy/document.o policy/entry.o policy/folder.o policy/host.o policy/keys.o policy/layer.o policy/load.o policy/members.o policy/mistake.o policy/policy.o policy/policy_file.o policy/reading.o policy/scan.o policy/services.o policy/source.o policy/suggest.o policy/tokens.o policy/unix_group.o policy/value.o policy/value_place.o policy/check.o -lconfig */
/* Each mistake that an administrator can make in a file is told with its place and what would be right. A row is a file
 * and everything that must be said of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/place.h"

struct row {
    const char *text;
    const char *said[4]; /* all of it, in its order */
};

/* Written as accounts/alice.conf. */
static const struct row account_rows[] = {
    /* keys */
    {"contries = { allow = [ \"JP\" ]; };", {"1:1: there is no key contries; did you mean countries?"}},
    {"countries = { alow = [ \"JP\" ]; };", {"1:15: there is no key countries.alow; did you mean allow?"}},
    {"allow = [ \"JP\" ];", {"1:1: there is no key allow; did you mean countries.allow?"}},
    {"zzzzzz = 1;", {"1:1: there is no key zzzzzz; authgate.conf(5) lists all of them"}},
    {"\n\n  sockets = ( );", {"3:3: sockets has no place here; it stands at the top of the main configuration file"}},
    {"members = [ ];", {"1:1: members has no place here; it stands at the top of a file in groups"}},
    {"defaults = { mode = \"off\"; };",
     {"1:1: defaults has no place here; it stands in the main file, and what is in it at the top of this one"}},
    {"mode = \"off\";\nmode = \"report\";", {"2:1: mode is set for the second time; the first is in line 1"}},
    {"countries = { deny = [ ]; deny = [ ]; };", {"1:27: deny is set for the second time; the first is in line 1"}},
    {"mode = \"of\"; mode = 5; services = { imap = 1; };",
     {"1:1: mode cannot be \"of\"; it is one of \"enforce\", \"report\", \"off\"",
      "1:14: mode is set for the second time; the first is in line 1",
      "1:37: services cannot be this; it is one of \"open\", \"closed\""}},
    {"throttle = 5;", {"1:1: throttle is a group; write throttle = { name = value; };"}},
    {"services = \"closed\";", {"1:1: services is a group; write services = { name = value; };"}},
    /* types */
    {"mode = 5;", {"1:1: mode cannot be this; it is one of \"enforce\", \"report\", \"off\""}},
    {"mode = enforce;", {"1:8: enforce stands without quotes; write \"enforce\""}},
    {"countries = { deny = \"CN\"; };", {"1:15: countries.deny is a list; write [ \"CN\" ]"}},
    {"countries = { deny = [ \"CN\", 5 ]; };",
     {"1:30: countries.deny cannot be this; write a list of countries such as [ \"JP\", \"continent:EU\" ]"}},
    {"second_factor = { app_passwords = \"yes\"; };",
     {"1:19: second_factor.app_passwords cannot be this; write true or false"}},
    {"second_factor = { window = \"1\"; };", {"1:19: second_factor.window cannot be this; write a whole number"}},
    {"second_factor = { window = 1.5; };", {"1:19: second_factor.window cannot be this; write a whole number"}},
    {"second_factor = { window = 11; };", {"1:19: second_factor.window cannot be 11; it is a number from 0 to 10"}},
    {"second_factor = { window = -1; };", {"1:19: second_factor.window cannot be -1; it is a number from 0 to 10"}},
    {"throttle = { passwords = 1001; };", {"1:14: throttle.passwords cannot be 1001; it is a number from 0 to 1000"}},
    {"throttle = { passwords = 5000000000; };",
     {"1:14: throttle.passwords cannot be 5000000000; it is a number from 0 to 1000"}},
    {"throttle = { window = \"15\"; };",
     {"1:14: \"15\" is no duration; write a whole number and s, m, h or d, such as \"15m\""}},
    {"throttle = { window = \"8d\"; };", {"1:14: throttle.window cannot be \"8d\"; it lies from 1s to 7d"}},
    {"travel = { };", {"1:1: travel is a list of groups; write travel = ( { name = value; }, { name = value; } );"}},
    {"travel = [ \"FR\" ];", {"1:12: travel holds groups alone; write ( { name = value; } )"}},
    /* countries */
    {"countries = { allow = [ \"UK\" ]; };", {"1:25: \"UK\" is no country code of ISO 3166-1; did you mean \"GB\"?"}},
    {"countries = { allow = [ \"JP\",\n \"ZZ\" ]; };",
     {"2:2: \"ZZ\" is no country code of ISO 3166-1; write two letters such as \"JP\", or \"continent:EU\""}},
    {"countries = { allow = [ \"continent:EX\" ]; };",
     {"1:25: there is no continent:EX; continents are AF, AN, AS, EU, NA, OC and SA"}},
    {"countries = { allow = [ ]; };",
     {"1:15: countries.allow is empty and would let nobody in; name countries, or use services to close the account"}},
    {"countries = { allow = [ \"JP\", \"fr\" ]; deny = [ \"FR\" ]; };",
     {"1:31: fr is in countries.allow and in countries.deny; take it out of one"}},
    {"countries = { allow = [ \"JP\" ]; deny = [ \"continent:AS\" ]; };",
     {"1:25: JP is in countries.allow and in countries.deny; take it out of one"}},
    {"countries = { allow = [ \"continent:EU\" ]; deny = [ \"continent:EU\" ]; };",
     {"1:25: continent:EU is in countries.allow and in countries.deny; take it out of one"}},
    {"countries = { allow = [ \"continent:EU\" ]; deny = [ \"RU\", \"BY\" ]; };", {NULL}},
    /* networks */
    {"networks = { trusted = [ \"133.11.1.0/16\" ]; };",
     {"1:26: \"133.11.1.0/16\" has bits set beyond its length; did you mean \"133.11.0.0/16\"?"}},
    {"networks = { denied = [ \"10.0.0.0/33\" ]; };",
     {"1:25: \"10.0.0.0/33\" has no such length; after the slash stands 0 to 32, or to 128 for IPv6"}},
    {"networks = { proxies = [ \"webmail.example.com\" ]; };",
     {"1:26: \"webmail.example.com\" is no network; write \"192.0.2.0/24\", \"2001:db8::/32\", \"private\" or "
      "\"loopback\""}},
    /* services, rules, mechanisms */
    {"services = { pop = \"closed\"; };", {"1:14: there is no service pop; did you mean pop3?"}},
    {"services = { webmail = \"closed\"; };", {"1:14: there is no service webmail; services_known adds services"}},
    {"services = { submission = \"closed\"; smtp = \"open\"; };",
     {"1:37: smtp is another name of a service that is set above"}},
    {"modes = { contry = \"off\"; };", {"1:11: there is no rule that has a mode contry; did you mean country?"}},
    {"modes = { malformed = \"off\"; };",
     {"1:11: there is no rule that has a mode malformed; authgate.conf(5) lists the rules"}},
    {"modes = { throttled = \"off\"; };",
     {"1:11: there is no rule that has a mode throttled; authgate.conf(5) lists the rules"}},
    {"legacy_auth = { mechanisms = [ \"CRAM MD5\" ]; };",
     {"1:32: \"CRAM MD5\" cannot be in legacy_auth.mechanisms; write letters, digits, -, _ and ."}},
    {"legacy_auth = { mechanisms = [ \"*PLAIN\" ]; };",
     {"1:32: \"*PLAIN\" cannot be in legacy_auth.mechanisms; write letters, digits, -, _ and ."}},
    /* dates */
    {"legacy_auth = { from = \"2026-02-30\"; };", {"1:17: there is no day 2026-02-30"}},
    {"legacy_auth = { from = \"1.12.2026\"; };",
     {"1:17: \"1.12.2026\" is no date; write YYYY-MM-DD or YYYY-MM-DDTHH:MM"}},
    {"legacy_auth = { brownouts = ( { at = \"2026-11-24T09:00\"; } ); };",
     {"1:31: legacy_auth.brownouts has no lasting here; add a duration such as \"15m\", in s, m, h or d"}},
    {"travel = ( { countries = [ \"FR\" ]; from = \"2026-12-05\"; until = \"2026-11-20\"; } );",
     {"1:12: this ends before it starts; exchange from and until"}},
    {"travel = ( { countries = [ ]; from = \"2026-12-05\"; until = \"2026-12-20\"; } );",
     {"1:12: a travel to no country; write countries = [ \"FR\" ]"}},
    {"travel = ( { countries = [ \"FR\" ]; form = \"2026-12-05\"; until = \"2026-12-20\"; } );",
     {"1:12: travel has no from here; add a date such as \"2026-12-01\" or a moment such as \"2026-12-01T09:00\"",
      "1:36: there is no key form in travel; did you mean from?"}},
    {"exceptions = ( { rule = \"legacy-auth\"; } );",
     {"1:16: exceptions has no until here; add a date such as \"2026-12-31\" or a moment such as \"2026-12-31T18:00\"",
      "1:16: exceptions has no reason here; add a text in double quotes"}},
    {"exceptions = ( { rule = \"legacy_auth\"; until = \"2026-12-31\"; reason = \" \"; } );",
     {"1:18: there is no rule \"legacy_auth\" that can be excepted; did you mean \"legacy-auth\"?",
      "1:62: reason is empty; write a text, or leave the key out"}},
    {"exceptions = ( { rule = \"locked\"; until = \"2026-12-31\"; reason = \"x\"; } );",
     {"1:18: there is no rule \"locked\" that can be excepted; authgate.conf(5) lists those that can"}},
    /* syntax */
    {"mode = \"off\n", {"1:8: this text does not end on its line; write the closing \""}},
    {"countries = { allow = [ \"JP\" ;",
     {"1:30: ; cannot stand here; settings are name = value; with texts in double "
      "quotes, lists in [ ], groups in { } and lists of groups in ( )"}},
    {"countries = { allow = [ \"JP\" };",
     {"1:30: this closes the wrong kind of bracket; the one open was opened in "
      "line 1"}},
    {"countries = {\nallow = [ \"JP\" ];\n", {"1:13: this bracket is never closed; write a }"}},
    {"countries = { allow = [ \"JP\" ]; }; };", {"1:36: a bracket closes that was never opened"}},
    {"mode =\n", {"1:6: the file ends in the middle of a setting; write name = value;"}},
    {"mode \"off\";",
     {"1:6: \"off\" cannot stand here; settings are name = value; with texts in double quotes, lists in "
      "[ ], groups in { } and lists of groups in ( )"}},
    {"/* no end", {"1:1: this comment never ends; write */"}},
    {"2fa = 1;", {"1:1: 2fa is not the name of a setting; write name = value;"}},
    {"second_factor.totp = \"off\";",
     {"1:1: second_factor.totp: a name has no dots in a file; write second_factor = { totp = value; };"}},
    {".totp = \"off\";", {"1:1: .totp is not the name of a setting; write name = value;"}},
    {"mode\xe3\x80\x80= \"off\";",
     {"1:5: a character that is not ASCII, outside of quotes; type it again as plain text"}},
    {"@include \"other.conf\"\n",
     {"1:1: this file cannot include others; put what they share into groups/ or domains/"}},
    {"include \"x\";",
     {"1:9: \"x\" cannot stand here; settings are name = value; with texts in double quotes, lists in "
      "[ ], groups in { } and lists of groups in ( )"}},
    {"mode = \"o\x1b[31m\";", {"1:1: mode cannot be \"o?[31m\"; it is one of \"enforce\", \"report\", \"off\""}},
    /* nothing wrong */
    {"# nothing\n", {NULL}},
    {"countries = { allow = [ \"JP\", \"FR\", ]; };", {NULL}},
    {"legacy_auth: { services: { smtps: \"deny\" } }", {NULL}},
    {"", {"the file is empty; remove it, or write a comment to keep it"}},
};

#define UNANNOUNCED                                                                                                    \
    "without require_plugin, a login that no plugin announced is let in without an address, and where Postfix asks "   \
    "about its mail, that is rejected (not-gated); write postfix_policy = { require_login = false; };, or take "       \
    "require_plugin out"

/* Written as the main file. */
static const struct row main_rows[] = {
    {"sockets = ( { kind = \"gate\"; path = \"/a\"; } );", {NULL}},
    {"default_domian = \"x\"; sockets = ( );", {"1:1: there is no key default_domian; did you mean default_domain?"}},
    {"defualts = { }; sockets = ( );", {"1:1: there is no key defualts; did you mean defaults?"}},
    {"defaults = 5; sockets = ( );", {"1:1: defaults is a group; write defaults = { ... };"}},
    {"countries = { }; sockets = ( );",
     {"1:1: countries has no place here; it stands in the defaults of the main file, or at the top of a file in "
      "domains, "
      "groups or accounts"}},
    {"log = \"file\"; sockets = ( );", {"1:1: log cannot be \"file\"; it is one of \"stderr\", \"syslog\""}},
    {"timezone = \"Asia/Tokio\"; sockets = ( );",
     {"1:1: there is no time zone \"Asia/Tokio\" on this host; write one such as \"Asia/Tokyo\""}},
    {"timezone = \"Europe/Berlin\"; sockets = ( ); defaults = { legacy_auth = { from = \"2027-03-28T02:30\"; }; };",
     {"1:73: there is no time 2027-03-28T02:30 in the time zone; clocks may go forward over it"}},
    {"default_domain = \"no domain\"; sockets = ( );",
     {"1:1: \"no domain\" is no domain; write one such as \"example.com\""}},
    {"default_domain = \"a.example\"; domains = [ \"b.example\" ]; sockets = ( );",
     {"1:1: default_domain is not served; add \"a.example\" to domains"}},
    {"domains = [ \"a.example\", \"no domain\" ]; sockets = ( );",
     {"1:26: \"no domain\" is no domain; write one such as \"example.com\""}},
    {"domains = [ \"a.example\", \"A.Example\" ]; sockets = ( );", {"1:26: \"a.example\" stands twice in domains"}},
    {"recipient_delimiter = \"ab\"; sockets = ( );",
     {"1:1: recipient_delimiter cannot be \"ab\"; write one character such as \"+\""}},
    {"recipient_delimiter = \"@\"; sockets = ( );",
     {"1:1: recipient_delimiter cannot be \"@\"; write one character such as \"+\""}},
    {"recipient_delimiter = \".\"; sockets = ( );",
     {"1:1: recipient_delimiter cannot be \".\"; write one character such as \"+\""}},
    {"recipient_delimiter = \"a\"; sockets = ( );",
     {"1:1: recipient_delimiter cannot be \"a\"; write one character such as \"+\""}},
    {"sockets = ( );\nrecipient_delimiter = \"-\";",
     {"2:1: warning: recipient_delimiter \"-\" can stand in a user's own name: mary-jane is then judged by the policy "
      "and the second factor of mary, and has no app passwords; write \"+\" if mail servers allow it"}},
    {"recipient_delimiter = \"_\"; sockets = ( );",
     {"1:1: warning: recipient_delimiter \"_\" can stand in a user's own name: mary_jane is then judged by the policy "
      "and the second factor of mary, and has no app passwords; write \"+\" if mail servers allow it"}},
    {"store = \"/var/lib/x\"; sockets = ( );", {"1:1: store cannot be \"/var/lib/x\"; write \"sqlite:/PATH\""}},
    {"store = \"postgresql://x\"; sockets = ( );",
     {"1:1: PostgreSQL comes with a later release; write \"sqlite:/PATH\""}},
    {"store = \"sqlite:/a\"; history = \"sqlite:/a\"; sockets = ( );",
     {"1:22: history is the same file as store; give it a file of its own"}},
    {"country_database = \"x.mmdb\"; sockets = ( );",
     {"1:1: country_database cannot be \"x.mmdb\"; write a path that starts with /"}},
    {"account_exists = \"ldap\"; sockets = ( );",
     {"1:1: account_exists cannot be \"ldap\"; write \"none\", \"nss\" or a program's absolute path"}},
    {"services_known = [ \"imap\" ]; sockets = ( );", {"1:1: \"imap\" is known already; take it out"}},
    {"saslauthd = { upsteam = \"/x\"; }; sockets = ( );",
     {"1:15: there is no key saslauthd.upsteam; did you mean upstream?"}},
    {"sockets = ( { kind = \"gate\"; path = \"/a\"; }, { kind = \"saslauthd\"; path = \"/b\"; } );\n"
     "saslauthd = { require_plugin = false; };",
     {"2:15: warning: " UNANNOUNCED}},
    {"sockets = ( { kind = \"gate\"; path = \"/a\"; requests = [ \"ask\", \"smtpd_access_policy\" ]; services = [ "
     "\"smtp\" "
     "]; }, { kind = \"saslauthd\"; path = \"/b\"; } );\n"
     "postfix_policy = { require_login = true; }; saslauthd = { require_plugin = false; };",
     {"2:59: warning: " UNANNOUNCED}},
    {"sockets = ( { kind = \"gate\"; path = \"/a\"; }, { kind = \"saslauthd\"; path = \"/b\"; } );\n"
     "saslauthd = { require_plugin = false; }; postfix_policy = { require_login = false; };",
     {NULL}},
    {"sockets = ( { kind = \"gate\"; path = \"/a\"; }, { kind = \"saslauthd\"; path = \"/b\"; } );\n"
     "saslauthd = { require_plugin = true; };",
     {NULL}},
    {"sockets = ( { kind = \"gate\"; path = \"/a\"; } ); saslauthd = { require_plugin = false; };", {NULL}},
    {"sockets = ( { kind = \"gate\"; path = \"/a\"; requests = [ \"ask\" ]; }, { kind = \"saslauthd\"; path = \"/b\"; "
     "} );\n"
     "saslauthd = { require_plugin = false; };",
     {NULL}},
    {"sockets = ( { kind = \"gate\"; path = \"/a\"; services = [ \"imap\" ]; }, { kind = \"saslauthd\"; path = \"/b\"; "
     "} );\n"
     "saslauthd = { require_plugin = false; };",
     {NULL}},
    {"sockets = ( { kind = \"gat\"; path = \"/a\"; } );",
     {"1:15: kind cannot be \"gat\"; did you mean \"gate\"? It is one of \"gate\", \"saslauthd\", \"admin\""}},
    {"sockets = ( { path = \"/a\"; } );",
     {"1:13: sockets has no kind here; add one of \"gate\", \"saslauthd\", \"admin\""}},
    {"sockets = ( { kind = \"gate\"; } );", {"1:13: sockets has no path here; add an absolute path in double quotes"}},
    {"sockets = ( { kind = \"gate\"; path = \"/a\"; mode = \"0999\"; } );",
     {"1:43: mode cannot be \"0999\"; write permission bits such as \"0660\""}},
    {"sockets = ( { kind = \"gate\"; path = \"/a\"; mode = \"2660\"; } );",
     {"1:43: mode cannot be \"2660\"; write permission bits such as \"0660\""}},
    {"sockets = ( { kind = \"gate\"; path = \"/a\"; mode = 0600; } );",
     {"1:43: mode cannot be this; write permission bits such as \"0660\""}},
    {"sockets = ( { kind = \"gate\"; path = \"/a\"; requests = [ \"asc\" ]; } );",
     {"1:56: requests cannot be \"asc\"; did you mean \"ask\"? It is one of \"begin\", \"commit\", \"end\", \"ask\", "
      "\"smtpd_access_policy\""}},
    {"sockets = ( { kind = \"gate\"; path = \"/a\"; services = [ ]; } );",
     {"1:43: services is empty; write a list of services such as [ \"smtp\" ], or leave the key out"}},
    {"sockets = ( { kind = \"admin\"; path = \"/a\"; services = [ \"smtp\" ]; } );",
     {"1:13: requests and services are for sockets of kind \"gate\" alone"}},
    {"sockets = ( { kind = \"gate\"; path = \"/a\"; }, { kind = \"admin\"; path = \"/a\"; } );",
     {"1:46: there is a socket /a above already"}},
    {"defaults = { countries = { allow = [ \"JP\" ]; }; }; sockets = ( );",
     {"1:28: countries.allow needs a country database; set country_database = \"/PATH\" in the main file"}},
    {"defaults = { travel = ( ); }; sockets = ( );",
     {"1:14: travel needs a country database; set country_database = \"/PATH\" in the main file"}},
    {"country_database = 5; defaults = { countries = { allow = [ \"JP\" ]; }; }; sockets = ( );",
     {"1:1: country_database cannot be this; write an absolute path in double quotes"}},
    {"defaults = { second_factor = { totp = \"required\"; }; }; sockets = ( );",
     {"1:32: warning: second_factor.totp is required, but there is no store that could keep secrets; set store = "
      "\"sqlite:/PATH\" in the main file"}},
    {"log = \"stderr\";",
     {"warning: there are no sockets, so nobody can ask; write sockets = ( { kind = \"gate\"; path = ...; } );"}},
    {"groups = [ \"staff\" ]; sockets = ( );",
     {"groups/staff.conf: the file cannot be opened: No such file or directory"}},
    {"@include \"authgate.conf\"\n", {"1:1: a file includes itself; take this @include out"}},
    {"@include \"nowhere.conf\"\n", {"1:1: FOLDER/nowhere.conf cannot be opened: No such file or directory"}},
};

static void assert_said(const struct row *row, const char *file, const struct mistakes *mistakes) {
    for (size_t i = 0; i < 4; i++) {
        const char *said = place_mistake(mistakes, i);
        const char *expected = row->said[i] == NULL ? "" : row->said[i];
        char whole[600];
        bool elsewhere = strncmp(expected, "groups/", 7) == 0;
        const char *folder = strstr(expected, "FOLDER");
        if (folder != NULL)
            snprintf(whole, sizeof whole, "%s:%.*s%s%s", file, (int)(folder - expected), expected, place_folder,
                     folder + 6);
        else
            snprintf(whole, sizeof whole, "%s%s%s", elsewhere || row->said[i] == NULL ? "" : file,
                     elsewhere || row->said[i] == NULL          ? ""
                     : expected[0] >= '0' && expected[0] <= '9' ? ":"
                                                                : ": ",
                     expected);
        if (strcmp(said, whole) != 0)
            fail_msg("of\n%s\nis said\n  %s\ninstead of\n  %s", row->text, said, whole);
    }
}

static void in_an_account_file(void **state) {
    (void)state;
    place_write(MAIN_FILE, MAIN_START "sockets = ( );");
    for (size_t i = 0; i < sizeof account_rows / sizeof account_rows[0]; i++) {
        struct mistakes mistakes = {.list = NULL};
        const char *path = place_path("accounts/alice.conf");
        struct check_order order = {.only = &path, .only_count = 1};
        place_write("accounts/alice.conf", account_rows[i].text);
        bool good = configuration_check(place_path(MAIN_FILE), &order, &mistakes);
        assert_said(&account_rows[i], "accounts/alice.conf", &mistakes);
        assert_int_equal(good, account_rows[i].said[0] == NULL);
        mistakes_clear(&mistakes);
    }
}

static void in_the_main_file(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof main_rows / sizeof main_rows[0]; i++) {
        struct mistakes mistakes = {.list = NULL};
        place_write(MAIN_FILE, main_rows[i].text);
        struct configuration *configuration = configuration_load(place_path(MAIN_FILE), &mistakes);
        assert_said(&main_rows[i], MAIN_FILE, &mistakes);
        assert_int_equal(configuration != NULL, mistakes.grave == 0);
        configuration_free(&configuration);
        mistakes_clear(&mistakes);
    }
}

static void more_groups_than_one_account_can_have(void **state) {
    (void)state;
    FILE *file = fopen(place_path(MAIN_FILE), "w");
    assert_non_null(file);
    fprintf(file, "sockets = ( );\ngroups = [ ");
    for (int i = 0; i <= POLICY_GROUP_LIMIT; i++) {
        char name[32];
        snprintf(name, sizeof name, "groups/g%d.conf", i);
        place_write(name, "mode = \"report\";");
        fprintf(file, "%s\"g%d\"", i == 0 ? "" : ", ", i);
    }
    fprintf(file, " ];\n");
    assert_int_equal(fclose(file), 0);
    struct mistakes mistakes = {.list = NULL};
    char expected[96];
    snprintf(expected, sizeof expected, MAIN_FILE ":2:1: there can be at most %d groups", POLICY_GROUP_LIMIT);
    assert_null(configuration_load(place_path(MAIN_FILE), &mistakes));
    assert_string_equal(place_mistake(&mistakes, 0), expected);
    mistakes_clear(&mistakes);
}

static void a_hopeless_file_is_not_told_to_its_end(void **state) {
    (void)state;
    FILE *file = fopen(place_path(MAIN_FILE), "w");
    assert_non_null(file);
    for (int i = 0; i < 3000; i++)
        fprintf(file, "wrong%d = 1;\n", i);
    assert_int_equal(fclose(file), 0);
    struct mistakes mistakes = {.list = NULL};
    assert_null(configuration_load(place_path(MAIN_FILE), &mistakes));
    assert_in_range(mistakes.count, 100, 300);
    assert_int_equal(mistakes.grave, 3000);
    mistakes_clear(&mistakes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(in_an_account_file, place_make, place_remove),
        cmocka_unit_test_setup_teardown(in_the_main_file, place_make, place_remove),
        cmocka_unit_test_setup_teardown(more_groups_than_one_account_can_have, place_make, place_remove),
        cmocka_unit_test_setup_teardown(a_hopeless_file_is_not_told_to_its_end, place_make, place_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
