#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A gate that is away, slow, broken or of another version: the right password is refused as temporary within the
deadline, and what a restart interrupts goes on (THREATS A2, F4, F9, H9, H10, M3)."""
import concurrent.futures
import itertools
import os
import re
import shutil
import socket
import threading
import time

from standin import (ACCEPTED, AUTH_ERR, CLOSE, CODE, DEFERRED, DENIED, GOING_ON, HASTE, LATER, PATIENCE, PERM_DENIED,
                     REF, ROOT, SILENCE, UNAVAIL, Gate, main, tap)

tests = tap.Tests()
OTHER_REF = "a" * 13
APP = "abcd-efgh-ijkl-mn27"
STACK = ("auth [success=done ignore=ignore default=die] {{ours {first}}}\n"
         "auth [success=1 default=ignore] {{password}}\n"
         "auth requisite pam_deny.so\nauth required pam_permit.so\nauth required {{ours {second}}}\n"
         "account required {{ours {third}}}\n")


def unavailable(result, seconds, most=8.0):
    tap.same((result.auth, result.acct), (UNAVAIL, PERM_DENIED), "auth and account")
    assert seconds < most, f"took {seconds:.1f} s"


def timed(call):
    start = time.monotonic()
    result = call()
    return result, time.monotonic() - start


@tests.case("A2: no socket, nobody listening, not a socket: try again, within the deadline")
def unreachable(host, _gate):
    away = os.path.join(host.folder, "away.sock")
    host.shipped(service="authgate-pop3", arguments=f"socket={away} timeout={HASTE}")
    tries = [lambda: None, lambda: socket.socket(socket.AF_UNIX).bind(away), lambda: os.unlink(away),
             lambda: shutil.copy("/dev/null", away)]
    for prepare in tries:
        prepare()
        unavailable(*timed(lambda: host.login(service="authgate-pop3")))
    os.unlink(away)
    os.mkdir(away)
    unavailable(*timed(lambda: host.login(service="authgate-pop3")))
    tap.same(host.checked(), [], "password checks")


@tests.case("A2: a socket that this process may not connect to: try again, within the deadline")
def forbidden(host, gate):
    gate.script()
    os.chmod(host.folder, 0o755)
    os.chmod(gate.path, 0o600)
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    with host.hasty("defer"):
        unavailable(*timed(lambda: host.login(prefix=nobody)))
    tap.same(gate.connections, 0, "connections")
    os.chmod(gate.path, 0o666)
    assert host.login(prefix=nobody).permitted
    host.checked()


BROKEN = [
    ("silence", SILENCE),
    ("a closed connection", CLOSE),
    ("one byte", b"v"),
    ("half a message", b"verdict=accept\n"),
    ("another protocol", b"HTTP/1.1 200 OK\r\n\r\n\n\n"),
    ("no verdict", {"ref": REF}),
    ("an empty message", b"\n"),
    ("an unknown verdict", {"verdict": "permit", "ref": REF}),
    ("a verdict in capitals", {"verdict": "ACCEPT", "ref": REF}),
    ("two verdicts", b"verdict=deny\nverdict=accept\n\n"),
    ("a NUL in it", b"verdict=accept\0\n\n"),
    ("9 KiB", b"verdict=accept\nx=" + b"x" * 9000 + b"\n\n"),
    ("two messages", b"verdict=deny\n\nverdict=accept\n\n"),
    ("a ref that is none", {"verdict": "continue", "ref": "short"}),
]
AT_BEGIN = BROKEN + [
    ("continue without a ref", {"verdict": "continue"}),
    ("accept for what is no app password", ACCEPTED),
    ("a code longer than the digits", {**GOING_ON, "code_length": "6"}),
    ("a code_length that is no number", {**GOING_ON, "code_length": "six"}),
    ("a code_length over 8", {**GOING_ON, "code_length": "9"}),
    ("a mark_key that is none", {**GOING_ON, "mark_key": "secret"}),
]
AT_COMMIT = BROKEN + [
    ("continue", GOING_ON),
    ("another login's ref", {**ACCEPTED, "ref": OTHER_REF}),
    ("accept with a reason", {**ACCEPTED, "reason": "country"}),
]


@tests.rows(AT_BEGIN, lambda row: f"A2: begin answered with {row[0]}: try again")
def broken_begin(host, gate, row):
    gate.script(begin=row[1])
    with host.hasty("defer"):
        unavailable(*timed(host.login))
    tap.same(host.checked(), [], "password checks")


@tests.rows(AT_COMMIT, lambda row: f"A2: commit answered with {row[0]}: try again")
def broken_commit(host, gate, row):
    gate.script(commit=row[1])
    with host.hasty("commit"):
        unavailable(*timed(host.login))
    tap.same(len(host.checked()), 1, "password checks")


@tests.case("A2: accept for an app password with a reason beside it is none")
def accept_with_reason(host, gate):
    gate.script(begin={**ACCEPTED, "reason": "country"})
    unavailable(*timed(lambda: host.login(APP)))


@tests.case("A2: a put-off denial where defer was not given is no answer")
def not_deferred(host, gate):
    host.stack("authgate-plain", "auth [success=done ignore=ignore default=die] {ours}\nauth requisite {password}\n"
               "auth required {ours commit}\naccount required {ours}\n")
    gate.script(begin=DEFERRED)
    unavailable(*timed(lambda: host.login(service="authgate-plain")))
    tap.same(host.checked(), [], "password checks")
    gate.script(begin=DENIED)
    tap.same(host.login(service="authgate-plain").auth, AUTH_ERR, "denied outright")


@tests.case("F9: a commit's answer settles nothing twice: a second commit line, or one without begin, is refused")
def commit_again(host, gate):
    host.shipped(edit=lambda text: text.replace("account required", f"auth required {host.ours('commit')}\n"
                                                "account required", 1))
    gate.script()
    result = host.login()
    tap.same((result.permitted, result.acct), (False, PERM_DENIED), "two commit lines")
    tap.same(len(gate.requests("commit")), 1, "commits")
    gate.settled()
    tap.same(gate.ends(), ["withdrawn"], "ends")
    host.stack("authgate-late", "auth requisite {password}\nauth required {ours commit}\naccount required {ours}\n")
    gate.script()
    assert not host.login(service="authgate-late").permitted
    tap.same(gate.requests(), [], "requests")
    host.shipped()
    host.checked()


@tests.case("F9: after a denial at begin a commit line asks nothing and permits nothing")
def commit_after_denial(host, gate):
    host.stack("authgate-on", "auth [default=ignore] {ours defer timeout=%s}" % HASTE + "\nauth requisite {password}\n"
               "auth required {ours commit}\naccount required {ours}\n")
    for answer in (DENIED, LATER, SILENCE, CLOSE, {"verdict": "permit"}):
        gate.script(begin=answer)
        result = host.login(service="authgate-on")
        assert not result.permitted and result.acct == PERM_DENIED, result.output
        tap.same(gate.requests("commit"), [], "commits")
    host.checked()


@tests.case("F4: names that cannot be on the wire are denied before the gate is asked")
def names(host, gate):
    gate.script()
    for name in ("", "a\nuser=b", "a\tb", "a\x7fb", "x" * 1025, "x" * 70000):
        result = host.login(user=name)
        assert not result.permitted and result.auth == (AUTH_ERR if name else result.auth), result.output
    tap.same(gate.requests(), [], "requests")
    for name in ("-f root", "../../x", "%{user}", "' OR 1=1--", "*)(uid=*", "x" * 1024, "a=b", " alice"):
        host.login(user=name)
        tap.same(gate.requests("begin")[-1]["user"], name, "user")
    host.checked()


@tests.case("H10: fields and reasons of a newer gate change nothing")
def newer(host, gate):
    gate.script(begin={**GOING_ON, "colour": "blue", "verdict2": "deny"}, commit={**ACCEPTED, "more": "x=y"})
    assert host.login().permitted
    gate.script(begin={**GOING_ON, "reason": "a-rule-of-tomorrow"}, commit=ACCEPTED)
    result = host.login()
    tap.same((result.auth, result.acct), (AUTH_ERR, PERM_DENIED), "an unknown reason")
    host.checked()


@tests.case("H10: a gate that does not know this protocol answers later, and that is try again")
def older(host, gate):
    gate.script(begin=LATER)
    unavailable(*timed(host.login))


@tests.case("H1: a gate that comes back within the deadline loses no login")
def restarting(host, _gate):
    path = os.path.join(host.folder, "restart.sock")
    host.shipped(service="authgate-sieve", arguments=f"socket={path}")
    timer = threading.Timer(0.1, lambda: Gate(path))
    timer.start()
    assert host.login(service="authgate-sieve").permitted
    timer.join()
    host.checked()


@tests.case("H1: a connection that ends before the answer to begin is tried again")
def begin_again(host, gate):
    gate.script(begin=[CLOSE, CLOSE, GOING_ON])
    assert host.login().permitted
    tap.same(len(gate.requests("begin")), 3, "begins")
    assert all("ref" not in begin for begin in gate.requests("begin"))
    host.checked()


@tests.case("M3: a connection that ends before the answer to commit: the same login begins again with its ref")
def repeat(host, gate):
    gate.script(begin=CODE, commit=[CLOSE, ACCEPTED])
    assert host.login("secret123456").permitted
    first, again = gate.requests("begin")
    tap.same(again, {**first, "ref": REF, "code_length": "6", "begun": "0"}, "the repeated begin")
    tap.same([commit["ref"] for commit in gate.requests("commit")], [REF, REF], "commits")
    tap.same(host.checked(), [("alice", "secret")], "password checks")


@tests.case("M3: the mark of a repeated login is under the new gate's key")
def repeat_mark(host, gate):
    marks = []
    for key in ("0" * 32, "f" * 32):
        gate.script(begin={**CODE, "mark_key": key})
        host.login("secret123456")
        marks += [commit["password_mark"] for commit in gate.requests("commit")]
    gate.script(begin=[{**CODE, "mark_key": "0" * 32}, {**CODE, "mark_key": "f" * 32}], commit=[CLOSE, ACCEPTED])
    assert host.login("secret123456").permitted
    tap.same([commit["password_mark"] for commit in gate.requests("commit")], marks, "marks")
    host.checked()


REPEATED = [
    ("denied", DENIED, AUTH_ERR), ("answered later", LATER, UNAVAIL), ("accepted outright", ACCEPTED, UNAVAIL),
    ("given another ref", {**CODE, "ref": OTHER_REF}, UNAVAIL), ("put off", {**CODE, "reason": "country"}, AUTH_ERR),
    ("never answered", SILENCE, UNAVAIL),
]


@tests.rows(REPEATED, lambda row: f"M3: a repeated begin that is {row[0]} lets nobody in")
def repeat_refused(host, gate, row):
    gate.script(begin=[CODE, row[1]], commit=[CLOSE, ACCEPTED])
    with host.hasty("commit" if row[1] == SILENCE else "no line"):
        result = host.login("secret123456")
    tap.same((result.auth, result.acct), (row[2], PERM_DENIED), "auth and account")
    host.checked()


@tests.case("M3: what was put off stays refused, whatever a gate that has restarted meanwhile says")
def put_off_and_forgotten(host, gate):
    gate.script(begin=[(DEFERRED, CLOSE), GOING_ON], commit=ACCEPTED)
    result = host.login()
    tap.same((result.auth, result.acct), (AUTH_ERR, PERM_DENIED), "auth and account")
    tap.same(len(gate.requests("begin")), 2, "begins")
    host.checked()


ARGUMENTS = ["", "debug", "timeout=1ms", "timeout=1s", "service=imap", "socket={path}", "defer", "commit"]


@tests.case("I3: no argument of any of the three lines lets anybody in while the gate is away, mute or mad")
def every_argument(host, gate):
    with open(os.path.join(ROOT, "module/pam/arguments.c"), encoding="utf-8") as file:
        known = set(re.findall(r'(?:value_of|strcmp)\(word, "(\w+)"', file.read()))
    tap.same({word.partition("=")[0] for word in ARGUMENTS if word}, known, "the arguments")
    away = os.path.join(host.folder, "nowhere.sock")
    host.stack("authgate-control", STACK.format(first="defer", second="commit", third=""))
    gate.script()
    assert host.login(service="authgate-control").permitted, "the stack of this test lets nobody in at all"
    host.timeout = HASTE
    for argument, line in itertools.product(ARGUMENTS, ("first", "second", "third")):
        words = {"first": "defer", "second": "commit", "third": "", line: argument.format(path=away)}
        host.stack("authgate-smtp", STACK.format(**words))
        for begin, commit in ((CLOSE, CLOSE), (LATER, LATER), (GOING_ON, CLOSE), (GOING_ON, LATER), (b"x\n\n", b"\n")):
            gate.script(begin=begin, commit=commit)
            assert not host.login(service="authgate-smtp").permitted, (argument, line, begin, commit)
    host.timeout = PATIENCE
    host.checked()


@tests.case("H9: forty calls to a stopped gate with a full backlog all end in time, as temporary")
def stalled(host, _gate):
    path = os.path.join(host.folder, "stalled.sock")
    with socket.socket(socket.AF_UNIX) as stopped:
        stopped.bind(path)
        stopped.listen(4)
        host.shipped(service="authgate-smtp", arguments=f"socket={path} timeout={HASTE}")
        with concurrent.futures.ThreadPoolExecutor(40) as pool:
            calls = [pool.submit(timed, lambda: host.login(service="authgate-smtp")) for _ in range(40)]
            for call in calls:
                unavailable(*call.result(), most=20.0)
    host.checked()


@tests.case("H9: a full backlog that is worked off in time is waited for")
def backlog(host, _gate):
    path = os.path.join(host.folder, "busy.sock")
    busy = Gate(path, backlog=1)
    host.shipped(service="authgate-doveadm", arguments=f"socket={path} timeout=30s")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        calls = [pool.submit(lambda: host.login(service="authgate-doveadm")) for _ in range(32)]
        assert all(call.result().permitted for call in calls)
    busy.stop()
    host.checked()


main(tests)
