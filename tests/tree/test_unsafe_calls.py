#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""No call that cannot be bounded or that starts a shell, anywhere; no test that sleeps."""
import re

import source
import tap

NEVER = r"strcpy|strcat|stpcpy|sprintf|vsprintf|strtok|alloca|system|popen|gets|rand|srand|mktemp|tmpnam"
SLEEPS = r"sleep|usleep|nanosleep|clock_nanosleep"
PYTHON = r"\bos\.(system|popen)\(|\bshell=True\b|\btime\.sleep\(|^\s*from time import .*sleep"
SQL = r"SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ATTACH|PRAGMA"
CONSTANT = r'"[^"]*"|sql_\w+|sql_text\[\w+\]|schema|pragmas|text|texts\[i\]'  # `text` and `texts` are of const tables
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


def sql_from_elsewhere(path, text):
    """Calls that hand SQLite a text which is no constant, and texts of SQL that are put together or stand elsewhere."""
    plain = source.code(text)
    found = lines_with(path, text, rf'"[^"]*\b(?:{SQL})\b[^"]*%')
    found += lines_with(path, plain, r"sqlite3_\w*mprintf|sqlite3_str_")
    if not path.startswith("module/store/"):
        return found + lines_with(path, text, rf'"\s*(?:{SQL})\b') + lines_with(path, plain, r"\bsqlite3_\w+\(")
    for call in re.finditer(r"sqlite3_(?:exec|prepare\w*)\(([^,]+),\s*([^,]+),", plain):
        if not re.fullmatch(CONSTANT, call.group(2).strip()):
            found.append(f"{path}: {call.group()}")
    return found


@tests.case("B10: SQL stands whole in constants of module/store; none is put together")
def sql():
    found = []
    for path in source.files(["module"], (".c", ".h")):
        found += sql_from_elsewhere(path, source.read(path))
    assert not found, "\n".join(found)
    planted = 'snprintf(text, size, "SELECT * FROM locks WHERE account = \'%s\'", name);'
    assert sql_from_elsewhere("module/store/x.c", planted), "a text put together is not found"
    assert sql_from_elsewhere("module/store/x.c", "sqlite3_exec(database, made, NULL, NULL, NULL);"), "nor its use"
    assert sql_from_elsewhere("module/gate/x.c", 'call("DELETE FROM locks");'), "nor one that stands elsewhere"


FIELDS = "account|user|ref|service|address|country|mechanism|credential|verdict|would|reason|note"


def fields_by_hand(path, text):
    """Texts that bring a field of a log line to a value without log_add: a name with blanks would forge the others."""
    return lines_with(path, text, rf'"[^"]*\b(?:{FIELDS})=(?:%|"|\\")')


@tests.case("no user name forges a log line: whatever can log writes fields by log_add alone")
def log_fields():
    found = []
    for path in [path for path in source.files(["module"], (".c", ".h")) if not path.startswith("module/ctl/")]:
        found += fields_by_hand(path, source.read(path))
    assert not found, "\n".join(found)
    assert fields_by_hand("x.c", 'log_message(LOG_CRIT, "ref=%s account=%s is locked", ref, name);'), "by a format"
    assert fields_by_hand("x.c", 'buffer_add(&line, "refused: account=");'), "by a text in front"


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
