#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""log, report and explain REF over real logins and months of made-up ones: what they say to people and programs."""
import json
import os
import sqlite3

from harness import (AMERICA, DAY, FRANCE, HOUR, JAPAN, NO, NOW, USAGE, accept, configure, ctl, ctl_json, deny, fill,
                     history_path, lab, login, login_of, says, tap)

tests = tap.Tests()
MONTHS = 60
LONG_AGO = NOW - 300 * DAY


def past():
    """Two months: alice at home every day by imap and smtp, bob only long ago, carol's password stolen."""
    for day in range(MONTHS, 0, -1):
        at = NOW - day * DAY + HOUR
        yield login_of("alice", at, credential="totp")
        yield login_of("alice", at + 60, service="smtp")
        if day > 45:
            yield login_of("bob", at, address=AMERICA, country="US")
        yield login_of("carol", at)
    for minute in range(3):
        yield login_of("carol", NOW - 2 * HOUR + minute * 60, address=FRANCE, country="FR", verdict="deny",
                       reason="country")
    yield login_of("carol", NOW - HOUR, address=FRANCE, country="FR", verdict="deny", reason="password",
                   password="wrong")
    yield login_of("dave", NOW - HOUR, reason="legacy-auth")


def strangers():
    """Long ago, one network with wrong passwords for four hundred made-up names, and with one that is right."""
    refused = {"address": "127.4.7.9", "country": "FR", "verdict": "deny", "reason": "password", "password": "wrong"}
    for number in range(400):
        yield login_of(f"made-up-{number}", LONG_AGO + number, **refused)
    yield login_of("heidi", LONG_AGO + 500, **{**refused, "reason": "country", "password": "right"})


def names(rows):
    return sorted({row["account"].partition("@")[0] for row in rows})


@tests.case("a login is in the log as soon as it has been answered")
def at_once(of_lab):
    ref = accept(of_lab, "erin")
    row = ctl_json(of_lab, "log", "--account", "erin")[0]
    tap.same((row["ref"], row["verdict"], row["password"]), (ref, "accept", "right"), "row")
    tap.same((row["account"], row["address"], row["country"]), ("erin@example.test", JAPAN, "JP"), "row")
    says(ctl(of_lab, "log", "--account", "erin").stdout, "erin@example.test", "imap", JAPAN, "JP", "password", "accept",
         ref)


@tests.case("a right and a wrong password from abroad are told apart in the log, though not to the client")
def deferred(of_lab):
    deny(of_lab, "frank", FRANCE, "country", right=True)
    verdict, reason, _ = login(of_lab, "frank", FRANCE, right=False)
    tap.same((verdict, reason), ("continue", "country"), "what the client was told before its password was checked")
    rows = ctl_json(of_lab, "log", "--account", "frank")
    tap.same([(row["reason"], row["password"]) for row in rows if "verdict" in row],
             [("country", "right"), ("country", "wrong")], "rows")


@tests.case("log takes --denied, --address, --country, --since and --until")
def filters(of_lab):
    says(ctl(of_lab, "log", "--address", "foo", status=USAGE).stderr, "foo is no address")
    tap.same(names(ctl_json(of_lab, "log", "--since", "100d", "--denied")), ["carol", "dave", "frank"], "--denied")
    tap.same(names(ctl_json(of_lab, "log", "--since", "100d", "--address", AMERICA)), ["bob"], "--address")
    tap.same(names(ctl_json(of_lab, "log", "--since", "100d", "--country", "FR", "--account", "carol")), ["carol"],
             "--country")
    tap.same(len(ctl_json(of_lab, "log", "--account", "alice", "--since", "10d")), 20, "--since")
    tap.same(len(ctl_json(of_lab, "log", "--account", "alice", "--since", "10d", "--until", "5d")), 10, "--until")
    tap.same(names(ctl_json(of_lab, "log", "--since", "100d", "--country", "us")), ["bob"], "--country in lower case")
    for word, right in [("UK", "did you mean GB?"), ("France", "did you mean FR?"), ("ZZ", "such as JP"),
                        ("continent:EU", "such as JP"), ("", "such as JP")]:
        says(ctl(of_lab, "log", "--country", word, status=USAGE).stderr, word, "is no country code", right)
    says(ctl(of_lab, "log", "--account", "nobody-at-all").stdout, "no login that the history knows")
    ctl(of_lab, "log", "--since", "yesterday", status=USAGE)
    ctl(of_lab, "log", "--frobnicate", status=USAGE)


