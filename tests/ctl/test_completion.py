#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The completion for bash offers what the program takes, and runs nothing that a file's name says."""
import os
import re
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


def verbs_known():
    """Each verb of the program, as its words, with the options that its usage line shows."""
    usage = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, check=True).stdout
    for line in usage.splitlines():
        if re.match(r"  [a-z]", line):
            name = re.match(r"  ([a-z-]+(?: [a-z-]+)?)", line).group(1)
            yield tuple(name.split()), set(re.findall(r"--[a-z-]+", line))


@tests.case("every verb of the program is offered, and no other")
def verbs(_of_lab):
    known = [name for name, _ in verbs_known()]
    tap.same({word for word in complete("") if not word.startswith("-")}, {name[0] for name in known}, "verbs")
    for first in {name[0] for name in known if len(name) == 2}:
        tap.same(set(complete(first, "")), {name[1] for name in known if name[0] == first}, f"words behind {first}")


@tests.rows(list(verbs_known()), lambda row: f"the options of {' '.join(row[0])} are offered, and no others")
def options_of(_of_lab, row):
    name, options = row
    tap.same({word for word in complete(*name, "--") if word.startswith("--")}, options | {"--json"}, "options")


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
    assert "google" in complete("totp", "import", "--format", ""), "no format"


@tests.case("groups for --all, and files where one is wanted")
def files(of_lab):
    of_lab.write("groups/staff.conf", "")
    of_lab.write("somewhere.png", "")
    tap.same(complete("-c", of_lab.configuration, "totp", "enroll", "--all", ""), ["staff"], "groups")
    for words in (["totp", "enroll", "alice", "--png"], ["store", "backup"]):
        assert of_lab.path("somewhere.png") in complete(*words, of_lab.path("some")), words


with lab.Lab() as the_lab:
    tests.run(the_lab)
