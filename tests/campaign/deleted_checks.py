#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Checks taken out of the daemon, one at a time, in a copy of the source: the test of each must notice (THREATS E7, for
every require_* key, and others). Run by `make campaign` alone. Who moves a check moves its row here."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lab"))

import tap  # pylint: disable=wrong-import-position

BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
tests = tap.Tests()


class Row:
    """A check, what stands in its place, and the test that must fail by a case whose name has the word in it."""

    def __init__(self, word, file, check, instead, test):
        self.word, self.file, self.check, self.instead, self.test = word, file, check, instead, test

    def __str__(self):
        return f"{self.word}: without `{self.check}` of {self.file} {self.test} fails"


ROWS = [
    Row("E7", "daemon/saslauthd_protocol.c",
        "!joined && configuration_settings(server->configuration)->saslauthd_require_plugin", "false",
        "daemon/test_saslauthd.py"),
    Row("E7", "daemon/postfix_policy.c", "!configuration_settings(server->configuration)->postfix_require_login",
        "true", "daemon/test_policy_requests.py"),
    Row("I3", "gate/country.c", "FINDING_CANNOT_TELL", "FINDING_PASS", "daemon/test_errors_let_nobody_in.py"),
    Row("I3", "gate/locked.c", "judgement->finding = FINDING_CANNOT_TELL;", ";", "daemon/test_errors_let_nobody_in.py"),
    Row("F9", "daemon/gate_protocol.c", "!login_is(conversation->login, message)", "false", "daemon/test_order.py"),
    Row("L3", "daemon/connection.c", "explicit_bzero(", "(void)(", "daemon/test_memory.py"),
    Row("M5", "daemon/login.c", "unspoken && !login->server->draining", "false", "history/test_attacks.py"),
    Row("B1", "policy/account_name.c", "(char)(character - 'A' + 'a')", "character", "history/test_attacks.py"),
    Row("B6", "policy/account_name.c", "delimiter == NULL ? length : (size_t)(delimiter - local)", "length",
        "history/test_attacks.py"),
    Row("stays wrong", "store/login_rows.c", "if (day == 0 || !charged(database, request, DAY))", "if (true)",
        "daemon/test_factor_edges.py"),
    Row("no more than none", "daemon/login.c", "if (reason != REASON_SECOND_FACTOR_REUSED &&", "if (false &&",
        "daemon/test_factor_edges.py"),
    Row("NAT64", "base/address.c", "translated(address) ? 120 : 64", "64", "daemon/test_factor_edges.py"),
]


class Copy:
    """The source and what was built of it, in a folder of their own."""

    def __init__(self, folder):
        self.folder = folder
        self.build = os.path.join(folder, "built")
        shutil.copytree(os.path.join(ROOT, "module"), os.path.join(folder, "module"))
        shutil.copytree(os.path.join(ROOT, "tests"), os.path.join(folder, "tests"))
        shutil.copy2(os.path.join(ROOT, "Makefile"), folder)
        shutil.copytree(BUILD, self.build)

    def make(self):
        made = subprocess.run(["make", "-s", "-C", self.folder, f"BUILD={self.build}", f"{self.build}/authgated"],
                              env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
                              capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stderr[-2000:]

    def change(self, row):
        path = os.path.join(self.folder, "module", row.file)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        assert row.check in text, f"{row.check} is not in {row.file}"
        changed = text.replace(row.check, row.instead)
        with open(path, "w", encoding="utf-8") as file:
            file.write(changed)
        self.make()
        return path, text


@tests.rows(ROWS, str)
def noticed(copy, row):
    path, text = copy.change(row)
    try:
        environment = {**os.environ, "BUILD": copy.build}
        environment.pop("CAMPAIGN", None)
        done = subprocess.run([os.path.join(ROOT, "tests", row.test)], env=environment, capture_output=True, text=True,
                              check=False)
    finally:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    failed = [line for line in done.stdout.splitlines() if line.startswith("not ok")]
    assert any(row.word in line for line in failed), f"it passed, or failed elsewhere: {failed}{done.stderr[-500:]}"


@tests.case("E7: every require_* key has its row here")
def complete(_copy):
    with open(os.path.join(ROOT, "module/policy/keys.c"), encoding="utf-8") as file:
        keys = re.findall(r"\"\w+\.(require_\w+)\"", file.read())
    missing = [key for key in keys if not any(key in row.check for row in ROWS)]
    assert keys and not missing, missing


with tempfile.TemporaryDirectory(prefix="authgate-checks-") as the_folder:
    tests.run(Copy(the_folder))
