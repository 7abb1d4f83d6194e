#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Real IMAP logins through a real Dovecot and the shipped PAM stack: let in from home, stopped at the border, and
nothing that a client sees tells whether the password was right."""
import os

from harness import ACCOUNTS, AMERICA, JAPAN, PASSWORD, house, lab, mailserver, stack, tap

tests = tap.Tests()


def one_line(of_house, since, *words):
    """The one line that the last login left in the daemon's log; fails the case unless it has all the words."""
    line = of_house.lab.line("ref=", since)
    tap.same(len(of_house.lab.lines("ref=", since)), 1, "lines of one login")
    missing = [word for word in words if word not in line.split()]
    assert not missing, f"{missing} missing in {line!r}"


@tests.case("from an allowed country with the right password: let in, one line says so")
def allowed(of_house):
    since = of_house.settled()
    tap.same(of_house.accepted().checks, 1, "password checks")
    one_line(of_house, since, "account=alice@example.test", "service=imap", f"address={JAPAN}", "country=JP",
             "credential=password", "verdict=accept")


@tests.case("from an allowed country with a wrong password: refused, and logged as a wrong password")
def wrong_password(of_house):
    since = of_house.settled()
    of_house.refused(password="wrong")
    one_line(of_house, since, "verdict=deny", "reason=password")


@tests.case("from another country with the right password: refused, after the password was checked all the same")
def denied(of_house):
    since = of_house.settled()
    tap.same(of_house.refused(source=AMERICA).checks, 1, "password checks")
    one_line(of_house, since, f"address={AMERICA}", "country=US", "verdict=deny", "reason=country")


@tests.case("right or wrong password, known or unknown user, home or abroad: the client is told the same")
def one_answer(of_house):
    attempts = [
        of_house.refused(source=AMERICA),
        of_house.refused(source=AMERICA, password="wrong"),
        of_house.refused(source=AMERICA, user="nobody-here"),
        of_house.refused(password="wrong"),
        of_house.refused(user="nobody-here"),
    ]
    tap.same([attempt.answer for attempt in attempts], [attempts[0].answer] * 5, "answers")
    tap.same([attempt.checks for attempt in attempts], [1] * 5, "password checks")


@tests.case("curl, an IMAP client that is not ours, sees the same border")
def curl(of_house):
    assert of_house.dovecot.curl("bob", ACCOUNTS["bob"], JAPAN).accepted, "refused at home"
    abroad, wrong = of_house.dovecot.curl("bob", ACCOUNTS["bob"], AMERICA), of_house.dovecot.curl("bob", "wrong", JAPAN)
    assert not abroad.accepted and not wrong.accepted, "let in"
    tap.same(abroad.answer, wrong.answer, "answers")


@tests.case("doveadm auth test takes the same path, with any address")
def doveadm(of_house):
    assert of_house.dovecot.ask("alice", PASSWORD, "127.1.9.9").accepted, "refused from JP"
    assert of_house.dovecot.ask("alice", PASSWORD, "2001:db8:1::5").accepted, "refused from IPv6 in JP"
    assert of_house.dovecot.ask("alice", PASSWORD, "::ffff:127.1.9.9").accepted, "refused from mapped IPv4 in JP"
    for address in ("127.3.0.1", "2001:db8:2::5", "192.0.2.1", "10.0.0.1"):
        assert not of_house.dovecot.ask("alice", PASSWORD, address).accepted, f"let in from {address}"


@tests.case("an address that Dovecot was not told is unknown, not a local one")
def no_address(of_house):
    since = of_house.settled()
    assert not of_house.dovecot.ask("alice", PASSWORD, "0.0.0.0").accepted, "let in from nowhere"
    of_house.lab.line("reason=country-unknown", since)


@tests.case("spellings of one account are one account")
def spellings(of_house):
    since = of_house.settled()
    of_house.accepted(user="Alice")
    one_line(of_house, since, "account=alice@example.test", "verdict=accept")


@tests.case("a password that ends in digits is handed on as it was typed")
def digits(of_house):
    since = of_house.settled()
    of_house.refused(password=PASSWORD + "123456")
    one_line(of_house, since, "reason=password")


@tests.case("report mode lets in and says what it would have denied")
def report(of_house):
    of_house.lab.configure('countries = { allow = [ "JP" ]; }; mode = "report";')
    of_house.lab.reload("is in force")
    since = of_house.settled()
    of_house.accepted(source=AMERICA)
    one_line(of_house, since, "verdict=accept", "would=deny", "reason=country")
    of_house.refused(source=AMERICA, password="wrong")
    of_house.lab.configure()
    of_house.lab.reload("is in force")


@tests.case("a stack without its commit line lets nobody in who is denied, and the daemon cries out")
def no_commit(of_house):
    path = f"/etc/pam.d/{of_house.stack.name}-imap"
    with open(path, encoding="utf-8") as file:
        whole = file.read()
    lines = [line for line in whole.splitlines(True) if " commit" not in line]
    try:
        replace(path, "".join(lines))
        of_house.refused(source=AMERICA)
        of_house.refused()  # the account phase has seen no commit
    finally:
        replace(path, whole)
    of_house.accepted()


@tests.case("a service without our account line still stops at the commit line")
def no_account(of_house):
    path = f"/etc/pam.d/{of_house.stack.name}-imap"
    with open(path, encoding="utf-8") as file:
        whole = file.read()
    lines = [line for line in whole.splitlines(True) if not (line.startswith("account") and "pam_authgate" in line)]
    try:
        replace(path, "".join(lines))
        of_house.refused(source=AMERICA)
        of_house.accepted()
    finally:
        replace(path, whole)


PASSDB = "passdb {name}{{\n  driver = pam\n  {setting} = {service}\n  username_filter = {filter}\n}}\n"


@tests.case("A18: two PAM passdbs with filters of their own stay two: each account takes its own service, others none")
def two_passdbs(_of_house):
    old = mailserver.version() == "2.3"  # there, passdbs have no names
    setting = "args" if old else "passdb_pam_service_name"
    with lab.Lab() as of_lab:
        of_lab.configure('services = { pop3 = "closed"; };')
        of_lab.start()
        of_stack = stack.Stack(of_lab, {**ACCOUNTS, "carol": PASSWORD}, services=("imap", "pop3"))
        text = "".join(PASSDB.format(name="" if old else name + " ", setting=setting, filter=name,
                                     service=f"{of_stack.name}-{service}")
                       for name, service in (("alice", "imap"), ("bob", "pop3")))
        dovecot = mailserver.Dovecot(of_lab, of_stack, passdbs=text)
        since = of_lab.mark()
        got = [dovecot.login(name, word).accepted for name, word in (*ACCOUNTS.items(), ("carol", PASSWORD))]
        tap.same(got, [True, False, False], "accepted")
        of_lab.line("account=alice@.*service=imap.*verdict=accept", since)
        of_lab.line("account=bob@.*service=pop3.*reason=service-closed", since)
        tap.same(of_lab.lines("account=carol@", since), [], "lines of who has no passdb")


def replace(path, text):
    with open(path + "-new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + "-new", path)


with house() as the_house:
    tests.run(the_house)
