#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""replay tells which accounts a candidate policy would shut out, by which rule; suggest draws allow-lists from past
logins and never writes over a file. In a campaign a million logins are replayed."""
import os
import shutil
import time

from harness import (AMERICA, CHINA, DAY, FRANCE, HOUR, JAPAN, NO, NOW, USAGE, configure, ctl, ctl_json, fill, lab,
                     login_of, make_up, says, tap)

tests = tap.Tests()
LOGINS, SECONDS = tap.rounds(20000, 1000000), 20
OLDEST = NOW - 20 * DAY + HOUR


def past():
    for day in range(20, 0, -1):
        at = NOW - day * DAY + HOUR
        yield login_of("alice", at, credential="totp")
        yield login_of("bob", at, service="smtp")
        yield login_of("carol", at, address=AMERICA, country="US")
        yield login_of("dave", at, address=JAPAN)
    yield login_of("dave", NOW - 2 * DAY, address=FRANCE, country="FR")
    yield login_of("erin", NOW - DAY, address=CHINA, country="CN", verdict="deny", reason="country")
    yield login_of("frank@other.test", NOW - DAY, credential="totp")
    for minute in range(5):
        yield login_of("frank@other.test", NOW - 3 * DAY + minute)
    for hour, service in enumerate(("imap", "imap", "smtp")):
        yield login_of("gina", NOW - DAY + hour * HOUR, credential="app-password", service=service)


def candidate(of_lab, defaults, **files):
    """A configuration that is not in force: the running one's settings with other defaults."""
    shutil.rmtree(of_lab.path("candidate"), ignore_errors=True)
    for name, text in files.items():
        of_lab.write(f"candidate/{name.replace('__', '/')}.conf", text)
    of_lab.write("candidate/authgate.conf", f"""
sockets = ( {{ kind = "gate"; path = "{of_lab.socket}"; }} );
default_domain = "example.test";
domains = [ "example.test", "other.test" ];
country_database = "{of_lab.path("country.mmdb")}";
defaults = {{ {defaults} }};
""")
    return of_lab.path("candidate")


def findings(answer):
    return {(row["account"].partition("@")[0], row["rule"], row["outcome"]): row["count"] for row in answer["findings"]}


@tests.case("a policy that denies nobody shuts nobody out, exit 0")
def nobody(of_lab):
    answer = ctl_json(of_lab, "replay", "--config", candidate(of_lab, 'mode = "enforce";'))
    tap.same((answer["accounts_shut_out"], answer["findings"]), (0, []), "answer")
    tap.same((answer["accounts"], answer["logins"]), (6, 90), "what was replayed: what was accepted")


@tests.case("each account that would be shut out is named, with the rule, how often, when last and a sample ref")
def shut_out(of_lab):
    folder = candidate(of_lab, 'countries = { allow = [ "JP" ]; }; legacy_auth = { services = { smtp = "deny"; }; };')
    answer = ctl_json(of_lab, "replay", "--config", folder, status=NO)
    tap.same(findings(answer), {("carol", "country", "shut-out"): 20, ("bob", "legacy-auth", "shut-out"): 20,
                                ("dave", "country", "shut-out"): 1}, "findings")
    tap.same((answer["accounts_shut_out"], answer["logins_shut_out"]), (3, 41), "sums")
    dave = [row for row in answer["findings"] if row["account"].startswith("dave")][0]
    tap.same(ctl_json(of_lab, "explain", dave["ref"])["country"], "FR", "the sample's country")
    text = ctl(of_lab, "replay", "--config", folder, status=NO).stdout
    says(text, "ACCOUNT", "RULE", "SHUT OUT", "3 of 6 accounts would be shut out (41 of 90 logins)")


