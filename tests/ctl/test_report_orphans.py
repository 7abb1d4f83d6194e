#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""report orphans: what is kept of accounts that the back end does not know any more, and nothing of the others."""
import os

from accounts import World
from harness import DONE, NO, UNREACHABLE, USAGE, admin_socket, gate, lab, says, tap

MANY = 150
KNOWN = 'case $1 in left*) exit 1;; odd*) exit 9;; esac\n'
tests = tap.Tests()


def orphans(world, **how):
    return {one["account"].partition("@")[0]: one for one in world.json("report", "orphans", **how)}


def with_program(world, text=KNOWN):
    program = world.lab.write("exists", "#!/bin/sh\n" + text, 0o755)
    world.settings = f' account_exists = "{program}";'
    world.again("")


@tests.case("without somebody to ask it says so")
def nobody_to_ask(world):
    says(world.ctl("report", "orphans", status=NO).stderr, "account_exists", "nothing says which accounts there are")
    world.ctl("report", "orphans", "alice", status=USAGE)
    with_program(world)


@tests.case("where everybody is there nothing is listed")
def nothing(world):
    world.phone("anna")
    tap.same(world.json("report", "orphans"), [], "as JSON")
    says(world.ctl("report", "orphans").stdout, "nothing is kept of an account that is gone")


@tests.case("each kind of thing that is kept is named, by account")
def kinds(world):
    world.phone("left-secret")
    world.ctl("app-password", "add", "left-phone", "--services", "imap")
    world.ctl("app-password", "add", "left-phone", "--services", "smtp")
    world.ctl("account", "lock", "left-lock", "--reason", "x")
    world.ctl("app-password", "add", "left-old", "--services", "imap", "--name", "old")
    world.ctl("app-password", "revoke", "left-old", "old")
    world.ctl("account", "lock", "odd-one", "--reason", "x")
    found = orphans(world)
    tap.same({name: (one["exists"], one["kept"]) for name, one in found.items()},
             {"left-secret": ("no", ["secret"]), "left-phone": ("no", ["2 app passwords"]),
              "left-lock": ("no", ["lock"]), "left-old": ("no", ["nothing that is in force"]),
              "odd-one": ("unknown", ["lock"])}, "found")
    says(world.ctl("report", "orphans").stdout, "ACCOUNT", "KEPT", "left-lock@example.test", "gone", "lock",
         "left-phone@example.test", "2 app passwords", "odd-one@example.test", "not known")


@tests.case("policy files of accounts that are gone are found too, beside what the store has or alone")
def files(world):
    world.lab.write("domains/other.test.conf", "# served\n")
    world.again("")
    names = ("left-lock", "left-file", "anna", "other.test/left-too", "Left-Never-Read")
    for name in names:
        world.lab.write(f"accounts/{name}.conf", 'mode = "report";')
    found = orphans(world)
    tap.same(found["left-lock"]["kept"], ["lock", "policy file"], "both")
    tap.same(found["left-file"]["kept"], ["policy file"], "alone")
    tap.same(os.path.basename(found["left-file"]["file"]), "left-file.conf", "its name")
    tap.same(found["left-too"]["account"], "left-too@other.test", "of another domain")
    assert "anna" not in found and "Left-Never-Read" not in found, found
    broken = world.lab.write("accounts/left-broken.conf", "mode = 3;")
    tap.same(orphans(world, status=NO)["left-broken"]["kept"], ["policy file"], "broken: listed, and complained of")
    os.unlink(broken)
    for name in names:
        os.unlink(world.lab.path(f"accounts/{name}.conf"))


@tests.case("an account of a domain that is not served any more is listed, and can be forgotten")
def other_domain(world):
    asked = world.settings
    world.settings = asked + ' domains = [ "example.test", "other.test", "gone.test" ];'
    world.again("")
    world.ctl("account", "lock", "left-domain@gone.test", "--reason", "x")
    world.settings = asked + ' domains = [ "example.test", "other.test" ];'
    world.again("")
    tap.same(orphans(world)["left-domain"]["kept"], ["lock"], "kept")
    says(world.ctl("account", "lock", "left-domain@gone.test", "--reason", "x", status=NO).stderr, "not served")
    world.ctl("account", "forget", "left-domain@gone.test")
    assert "left-domain" not in orphans(world), "still there"
    world.settings = asked
    world.again("")


@tests.case("with a configuration that cannot be read it says that policy files were not looked at")
def unreadable(world):
    kept = world.lab.path("kept.conf")
    os.rename(world.lab.configuration, kept)
    world.lab.write("authgate.conf", "defaults = ")
    told = world.ctl("--socket", admin_socket(world.lab), "report", "orphans", status=NO)
    says(told.stdout, "left-lock@example.test")
    says(told.stderr, "accounts/ was not looked at")
    os.rename(kept, world.lab.configuration)


@tests.case("what was forgotten is listed no more")
def forgotten(world):
    for name in orphans(world):
        world.ctl("account", "forget", name)
    tap.same(world.json("report", "orphans"), [], "after all were forgotten")


@tests.case("more accounts than go into one answer are all asked about, each once")
def many(world):
    log = world.lab.write("asked", "")
    os.chmod(log, 0o666)
    for number in range(MANY):
        world.ctl("account", "lock", f"{'left' if number % 3 == 0 else 'here'}-{number:03}", "--reason", "x")
    with_program(world, f'echo "$1" >> {log}\n' + KNOWN)
    tap.same(sorted(orphans(world)), [f"left-{number:03}" for number in range(0, MANY, 3)], "found")
    with open(log, encoding="utf-8") as file:
        asked = file.read().split()
    tap.same(len(asked), len(set(asked)), "asked once each")
    assert len(asked) >= MANY, asked


@tests.case("an asker who leaves amid the questions leaves nothing behind, and the daemon serves on")
def leaves(world):
    with_program(world, "read _ < " + world.lab.path("never") + "\n" + KNOWN)
    os.mkfifo(world.lab.path("never"), 0o666)
    os.chmod(world.lab.path("never"), 0o666)
    with gate.Gate(admin_socket(world.lab)) as connection:
        connection.send(gate.encode({"request": "account-list"}))
    tap.same(world.login("berta"), "accept", "a login meanwhile")
    world.lab.stop()
    world.ctl("report", "orphans", status=UNREACHABLE)
    tap.same(world.restart().running(), True, "started again")
    with_program(world)
    world.ctl("report", "orphans", status=DONE)


with lab.Lab() as the_lab:
    tests.run(World(the_lab))
