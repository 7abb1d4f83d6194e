#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The completion for bash offers what the program takes, and runs nothing that a file's name says."""
import os
import subprocess

from harness import PROGRAM, lab, tap

SCRIPT = os.path.join(lab.ROOT, "conf", "authgatectl.bash-completion")
tests = tap.Tests()


def complete(*words):
    """What is offered for the last of the words behind authgatectl."""
    command = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _authgatectl; '
               'printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "-c", command, "bash", SCRIPT, "authgatectl", *words], text=True, check=True,
                          capture_output=True)
    assert not done.stderr, done.stderr
    return done.stdout.split("\n")[:-1]


@tests.case("every verb of the program is offered, and no other")
def verbs(_of_lab):
    usage = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, check=True).stdout
    known = {line.split()[0] for line in usage.splitlines() if line.startswith("  ") and line[2].isalpha()}
    tap.same({word for word in complete("") if not word.startswith("-")}, known, "verbs")
    behind = {line.split()[1] for line in usage.splitlines() if line.startswith("  account ")}
    tap.same(set(complete("account", "")), behind, "words behind account")


@tests.case("accounts that have a file are offered, by their names")
def accounts(of_lab):
    of_lab.write("accounts/alice.conf", "")
    of_lab.write("accounts/other.test/bob.conf", "")
    offered = complete("-c", of_lab.configuration, "account", "show", "")
    tap.same(sorted(offered), ["--json", "alice", "bob@other.test"], "offered")
    tap.same(complete("-c", of_lab.configuration, "explain", "al"), ["alice"], "offered for al")


@tests.case("a file's name is never run")
def hostile(of_lab):
    of_lab.write("accounts/$(touch hacked).conf", "")
    subprocess_folder = os.getcwd()
    os.chdir(of_lab.directory)
    complete("-c", of_lab.configuration, "account", "show", "")
    os.chdir(subprocess_folder)
    assert not os.path.exists(of_lab.path("hacked")), "it was run"


@tests.case("options of explain, and the words that they take")
def options(_of_lab):
    tap.same(complete("explain", "alice", "--cre"), ["--credential"], "an option")
    assert "totp" in complete("explain", "alice", "--credential", ""), "no credential"
    assert "imap" in complete("explain", "--service", ""), "no service"


with lab.Lab() as the_lab:
    tests.run(the_lab)
