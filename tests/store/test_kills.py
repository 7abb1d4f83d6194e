#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# time-limit: 600
"""G1, D2: the daemon is killed at any moment, hundreds of times, under logins, enrolments, locks and revocations. What
was acknowledged holds afterwards, and no code is accepted twice. KILLS=N changes how often, SEED=N repeats a run."""
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lab"))

import lab  # pylint: disable=wrong-import-position
import shifted  # pylint: disable=wrong-import-position
import tap  # pylint: disable=wrong-import-position
import vault  # pylint: disable=wrong-import-position

KILLS = int(os.environ.get("KILLS") or tap.rounds(500, 2000))
SEED = int(os.environ.get("SEED", str(random.randrange(10 ** 9))))
CLIENTS, ACCOUNTS = 3, 90
REUSED, MISSING = "deny second-factor-reused", "deny second-factor-missing"
tests = tap.Tests()


class Round:
    """What clients did between two kills: what they were told, and what they sent without an answer."""

    def __init__(self):
        self.accepted, self.unknown, self.locked, self.revoked, self.enrolled = [], [], [], [], []
        self.wrong = []


class World:
    """The lab, the phones, and what has been acknowledged so far."""

    def __init__(self, of_lab):
        self.lab = of_lab
        self.clock = shifted.Clock(of_lab)
        of_lab.configure("throttle = { passwords = 0; };", vault.settings(of_lab), vault.sockets(of_lab))
        vault.start(of_lab, env=self.clock.environment)
        self.phones = {f"u{number}": vault.enroll(of_lab, f"u{number}", self.clock) for number in range(ACCOUNTS)}
        self.random = random.Random(SEED)
        self.made = self.rounds = 0
        self.counts = dict.fromkeys(("accepted", "unknown", "locked", "revoked", "enrolled"), 0)

    def start(self):
        vault.start(self.lab, env=self.clock.environment)

    def kill(self):
        self.lab.daemon.process.kill()
        self.lab.daemon.process.wait()

    def try_code(self, name, code, address):
        """A whole login with a right password, in words."""
        with self.lab.gate() as connection:
            answer = connection.begin(user=name, digits=code, client_address=address)
            if answer["verdict"] == "continue":
                answer = connection.commit(answer["ref"], name)
            return answer["verdict"] + (f" {answer['reason']}" if "reason" in answer else "")


def log_in(world, number, seen):
    """One client: each of its accounts once, until the daemon is gone."""
    for name in list(world.phones)[number::CLIENTS]:
        code = world.phones[name].code()
        try:
            connection = world.lab.gate()
        except OSError:
            return
        sent = False
        try:
            answer = connection.begin(user=name, digits=code, client_address=f"127.1.{number}.1")
            sent = True
            verdict = connection.commit(answer["ref"], name)["verdict"]
            {"accept": seen.accepted, "later": seen.unknown}.get(verdict, seen.wrong).append((name, code))
        except (OSError, TypeError):  # no answer: its connection was lost
            if sent:
                seen.unknown.append((name, code))
            return
        finally:
            connection.close()


def order(world, request, **fields):
    """An order that was carried out: its answer. A disk too slow for the daemon's patience is no acknowledgement."""
    records = vault.ask(world.lab, request, **fields)
    if any(record["record"] == "error" for record in records):
        raise OSError(f"{request}: {records}")
    return records


def administer(world, seen):
    """An administrator: locks, app passwords made and revoked, secrets imported, until the daemon is gone."""
    try:
        while True:
            world.made += 1
            name = f"a{world.made}"
            order(world, "account-lock", account=name, text="test")
            seen.locked.append(name)
            shown = order(world, "app-password-add", account=f"b{name}", services="imap")[0]["app_password"]
            order(world, "app-password-revoke", account=f"b{name}", name="imap")
            seen.revoked.append((f"b{name}", shown))
            vault.enroll(world.lab, f"c{name}", world.clock)
            seen.enrolled.append(f"c{name}")
    except (OSError, TypeError):
        return


def load(world):
    """Clients at work until the daemon is killed under them."""
    seen = Round()
    world.clock.forward(30)
    threads = [threading.Thread(target=log_in, args=(world, number, seen)) for number in range(CLIENTS)]
    threads.append(threading.Thread(target=administer, args=(world, seen)))
    for thread in threads:
        thread.start()
    until = time.monotonic() + world.random.uniform(0.0, 0.05)
    tap.poll(lambda: time.monotonic() >= until, 20, "the moment of the kill")
    world.kill()
    for thread in threads:
        thread.join()
    return seen


def check(world, seen):
    """The daemon is back: what it said holds, and what it did not say is one thing or the other."""
    world.rounds += 1
    # Networks that no account was ever accepted from: a remembered one would pass whatever the code is.
    elsewhere = [f"127.{number + world.rounds // 250}.{world.rounds % 250}.1" for number in (10, 100)]
    assert not seen.wrong, f"fresh codes refused: {seen.wrong}"
    for name, code in seen.accepted:
        tap.same(world.try_code(name, code, elsewhere[0]), REUSED, f"{name}'s acknowledged code")
    for name, code in seen.unknown:
        first = world.try_code(name, code, elsewhere[0])
        assert first in ("accept", REUSED), f"{name}'s code of a lost login: {first}"
        tap.same(world.try_code(name, code, elsewhere[1]), REUSED, f"{name}'s code once more")
    for name in seen.locked:
        tap.same(world.try_code(name, None, elsewhere[0]), "deny locked", f"{name}, whose lock was acknowledged")
    for name in seen.enrolled:
        tap.same(world.try_code(name, None, elsewhere[0]), MISSING, f"{name}, whose secret was acknowledged")
    for name, shown in seen.revoked:
        with world.lab.gate() as connection:
            verdict = connection.begin(user=name, client_address=elsewhere[0], app_password=shown)["verdict"]
        tap.same(verdict, "deny", f"{name}'s revoked app password")
    for what in world.counts:
        world.counts[what] += len(getattr(seen, what))


@tests.case(f"{KILLS} kills: nothing acknowledged is lost, no code is accepted twice")
def kills(world):
    print(f"# SEED={SEED}")
    for _ in range(KILLS):
        seen = load(world)
        world.start()
        check(world, seen)
    print("# " + ", ".join(f"{what}: {count}" for what, count in world.counts.items()))
    assert world.counts["accepted"] > KILLS and all(world.counts.values()), "too little went on"


with lab.Lab() as the_lab:
    tests.run(World(the_lab))
