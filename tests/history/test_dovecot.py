#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Real IMAP logins through Dovecot and the shipped PAM stack: a stolen password is noticed and the thief sees nothing
of it, an account used from three countries is locked, guessers are stopped before the password check and owners not."""
import os
import statistics

from harness import AMERICA, CHINA, FRANCE, JAPAN, configure, ctl, ctl_json, lab, says, tap, vault
import mailserver
import stack

PASSWORD = "correct horse"
STAFF = [f"staff{number}" for number in range(40)]
ACCOUNTS = {name: PASSWORD for name in ("alice", "bob", "carol", "dave", *STAFF)}
tests = tap.Tests()


class House:
    """The lab with store and history, its stack and its Dovecot."""

    def __init__(self, of_lab):
        self.lab = of_lab
        configure(of_lab, 'countries = { allow = [ "JP" ]; }; throttle = { passwords = 5; window = "15m"; };',
                  vault.settings(of_lab))
        of_lab.write("accounts/bob.conf", 'stolen = { action = "lock"; for = "2h"; };\n')
        of_lab.write("accounts/carol.conf", 'countries = { allow = [ "JP", "US", "CN", "FR" ]; };\n'
                                            'compromise = { action = "lock"; };\n')
        vault.start(of_lab)
        self.stack = stack.Stack(of_lab, ACCOUNTS, hook=True)
        self.dovecot = mailserver.Dovecot(of_lab, self.stack)

    def login(self, account, source=JAPAN, password=PASSWORD):
        before = self.stack.checks()
        attempt = self.dovecot.login(account, password, source)
        attempt.checks = self.stack.checks() - before
        return attempt

    def accepted(self, account, source=JAPAN):
        attempt = self.login(account, source)
        assert attempt.accepted, f"{account}: {attempt}; the daemon said:\n{self.lab.log()[-1500:]}"

    def refused(self, account, source=JAPAN, password=PASSWORD):
        attempt = self.login(account, source, password)
        assert not attempt.accepted, f"{account} was let in; the daemon said:\n{self.lab.log()[-1500:]}"
        return attempt


@tests.case("a stolen password is reported, while the thief sees what a guesser sees, after as many password checks")
def stolen(house):
    stolen_ones, guesses = [], []
    for number in range(3):  # by turns, so that both meet the same machine
        stolen_ones.append(house.refused("alice", AMERICA))
        guesses.append(house.refused("alice", AMERICA, f"wrong {number}"))
    tap.same({attempt.answer for attempt in stolen_ones}, {attempt.answer for attempt in guesses}, "what was seen")
    tap.same([attempt.checks for attempt in stolen_ones + guesses], [1] * 6, "password checks")
    times = [statistics.median(attempt.milliseconds for attempt in group) for group in (stolen_ones, guesses)]
    print(f"# stolen {times[0]:.0f} ms, guessed {times[1]:.0f} ms")
    rows = ctl_json(house.lab, "report", "stolen", "--account", "alice")
    tap.same([(row["country"], row["count"], row["reason"]) for row in rows], [("US", 3, "country")], "report")
    house.accepted("alice")


@tests.case("where the policy says so the account is locked at once; unlocked, its owner gets in")
def locked(house):
    house.accepted("bob")
    house.refused("bob", AMERICA)
    tap.poll(lambda: not house.login("bob").accepted, 20, "the lock")
    says(ctl(house.lab, "account", "show", "bob").stdout, "the right password from the wrong")
    ctl(house.lab, "account", "unlock", "bob")
    house.accepted("bob")


@tests.case("an account used from three countries within a day is locked")
def compromised(house):
    for country in (JAPAN, AMERICA, JAPAN, CHINA):
        house.accepted("carol", country)
    tap.poll(lambda: not house.login("carol", FRANCE).accepted, 20, "the lock")
    house.refused("carol")
    moments = ctl_json(house.lab, "incident", "carol")["moments"]
    assert {"compromised", "locked"} <= {moment["what"] for moment in moments}, moments


@tests.case("the fifth wrong password is the last one that is checked; the owner elsewhere is let in")
def guessing(house):
    checks = [house.refused("dave", "127.1.40.1", f"guess {number}").checks for number in range(9)]
    tap.same(checks, [1] * 5 + [0] * 4, "password checks")
    tap.same(house.refused("dave", "127.1.40.1").checks, 0, "checks of the right password from there")
    house.accepted("dave", "127.1.41.1")


@tests.case("an old phone that asks all day with yesterday's password shuts nobody out of its office")
def old_phone(house):
    for _ in range(8):
        house.refused("dave", "127.1.50.1", "yesterday's")
    house.accepted("dave", "127.1.50.1")
    house.accepted("alice", "127.1.50.1")


@tests.case("a network that tries one account after the other is stopped at the thirtieth")
def spraying(house):
    checks = sum(house.refused(name, "127.1.60.9", "Winter2026").checks for name in STAFF)
    tap.same(checks, 30, "password checks")
    house.accepted(STAFF[0], "127.1.61.9")
    events = [row for row in ctl_json(house.lab, "log") if row.get("event") == "throttled"]
    assert [row for row in events if row["network"] == "127.1.60.0/24" and "account" not in row], events


@tests.case("a full history costs no login")
def full(house):
    folder = house.lab.path("history")
    os.rename(folder, folder + ".away")
    for _ in range(3):
        house.accepted("alice")
    house.lab.line("logins are not recorded")
    os.rename(folder + ".away", folder)
    house.accepted("alice")


with lab.Lab() as the_lab:
    tests.run(House(the_lab))