@tests.case("a log of thousands of logins comes whole, over many pages")
def long_log(of_lab):
    rows = ctl_json(of_lab, "log", "--since", "100d")
    known = ("alice@example.test", "carol@example.test")
    of_months = [row for row in rows if row["account"] in known and "verdict" in row]
    tap.same(len(of_months), 3 * MONTHS + 4, "rows")
    tap.same([row["at"] for row in of_months], sorted(row["at"] for row in of_months), "order")


@tests.case("report legacy names account, service, network, last seen and how often")
def legacy(of_lab):
    rows = {(row["account"], row["service"]): row for row in ctl_json(of_lab, "report", "legacy", "--since", "100d")}
    row = rows["alice@example.test", "smtp"]
    tap.same((row["network"], row["country"], row["count"]), ("127.1.0.0/24", "JP", MONTHS), "alice's smtp")
    assert abs(row["last"] - (NOW - DAY + HOUR + 60)) < 2, row
    assert ("alice@example.test", "imap") not in rows, "a code is no bare password"
    assert ("bob@example.test", "imap") in rows and ("dave@example.test", "imap") in rows, rows
    recent = ctl_json(of_lab, "report", "legacy", "--since", "30d")
    assert "bob@example.test" not in {row["account"] for row in recent}, "bob has not logged in for long"
    says(ctl(of_lab, "report", "legacy", "--since", "100d").stdout, "ACCOUNT", "SERVICE", "NETWORK", "LAST",
         "alice@example.test", "smtp", "127.1.0.0/24", "JP", str(MONTHS))


@tests.case("report countries tells accepted from refused")
def countries(of_lab):
    rows = ctl_json(of_lab, "report", "countries", "--since", "100d", "--account", "carol")
    tap.same({(row["country"], row["verdict"], row["count"]) for row in rows},
             {("JP", "accept", MONTHS), ("FR", "deny", 4)}, "rows")


@tests.case("report stolen has right passwords from the wrong place, and no others")
def stolen(of_lab):
    rows = {row["account"]: row for row in ctl_json(of_lab, "report", "stolen")}
    tap.same(sorted(rows), ["carol@example.test", "frank@example.test"], "accounts")
    tap.same((rows["carol@example.test"]["count"], rows["carol@example.test"]["country"]), (3, "FR"), "carol")
    says(ctl(of_lab, "report", "stolen").stdout, "carol@example.test", "FR", "country", "3")


@tests.case("explain REF says what became of a login and what would now")
def explain_ref(of_lab):
    ref = deny(of_lab, "grace", FRANCE, "country")
    says(ctl(of_lab, "explain", ref).stdout, "grace@example.test", FRANCE, "FR", "deny country", "right",
         "by today's policy", "deny country")
    answer = ctl_json(of_lab, "explain", ref)
    tap.same((answer["ref"], answer["reason"]), (ref, "country"), "answer")
    tap.same(answer["by_todays_policy"]["verdict"], "deny", "what would become of it")
    of_lab.write("accounts/grace.conf", 'countries = { allow = [ "JP", "FR" ]; };\n')
    tap.same(ctl_json(of_lab, "explain", ref)["by_todays_policy"]["verdict"], "continue", "after the policy changed")
    says(ctl(of_lab, "explain", "aaaaaaaaaaaaa", status=NO).stderr, "the history has no login aaaaaaaaaaaaa")


