#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""No call that cannot be bounded or that starts a shell, anywhere; no test that sleeps."""
import re

import source
import tap

NEVER = r"strcpy|strcat|stpcpy|sprintf|vsprintf|strtok|alloca|system|popen|gets|rand|srand|mktemp|tmpnam"
SLEEPS = r"sleep|usleep|nanosleep|clock_nanosleep"
PYTHON = r"\bos\.(system|popen)\(|\bshell=True\b|\btime\.sleep\(|^\s*from time import .*sleep"
tests = tap.Tests()


def lines_with(path, text, pattern):
    return [f"{path}:{number}: {line.strip()}" for number, line in enumerate(text.splitlines(), 1)
            if re.search(pattern, line)]


def calls_in(folders, names):
    found = []
    for path in source.files(folders, (".c", ".h")):
        found += lines_with(path, source.code(source.read(path)), rf"(?<![\w.>])(?:{names})\s*\(")
    return found


@tests.case("module/ and tests/ call nothing unbounded and no shell")
def unbounded():
    found = calls_in(["module", "tests"], NEVER)
    assert not found, "\n".join(found)


@tests.case("no C code sleeps")
def sleeping():
    found = calls_in(["module", "tests"], SLEEPS)
    assert not found, "\n".join(found)


@tests.case("no script starts a shell or sleeps")
def scripts():
    found = []
    for path in source.files(["tests"], (".py", "run", "demo")):
        if path != "tests/tree/test_unsafe_calls.py":
            found += lines_with(path, source.read(path), PYTHON)
    assert not found, "\n".join(found)


tests.run()
