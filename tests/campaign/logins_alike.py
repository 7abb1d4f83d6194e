#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Whether the time of a refusal tells why: real IMAP logins through a real Dovecot and the shipped stack, of several
kinds in random order, their times compared by Kolmogorov and Smirnov (THREATS A10, E6). Run by `make campaign`
alone. Dovecot answers refusals at ticks of its own, half a second apart, so that some are under way at a time; on
the saslauthd socket it is the gate that does. What a password module makes of an unknown user is not the
gate's: every account has a password."""
import concurrent.futures
import imaplib
import itertools
import math
import os
import random
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lab"))

import lab  # pylint: disable=wrong-import-position
import mailserver  # pylint: disable=wrong-import-position
import sasl  # pylint: disable=wrong-import-position
import stack  # pylint: disable=wrong-import-position
import tap  # pylint: disable=wrong-import-position
import vault  # pylint: disable=wrong-import-position

ROUNDS = int(os.environ.get("LOGINS") or 400)
TRIES, P_LEAST = 3, 0.01
AT_ONCE = 8
HOME, ABROAD = "127.1.0.1", "127.2.0.1"
PASSWORD, WRONG = "correct horse", "battery staple"
BUDGET = 10  # distinct wrong codes that one account may try
CROWD = math.ceil(ROUNDS * TRIES / BUDGET)
tests = tap.Tests()


class House:
    """A Dovecot in front of the gate, accounts of every sort behind it."""

    def __init__(self, of_lab):
        self.lab = of_lab
        self.wire = of_lab.path("saslauthd")
        self.upstream = sasl.Upstream(of_lab.path("mux"), {})
        of_lab.configure('countries = { allow = [ "JP" ]; }; throttle = { passwords = 0; };',
                         f'{vault.settings(of_lab)} saslauthd = {{ upstream = "{self.upstream.path}"; }};',
                         f'{vault.sockets(of_lab)}, {{ kind = "saslauthd"; path = "{self.wire}"; '
                         f'seen_as = "{sasl.SEEN_AS}"; }}')
        vault.start(of_lab)
        enrolled = ["alice", "carol", *(f"guessed{number}" for number in range(CROWD))]
        names = ["bob", "dora", *enrolled, *(f"unknown{number}" for number in range(ROUNDS * TRIES))]
        self.stack = stack.Stack(of_lab, dict.fromkeys(names, PASSWORD))
        self.upstream.passwords = {f"{name}@example.test": PASSWORD for name in names}
        self.over_wire = False
        self.dovecot = mailserver.Dovecot(of_lab, self.stack)
        self.phones = {name: vault.enroll(of_lab, name) for name in enrolled}
        vault.ask(of_lab, "account-lock", account="dora", text="test")
        self.count = itertools.count()

    def refused(self, name, password, source=HOME):
        """The milliseconds from a login's word to its refusal, and what the client was told."""
        if self.over_wire:
            return self.refused_over_wire(name, password, source)
        client = mailserver.Client(self.dovecot.port, source)
        try:
            start = time.monotonic()
            client.authenticate("PLAIN", lambda _challenge: f"\0{name}\0{password}".encode())
        except imaplib.IMAP4.error as fault:
            return (time.monotonic() - start) * 1000, str(fault)
        finally:
            client.shutdown()
        raise AssertionError(f"{name} from {source} was let in")

    def refused_over_wire(self, name, password, source):
        tap.same(sasl.ask(self.lab.gate, user=name, client_address=source)["verdict"], "continue", "the ask")
        start = time.monotonic()
        answer = sasl.check(self.wire, name, password)
        return (time.monotonic() - start) * 1000, answer

    def guessed(self, password):
        """Another wrong code behind a password, within some account's budget."""
        number = next(self.count)
        phone = self.phones[f"guessed{number // BUDGET % CROWD}"]
        right = {phone.code(ahead) for ahead in range(-3, 4)}
        code = next(code for code in (f"{number + 100000 + 7919 * i:06}" for i in range(9)) if code not in right)
        return self.refused(f"guessed{number // BUDGET % CROWD}", password + code)

    def unknown(self, password=WRONG):
        return self.refused(f"unknown{next(self.count) % (ROUNDS * TRIES)}", password)


