#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Hostile and odd account names and addresses on the raw socket: one denial or one opaque account, one escaped log
line, and the daemon goes on (THREATS B1, B4, B6, B8, B10, C1, C4)."""
import re

from harness import AMERICA, accepted, gate, lab, refused, settled, tap

tests = tap.Tests()

MALFORMED = [
    b"../../x", b"*)(uid=*", b"alice*master", b"alice ", b" alice", b"\xa0alice", b"alice\xa0", b"\talice", b"alice\r",
    b"a\x1b[2Jb", b"\xff\xfe", b"\xc0\xaf", "ａｌｉｃｅ".encode(), "álice".encode(), b"alice@", b"@example.test", b"@",
    b"alice@example.test@example.test", b"alice@..", b"alice@example.test.", b"alice@.example.test", b"alice@-x.test",
    b"alice@unserved.test", b"alice@example..test", b".alice", b"a..b", b"+alice", b"a/b", b"a" * 321, b"a" * 1023,
    b"a" * 1024, b"a" * 1025, b"a" * 65535, b"a" * 65536, b"alice@" + b"a" * 64 + b".test", b"\x7f", b"al\0ice",
    b"ali\xed\xa0\x80ce", b"\\alice", b"a\\lice", b"EXAMPLE\\alice", b"a\\nb", b"al  ice",
]
OPAQUE = [
    (b"-f root", r"-f\x20root"), (b"%{user}", "%{user}"), (b"' OR 1=1--", r"'\x20or\x201=1--"), (b"$(id)", "$(id)"),
    (b"%n%s%x", "%n%s%x"), (b"alice verdict=accept", r"alice\x20verdict=accept"),
    (b"a=b", "a=b"), (b"\"alice\"", '"alice"'), (b"a" * 255, "a" * 128 + "..."), (b"root", "root"),
]
ONE_ACCOUNT = [b"alice", b"Alice", b"ALICE", b"alice@example.test", b"Alice@EXAMPLE.test", b"alice+1", b"alice+a+b",
               b"alice+@example.test"]
ONE_ADDRESS = ["127.1.0.1", "::ffff:127.1.0.1", "::FFFF:7f01:1", "0:0:0:0:0:ffff:7f01:0001"]
NO_ADDRESS = [b"127.1", b"0x7f.1.0.1", b"127.1.0.256", b"127.1.0.1 ", b"localhost", b"[::1]",
              b"127.1.0.1/32", b"127.001.0.1", b"::ffff:127.1.0.1:25", b"1" * 65, b"\xff", b"fe80::1%", b"unknown"]


def shown(name):
    return repr(name if len(name) < 40 else name[:20] + b"... of %d bytes" % len(name))


def one_line(of_lab, since, pattern):
    """The one line logged since, in printable ASCII."""
    line = of_lab.line(pattern, since)
    tap.same(len(of_lab.lines(".", since)), 1, f"log lines ({line})")
    assert line.isprintable() and line.isascii(), f"not escaped: {line!r}"
    return line


@tests.rows(MALFORMED, lambda name: f"{shown(name)}: malformed, one escaped line, the next login works")
def malformed(of_lab, name):
    since = settled(of_lab)
    with of_lab.gate() as connection:
        answer = connection.try_out(gate.encode(gate.begin(user=name)))
        if answer or len(name) < 8000:  # one that is cut off amid its sending may never read its answer
            refused(answer, "malformed")
    line = one_line(of_lab, since, "reason=malformed")
    tap.same(len(re.findall("verdict=", line)), 1, f"verdicts in {line!r}")
    accepted(of_lab)


@tests.rows(OPAQUE, lambda row: f"{shown(row[0])}: an account like any other, one escaped line")
def opaque(of_lab, row):
    since = settled(of_lab)
    with of_lab.gate() as connection:
        answer = connection.begin(user=row[0])
        tap.same(answer["verdict"], "continue", "begin")
        connection.end(answer["ref"], "wrong", row[0])
        line = one_line(of_lab, since, "reason=password")
    account = next(word for word in line.split(" ") if word.startswith("account="))
    expected = row[1] if row[1].endswith("...") else row[1] + "@example.test"
    tap.same(account, f"account={expected}", "the account in the log")
    accepted(of_lab)


@tests.rows(ONE_ACCOUNT, lambda name: f"{shown(name)} is alice@example.test")
def one_account(of_lab, name):
    since = settled(of_lab)
    with of_lab.gate() as connection:
        connection.begin(user=name)
    assert "account=alice@example.test" in one_line(of_lab, since, "ref=").split()


@tests.case("every byte in the middle of a name: refused, or logged as itself; no field appears or vanishes")
def every_byte(of_lab):
    fields = ["account", "address", "country", "credential", "reason", "ref", "service", "verdict"]
    for byte in range(256):
        since = settled(of_lab)
        with of_lab.gate() as connection:
            answer = connection.call(gate.begin(user=b"al" + bytes([byte]) + b"ice"))
        plain = 32 <= byte < 127 and chr(byte) not in "/@*\\"
        tap.same(answer["verdict"], "continue" if plain else "deny", f"byte {byte:#x}")
        line = one_line(of_lab, since, "ref=")
        if plain:
            tap.same(sorted(word.split("=")[0] for word in line.split(" ")), fields, f"fields with byte {byte:#x}")
        elif byte >= 32 and byte != 127:  # else the message is none
            assert "account=al" in line, line


@tests.rows(ONE_ADDRESS, lambda text: f"{text} is 127.1.0.1")
def one_address(of_lab, text):
    since = settled(of_lab)
    with of_lab.gate() as connection:
        tap.same(connection.begin(client_address=text)["verdict"], "continue", "begin")
    line = one_line(of_lab, since, "ref=").split()
    assert "address=127.1.0.1" in line and "country=JP" in line, line


@tests.rows(NO_ADDRESS, lambda text: f"{text!r} is no address and nothing else either")
def no_address(of_lab, text):
    with of_lab.gate() as connection:
        answer = connection.call(gate.begin(client_address=text))
    assert answer["verdict"] == "deny" and answer["reason"] in ("malformed", "country-unknown"), answer
    accepted(of_lab)


@tests.case("a login without an address is unknown, never a trusted one")
def absent_address(of_lab):
    of_lab.configure('countries = { allow = [ "JP" ]; }; networks = { trusted = [ "loopback", "private" ]; };')
    of_lab.reload("is in force")
    with of_lab.gate() as connection:
        refused(connection.begin(client_address=None), "country-unknown")
    with of_lab.gate() as connection:
        tap.same(connection.begin(client_address="10.1.2.3")["verdict"], "continue", "a trusted address")
    of_lab.configure()
    of_lab.reload("is in force")


@tests.case("NAT64 stays IPv6: no country hides behind it")
def nat64(of_lab):
    with of_lab.gate() as connection:
        refused(connection.begin(client_address="64:ff9b::7f01:1"), "country-unknown")


@tests.case("a service and a mechanism that nobody knows are logged escaped, and the service is closed")
def service(of_lab):
    since = settled(of_lab)
    with of_lab.gate() as connection:
        refused(connection.begin(service="im ap\\", mechanism="PLA\x80IN"), "service-closed")
    line = one_line(of_lab, since, "reason=service-closed")
    assert r"service=im\x20ap\x5c" in line and r"mechanism=PLA\xc2\x80IN" in line, line


@tests.case("ten thousand different names leave the daemon no bigger and no slower")
def many_names(of_lab):
    for number in range(10000):
        with of_lab.gate() as connection:
            connection.call(gate.begin(user=f"user{number}", client_address=AMERICA))
    accepted(of_lab)


with lab.Lab() as the_lab:
    the_lab.start()
    tests.run(the_lab)
