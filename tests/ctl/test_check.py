#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""authgatectl check: what it says, where, and with which exit status. Needs no daemon."""
import json
import os
import pty
import shutil
import subprocess

import harness
from harness import DONE, NO, PROGRAM, USAGE, ctl, ctl_json, lab, says, tap

tests = tap.Tests()


def configure(of_lab, **settings):
    """A configuration without any account's file."""
    shutil.rmtree(of_lab.path("accounts"), ignore_errors=True)
    harness.configure(of_lab, **settings)


@tests.case("a sound configuration: no mistakes, exit 0")
def sound(of_lab):
    configure(of_lab)
    of_lab.write("accounts/alice.conf", 'countries = { allow = [ "FR" ]; };\n')
    done = ctl(of_lab, "check")
    tap.same((done.stdout, done.stderr), ("no mistakes\n", ""), "output")


@tests.case("mistakes in several files: each on a line with file, line and what would be right, exit 1")
def mistakes(of_lab):
    configure(of_lab)
    of_lab.write("accounts/alice.conf", '\ncontries = { allow = [ "FR" ]; };\n')
    of_lab.write("accounts/bob.conf", 'countries = { allow = [ "UK" ]; };\n')
    done = ctl(of_lab, "check", status=NO)
    lines = done.stderr.splitlines()
    tap.same(len(lines), 2, f"lines on stderr: {done.stderr}")
    says("\n".join(sorted(lines)), of_lab.path("accounts/alice.conf") + ":2", "countries",
         of_lab.path("accounts/bob.conf") + ":1", "GB")
    tap.same(done.stdout, "2 mistakes\n", "stdout")


@tests.case("only the files that are named are checked")
def named(of_lab):
    configure(of_lab)
    of_lab.write("accounts/alice.conf", "nonsense = 1;\n")
    of_lab.write("accounts/bob.conf", 'mode = "report";\n')
    ctl(of_lab, "check", of_lab.path("accounts/bob.conf"))
    done = ctl(of_lab, "check", of_lab.path("accounts/alice.conf"), status=NO)
    says(done.stderr, of_lab.path("accounts/alice.conf") + ":1", "nonsense")


@tests.case("--json gives the same as a document")
def document(of_lab):
    configure(of_lab)
    tap.same(ctl_json(of_lab, "check"), {"sound": True, "mistakes": []}, "sound")
    path = of_lab.write("accounts/alice.conf", "\n\nnonsense = 1;\n")
    found = ctl_json(of_lab, "check", status=NO)
    tap.same((found["sound"], len(found["mistakes"])), (False, 1), "answer")
    mistake = found["mistakes"][0]
    tap.same((mistake["file"], mistake["line"], mistake["warning"]), (path, 3, False), "mistake")


@tests.case("a configuration that is not there is a mistake")
def missing(of_lab):
    os.unlink(of_lab.configuration)
    done = ctl(of_lab, "check", status=NO)
    says(done.stderr, of_lab.configuration)
    configure(of_lab)


@tests.case("an exception that ends within a week is a warning, not a mistake")
def warning(of_lab):
    soon = subprocess.run(["date", "-d", "+3 days", "+%F"], capture_output=True, text=True, check=True).stdout.strip()
    configure(of_lab, defaults='exceptions = ( { rule = "legacy-auth"; until = "%s"; reason = "scanner"; } );' % soon)
    done = ctl(of_lab, "check")
    says(done.stderr, "warning: ")
    tap.same(done.stdout, "no mistakes, 1 warning\n", "stdout")


@tests.case("wrong command lines: exit 2 and the usage")
def usage(of_lab):
    configure(of_lab)
    for words in [[], ["chekc"], ["check", "--fast"], ["account"], ["account", "rename"], ["--nonsense", "check"],
                  ["explain"], ["explain", "alice"], ["account", "show"], ["account", "edit", "a", "b"],
                  ["status", "x"]]:
        says(ctl(of_lab, *words, status=USAGE).stderr, "usage: authgatectl")


@tests.case("a verb that is none: its kin are named, not all there are; an option that is none is named itself")
def kin(of_lab):
    configure(of_lab)
    said = ctl(of_lab, "networks", "lsit", status=USAGE).stderr
    tap.same(said, "authgatectl: no such verb: networks lsit\n"
                   "usage: authgatectl networks list ACCOUNT\n"
                   "       authgatectl networks forget ACCOUNT [NETWORK]\n", "what is said")
    says(subprocess.run([PROGRAM, "--nonsense"], capture_output=True, text=True, check=False).stderr, "--nonsense")


@tests.case("--help and --version")
def about(of_lab):
    for words, part in [(["--help"], "check [FILE…]"), (["--version"], "authgatectl ")]:
        done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=True)
        says(done.stdout, part)
    assert of_lab.daemon is None, "a daemon was started"


@tests.case("an answer that cannot be written is no success")
def full(of_lab):
    configure(of_lab)
    with open("/dev/full", "w", encoding="utf-8") as nowhere:
        done = subprocess.run([PROGRAM, "-c", of_lab.configuration, "check"], stdout=nowhere, stderr=subprocess.PIPE,
                              text=True, check=False)
    tap.same(done.returncode, NO, "exit status")


def on_terminal(command):
    """Runs a command whose stderr is a terminal; its exit status and what was shown there."""
    leader, follower = pty.openpty()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=follower) as process:
        os.close(follower)
        shown = b""
        while True:
            try:
                data = os.read(leader, 65536)
            except OSError:
                data = b""
            if not data:
                break
            shown += data
        os.close(leader)
        return process.wait(60), shown.decode()


@tests.case("no progress bar on a terminal for what takes less than a second")
def quick(of_lab):
    configure(of_lab)
    seen = tap.swift(lambda: on_terminal([PROGRAM, "-c", of_lab.configuration, "check"]), 0.9, "a check of one file")
    tap.same(seen, (DONE, ""), "status and what is shown")


@tests.case("a progress bar where it takes over a second, wiped away at the end")
def slow(of_lab):
    configure(of_lab)
    first = of_lab.write("accounts/user.conf", 'countries = { allow = [ "JP", "KR" ]; };\n')
    for number in range(60000):
        os.link(first, of_lab.path(f"accounts/user{number}.conf"))
    _, shown = on_terminal([PROGRAM, "-c", of_lab.configuration, "check"])
    if not shown:
        raise tap.Skip("60,000 files took less than a second")
    says(shown, "[", " of ", " files", "\r\x1b[K")


@tests.case("json is json also for names that are no UTF-8")
def strange(of_lab):
    configure(of_lab)
    os.mkdir(of_lab.path("accounts"))
    path = os.fsencode(of_lab.path("accounts")) + b"/\xff.conf"
    with open(path, "wb") as file:
        file.write(b"nonsense = 1;\n")
    done = subprocess.run([PROGRAM, "-c", of_lab.configuration, "check", path, "--json"], capture_output=True,
                          check=False)
    os.unlink(path)
    tap.same((done.returncode, json.loads(done.stdout)["sound"]), (NO, False), "status and answer")


with lab.Lab() as the_lab:
    tests.run(the_lab)