@tests.case("a hostile account name can break neither the table, nor JSON, nor SQL")
def hostile(of_lab):
    hostile_name = "x'; drop table logins; --\"\\<b>"
    login(of_lab, hostile_name)
    row = [row for row in ctl_json(of_lab, "log") if "drop" in row["account"]][0]
    assert row["account"].startswith(hostile_name), row
    says(ctl(of_lab, "log").stdout, "drop table")
    assert json.dumps(ctl_json(of_lab, "log", "--account", hostile_name)), "found by its name"


@tests.case("made-up names are counted under *others* once there are too many, a right password has its own row")
def made_up_names(of_lab):
    span = ("--since", "301d", "--until", "299d")
    rows = [row for row in ctl_json(of_lab, "log", *span) if "verdict" in row]
    tap.same(len({row["account"] for row in rows}), 102, "names")
    tap.same(len([row for row in rows if row["account"] == "*others*"]), 300, "tries under the others' name")
    tap.same(names(ctl_json(of_lab, "log", *span, "--account", "*others*")), ["*others*"], "the others alone")
    rows = ctl_json(of_lab, "report", "countries", "--since", "301d", "--account", "*others*")
    tap.same([(row["account"], row["country"], row["count"]) for row in rows], [("*others*", "FR", 300)], "report")
    says(ctl(of_lab, "report", "countries", "--since", "301d").stdout, "*others*")
    tap.same(names(ctl_json(of_lab, "report", "stolen", "--since", "301d", "--account", "heidi")), ["heidi"], "heidi")


@tests.case("nobody's login is booked under *others*: it is no name that an account can have")
def no_account(of_lab):
    verdict, reason = login(of_lab, "*others*", JAPAN)[:2]
    tap.same((verdict, reason), ("deny", "malformed"), "a login under it")
    for verb in (("account", "lock", "*others*", "--reason", "x"), ("account", "show", "*others*")):
        ctl(of_lab, *verb, status=NO)


@tests.case("without a history the verbs say so, and logins go on")
def none(of_lab):
    with open(of_lab.configuration, encoding="utf-8") as file:
        whole = file.read()
    of_lab.write("authgate.conf", "".join(line for line in whole.splitlines(True) if "history =" not in line))
    of_lab.restart()
    accept(of_lab, "erin")
    says(ctl(of_lab, "log", status=NO).stderr, "no history is configured")
    of_lab.write("authgate.conf", whole)
    of_lab.restart()


@tests.case("a history that is removed, or cannot be written, costs entries and no login; it recovers")
def trouble(of_lab):
    os.unlink(history_path(of_lab))
    accept(of_lab, "erin")
    tap.same(len(ctl_json(of_lab, "log", "--account", "erin")), 1, "rows in the new history")
    folder = of_lab.path("history")
    os.rename(folder, folder + ".away")
    for _ in range(3):
        accept(of_lab, "erin")
    of_lab.line("logins are not recorded")
    os.rename(folder + ".away", folder)
    accept(of_lab, "erin")
    of_lab.line("logins are recorded again")
    rows = len(ctl_json(of_lab, "log", "--account", "erin"))
    said = ctl(of_lab, "status").stdout
    lost = sum(int(line.split()[2]) for line in said.splitlines() if line.split()[:2] == ["history", "lost"])
    tap.same((rows >= 2, rows + lost), (True, 5), f"{rows} rows and {lost} counted as lost, of 5 logins; {said}")


@tests.case("the history can be read by its daemon alone, and holds no secret")
def private(of_lab):
    accept(of_lab, "heidi", digits="314159", mark="feedc0de")
    ctl(of_lab, "log")
    tap.same(os.stat(history_path(of_lab)).st_mode & 0o777, 0o600, "mode")
    of_lab.stop()
    with sqlite3.connect(history_path(of_lab)) as history:
        everything = "\n".join(history.iterdump())
    assert "314159" not in everything and "feedc0de" not in everything, "a secret is in the history"


with lab.Lab() as the_lab:
    configure(the_lab)
    fill(the_lab, [*strangers(), *past()])
    the_lab.start()
    tests.run(the_lab)
