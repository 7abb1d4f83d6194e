#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Trouble on our side is never a wrong password: the daemon down, stopped, killed in the middle of an AUTH, restarted
under load. Clients get 454 (try again), nobody gets 535 for a right password (THREATS A2, H1, H9)."""
import os
import signal
import threading
import time

from harness import AMERICA, REFUSED, TEMPORARY, house, tap

tests = tap.Tests()


def timed(scene, code, **login):
    """A login that gets this reply; how many seconds it took."""
    start = time.monotonic()
    scene.gets(code, **login)
    return time.monotonic() - start


@tests.case("the daemon is down: 454 within the plugin's two seconds, and the password is not checked")
def down(scene):
    scene.lab.stop()
    heard = len(scene.behind.heard)
    for mechanism in ("PLAIN", "LOGIN"):
        tap.swift(lambda mechanism=mechanism: scene.gets(TEMPORARY, mechanism=mechanism), 4, mechanism)
    tap.same(len(scene.behind.heard), heard, "passwords checked")
    scene.lab.start()
    scene.gets(235)


@tests.case("H9 the daemon is stopped: 454 within the plugin's two seconds")
def stopped(scene):
    os.kill(scene.lab.daemon.pid, signal.SIGSTOP)
    try:
        tap.swift(lambda: scene.gets(TEMPORARY), 4, "the reply")
    finally:
        os.kill(scene.lab.daemon.pid, signal.SIGCONT)
    tap.poll(lambda: scene.login().code == 235, 20, "the next login")


def amid(scene, then, password="wonder"):
    """An AUTH whose password is being checked when `then()` happens; the reply."""
    scene.behind.say = "silence"
    seen = []
    client = threading.Thread(target=lambda: seen.append(scene.login(password=password)))
    client.start()
    try:
        tap.poll(lambda: scene.behind.waiting, 20, "the password at saslauthd")
        scene.behind.say = None
        then()
    finally:
        scene.behind.say = None
        client.join(30)
        scene.behind.release(b"")
    return seen[0]


@tests.case("killed while the password is being checked: 454, and the next login goes through once it is back")
def killed_amid(scene):
    tap.same(amid(scene, lambda: scene.lab.stop(signal.SIGKILL)).code, TEMPORARY, "reply")
    scene.lab.start()
    scene.gets(235)


@tests.case("ended in an orderly way while the password is being checked: the login that it waits for is answered")
def drained(scene):
    def end():
        since = scene.lab.mark()
        os.kill(scene.lab.daemon.pid, signal.SIGTERM)
        scene.lab.line("stopping", since)
        scene.behind.release(b"\0\2OK")
    tap.same(amid(scene, end).code, 235, "reply")
    scene.lab.stop()
    scene.lab.start()


@tests.case("saslauthd hangs: 454, when the daemon's own patience ends")
def upstream_hangs(scene):
    scene.behind.say = "silence"
    try:
        seconds = timed(scene, TEMPORARY)
    finally:
        scene.behind.say = None
        scene.behind.release(b"")
    assert 5 < seconds < 35, f"after {seconds:.1f} s"
    scene.gets(235)


@tests.case("H1 restarted and killed under load: right passwords get 235 or 454, wrong places 535 or 454")
def under_load(scene):
    seen, stop = [], threading.Event()

    def log_in(number):
        home = number % 2 == 0
        while not stop.is_set():
            seen.append((home, scene.login(source=f"127.{1 if home else 2}.0.{number + 1}").code))

    clients = [threading.Thread(target=log_in, args=(number,)) for number in range(4)]
    for client in clients:
        client.start()
    try:
        for number in range(tap.rounds(8, 100)):
            before = len(seen)
            tap.poll(lambda before=before: len(seen) > before + 8, 20, "logins")
            scene.lab.restart(signal.SIGKILL if number % 2 else signal.SIGTERM)
    finally:
        stop.set()
        for client in clients:
            client.join(60)
    tap.same({code for home, code in seen if home} - {235, TEMPORARY}, set(), "other replies to a right password")
    tap.same({code for home, code in seen if not home} - {REFUSED, TEMPORARY}, set(), "other replies from abroad")
    accepted = sum(code == 235 for _, code in seen)
    print(f"# {len(seen)} logins, {accepted} accepted, {sum(code == TEMPORARY for _, code in seen)} to try again")
    assert accepted > 20, f"only {accepted} logins were accepted"
    scene.gets(235)
    scene.gets(REFUSED, source=AMERICA)


with house(None) as of_this:
    tests.run(of_this)
