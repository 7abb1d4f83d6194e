#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""authgatectl explain, account show and status against a real daemon: what they say to people and to programs."""
import os
import re

from harness import (AMERICA, CHINA, DONE, FRANCE, JAPAN, NO, UNREACHABLE, USAGE, admin_socket, ask, configure, ctl,
                     ctl_json, gate, lab, says, tap)

RULES = ["locked", "throttled", "service-closed", "mechanism", "network", "country", "country-unknown", "legacy-auth",
         "second-factor-missing"]
DEFAULTS = """
countries = { allow = [ "JP" ]; deny = [ "CN" ]; };
networks = { trusted = [ "127.9.0.0/16" ]; denied = [ "127.1.9.0/24" ]; proxies = [ "127.1.0.99" ]; };
services = { pop3 = "closed"; };
legacy_auth = { services = { smtp = "deny"; }; mechanisms = [ "CRAM-MD5" ]; };
"""
tests = tap.Tests()


def explain(of_lab, account="alice", service="imap", address=JAPAN, *more, status=DONE):
    return ctl(of_lab, "explain", account, "--service", service, "--address", address, *more, status=status).stdout


def explain_json(of_lab, account="alice", service="imap", address=JAPAN, *more, status=DONE):
    return ctl_json(of_lab, "explain", account, "--service", service, "--address", address, *more, status=status)


def outcomes(answer):
    return {rule["rule"]: rule["outcome"] for rule in answer["rules"]}


def line_of(of_lab, part, name="authgate.conf"):
    """FILE:LINE of the first line that `part` is in."""
    with open(of_lab.path(name), encoding="utf-8") as file:
        number = next(number for number, line in enumerate(file, 1) if part in line)
    return f"{of_lab.path(name)}:{number}"


@tests.case("a login from home: let in, every rule passed or silent, exit 0")
def home(of_lab):
    answer = explain_json(of_lab)
    tap.same((answer["verdict"], answer["account"], answer["country"]), ("continue", "alice@example.test", "JP"),
             "answer")
    tap.same([rule["rule"] for rule in answer["rules"]][:len(RULES)], RULES, "the order of the rules")
    assert set(outcomes(answer).values()) <= {"passed", "silent"}, outcomes(answer)
    tap.same(outcomes(answer)["mechanism"], "silent", "the mechanism that nobody told")
    says(explain(of_lab), "alice@example.test by imap from 127.1.0.1 (JP) with password", "LET IN",
         "the mechanism is not known here (PAM does not tell it)")


@tests.case("a login from abroad: the verdict first, then the rules up to the one that denies, exit 1")
def abroad(of_lab):
    where = line_of(of_lab, "allow =")
    text = explain(of_lab, address=FRANCE, status=NO)
    says(text, "(FR)", "DENIED by country: country FR is not in countries.allow (JP)", f"set at {where}", "DENIES",
         "country-unknown", "not reached", "countries.allow", where, "JP")
    answer = explain_json(of_lab, address=FRANCE, status=NO)
    tap.same((answer["verdict"], answer["reason"], answer["source"]), ("deny", "country", where), "verdict")
    tap.same(outcomes(answer)["country"], "decided", "the rule that denies")
    tap.same(outcomes(answer)["legacy-auth"], "not-reached", "a rule behind it")


@tests.rows([
    (("imap", CHINA), "country", "country CN is in countries.deny (CN)"),
    (("pop3", JAPAN), "service-closed", "services closes this service"),
    (("nntp", JAPAN), "service-closed", "the host knows no such service"),
    (("imap", "127.1.9.7"), "network", "127.1.9.7 is in networks.denied"),
    (("imap", "127.1.0.99"), "country-unknown", "is in networks.proxies"),
    (("imap", "unknown"), "country-unknown", "the client's address is not known"),
    (("imap", "127.0.0.1"), "country-unknown", "the country database has no country for 127.0.0.1"),
    (("smtp", JAPAN), "legacy-auth", "legacy_auth ends bare passwords on this service"),
    (("submission", JAPAN), "legacy-auth", "legacy_auth ends bare passwords on this service"),
    (("imap", JAPAN, "--mechanism", "cram-md5"), "mechanism", "legacy_auth.mechanisms refuses CRAM-MD5"),
], lambda row: f"denied by {row[1]}: {row[2]}")
def denied(of_lab, row):
    given, reason, why = row
    answer = explain_json(of_lab, "alice", *given, status=NO)
    tap.same((answer["verdict"], answer["reason"]), ("deny", reason), "verdict")
    assert why in answer["why"], answer["why"]


