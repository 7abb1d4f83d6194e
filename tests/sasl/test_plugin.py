#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""libauthgate.so in a host that makes libsasl2's calls: what it asks, what it returns for every answer, when it does
nothing, how long it waits, and what it leaves behind (THREATS A2, C4, F4, H10, J1, J3, J8, L2)."""
import os
import subprocess
import time

from standin import (BADAUTH, BADVERS, CLOSE, CONTINUE, DENY, LATER, NOMECH, OK, SILENCE, UNAVAIL, encode, main, tap)

tests = tap.Tests()
ASK = ["pwcheck_method:=saslauthd", "saslauthd_path:=/run/authgate/saslauthd"]


@tests.case("it tells the gate all that libsasl2 knows, and nothing else")
def asks(host, gate):
    gate.script()
    tap.same(host.looks(*ASK, "look=alice@example.test"), [OK], "codes")
    tap.same(gate.heard, [{"request": "ask", "protocol": "1", "user": "alice@example.test", "service": "smtp",
                           "client_address": "192.0.2.1", "client_port": "4711", "mechanism": "PLAIN",
                           "pwcheck": "saslauthd", "pwcheck_path": "/run/authgate/saslauthd"}], "heard")


@tests.case("C4 what libsasl2 does not know is left out")
def unknown(host, gate):
    gate.script()
    tap.same(host.looks("remote=", "mech=", "look=alice"), [OK], "codes")
    tap.same(gate.heard, [{"request": "ask", "protocol": "1", "user": "alice", "service": "smtp"}], "heard")


ANSWERS = [
    ("continue", CONTINUE, OK),
    ("continue with words it does not know", {**CONTINUE, "colour": "green"}, OK),
    ("continue with a reason", {**CONTINUE, "reason": "country"}, UNAVAIL),
    ("accept, which an ask cannot be answered", {"verdict": "accept"}, UNAVAIL),
    ("deny", DENY, BADAUTH),
    ("deny without a reason", {"verdict": "deny"}, BADAUTH),
    ("later", LATER, UNAVAIL),
    ("an unknown verdict", {"verdict": "perhaps"}, UNAVAIL),
    ("an unknown reason", {"verdict": "deny", "reason": "moonphase"}, BADAUTH),
    ("a verdict in capitals", {"verdict": "CONTINUE"}, UNAVAIL),
    ("no verdict", {"reason": "country"}, UNAVAIL),
    ("an empty verdict", {"verdict": ""}, UNAVAIL),
    ("an empty message", b"\n", UNAVAIL),
    ("a verdict given twice", b"verdict=continue\nverdict=deny\n\n", UNAVAIL),
    ("a line without =", b"verdict=continue\nnonsense\n\n", UNAVAIL),
    ("a control character", b"verdict=continue\nreason=\x01\n\n", UNAVAIL),
    ("a NUL", b"verdict=continue\0\n\n", UNAVAIL),
    ("bytes after the answer", b"verdict=continue\n\nverdict=continue\n\n", UNAVAIL),
    ("a long answer", b"verdict=continue\nx=" + b"a" * 9000 + b"\n\n", UNAVAIL),
    ("noise", bytes(range(256)) * 40, UNAVAIL),
    ("protocol HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n", UNAVAIL),
    ("one byte and the end", b"v", UNAVAIL),
    ("the end at once", CLOSE, UNAVAIL),
]


@tests.rows(ANSWERS, lambda row: f"J1 the gate says {row[0]}: {'go on' if row[2] == OK else row[2]}")
def answers(host, gate, row):
    _, answer, code = row
    gate.script(answer)
    patience = ["authgate_timeout:=300ms"] if code == UNAVAIL else []
    tap.same(host.looks(*patience, "look=alice"), [code], "code")


@tests.case("a refusal is one log line with the ref, the reason and the client's words escaped")
def log_line(host, gate):
    gate.script(DENY)
    lines = host.run("look=al ice\\").all("log")
    tap.same(len(lines), 1, "lines")
    for word in ("ref=k7f3q2mxw4z6b", "reason=country", "user=al\\x20ice\\x5c", "service=smtp", "address=192.0.2.1"):
        assert word in lines[0].split(), f"{word} is missing: {lines[0]}"


@tests.case("J3 without authgate_socket it has no effect: nothing is asked, the look-up is as if it were not there")
def inert(host, gate):
    gate.script(DENY)
    result = host.run("authgate_socket:=", "look=alice", "authzid=alice", "bytes=00", "mech=CRAM-MD5", "look=bob")
    tap.same((result.looks, result.all("authzid")), ([NOMECH] * 3, [str(NOMECH)]), "codes")
    tap.same((gate.heard, result.all("log")), ([], []), "asks and log lines")


@tests.case("J3 look-ups of authorization identities are not its business")
def authzid(host, gate):
    gate.script(DENY)
    tap.same(host.run("authzid=alice").all("authzid"), [str(NOMECH)], "codes")
    tap.same(gate.heard, [], "asks")


@tests.rows([("PLAIN", "auxprop", 1), ("LOGIN", None, 1), ("PLAIN", "saslauthd auxprop", 1), ("PLAIN", "saslauthd", 2),
             ("CRAM-MD5", "auxprop", 2), ("SCRAM-SHA-256", None, 2)],
            lambda row: f"J3 two look-ups by {row[0]} with pwcheck_method {row[1]}: {row[2]} asks")
def twice(host, gate, row):
    mechanism, method, count = row
    gate.script()
    looks = ["look=alice", "authzid=alice"] * 2
    tap.same(host.looks(f"mech={mechanism}", f"pwcheck_method:={method or ''}", *looks), [OK, OK], "codes")
    tap.same(len(gate.heard), count, "asks")


@tests.case("J3 every AUTH asks again: what was let through is let through once more, not for good")
def once_more(host, gate):
    gate.script([CONTINUE, CONTINUE, DENY])
    tap.same(host.looks("pwcheck_method:=auxprop", *["look=alice"] * 5), [OK, OK, OK, OK, BADAUTH], "codes")
    tap.same(len(gate.heard), 3, "asks")


@tests.rows(["look=bob", "remote=192.0.2.2;4711", "remote=192.0.2.1;4712", "mech=LOGIN", "conn=2", "service=imap",
             "pwcheck_method:=saslauthd"], lambda row: f"J3 {row} after a login that was let through: asked about")
def another(host, gate, step):
    gate.script([CONTINUE, DENY])
    after = [] if step.startswith("look") else ["look=alice"]
    tap.same(host.looks("pwcheck_method:=auxprop", "look=alice", step, *after), [OK, BADAUTH], "codes")


@tests.case("a login that was refused or could not be judged is asked about again")
def refused_again(host, gate):
    for answer, code in ((DENY, BADAUTH), (LATER, UNAVAIL)):
        gate.script([answer, CONTINUE, answer])
        tap.same(host.looks("pwcheck_method:=auxprop", *["look=alice"] * 4), [code, OK, OK, code], "codes")


@tests.rows(["", "00", "616c00", "0a", "616c6963650a", "7f", "61" * 1025, "61" * 2048],
            lambda row: f"F4, J8 the name {row[:24] or 'without a byte'}: refused, and nobody is asked")
def impossible_names(host, gate, row):
    gate.script()
    tap.same(host.looks(f"bytes={row}"), [BADAUTH], "code")
    tap.same(gate.heard, [], "asks")


@tests.case("J8 names of 1 to 1024 bytes are asked about whole")
def long_names(host, gate):
    gate.script()
    lengths = [1, 63, 64, 255, 256, 257, 1023, 1024]
    tap.same(host.looks(*[f"bytes={'61' * length}" for length in lengths]), [OK] * len(lengths), "codes")
    tap.same([len(fields["user"]) for fields in gate.heard], lengths, "lengths")


@tests.case("A2 no socket, a silent gate, a full backlog: temporary, within the timeout")
def away(host, gate):
    def look(timeout, *more):
        return tap.swift(lambda: host.looks(f"authgate_timeout:={timeout}ms", *more, "look=alice"), timeout / 1000 + 1,
                         f"{timeout} ms")

    gate.script(SILENCE)
    gate.stop()
    tap.same(look(500), [UNAVAIL], "no socket")
    gate.listen()
    start = time.monotonic()
    tap.same(look(1000), [UNAVAIL], "a silent gate")
    assert time.monotonic() - start > 0.9, "too early"
    for path in ("/etc/passwd", f"/{'a' * 200}", "relative"):
        tap.same(look(300, f"authgate_socket:={path}"), [UNAVAIL], path[:20])


@tests.case("a gate that comes back within the timeout is asked: a restart loses no login")
def comes_back(host, gate):
    gate.script()
    gate.stop()
    with subprocess.Popen(host.arguments("wait", "look=alice"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        while process.stdout.readline().strip() != "waiting":
            pass
        process.stdin.write("go on\n")
        process.stdin.flush()
        tap.tick()
        gate.listen()
        lines = process.communicate(timeout=60)[0].splitlines()
        tap.same([line for line in lines if line.startswith("look")], ["look 0"], "codes")


@tests.case("an ask whose connection is lost is asked again")
def lost(host, gate):
    gate.script([CLOSE, b"verdict=cont", CONTINUE])
    tap.same(host.looks("look=alice"), [OK], "code")
    tap.same(len(gate.heard), 3, "asks")


@tests.rows(["soon", "2", "-1s", "0s", "61s", "1.5s", "2 s", "2sec", "99999999s", ""],
            lambda row: f"authgate_timeout {row!r}: {'the default' if not row else 'no time, and nobody gets in'}")
def timeouts(host, gate, row):
    gate.script()
    tap.same(host.looks(f"authgate_timeout:={row}", "look=alice"), [OK if not row else UNAVAIL], "code")


@tests.case("a host without a service name, or with one that cannot be: temporary")
def services(host, gate):
    gate.script()
    tap.same(host.looks("service=", "look=alice", "service=" + "s" * 65, "look=alice"), [UNAVAIL, UNAVAIL], "codes")
    tap.same(gate.heard, [], "asks")


@tests.case("H10 a libsasl2 that is too old for it does not get it")
def old_host(host, _gate):
    tap.same(host.run("version=7", "look=alice").all("init"), [str(OK), str(BADVERS)], "init")


@tests.case("it answers an ask as it is encoded, byte by byte")
def slow(host, gate):
    gate.script(encode(CONTINUE))
    tap.same(host.looks("look=alice"), [OK], "code")


@tests.case("L2 loaded and unloaded 1,000 times it leaves nothing behind, and no descriptor after 1,000 look-ups")
def load_unload(host, gate):
    gate.script()
    result = host.run("reload=1", "reload=1000", timeout=60)
    first, last = result.all("belongings")
    if os.environ.get("SANITIZE"):  # it maps memory of its own
        first, last = (belongings.rpartition(" ")[0] for belongings in (first, last))
    tap.same(last, first, "descriptors, threads, regions")
    tap.same(set(result.all("again")), {str(OK)}, "codes")


if __name__ == "__main__":
    main(tests)
