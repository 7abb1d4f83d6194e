#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the gate socket makes of messages that are none: each is refused, logged in one line where it is a refusal, and
the next login works (THREATS F1, F2, F4, F7, H10)."""
import resource
import socket
import time

from harness import accepted, gate, lab, login, refused, settled, tap

ORDINARY = gate.encode(gate.begin())
LIMIT = 8192
SLOW = tap.rounds(200, 1000)
tests = tap.Tests()


def message_of(size):
    """A good message of exactly this many bytes, filled up with a field that nobody knows."""
    short = gate.encode({**gate.begin(), "filler": ""})
    return gate.encode({**gate.begin(), "filler": "x" * (size - len(short))})


MALFORMED = [
    ("a line without an equals sign", b"request=begin\nprotocol\n\n"),
    ("a line without a name", b"request=begin\n=1\n\n"),
    ("a known name given twice", gate.encode([*gate.begin().items(), ("user", "bob")])),
    ("an unknown name given twice", gate.encode([*gate.begin().items(), ("x", "1"), ("x", "1")])),
    ("a message of nothing", b"\n"),
    ("no request", gate.encode(gate.begin(request=None))),
    ("no user", gate.encode(gate.begin(user=None))),
    ("no service", gate.encode(gate.begin(service=None))),
    ("no protocol", gate.encode(gate.begin(protocol=None))),
    ("an empty user", gate.encode(gate.begin(user=""))),
    ("a host name as address", gate.encode(gate.begin(client_address="mail.example.test"))),
    ("an address with a port", gate.encode(gate.begin(client_address="192.0.2.1:25"))),
    ("letters among the digits", gate.encode(gate.begin(digits="12a456"))),
    ("full-width digits", gate.encode(gate.begin(digits="１２３４５６"))),
    ("nine digits", gate.encode(gate.begin(digits="123456789"))),
    ("an app password of another alphabet", gate.encode(gate.begin(app_password="abcdefghijklmn01"))),
    ("an app password one short", gate.encode(gate.begin(app_password="abcdefghijklmno"))),
    ("another word than yes", gate.encode(gate.begin(defer="no"))),
    ("a ref without what belongs to it", gate.encode(gate.begin(ref="abcdefghijkl2"))),
    ("a ref of another alphabet", gate.encode(gate.begin(ref="ABCDEFGHIJKL2", code_length="0", begun="1"))),
    ("a begin of an hour ago", gate.encode(gate.begin(ref="abcdefghijkl2", code_length="0", begun="3600"))),
    ("a NUL in the name", gate.encode(gate.begin(user=b"alice\0bob"))),
    ("a NUL in the service", gate.encode(gate.begin(service=b"imap\0"))),
    ("a NUL in the address", gate.encode(gate.begin(client_address=b"127.1.0.1\0"))),
    ("a NUL in a field's name", b"req\0uest=begin\n\n"),
    ("a carriage return at each line's end", ORDINARY.replace(b"\n", b"\r\n")[:-2] + b"\n\n"),
    ("a commit without a ref", gate.encode({"request": "commit", "user": "alice"})),
    ("an end without a status", gate.encode({"request": "end", "ref": "abcdefghijkl2", "user": "alice"})),
    ("a message one byte too long", message_of(LIMIT + 1)),
    ("a message of a million bytes", message_of(10 ** 6)),
    ("a line without an end", b"user=" + b"a" * 20000),
    ("a hundred thousand lines", b"".join(b"x%d=1\n" % number for number in range(10 ** 5)) + b"\n"),
    ("more lines than a message may have", b"".join(b"x%d=1\n" % number for number in range(129)) + b"\n"),
]


@tests.rows(MALFORMED, lambda row: f"{row[0]}: denied as malformed, one log line, closed")
def malformed(of_lab, row):
    since = settled(of_lab)
    with of_lab.gate() as connection:
        answer = connection.try_out(row[1])
        if answer or len(row[1]) <= LIMIT:  # one that is cut off amid its sending may never read its answer
            refused(answer, "malformed")
    line = of_lab.line("reason=malformed", since)
    tap.same(len(of_lab.lines(".", since)), 1, f"log lines ({line})")
    assert line.isprintable() and line.isascii(), f"not escaped: {line!r}"
    accepted(of_lab)


@tests.rows([1, 2, 100, LIMIT - 1, LIMIT], lambda size: f"a message in pieces of {size} bytes is the same message")
def pieces(of_lab, size):
    whole = message_of(LIMIT) if size > 1 else ORDINARY
    with of_lab.gate() as connection:
        for start in range(0, len(whole), size):
            connection.send(whole[start:start + size])
        tap.same(connection.receive()["verdict"], "continue", "verdict")


UNKNOWN = [
    ("an unknown request", gate.begin(request="finish")),
    ("a newer protocol", gate.begin(protocol="2")),
    ("protocol 0", gate.begin(protocol="0")),
]


@tests.rows(UNKNOWN, lambda row: f"{row[0]} is answered later, unavailable")
def unknown(of_lab, row):
    with of_lab.gate() as connection:
        refused(connection.call(row[1]), "unavailable", "later")
    accepted(of_lab)


@tests.case("a field of a later version is passed over")
def unknown_field(of_lab):
    with of_lab.gate() as connection:
        answer = connection.call({"colour": "red", **gate.begin(), "x-y": "a=b=c"})
        tap.same(answer["verdict"], "continue", "verdict")


@tests.case("a value's line end adds no field that decides")
def smuggled_answer(of_lab):
    with of_lab.gate() as connection:
        refused(connection.begin(user="alice\nverdict=accept", client_address="127.2.0.1"), "country")


@tests.case("a partial message expires after 2 s, and the log says so")
def partial(of_lab):
    since = settled(of_lab)
    with of_lab.gate() as connection:
        start = time.monotonic()
        connection.send(ORDINARY[:-1])
        refused(connection.receive(), "malformed")
        waited = time.monotonic() - start
        assert 1.5 < waited < 8, f"{waited:.2f} s"
        assert connection.closed(), "the connection stays open"
    of_lab.line("reason=malformed", since)


@tests.case(f"F7: {SLOW} clients that stop in the middle of a message delay nobody, and are gone in a few seconds")
def slow_clients(of_lab):
    slow = [of_lab.gate() for _ in range(SLOW)]
    try:
        times = []
        for byte in ORDINARY[:60]:
            for connection in slow:
                try:
                    connection.send(bytes([byte]))
                except (BrokenPipeError, ConnectionResetError):
                    pass
            start = time.monotonic()
            accepted(of_lab)
            times.append(time.monotonic() - start)
        usual = sorted(times)[len(times) // 2]  # one of them may have met a busy machine
        assert usual < 0.1, f"a login took {usual * 1000:.0f} ms beside slow clients"
        assert max(times) < 1.5, f"a login took {max(times):.1f} s, as if it waited for slow clients"
        for connection in slow:
            refused(connection.receive(), "malformed")
    finally:
        for connection in slow:
            connection.close()


@tests.case("a client that asks on before it has been answered is cut off")
def impatient(of_lab):
    with of_lab.gate() as connection:
        connection.send(ORDINARY + ORDINARY)
        tap.same(connection.receive()["verdict"], "continue", "the first answer")
        refused(connection.receive(), "malformed")
        assert connection.closed(), "the connection stays open"
    accepted(of_lab)


@tests.case("a client that never reads an answer costs its own connection only")
def deaf(of_lab):
    with of_lab.gate() as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        connection.send(ORDINARY)
        accepted(of_lab)
    tap.same(login(of_lab)["verdict"], "accept", "the next login")


resource.setrlimit(resource.RLIMIT_NOFILE, (4096, max(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
with lab.Lab() as the_lab:
    the_lab.start()
    tests.run(the_lab)