@tests.case("a trusted network passes from anywhere; another credential is no bare password")
def passing(of_lab):
    says(explain(of_lab, address="127.9.1.1"), "LET IN", "127.9.1.1 is in networks.trusted")
    says(explain(of_lab, "alice", "smtp", JAPAN, "--credential", "totp"), "LET IN", "totp is no bare password")


@tests.case("an app password under a name that may be somebody else's is denied, and said why")
def divided(of_lab):
    configure(of_lab, DEFAULTS, 'groups = [ "wheel" ]; recipient_delimiter = "-";')
    of_lab.reload("is in force")
    given = ("alice-jane", "imap", JAPAN, "--credential", "app-password")
    answer = explain_json(of_lab, *given, status=NO)
    tap.same((answer["account"], answer["verdict"], answer["reason"]),
             ("alice@example.test", "deny", "app-password-scope"), "answer")
    says(explain(of_lab, *given, status=NO), "DENIED by app-password-scope",
         "an app password opens the account's own name alone, without a recipient delimiter")
    tap.same(explain_json(of_lab, "alice-jane")["verdict"], "continue", "a password")
    tap.same(explain_json(of_lab, "alice", "imap", JAPAN, "--credential", "app-password")["verdict"], "continue",
             "the account's own name")
    configure(of_lab, DEFAULTS, 'groups = [ "wheel" ];')
    of_lab.reload("is in force")
    tap.same(explain_json(of_lab, "alice+jane", "imap", JAPAN, "--credential", "app-password")["verdict"], "continue",
             "a part of the account's own")


@tests.case("what an account's own file says wins, and is named with its line, from the next question on")
def own_file(of_lab):
    of_lab.write("accounts/bob.conf", '# on leave\ncountries = {\n  allow = [ "US" ];\n};\n')
    says(explain(of_lab, "Bob+news", address=AMERICA), "bob@example.test", "LET IN",
         f"{of_lab.path('accounts/bob.conf')}:3")
    of_lab.write("accounts/bob.conf", 'countries = { allow = [ "FR" ]; };\n')
    says(explain(of_lab, "bob", address=AMERICA, status=NO), "DENIED by country", "countries.allow (FR)",
         f"{of_lab.path('accounts/bob.conf')}:1")


@tests.case("--at asks about another day: travel, and legacy_auth.from, to the minute")
def days(of_lab):
    of_lab.write("accounts/carol.conf", """
travel = ( { countries = [ "FR" ]; from = "2027-02-28"; until = "2027-03-01"; } );
legacy_auth = { default = "deny"; from = "2027-06-01"; brownouts = ( { at = "2027-05-01T09:00"; lasting = "4h"; } ); };
""")
    for moment, verdict in [("2027-02-27T23:59", "deny"), ("2027-02-28", "continue"), ("2027-03-01T23:59", "continue"),
                            ("2027-03-02T00:00", "deny")]:
        answer = explain_json(of_lab, "carol", "imap", FRANCE, "--at", moment,
                              status=DONE if verdict == "continue" else NO)
        tap.same(answer["verdict"], verdict, moment)
    for moment, verdict in [("2027-05-01T08:59", "continue"), ("2027-05-01T09:00", "deny"),
                            ("2027-05-01T12:59", "deny"), ("2027-05-01T13:00", "continue"),
                            ("2027-05-31T23:59", "continue"), ("2027-06-01", "deny")]:
        answer = explain_json(of_lab, "carol", "imap", JAPAN, "--at", moment,
                              status=DONE if verdict == "continue" else NO)
        tap.same((answer["verdict"], answer.get("would")), (verdict, None if verdict == "deny" else "legacy-auth"),
                 moment)
    says(explain(of_lab, "carol", "imap", JAPAN, "--at", "2027-05-31"), "2027-05-31 00:00:00", "reported: legacy-auth",
         "only reported: legacy_auth.from = 2027-06-01", line_of(of_lab, "legacy_auth", "accounts/carol.conf"))