@tests.case("account files, groups, exceptions and report mode of the candidate count")
def layers(of_lab):
    folder = candidate(of_lab, 'countries = { allow = [ "JP" ]; }; modes = { legacy-auth = "report"; };'
                               'legacy_auth = { services = { smtp = "deny"; }; };',
                       accounts__carol='countries = { allow = [ "US" ]; };\n')
    answer = ctl_json(of_lab, "replay", "--config", folder, status=NO)
    tap.same(findings(answer), {("bob", "legacy-auth", "reported"): 20, ("dave", "country", "shut-out"): 1}, "findings")


@tests.case("a rule with a date to come reports; --at says what it will do then")
def dates(of_lab):
    folder = candidate(of_lab, 'legacy_auth = { services = { smtp = "deny"; }; from = "2099-12-01"; };')
    answer = ctl_json(of_lab, "replay", "--config", folder)
    tap.same(findings(answer), {("bob", "legacy-auth", "reported"): 20}, "before")
    answer = ctl_json(of_lab, "replay", "--config", folder, "--at", "2099-12-02", status=NO)
    tap.same(findings(answer), {("bob", "legacy-auth", "shut-out"): 20}, "then")


@tests.case("a candidate that takes no app passwords shuts out who logs in by one; else they are judged like others")
def app_passwords(of_lab):
    off = candidate(of_lab, 'second_factor = { app_passwords = false; };')
    answer = ctl_json(of_lab, "replay", "--config", off, status=NO)
    tap.same(findings(answer), {("gina", "password", "shut-out"): 3}, "where none is taken")
    closed = candidate(of_lab, 'second_factor = { app_passwords = false; }; services = { smtp = "closed"; };')
    rows = findings(ctl_json(of_lab, "replay", "--config", closed, "--account", "gina", status=NO))
    tap.same(rows, {("gina", "service-closed", "shut-out"): 1, ("gina", "password", "shut-out"): 2}, "and no smtp")
    on = candidate(of_lab, 'legacy_auth = { default = "deny"; };')
    tap.same(ctl_json(of_lab, "replay", "--config", on, "--account", "gina")["findings"], [], "where they are taken")


@tests.case("it says what was not judged: refused logins, what is no longer kept one by one, throttling and locks")
def not_judged(of_lab):
    folder = candidate(of_lab, 'mode = "enforce";')
    text = ctl(of_lab, "replay", "--config", folder, "--since", "60d").stdout
    says(text, "0 of 6 accounts would be shut out", "not judged: throttling, wrong codes, and locks",
         "not judged: logins that were refused at the time (1)", "judged from ", "no older login is kept", "raw_for")
    answer = ctl_json(of_lab, "replay", "--config", folder, "--since", "60d")
    tap.same((answer["logins_refused_then"], answer["logins_unreadable"], answer["first"]), (1, 0, OLDEST), "numbers")
    text = ctl(of_lab, "replay", "--config", folder, "--since", "19d", "--account", "alice").stdout
    assert "judged from" not in text and "refused at the time" not in text, text


@tests.case("an account whose candidate policy cannot be read is shut out, and said not to have been judged")
def unreadable(of_lab):
    folder = candidate(of_lab, 'mode = "enforce";', accounts__carol='countries = { allow = [ ')
    tap.same(ctl_json(of_lab, "replay", "--config", folder, status=NO)["logins_unreadable"], 20, "logins")
    says(ctl(of_lab, "replay", "--config", folder, status=NO).stdout, "of accounts whose policy cannot be read", "(20)")


@tests.case("replay takes --since and --account, and a candidate's mistakes end it")
def options(of_lab):
    folder = candidate(of_lab, 'countries = { allow = [ "JP" ]; };')
    answer = ctl_json(of_lab, "replay", "--config", folder, "--account", "carol", "--since", "5d", status=NO)
    tap.same((answer["accounts"], answer["logins"], findings(answer)), (1, 5, {("carol", "country", "shut-out"): 5}),
             "answer")
    wrong = candidate(of_lab, 'contries = { allow = [ "JP" ]; };')
    says(ctl(of_lab, "replay", "--config", wrong, status=NO).stderr, "candidate/authgate.conf", "contries")
    ctl(of_lab, "replay", "--since", "never", status=USAGE)


