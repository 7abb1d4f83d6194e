#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A real Dovecot while the daemon is away, killed, stalled or reconfigured: no login is let in that the gate did not
judge, none is lost to a restart, and the next one works."""
import concurrent.futures
import contextlib
import os
import signal
import time

from harness import AMERICA, house, tap

TIMEOUT = 2  # the module's, in seconds
tests = tap.Tests()


def amid(of_house, **fields):
    """A login that has been begun and now waits in its password check; a future of its attempt."""
    before = of_house.stack.checks()
    of_house.stack.hold()
    attempt = POOL.submit(of_house.dovecot.login, fields.get("user", "alice"), fields.get("password", "correct horse"),
                          fields.get("source", "127.1.0.1"))
    tap.poll(lambda: of_house.stack.checks() > before, 20, "the password check's beginning")
    return attempt


@contextlib.contextmanager
def patient(of_house):
    """For as long as the `with` block the modules wait for a daemon that is started again however long that takes."""
    path = f"/etc/pam.d/{of_house.stack.name}-imap"
    with open(path, encoding="utf-8") as file:
        whole = file.read()
    try:
        replace(path, whole.replace(f"timeout={TIMEOUT}s", "timeout=40s"))
        yield
    finally:
        replace(path, whole)


def replace(path, text):
    with open(path + "-new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + "-new", path)


@tests.rows([signal.SIGTERM, signal.SIGKILL], lambda how: f"a daemon restarted by {how.name} in mid-login loses none")
def restarted(of_house, how):
    since = of_house.lab.mark()
    attempt = amid(of_house)
    of_house.lab.restart(how)
    of_house.stack.release()
    assert attempt.result(60).accepted, f"{attempt.result()}; the daemon said:\n{of_house.lab.log(since)}"
    tap.same(len(of_house.lab.lines("verdict=accept", since)), 1, "accepted logins in the log")
    tap.same(of_house.lab.lines("reason=password", since), [], "wrong passwords in the log")


@tests.case("a daemon restarted in mid-login still denies whom it denied")
def restarted_denial(of_house):
    attempt = amid(of_house, source=AMERICA)
    of_house.lab.restart(signal.SIGKILL)
    of_house.stack.release()
    assert not attempt.result(60).accepted, "let in"


@tests.case("a daemon that comes back a second later still gets the commit")
def back_in_time(of_house):
    with patient(of_house):
        attempt = amid(of_house)
    of_house.lab.stop(signal.SIGKILL)
    of_house.stack.release()
    start = time.monotonic()
    tap.poll(lambda: time.monotonic() - start > 0.7, 20, "a while")
    assert not attempt.done(), f"it did not wait: {attempt.result()}"
    of_house.lab.start()
    assert attempt.result(60).accepted, f"{attempt.result()}"


@tests.case("a daemon that stays away in mid-login: refused")
def away_amid(of_house):
    attempt = amid(of_house)
    of_house.lab.stop(signal.SIGKILL)
    of_house.stack.release()
    assert not attempt.result(60).accepted, "let in"
    of_house.lab.start()
    of_house.accepted()


@tests.case("nobody listens: refused within the timeout, the password is not even checked, and the next login works")
def nobody_listens(of_house):
    of_house.lab.stop()
    attempt = tap.swift(of_house.refused, TIMEOUT + 2, "a refusal")
    tap.same(attempt.checks, 0, "password checks")
    of_house.lab.start()
    of_house.accepted()


@tests.case("no socket at all: refused, and the next login works")
def no_socket(of_house):
    of_house.lab.stop()
    if os.path.exists(of_house.lab.socket):
        os.unlink(of_house.lab.socket)
    of_house.refused()
    of_house.lab.start()
    of_house.accepted()


@tests.case("a daemon that comes back while a login waits for it answers that login")
def comes_back(of_house):
    of_house.lab.stop()
    with patient(of_house):
        attempt = POOL.submit(of_house.dovecot.login, "alice", "correct horse")
        of_house.lab.start()
        assert attempt.result(60).accepted, f"{attempt.result()}"


@tests.case("H9: a stalled daemon: every login ends in a refusal within 5 s, and works again when it goes on")
def stalled(of_house):
    def eight():
        attempts = [POOL.submit(of_house.dovecot.login, "alice", "correct horse") for _ in range(8)]
        assert not any(attempt.result(60).accepted for attempt in attempts), "let in"

    os.kill(of_house.lab.daemon.pid, signal.SIGSTOP)
    try:
        until = time.monotonic() + tap.rounds(0, 30)
        tap.swift(eight, 5, "eight refusals")
        while time.monotonic() < until:
            tap.swift(eight, 5, "eight refusals")
    finally:
        os.kill(of_house.lab.daemon.pid, signal.SIGCONT)
    of_house.accepted()


@tests.case("a good configuration holds from the next login on; a bad one is refused and the old one stays")
def reload(of_house):
    of_house.refused(source=AMERICA)
    of_house.lab.configure('countries = { allow = [ "JP", "US" ]; };')
    of_house.lab.reload("is in force")
    of_house.accepted(source=AMERICA)
    of_house.lab.configure('countries = { allow = [ "JP", "USA" ]; };')
    since = of_house.lab.mark()
    of_house.lab.reload("stays in force")
    of_house.lab.line(f"{of_house.lab.configuration}:[0-9]+:", since)
    of_house.accepted(source=AMERICA)
    of_house.lab.configure()
    of_house.lab.reload("is in force")
    of_house.refused(source=AMERICA)


@tests.case("the country database is swapped under a running Dovecot; a bad one is refused and the old one kept")
def country_database(of_house):
    of_house.lab.make_country_database("127.2.0.0/16=JP")
    of_house.lab.reload("country database .* is in use")
    of_house.accepted(source=AMERICA)
    of_house.lab.write("country.mmdb", "no database at all")
    of_house.lab.reload("country database .* is not used")
    of_house.accepted(source=AMERICA)
    of_house.lab.make_country_database()
    of_house.lab.reload("country database .* is in use")
    of_house.refused(source=AMERICA)
    of_house.accepted()


@tests.case("twenty logins at once are all answered, whoever they are")
def at_once(of_house):
    wanted = [("alice", "correct horse", "127.1.0.1"), ("alice", "correct horse", AMERICA),
              ("bob", "battery staple", "127.1.0.2"), ("bob", "wrong", "127.1.0.2")] * 5
    attempts = [POOL.submit(of_house.dovecot.login, *login) for login in wanted]
    tap.same([attempt.result(60).accepted for attempt in attempts], [True, False, True, False] * 5, "outcomes")


with concurrent.futures.ThreadPoolExecutor(8) as POOL, house(arguments=f"timeout={TIMEOUT}s") as the_house:
    tests.run(the_house)