@tests.case("a group by its Unix group, which is looked up first")
def unix_group(of_lab):
    says(explain(of_lab, "root", "imap", AMERICA), "root@example.test", "LET IN",
         f"{of_lab.path('groups/wheel.conf')}:2")
    explain(of_lab, "nobody", "imap", AMERICA, status=NO)


@tests.case("whoever leaves before the answer harms nobody")
def impatient(of_lab):
    for number in range(300):
        with gate.Gate(admin_socket(of_lab)) as connection:
            connection.send(gate.encode({"request": "explain", "account": f"user{number}", "service": "imap"}))
    explain(of_lab)


@tests.case("report mode and exceptions: let in, and what softened the rule is named")
def softened(of_lab):
    of_lab.write("accounts/dave.conf", 'mode = "report";\n')
    says(explain(of_lab, "dave", address=FRANCE), "LET IN", "country would deny it", "reported",
         "only reported: mode = report", f"{of_lab.path('accounts/dave.conf')}:1")
    of_lab.write("accounts/erin.conf", """
exceptions = (
  { rule = "legacy-auth"; service = "smtp"; until = "2099-12-31"; reason = "scanner in room 204"; }
);
""")
    says(explain(of_lab, "erin", "smtp"), "LET IN", "excepted",
         "let through: exceptions = legacy-auth on smtp until 2099-12-31 (scanner in room 204)",
         f"{of_lab.path('accounts/erin.conf')}:3")
    says(explain(of_lab, "erin", "pop3", status=NO), "DENIED by service-closed")


@tests.case("a broken account file without a good version before: refused for now, and said why")
def broken(of_lab):
    of_lab.write("accounts/frank.conf", "countries = {\n")
    says(explain(of_lab, "frank", status=NO), "REFUSED FOR NOW (unavailable)", "cannot be read")
    says(ctl(of_lab, "account", "show", "frank", status=NO).stderr, "cannot be read")


@tests.case("names that no account can have")
def malformed(of_lab):
    for name in ["alice@elsewhere.test", "../alice", "al*ice", "@example.test"]:
        says(ctl(of_lab, "explain", name, "--service", "imap", "--address", JAPAN, status=NO).stderr, "malformed")
        ctl(of_lab, "account", "show", name, status=NO)


@tests.case("values that cannot be are a matter of usage")
def impossible(of_lab):
    for words in [["--address", "localhost"], ["--address", JAPAN, "--credential", "passwort"],
                  ["--address", JAPAN, "--at", "2027-02-30"], ["--address", JAPAN, "--at", "tomorrow"],
                  ["--address", JAPAN, "--address", JAPAN]]:
        ctl(of_lab, "explain", "alice", "--service", "imap", *words, status=USAGE)


@tests.case("account show: every value with where it was set, built-in ones too")
def show(of_lab):
    of_lab.write("accounts/bob.conf", 'countries = { allow = [ "FR" ]; };\n')
    text = ctl(of_lab, "account", "show", "bob").stdout
    for key, source, value in [("mode", "built-in", "enforce"), ("second_factor.remember", "built-in", "30d"),
                               ("countries.allow", of_lab.path("accounts/bob.conf") + ":1", "FR"),
                               ("countries.deny", line_of(of_lab, "deny ="), "CN"),
                               ("services.pop3", line_of(of_lab, "services = {"), "closed"),
                               ("networks.denied", line_of(of_lab, "denied ="), "127.1.9.0/24"),
                               ("legacy_auth.mechanisms", line_of(of_lab, "mechanisms ="), "CRAM-MD5")]:
        assert re.search(rf"^  {re.escape(key)} +{re.escape(source)} +{re.escape(value)}$", text, re.MULTILINE), \
            f"{key} {source} {value} is not in:\n{text}"
    answer = ctl_json(of_lab, "account", "show", "bob")
    tap.same(answer["account"], "bob@example.test", "account")
    assert {"key": "services.pop3", "value": "closed", "source": line_of(of_lab, "services = {")} in answer["policy"]


