#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a thief does and what becomes of it: guessing, spraying, a stolen password, an account used from everywhere; and
who must not suffer. Raw logins on the gate socket, real locks, a real notify program, the story in the history."""
import json
import os
import re
import time

from harness import (AMERICA, CHINA, FRANCE, JAPAN, accept, configure, ctl, ctl_json, deny, lab, login, says, tap,
                     vault)

tests = tap.Tests()
ERRORS, HANG_UPS = tap.rounds(100, 1000), tap.rounds(300, 10000)
PROGRAM = """#!/bin/sh
exec cat >> "{output}"
"""


def told_lines(of_lab):
    """The whole lines of what was told; one that is still being written is not there yet."""
    try:
        with open(of_lab.path("notify/told"), "rb") as file:
            text = file.read()
    except FileNotFoundError:
        return []
    return text[:text.rfind(b"\n") + 1].decode().splitlines()


def told(of_lab, event, **wanted):
    """The notices of a kind that have the members wanted, as far as they have come."""
    return [notice for notice in map(json.loads, told_lines(of_lab)) if notice["event"] == event
            and all(notice.get(name) == value for name, value in wanted.items())]


def wait_for_notice(of_lab, event, **wanted):
    return tap.poll(lambda: told(of_lab, event, **wanted), 20, f"notice {event} {wanted}")[0]


def guess(of_lab, account, number, address=JAPAN):
    return login(of_lab, account, address, right=False, mark=f"{number:08x}")


def throttled(of_lab, account, address=JAPAN):
    with of_lab.gate() as connection:
        answer = connection.begin(user=account, client_address=address, defer="yes")
        if answer["verdict"] == "continue":  # no word at all would count as a wrong password
            connection.end(answer["ref"], "error", account)
        return (answer["verdict"], answer.get("reason")) == ("deny", "throttled")


# ---- guessing

@tests.case("the fifth distinct wrong password throttles, at begin, the account from that network alone")
def guessing(of_lab):
    for number in range(5):
        assert not throttled(of_lab, "anna"), f"after {number}"
        guess(of_lab, "anna", number)
    assert throttled(of_lab, "anna") and throttled(of_lab, "ANNA+tag"), "one account under all its names"
    assert not throttled(of_lab, "anna", "127.1.7.1") and not throttled(of_lab, "berta"), "others"
    wait_for_notice(of_lab, "throttled", account="anna@example.test", network="127.1.0.0/24")
    rows = ctl_json(of_lab, "log", "--account", "anna")
    assert {row.get("reason") for row in rows} >= {"password", "throttled"}, rows


@tests.case("a throttle that an administrator ends stands in the history and is told, with its network")
def ended(of_lab):
    for number in range(5):
        guess(of_lab, "ulf", number)
    assert throttled(of_lab, "ulf"), "not throttled"
    says(ctl(of_lab, "account", "unlock", "ulf", status=1).stderr, "not locked, but throttled", "--address")
    ctl(of_lab, "account", "unlock", "ulf", "--address", JAPAN)
    assert not throttled(of_lab, "ulf"), "still throttled"
    notice = wait_for_notice(of_lab, "unlocked", account="ulf@example.test")
    tap.same((notice["address"], notice["why"]), (JAPAN, "no longer throttled from there: too many wrong passwords for "
             "the account from this network"), "the notice")
    (event,) = [row for row in ctl_json(of_lab, "log", "--account", "ulf") if row.get("event") == "unlocked"]
    tap.same((event["address"], event["who"]), (JAPAN, "root"), "the event")


@tests.case("B1, B6: wrong passwords under many spellings and on two services are one account's, name+1 to +100 too")
def spellings(of_lab):
    names = ["xaver", "Xaver", "XAVER", "xaver@example.test", "XaVer+tag@EXAMPLE.TEST"]
    for number, name in enumerate(names):
        assert not throttled(of_lab, "xaver"), f"after {number}"
        login(of_lab, name, right=False, mark=f"{number:08x}", service=("imap", "smtp")[number % 2])
    assert all(throttled(of_lab, name) for name in names), "not under each name"
    reached = [guess(of_lab, f"ysolde+{number}", number)[0] for number in range(1, 101)].count("continue")
    tap.same(reached, 5, "password checks of ysolde's hundred names")


@tests.case("M5: twenty right passwords at once pass a throttle of five; five tries that only hang up are counted")
def at_once(of_lab):
    connections = [of_lab.gate() for _ in range(20)]
    begun = [one.begin(user="zita") for one in connections]
    tap.same([answer["verdict"] for answer in begun], ["continue"] * 20, "begins")
    tap.same([one.commit(answer["ref"], "zita")["verdict"] for one, answer in zip(connections, begun)],
             ["accept"] * 20, "commits")
    for one in connections:
        one.close()
    assert not throttled(of_lab, "zita"), "by right passwords"
    connections = [of_lab.gate() for _ in range(5)]
    for one in connections:
        one.begin(user="zita")
    for one in connections:
        one.close()
    tap.poll(lambda: throttled(of_lab, "zita"), 20, "the throttle")


@tests.case(f"M5: of {HANG_UPS} tries that hang up after begin each is logged as a wrong password")
def hang_ups(of_lab):
    since = of_lab.mark()
    for number in range(HANG_UPS):
        with of_lab.gate() as connection:
            verdict = connection.begin(user=f"h{number}", client_address=f"2001:db8:1:{number // 20:x}::1")["verdict"]
            tap.same(verdict, "continue", f"begin {number}")
    tap.poll(lambda: len(of_lab.lines("account=h[0-9]+@.*reason=password$", since)) == HANG_UPS, 30, "all of them")


def throttle(of_lab, window):
    with open(of_lab.configuration, encoding="utf-8") as file:
        of_lab.write("authgate.conf", re.sub(r'window = "\w+"', f'window = "{window}"', file.read()))
    of_lab.reload("is in force")


@tests.case("M13: a throttled client that keeps trying is free again when its window has passed")
def window_passes(of_lab):
    throttle(of_lab, "4s")
    for number in range(5):
        guess(of_lab, "quinn", number)
    assert throttled(of_lab, "quinn"), "not throttled"
    last = time.monotonic()
    tap.poll(lambda: guess(of_lab, "quinn", 100 + int(time.monotonic() * 1000))[0] == "continue", 30, "a free try")
    assert 2 < time.monotonic() - last < 12, f"after {time.monotonic() - last:.1f} s"
    throttle(of_lab, "15m")


@tests.case("an office behind one address with one old phone is not locked out")
def old_phone(of_lab):
    office = "127.1.20.1"
    for _ in range(200):
        guess(of_lab, "carl", 4711, office)
        assert not throttled(of_lab, "carl", office), "the phone's own account"
    for number in range(10):
        accept(of_lab, f"colleague{number}", office)
    accept(of_lab, "carl", office)


@tests.case("spraying 200 accounts from one network is stopped at the thirtieth")
def spraying(of_lab):
    thief = "127.1.30.66"
    reached = 0
    for number in range(200):
        verdict, _, _ = guess(of_lab, f"staff{number}", 7, thief)
        reached += verdict == "continue"
    tap.same(reached, 30, "password checks reached")
    notice = wait_for_notice(of_lab, "throttled", network="127.1.30.0/24")
    assert "account" not in notice, notice
    assert not throttled(of_lab, "staff1", "127.1.31.1"), "another network"


@tests.case(f"M11: a directory that is down throttles nobody: {ERRORS} logins that end with status=error, and the "
            "known password")
def directory_down(of_lab):
    accept(of_lab, "dora", mark="600d600d")
    for number in range(ERRORS):
        with of_lab.gate() as connection:
            ref = connection.begin(user="dora", defer="yes")["ref"]
            connection.end(ref, "error", "dora")
            assert connection.closed(), "the connection goes on"
        login(of_lab, "dora", right=False, mark="600d600d", digits=f"{number:06}")
    accept(of_lab, "dora", mark="600d600d")


# ---- stolen passwords

@tests.case("a stolen password is reported, and the thief is told what a guesser is told")
def stolen(of_lab):
    known = login(of_lab, "emil", AMERICA, right=True)
    guessed = login(of_lab, "emil", AMERICA, right=False)
    tap.same((known[0], known[1]), ("deny", "country"), "the verdict at commit")
    tap.same(guessed[1], "country", "what begin said")
    wait_for_notice(of_lab, "stolen-password", account="emil@example.test", country="US")
    rows = ctl_json(of_lab, "report", "stolen", "--account", "emil")
    tap.same([(row["country"], row["count"]) for row in rows], [("US", 1)], "report")
    accept(of_lab, "emil")  # reported, not locked: the owner gets in
    for _ in range(20):
        deny(of_lab, "emil", AMERICA, "country")
    events = [row for row in ctl_json(of_lab, "log", "--account", "emil") if row.get("event") == "stolen"]
    tap.same(len(events), 1, "events of a phone in the wrong hands that goes on asking")


@tests.case("D1: a right password with one wrong code after the other is reported as stolen, before the codes run out")
def stolen_and_guessed(of_lab):
    phone = vault.enroll(of_lab, "egon")
    near = {phone.code(ahead) for ahead in range(-3, 4)}
    wrong = [code for code in (f"{number:06}" for number in range(40)) if code not in near]
    for code in wrong[:3]:
        tap.same(login(of_lab, "egon", JAPAN, digits=code)[:2], ("deny", "second-factor-wrong"), code)
    deny(of_lab, "egbert", AMERICA, "country")
    wait_for_notice(of_lab, "stolen-password", account="egbert@example.test")  # so egon's would have come before
    assert not told(of_lab, "stolen-password", account="egon@example.test"), "three are a slip of the hand"
    tap.same(login(of_lab, "egon", JAPAN, digits=wrong[3])[:2], ("deny", "second-factor-wrong"), "the fourth")
    notice = wait_for_notice(of_lab, "stolen-password", account="egon@example.test", country="JP")
    says(notice["why"], "4 wrong codes")
    accept(of_lab, "egon", digits=phone.fresh())  # reported, not locked: the owner gets in


@tests.case("where the policy says lock, a stolen password locks the account, on every path, for as long as it says")
def stolen_locked(of_lab):
    of_lab.write("accounts/frida.conf", 'stolen = { action = "lock"; for = "2h"; };\n')
    accept(of_lab, "frida")
    deny(of_lab, "frida", AMERICA, "country")
    wait_for_notice(of_lab, "locked", account="frida@example.test", who="authgate")
    for service in ("imap", "smtp", "sieve"):
        tap.same(login(of_lab, "frida", JAPAN, service=service)[:2], ("deny", "locked"), service)
    shown = ctl(of_lab, "account", "show", "frida").stdout
    says(shown, "authgate")
    ctl(of_lab, "account", "unlock", "frida")
    accept(of_lab, "frida")
    wait_for_notice(of_lab, "unlocked", account="frida@example.test")


@tests.case("the line of a locked account holds its name as one word, whatever blanks the name has")
def forged_line(of_lab):
    name = "x verdict=accept ref=aaaaaaaaaaaaa account=root"
    of_lab.write(f"accounts/{name}.conf", 'stolen = { action = "lock"; };\n')
    since = of_lab.mark()
    deny(of_lab, name, AMERICA, "country")
    line = of_lab.line("locked by the gate", since)
    says(line, "account=x\\x20verdict=accept\\x20ref=aaaaaaaaaaaaa\\x20account=root@example.test locked by the gate")
    assert " account=root" not in of_lab.log(since) and " ref=aaaaaaaaaaaaa" not in of_lab.log(since), line


# ---- compromised accounts

@tests.case("an account accepted from three countries within a day is reported, or locked where the policy says so")
def compromised(of_lab):
    everywhere = 'countries = { allow = [ "JP", "US", "CN", "FR" ]; };'
    of_lab.write("accounts/gustav.conf", everywhere + "\n")
    of_lab.write("accounts/hanna.conf", everywhere + ' compromise = { action = "lock"; };\n')
    for account in ("gustav", "hanna"):
        for address in (JAPAN, AMERICA, JAPAN, AMERICA):
            accept(of_lab, account, address)
        assert not told(of_lab, "compromised", account=f"{account}@example.test"), "two countries are no three"
        accept(of_lab, account, CHINA)
        wait_for_notice(of_lab, "compromised", account=f"{account}@example.test")
    accept(of_lab, "gustav", FRANCE)
    wait_for_notice(of_lab, "locked", account="hanna@example.test")
    tap.same(login(of_lab, "hanna", JAPAN)[:2], ("deny", "locked"), "hanna at home")


@tests.case("the story of the locked account tells it all")
def story(of_lab):
    moments = ctl_json(of_lab, "incident", "hanna")["moments"]
    kinds = [moment["what"] for moment in moments]
    assert "compromised" in kinds and "locked" in kinds, kinds
    says(ctl(of_lab, "incident", "hanna").stdout, "accepted from 3 countries", "locked")
    ctl(of_lab, "account", "lock", "gustav", "--reason", "called, no answer", "--for", "2h")
    moments = ctl_json(of_lab, "incident", "gustav")["moments"]
    says([moment["why"] for moment in moments if moment["what"] == "locked"][0], "called, no answer", "until")
    wait_for_notice(of_lab, "locked", account="gustav@example.test", why="called, no answer")


@tests.case("no notice holds a secret, and each is one object of known members")
def notices(of_lab):
    known = {"event", "at", "host", "account", "service", "address", "network", "country", "ref", "who", "why", "until",
             "left_out"}
    for line in told_lines(of_lab):
        assert set(json.loads(line)) <= known, line
        assert "600d600d" not in line and "0badcafe" not in line, "a mark was told"


@tests.case("status counts it all")
def status(of_lab):
    shown = ctl_json(of_lab, "status")
    tap.same((shown["history_state"], shown["history_lost"]), ("recording", 0), "history")
    assert shown["history_recorded"] > 200 and shown["throttle_wrong_passwords"] >= 36, shown
    assert shown["throttle_networks"] > 3 and shown["notices_told"] > 5, shown


with lab.Lab() as the_lab:
    folder = the_lab.path("notify")
    os.mkdir(folder)
    if os.getuid() == 0:
        os.chown(folder, vault.NOBODY, vault.NOBODY)
    the_lab.write("notify-program", PROGRAM.format(output=os.path.join(folder, "told")), 0o755)
    configure(the_lab, 'countries = { allow = [ "JP" ]; }; throttle = { passwords = 5; window = "15m"; };',
              f'notify = "{the_lab.path("notify-program")}"; {vault.settings(the_lab)}')
    vault.start(the_lab)
    tests.run(the_lab)
