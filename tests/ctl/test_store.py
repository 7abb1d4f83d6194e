#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""store backup, restore and accept: a copy opens by itself, an older one revives nothing without the administrator's
word (THREATS M6), and a store that is gone lets nobody past their second factor (G7)."""
import os
import stat

from accounts import ABROAD, World
from harness import NO, USAGE, lab, says, tap

tests = tap.Tests()
LATER = "later unavailable"


def state(world):
    return world.json("status")["store_state"]


def backup(world, name):
    path = world.lab.path(f"store/{name}")
    world.ctl("store", "backup", path)
    return path


@tests.case("status tells of the store and how it is")
def status(world):
    said = world.json("status")
    tap.same((said["store"], said["store_state"], said["sealing_keys"]),
             (f"sqlite:{world.lab.path('store/store.db')}", "serving", 1), "as told")


@tests.case("a backup is made while logins go on; it is a file of its own that nobody else can read")
def copy(world):
    phone = world.phone("anna")
    path = backup(world, "one.backup")
    tap.same(stat.S_IMODE(os.stat(path).st_mode), 0o600, "its mode")
    tap.same(world.login("anna", phone.fresh()), "accept", "a login")
    says(world.ctl("store", "backup", path, status=NO).stderr, f"{path}: it is there already")
    says(world.ctl("store", "backup", "/nonexistent/x", status=NO).stderr, "/nonexistent/x: No such file", "own user")
    world.ctl("store", "backup", status=USAGE)


@tests.case("M6: a restored backup revives no revoked app password and no used code before it is accepted")
def older(world):
    phone = world.phone("berta")
    world.phone("carl")
    shown = world.json("app-password", "add", "berta", "--services", "imap")["app_password"]
    path = backup(world, "two.backup")
    code = phone.fresh()
    tap.same(world.login("berta", code), "accept", "a code")
    world.ctl("app-password", "revoke", "berta", "imap")
    world.ctl("account", "lock", "carl", "--reason", "gone")
    said = world.ctl("store", "restore", path).stdout
    says(said, "not served yet", "older")
    tap.same(state(world), "outdated", "its state")
    tap.same([world.login("berta", phone.fresh()), world.login("carl"), world.app_login("berta", shown)],
             [LATER] * 3, "logins meanwhile")
    world.restart()
    tap.same(world.login("berta", phone.fresh()), LATER, "after a restart")
    accepted = world.ctl("store", "accept").stdout
    says(accepted, "served as it is", "2 changes")
    tap.same(state(world), "serving", "its state")
    tap.same(world.login("berta", code, ABROAD), "deny second-factor-reused", "the used code")
    world.clock.forward(60)
    tap.same(world.login("berta", phone.fresh()), "accept", "a fresh code")
    says(world.ctl("store", "accept", status=NO).stderr, "served already")


@tests.case("a backup of now is served at once")
def recent(world):
    phone = world.phone("dora")
    path = backup(world, "three.backup")
    says(world.ctl("store", "restore", path).stdout, "taken the store's place")
    tap.same(state(world), "serving", "its state")
    world.clock.forward(30)
    tap.same(world.login("dora", phone.fresh()), "accept", "a code")


@tests.case("M6: nor does one that no enrolment has come after, and that is served at once")
def used_since(world):
    phone = world.phone("doris")
    path = backup(world, "used.backup")
    code = phone.fresh()
    tap.same(world.login("doris", code), "accept", "a code")
    says(world.ctl("store", "restore", path).stdout, "taken the store's place", "used up")
    tap.same(state(world), "serving", "its state")
    tap.same(world.login("doris", code, ABROAD), "deny second-factor-reused", "the used code")
    world.clock.forward(30)
    tap.same(world.login("doris", phone.fresh()), "accept", "the next one")


@tests.case("what is no backup takes no store's place")
def no_backup(world):
    phone = world.phone("emil")
    rubbish = world.lab.write("store/rubbish", "x" * 9000, 0o644)
    os.chown(rubbish, 65534, 65534)
    world.ctl("store", "restore", rubbish, status=NO)
    world.ctl("store", "restore", world.lab.path("store/nothing"), status=NO)
    world.ctl("store", "restore", status=USAGE)
    tap.same((state(world), world.login("emil", phone.fresh())), ("serving", "accept"), "state and login")


@tests.case("G7: a store that is removed or emptied is refused, and nobody gets past a second factor")
def gone(world):
    phone = world.phone("frida")
    path = backup(world, "four.backup")
    for trouble in ("removed", "emptied"):
        world.lab.stop()
        for name in ("store.db", "store.db-wal"):
            if os.path.exists(world.lab.path(f"store/{name}")):
                os.unlink(world.lab.path(f"store/{name}"))
        if trouble == "emptied":
            with open(world.lab.path("store/store.db"), "wb"):
                os.chown(world.lab.path("store/store.db"), 65534, 65534)
                os.chmod(world.lab.path("store/store.db"), 0o600)
        world.restart(how=9)
        said = world.json("status")
        assert said["store_state"] in ("missing", "not-ours"), f"{trouble}: {said}"
        tap.same([world.login("frida"), world.login("frida", phone.fresh())], [LATER] * 2, f"with a store {trouble}")
        says(world.ctl("totp", "enroll", "frida", status=NO).stderr, "the store could not do it")
        world.ctl("store", "restore", path)
        tap.same(state(world), "serving", "restored")
        world.clock.forward(30)
        tap.same(world.login("frida", phone.fresh()), "accept", "a code")


with lab.Lab() as the_lab:
    tests.run(World(the_lab))
