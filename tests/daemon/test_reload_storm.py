#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A thousand reloads under load (THREATS H7): good and bad configurations by turns, account files and the country
database rewritten between them. RELOADS is another number of them."""
import collections
import concurrent.futures
import os
import shutil
import signal
import threading

from harness import AMERICA, JAPAN, accepted, descriptors, lab, login, refused, resident, tap

tests = tap.Tests()
SANITIZED = bool(os.environ.get("SANITIZE"))
RELOADS = int(os.environ.get("RELOADS") or tap.rounds(200 if SANITIZED else 1000, 1000))
REMEMBERED = 66000  # more than the daemon remembers
GROWTH = 2048  # KiB, over the last three quarters of them

HOME = 'countries = { allow = [ "JP" ]; };'
CLOSED = HOME + ' services = { imap = "closed"; };'
BROKEN = [  # each would let America in, were any of it believed
    'countries = { allow = [ "US" ]; deny = [ "US" ]; };',
    'mode = "off"; countries = { allow = [ "XQ" ]; };',
    'mode = "off"; countries = { allow = [ "US" ',
    'countries = { allow = [ "US" ]; }; contries = { };',
]
# What may be answered to a login, by address and account: bob's own file keeps imap open, whatever the defaults say.
ANSWERS = {
    (JAPAN, "alice"): {("accept", None), ("deny", "service-closed")},
    (JAPAN, "bob"): {("accept", None)},
    (AMERICA, "alice"): {("deny", "country"), ("deny", "service-closed")},
    (AMERICA, "bob"): {("deny", "country")},
}


def write_databases(of_lab):
    """In one 127.2.0.0/16 is US, in another FR; the last is a part of one."""
    places = []
    for number, changes in enumerate(((), ("127.2.0.0/16=FR",))):
        places.append(of_lab.path(f"database-{number}"))
        shutil.copy(of_lab.make_country_database(*changes), places[-1])
    places.append(of_lab.path("database-bad"))
    with open(places[0], "rb") as whole, open(places[-1], "wb") as part:
        part.write(whole.read()[:-700])
    return places


def put_database(of_lab, path):
    """By rename, as updaters do it."""
    shutil.copy(path, of_lab.path("country.new"))
    os.rename(of_lab.path("country.new"), of_lab.path("country.mmdb"))


def change(of_lab, turn, databases):
    """The next change; the word of the log by which the daemon says what it made of it."""
    if turn % 3 == 0:
        put_database(of_lab, databases[turn // 3 % len(databases)])
    if turn % 7 == 0:
        of_lab.write("accounts/bob.conf", f'services = {{ imap = "open"; }}; # {turn}\n')
    if turn % 2:
        of_lab.configure(BROKEN[turn // 2 % len(BROKEN)])
        return "stays in force"
    of_lab.configure(CLOSED if turn // 2 % 2 else HOME)
    return "is in force"


class Crowd:
    """Clients that log in all the while; what they were answered, and what went wrong."""

    def __init__(self, of_lab):
        self.lab, self.over = of_lab, False
        self.answers, self.faults = collections.Counter(), []
        self.threads = [threading.Thread(target=self.log_in, args=login) for login in ANSWERS]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_fault):
        self.over = True
        for thread in self.threads:
            thread.join()

    def log_in(self, address, user):
        while not self.over:
            try:
                answer = login(self.lab, client_address=address, user=user)
                self.answers[address, user, answer["verdict"], answer.get("reason")] += 1
            except Exception as fault:  # pylint: disable=broad-except
                self.faults.append(f"{address} {user}: {fault!r}")


def fill_memory(of_lab):
    """Has so many logins accepted that the daemon's memory of them, which is touched as it fills, grows no more."""
    def some(_):
        for _ in range(0 if SANITIZED else REMEMBERED // 4):
            accepted(of_lab)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(some, range(4)))
    accepted(of_lab)


def storm(of_lab, databases):
    """The reloads, each waited for; memory after a quarter of them and at the end."""
    early = None
    for turn in range(RELOADS):
        of_lab.reload(change(of_lab, turn, databases))
        if turn == RELOADS // 4:
            early = resident(of_lab.daemon.pid)
    return early, resident(of_lab.daemon.pid)


@tests.case(f"{RELOADS} reloads under load: a login is answered as one of the configurations says, and nothing leaks")
def reloads(of_lab):
    of_lab.write("accounts/bob.conf", 'services = { imap = "open"; };\n')
    of_lab.configure(HOME)
    of_lab.start()
    databases = write_databases(of_lab)
    fill_memory(of_lab)
    open_before, pid = descriptors(of_lab.daemon.pid), of_lab.daemon.pid
    with Crowd(of_lab) as crowd:
        early, late = storm(of_lab, databases)
    tap.same(crowd.faults[:5], [], "logins without an answer")
    seen = {(address, user): {key[2:] for key in crowd.answers if key[:2] == (address, user)}
            for address, user in ANSWERS}
    tap.same(seen, ANSWERS, "answers")
    tap.comment(f"{sum(crowd.answers.values())} logins meanwhile; {early} KiB after a quarter, {late} KiB at the end")
    assert of_lab.daemon.running() and of_lab.daemon.pid == pid, "it ended"
    tap.poll(lambda: descriptors(pid) <= open_before, 20, "all descriptors closed")
    assert SANITIZED or late - early < GROWTH, f"{late - early} KiB more"


@tests.case("signals that come faster than they are read end in the newest configuration")
def burst(of_lab):
    os.replace(of_lab.path("database-0"), of_lab.path("country.mmdb"))
    for turn in range(50):
        of_lab.configure(CLOSED if turn % 2 else HOME)
        os.kill(of_lab.daemon.pid, signal.SIGHUP)
    of_lab.configure(CLOSED)
    of_lab.reload("is in force")
    tap.poll(lambda: login(of_lab).get("reason") == "service-closed", 20, "the newest configuration")
    refused(login(of_lab, client_address=AMERICA, user="bob"), "country")
    tap.same(of_lab.stop(), 0, "exit status")


with lab.Lab() as the_lab:
    tests.run(the_lab)