@tests.case("status: process, configuration, country database, sockets, and logins counted by verdict")
def status(of_lab):
    before = ctl_json(of_lab, "status")
    tap.same((before["pid"], before["state"], before["configuration"]),
             (of_lab.daemon.pid, "serving", of_lab.configuration), "status")
    tap.same(before["country_database"], of_lab.path("country.mmdb"), "country database")
    assert before["started"] >= before["country_database_built"] - 3600, before
    tap.same([(entry["kind"], entry["path"]) for entry in before["sockets"]],
             [("gate", of_lab.socket), ("admin", admin_socket(of_lab))], "sockets")
    with of_lab.gate() as connection:
        tap.same(connection.begin(client_address=FRANCE)["verdict"], "deny", "verdict")
    explain(of_lab, address=FRANCE, status=NO)
    after = ctl_json(of_lab, "status")
    tap.same(after["counters"]["denied"], before["counters"]["denied"] + 1, "denied logins, explain not among them")
    says(ctl(of_lab, "status").stdout, "version", "started", "ago)", "country database built", "sockets", "gate",
         "every request for every service", "logins since the start", "denied")


@tests.case("the raw protocol: every answer ends, what it does not know is an error, bytes beyond reason close it")
def raw(of_lab):
    tap.same(ask(of_lab, request="account-show", account="alice")[0]["record"], "account", "the first record")
    tap.same(ask(of_lab, request="divine")[0]["record"], "error", "an unknown request")
    tap.same(ask(of_lab, request="explain", account="alice")[0]["reason"], "malformed", "no service")
    tap.same(ask(of_lab, request="explain", account="alice", service="imap", at="soon")[0]["reason"], "malformed", "at")
    tap.same(ask(of_lab, request="begin", user="alice", service="imap")[0]["record"], "error", "a login's request")
    for data in [b"request=explain\nrequest=explain\n\n", b"nonsense\n\n", b"account=\xff\x00\n\n", b"a" * 9000]:
        with gate.Gate(admin_socket(of_lab)) as connection:
            connection.send(data)
            tap.same(connection.receive()["record"], "error", f"answer to {data[:20]}")
    with gate.Gate(admin_socket(of_lab)) as connection:
        for _ in range(3):
            connection.send(gate.encode({"request": "status"}))
            while connection.receive()["record"] != "end":
                pass
    explain(of_lab)


@tests.case("no daemon: exit 3, and where it was looked for")
def unreachable(of_lab):
    of_lab.stop()
    says(ctl(of_lab, "status", status=UNREACHABLE).stderr, "no daemon answers at", admin_socket(of_lab))
    explain_words = ["explain", "alice", "--service", "imap", "--address", JAPAN]
    ctl(of_lab, *explain_words, status=UNREACHABLE)
    says(ctl(of_lab, "--socket", of_lab.path("nowhere.sock"), "status", status=UNREACHABLE).stderr, "No such file")
    of_lab.start()
    ctl(of_lab, *explain_words)


@tests.case("a daemon with its last good configuration is found by --socket although the file has mistakes")
def last_good(of_lab):
    with open(of_lab.configuration, encoding="utf-8") as file:
        good = file.read()
    of_lab.write("authgate.conf", "nonsense\n")
    says(ctl(of_lab, "--socket", admin_socket(of_lab), "explain", "alice", "--service", "imap", "--address",
             JAPAN).stdout, "LET IN")
    of_lab.write("authgate.conf", good)


@tests.case("without a country database the country rules cannot judge, and a denial by a later rule wins")
def no_database(of_lab):
    os.unlink(of_lab.path("country.mmdb"))
    of_lab.restart()
    says(explain(of_lab, status=NO), "(no database)", "REFUSED FOR NOW (unavailable): country could not judge",
         "cannot tell")
    says(explain(of_lab, "alice", "smtp", status=NO), "DENIED by legacy-auth")
    of_lab.write("accounts/dave.conf", 'mode = "report";\n')
    says(explain(of_lab, "dave"), "LET IN", "unavailable would deny it", "the login goes on: mode = report")


with lab.Lab() as the_lab:
    configure(the_lab, DEFAULTS, 'groups = [ "wheel" ];')
    the_lab.write("groups/wheel.conf", 'unix_group = "root";\ncountries = { allow = [ "US" ]; };\n')
    the_lab.start()
    tests.run(the_lab)
