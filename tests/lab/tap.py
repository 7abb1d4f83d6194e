# SPDX-License-Identifier: BSD-2-Clause
"""Test cases that report themselves as TAP. Used by every tests/*/test_*.py; knows nothing of authgate."""
import os
import select
import sys
import time
import traceback


class Skip(Exception):
    """Raised by a case that this machine cannot run, with the reason. A missing package is none."""


def skip_program(kind, value, trace):
    """What a Skip outside of every case comes to: the whole program is skipped."""
    if not issubclass(kind, Skip):
        sys.__excepthook__(kind, value, trace)
        return
    print(f"1..1\nok 1 - {os.path.basename(sys.argv[0])} # SKIP {value}", flush=True)
    os._exit(0)  # pylint: disable=protected-access


sys.excepthook = skip_program


def rounds(short, full):
    """How often to do something: `short` times in `make check`, `full` times in `make campaign`, which runs every
    script that asks for this."""
    return full if os.environ.get("CAMPAIGN") else short


class Tests:
    """The cases of one program, run in the order of their definition."""

    def __init__(self):
        self.cases = []

    def case(self, name):
        """Decorates a function: it is the test called `name` (the behaviour that it shows)."""
        def add(function):
            self.cases.append((name, function))
            return function
        return add

    def rows(self, rows, name):
        """Decorates a function of one row: a test for each row, named by `name(row)`."""
        def add(function):
            for row in rows:
                self.cases.append((name(row), lambda *given, row=row: function(*given, row)))
            return function
        return add

    def run(self, *given):
        """Runs every case with the arguments given, prints TAP, and ends the program."""
        print(f"1..{len(self.cases)}", flush=True)
        failed = 0
        for number, (name, function) in enumerate(self.cases, 1):
            try:
                function(*given)
                print(f"ok {number} - {name}", flush=True)
            except Skip as reason:
                print(f"ok {number} - {name} # SKIP {reason}", flush=True)
            except Exception as fault:  # pylint: disable=broad-except
                failed += 1
                print(f"not ok {number} - {name}")
                comment(explanation(fault))
        sys.exit(1 if failed else 0)


def explanation(fault):
    """Where in the test it went wrong, and what; the whole way there only where that was no expectation."""
    places = traceback.extract_tb(fault.__traceback__)
    way = " < ".join(f"{os.path.basename(place.filename)}:{place.lineno}" for place in reversed(places[1:]))
    if isinstance(fault, AssertionError) and str(fault):
        return f"{fault}\nat {way}"
    return f"{type(fault).__name__}: {fault}\nat {way}"


def comment(text):
    for line in text.splitlines():
        print(f"# {line}", flush=True)


def same(actual, expected, about):
    """Fails the case unless the two are equal."""
    assert actual == expected, f"{about}: {actual!r} instead of {expected!r}"


def poll(condition, seconds, about):
    """Waits until `condition()` is true and returns what it gave; fails the case when `seconds` have passed."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"{about}: not within {seconds} s"
        tick()


def swift(call, seconds, about, tries=3):
    """What `call()` gives when it takes less than `seconds`; fails the case where it never does. A busy machine makes
    it slow now and then, a program that waits for too long makes it slow every time."""
    times = []
    for _ in range(tries):
        start = time.monotonic()
        value = call()
        times.append(time.monotonic() - start)
        if times[-1] < seconds:
            return value
    raise AssertionError(f"{about}: {', '.join(f'{took:.1f} s' for took in times)} instead of under {seconds} s")


def tick():
    """Gives the processor away for a moment, between two looks at a condition."""
    select.select([], [], [], 0.005)
