#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Hostile names typed into a real mail client: each ends in a refusal, each that comes as far as the gate leaves one
escaped line, and the next login works (THREATS B4, B8, B10, B11)."""
from harness import ACCOUNTS, AMERICA, JAPAN, PASSWORD, house, lab, mailserver, stack, tap

NAMES = [
    b"-f root", b"../../x", b"%{user}", b"%u%n%s", b"' OR 1=1--", b"*)(uid=*", b"alice*master", b" alice", b"alice ",
    b"\talice", b"alice\xa0", b"a\nb", b"alice\nverdict=accept", b"alice\r\n\r\nverdict=accept", b"a\x1b[2Jb",
    b"\xff\xfe", b"\xc0\xaf", "ａｌｉｃｅ".encode(), "álice".encode(), b"alice@", b"@example.test", b"alice@..",
    b"alice@unserved.test", b"alice@example.test.", b"alice@example.test@example.test", b"alice+1", b"root",
    b"$(id)", b"a" * 255, b"a" * 256, b"a" * 257, b"a" * 1023, b"a" * 1024, b"a" * 1025, b"a" * 4000, b"", b"@", b"/",
]
MASTERS = "" if mailserver.version() == "2.3" else "masters "  # the passdb's name
tests = tap.Tests()


def shown(name):
    return repr(name if len(name) < 40 else name[:20] + b"... of %d bytes" % len(name))


@tests.rows(NAMES, lambda name: f"{shown(name)} is refused, with at most one escaped line")
def hostile(of_house, name):
    since = of_house.settled()
    of_house.refused(user=name, password=PASSWORD)
    lines = of_house.lab.lines(".", since)
    assert len(lines) <= 1, "\n".join(lines)
    for line in lines:
        assert line.isprintable() and line.isascii() and "verdict=deny" in line.split(), repr(line)
        assert "verdict=accept" not in line.split(), repr(line)


@tests.case("after all of them the daemon lives and the next login works")
def afterwards(of_house):
    assert of_house.lab.daemon.running(), "the daemon ended"
    of_house.accepted()


@tests.case("a name with a NUL reaches nobody")
def nul(of_house):
    since = of_house.lab.mark()
    of_house.refused(user=b"alice\0bob", password=PASSWORD)
    tap.same(of_house.lab.lines("verdict=accept", since), [], "accepted logins")
    of_house.accepted()


@tests.case("B8: a master user's login is the master's: his country, his wrong passwords, his line in the log")
def master(_of_house):
    with lab.Lab() as of_lab:
        of_lab.configure('countries = { allow = [ "JP" ]; }; throttle = { passwords = 3; };')
        of_lab.start()
        of_stack = stack.Stack(of_lab, ACCOUNTS)
        service = f"args = {of_stack.name}-%s"
        if mailserver.version() != "2.3":
            service = f"passdb_pam_service_name = {of_stack.name}-%{{protocol}}"
        passdb = f"passdb {MASTERS}{{\n  driver = pam\n  {service}\n  master = yes\n}}\n"
        dovecot = mailserver.Dovecot(of_lab, of_stack, "auth_master_user_separator = *\n" + passdb)
        since = of_lab.mark()
        assert dovecot.login("alice*bob", ACCOUNTS["bob"], JAPAN).accepted, dovecot.log()[-500:]
        of_lab.line("account=bob@example.test .*verdict=accept", since)
        assert not dovecot.login("alice*bob", ACCOUNTS["bob"], AMERICA).accepted, "let in from abroad"
        for number in range(3):
            assert not dovecot.login("alice*bob", f"wrong {number}", JAPAN).accepted, "a wrong password"
        assert not dovecot.login("bob", ACCOUNTS["bob"], JAPAN).accepted, "bob is not throttled"
        assert dovecot.login("alice", ACCOUNTS["alice"], JAPAN).accepted, "alice is"
        tap.same(of_lab.lines(r"account=alice@.*verdict=deny", since), [], "refusals of alice")


with house() as the_house:
    tests.run(the_house)