DENIED = {
    "a bad code and a good password": lambda house: house.guessed(PASSWORD),
    "a bad code and a bad password": lambda house: house.guessed(WRONG),
    "a good code and a bad password": lambda house: house.refused("alice", WRONG + house.phones["alice"].code()),
    "an account that the gate does not know, a bad password": lambda house: house.unknown(),
    "the wrong country and a good password": lambda house: house.refused("bob", PASSWORD, ABROAD),
    "the wrong country and a bad password": lambda house: house.refused("bob", WRONG, ABROAD),
}
ACCOUNTS = {
    "unknown": lambda house: house.unknown(),
    "known": lambda house: house.refused("bob", WRONG),
    "enrolled": lambda house: house.refused("carol", WRONG),
    "locked": lambda house: house.refused("dora", WRONG),
}


def apart(one, other):
    """Kolmogorov's and Smirnov's D of two samples, and how probable at least that much is if they are of one kind."""
    one, other = sorted(one), sorted(other)
    worst = at = beside = 0
    while at < len(one) and beside < len(other):
        value = min(one[at], other[beside])
        while at < len(one) and one[at] == value:
            at += 1
        while beside < len(other) and other[beside] == value:
            beside += 1
        worst = max(worst, abs(at / len(one) - beside / len(other)))
    size = math.sqrt(len(one) * len(other) / (len(one) + len(other)))
    scaled = (size + 0.12 + 0.11 / size) * worst
    if scaled < 0.2:
        return worst, 1.0
    chance = 2 * sum((-1) ** (k - 1) * math.exp(-2 * (k * scaled) ** 2) for k in range(1, 101))
    return worst, min(1.0, max(0.0, chance))


def measure(house, kinds, at_once=AT_ONCE):
    """The times of each kind, taken in random order; fails the case unless all were told the same."""
    times, told = {name: [] for name in kinds}, set()
    order = list(kinds) * ROUNDS
    random.shuffle(order)
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        for name, (milliseconds, answer) in zip(order, pool.map(lambda name: kinds[name](house), order)):
            times[name].append(milliseconds)
            told.add(answer)
    tap.same(len(told), 1, f"answers ({told})")
    for name, taken in times.items():
        cuts = statistics.quantiles(taken, n=20)
        tap.comment(f"{statistics.median(taken):7.3f} ms, {cuts[0]:7.3f} to {cuts[-1]:7.3f}: {name}")
    return times


def told_apart(house, kinds):
    """The pairs whose times differ, over and over."""
    suspects = list(itertools.combinations(kinds, 2))
    for _ in range(TRIES):
        times = measure(house, {name: kinds[name] for name in kinds if any(name in pair for pair in suspects)})
        still = []
        for pair in suspects:
            difference, chance = apart(times[pair[0]], times[pair[1]])
            tap.comment(f"D = {difference:.3f}, p = {chance:.3g}: {pair[0]}; {pair[1]}")
            if chance <= P_LEAST:
                still.append(pair)
        suspects = still
        if not suspects:
            break
    return suspects


@tests.case(f"A10: with defer, the times of {ROUNDS} denials of each kind tell none from another")
def denials(house):
    tap.same(told_apart(house, DENIED), [], "kinds that their times tell apart")


@tests.case(f"E6: the times of {ROUNDS} wrong passwords for unknown, known, enrolled and locked accounts are alike")
def accounts(house):
    tap.same(told_apart(house, ACCOUNTS), [], "kinds that their times tell apart")


@tests.case(f"A10, E6: on the saslauthd socket the times of {ROUNDS} refusals of each kind are alike too")
def over_wire(house):
    house.over_wire = True
    tap.same(told_apart(house, {**DENIED, **ACCOUNTS}), [], "kinds that their times tell apart")


@tests.case("the comparison finds a tenth of a deviation more, and nothing where there is nothing")
def comparison(_house):
    made = random.Random(4711)
    base, same, later = ([made.gauss(mean, 1) for _ in range(4000)] for mean in (10, 10, 10.1))
    assert apart(base, same)[1] > P_LEAST and apart(base, later)[1] < P_LEAST, (apart(base, same), apart(base, later))


with lab.Lab() as the_lab:
    tests.run(House(the_lab))
