#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A history as large as a big place's: each question is answered rightly, logins go through while a report is read,
and what each took is printed. 40,000 logins in `make check`, 100,000,000 in the campaign (some 25 GB): one month of
made-up logins, copied to other accounts, refs and instants with the indices away meanwhile."""
import os
import sqlite3
import subprocess
import time

from harness import CTL, DAY, FRANCE, accept, configure, ctl_json, deny, history_path, lab, make_up, tap, vault

LOGINS, ACCOUNTS = tap.rounds(20000, 100000), 2000
COPIES = tap.rounds(2, 1000)
ACCOUNT_COPIES = min(COPIES, 100)  # copies of an account; the rest are more logins of it
SPREAD = 1024  # between two copies' ids, of 2^20 a second
ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
tests = tap.Tests()


def letters(number):
    """SQL for three characters of a ref."""
    return "||".join(f"substr('{ALPHABET}', ({number} >> {shift} & 31) + 1, 1)" for shift in (10, 5, 0))


def copy_rows(database):
    columns = [row[1] for row in database.execute("PRAGMA table_info(logins)")]
    changed = {"id": f"id + k * {SPREAD}", "ref": f"{letters('k')} || substr(ref, 4)",
               "account": f"account + (k % {ACCOUNT_COPIES}) * {ACCOUNTS}"}
    database.execute("CREATE TEMP TABLE copies AS WITH RECURSIVE c(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM c"
                     f" LIMIT {COPIES - 1}) SELECT k FROM c")
    highest = database.execute("SELECT max(id) FROM accounts").fetchone()[0]
    assert highest <= ACCOUNTS, highest
    database.execute("INSERT INTO accounts SELECT a.id + k * ?, 'copy' || k || '-' || a.name FROM accounts a, copies"
                     " WHERE k < ?", (ACCOUNTS, ACCOUNT_COPIES))
    database.execute(f"INSERT INTO logins SELECT {', '.join(changed.get(name, name) for name in columns)}"
                     " FROM (SELECT * FROM logins ORDER BY id) CROSS JOIN copies")
    columns = [row[1] for row in database.execute("PRAGMA table_info(days)")]
    changed = {"account": f"account + k * {ACCOUNTS}", "ref": f"{letters('k')} || substr(ref, 4)"}
    database.execute(f"UPDATE days SET count = count * {COPIES // ACCOUNT_COPIES}")
    database.execute(f"INSERT INTO days SELECT {', '.join(changed.get(name, name) for name in columns)}"
                     f" FROM (SELECT * FROM days) CROSS JOIN copies WHERE k < {ACCOUNT_COPIES}")


def enlarge(path):
    """Copies what is there; the indices are made anew afterwards, which sorts instead of searching."""
    database = sqlite3.connect(path, isolation_level=None)
    for setting in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-2000000", "threads=2"):
        database.execute(f"PRAGMA {setting}").fetchall()
    indices = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL").fetchall()
    for name, _ in indices:
        database.execute(f"DROP INDEX {name}")
    copy_rows(database)
    for _, sql in indices:
        database.execute(sql)
    database.execute("PRAGMA journal_mode=WAL").fetchall()
    database.close()


def timed(what, function, *words):
    begun = time.monotonic()
    found = function(*words)
    tap.comment(f"{what}: {time.monotonic() - begun:.2f} s, {len(found)} rows")
    return found


class Scene:
    def __init__(self, of_lab):
        self.lab = of_lab
        configure(of_lab)
        begun = time.monotonic()
        make_up(of_lab, LOGINS, ACCOUNTS, 30 * DAY)
        enlarge(history_path(of_lab))
        for name in os.listdir(of_lab.path("history")):
            if os.getuid() == 0:
                os.chown(os.path.join(of_lab.path("history"), name), vault.NOBODY, vault.NOBODY)
        size = os.path.getsize(history_path(of_lab))
        tap.comment(f"{LOGINS * COPIES:,} logins of {ACCOUNTS * ACCOUNT_COPIES:,} accounts, {size / 2**30:.2f} GiB,"
                    f" made in {time.monotonic() - begun:.0f} s")
        with sqlite3.connect(f"file:{history_path(of_lab)}?mode=ro", uri=True) as database:
            self.ref, self.account = database.execute(
                "SELECT l.ref, a.name FROM logins l JOIN accounts a ON a.id = l.account"
                " WHERE l.id > (SELECT max(id) FROM logins) / 2 LIMIT 1").fetchone()
            self.count = database.execute("SELECT count(*) FROM logins WHERE account = (SELECT id FROM accounts WHERE"
                                          " name = ?)", (self.account,)).fetchone()[0]
        begun = time.monotonic()
        of_lab.start()
        tap.comment(f"the daemon served {time.monotonic() - begun:.2f} s after its start")


@tests.case("a login is written and found among all of them at once")
def new_login(scene):
    ref = accept(scene.lab, "newcomer")
    tap.same([row["ref"] for row in timed("log of a new account", ctl_json, scene.lab, "log", "--account", "newcomer")],
             [ref], "refs")


@tests.case("one account's logins, one login by its ref, one hour's denials")
def by_index(scene):
    rows = timed("log of one account", ctl_json, scene.lab, "log", "--account", scene.account, "--since", "400d")
    tap.same(len([row for row in rows if "verdict" in row]), scene.count, f"logins of {scene.account}")
    found = timed("explain REF", ctl_json, scene.lab, "explain", scene.ref)
    assert scene.account in str(found), found
    ref = deny(scene.lab, "newcomer", FRANCE, "country")
    rows = timed("denials of the last minutes", ctl_json, scene.lab, "log", "--denied", "--since", "5m")
    assert ref in [row.get("ref") for row in rows], f"{ref} is missing"


@tests.rows(["legacy", "countries", "stolen"], lambda kind: f"report {kind} --since 7d: logins go through meanwhile")
def report(scene, kind):
    command = [CTL.PROGRAM, "-c", scene.lab.configuration, "report", kind, "--since", "7d", "--json"]
    begun, worst, logins = time.monotonic(), 0.0, 0
    with open(scene.lab.path("report.json"), "wb") as output, subprocess.Popen(command, stdout=output) as program:
        while program.poll() is None or logins < 10:
            before = time.monotonic()
            accept(scene.lab, f"traveller{logins % 50}")
            worst, logins = max(worst, time.monotonic() - before), logins + 1
        tap.same(program.returncode, 0, "exit status")
    tap.comment(f"report {kind}: {time.monotonic() - begun:.1f} s, {os.path.getsize(output.name) / 2**20:.1f} MiB;"
                f" {logins} logins meanwhile, the slowest {worst * 1000:.0f} ms")


with lab.Lab() as this:
    tests.run(Scene(this))