@tests.case("suggest names the countries that an account is really used from, and leaves out the odd one")
def suggested(of_lab):
    rows = {row["account"]: row for row in ctl_json(of_lab, "suggest", "countries")}
    tap.same((rows["carol@example.test"]["allow"], rows["carol@example.test"]["left_out"]), (["US"], []), "carol")
    tap.same(rows["dave@example.test"]["allow"], ["JP"], "dave")
    tap.same([rare["country"] for rare in rows["dave@example.test"]["left_out"]], ["FR"], "left out of dave's")
    assert "erin@example.test" not in rows, "erin never got in"
    tap.same(rows["frank@other.test"]["file"], "accounts/other.test/frank.conf", "file")
    says(ctl(of_lab, "suggest", "countries").stdout, "accounts/dave.conf", "allowed JP", "LEFT OUT FR",
         'countries = { allow = [ "JP" ]; };')


@tests.case("suggested files are account files that hold, and no file is written over")
def saved(of_lab):
    folder = candidate(of_lab, 'countries = { allow = [ "SE" ]; };', accounts__bob="# bob's own\n")
    text = ctl(of_lab, "suggest", "countries", "--out", folder).stdout
    says(text, "written", "kept", "accounts/bob.conf: it is there already")
    with open(os.path.join(folder, "accounts/bob.conf"), encoding="utf-8") as file:
        tap.same(file.read(), "# bob's own\n", "bob's file")
    ctl(of_lab, "check", *(os.path.join(folder, "accounts", name) for name in ("alice.conf", "other.test/frank.conf")))
    answer = ctl_json(of_lab, "replay", "--config", folder, status=NO)
    tap.same(findings(answer), {("bob", "country", "shut-out"): 20, ("dave", "country", "shut-out"): 1}, "findings")


@tests.case(f"{LOGINS} logins of 5000 accounts are replayed in under {SECONDS} s")
def many(of_lab):
    of_lab.stop()
    make_up(of_lab, LOGINS, 5000, 20 * DAY)
    of_lab.start()
    folder = candidate(of_lab, 'countries = { allow = [ "JP" ]; }; legacy_auth = { services = { smtp = "deny"; }; };')
    begun = time.monotonic()
    answer = ctl_json(of_lab, "replay", "--config", folder, status=NO)
    took = time.monotonic() - begun
    print(f"# {answer['logins']} logins in {took:.1f} s")
    tap.same(answer["logins"], LOGINS + 90, "logins")
    assert took < SECONDS, f"{took:.1f} s"


@tests.case("a thief's busy day neither earns his country a place in the list nor pushes the owner's out of it")
def thief(of_lab):
    of_lab.stop()
    fill(of_lab, [login_of("ivan", NOW - day * DAY) for day in range(20, 0, -1)]
         + [login_of("ivan", NOW - 5 * DAY + second, address=CHINA, country="CN") for second in range(8000)]
         + [login_of("jana", NOW - HOUR + minute, address=FRANCE, country="FR") for minute in range(5)])
    of_lab.start()
    ivan = ctl_json(of_lab, "suggest", "countries", "--account", "ivan")[0]
    tap.same((ivan["allow"], [left["country"] for left in ivan["left_out"]]), (["JP"], ["CN"]), "ivan")
    says(ctl(of_lab, "suggest", "countries", "--account", "ivan").stdout, "LEFT OUT CN: 8000 logins within 2 h 13 m")
    tap.same(ctl_json(of_lab, "suggest", "countries", "--account", "jana")[0]["allow"], ["FR"], "all that is known")


with lab.Lab() as the_lab:
    configure(the_lab, "", 'domains = [ "example.test", "other.test" ];')
    fill(the_lab, past())
    the_lab.start()
    tests.run(the_lab)
