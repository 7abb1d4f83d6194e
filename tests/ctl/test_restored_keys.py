#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A copy of the store that is older than a `key rotate`: the rows that the key file does not open are counted and named
when the copy is taken in, doctor finds them, and with the old key back in the key file they open again."""
import os

from accounts import World
from harness import NO, ask, lab, says, tap, vault

tests = tap.Tests()
LATER = "later unavailable"
NAMES = [f"u{number}" for number in range(7)]


def key(world):
    with open(world.lab.path("secret.key"), "rb") as file:
        return file.read()


def write_key(world, data):
    world.lab.stop()
    path = world.lab.path("secret.key")
    with open(os.open(path + ".t", os.O_WRONLY | os.O_CREAT, 0o400), "wb") as file:
        file.write(data)
    os.rename(path + ".t", path)
    world.restart()


def backup(world, name):
    path = world.lab.path(f"store/{name}")
    world.ctl("store", "backup", path)
    return path


def found(world):
    """doctor's finding about secrets, or none."""
    findings = world.json("doctor", "--no-trial", status=NO)["findings"]
    return [finding for finding in findings if finding["check"] == "secrets-closed"]


def enrolled(world, name, phone):
    """Whether the account's code opens."""
    world.clock.forward(60)
    return world.login(name, phone.fresh())


@tests.case("a copy from before a rotation: restore says how many accounts do not open, first names, and what to do")
def restored(world):
    world.phones = {name: world.phone(name) for name in NAMES}
    world.app = world.json("app-password", "add", "u1", "--services", "imap")["app_password"]
    world.codes = world.json("recovery-codes", "new", "u2")["codes"]
    world.copy, world.old = backup(world, "old.backup"), key(world)
    same = world.json("store", "restore", world.copy)
    tap.same((same["accounts_unopened"], same["first_unopened"]), (0, []), "with the key of its time")
    tap.same(found(world), [], "doctor's finding")
    world.ctl("key", "rotate")
    tap.same(found(world), [], "doctor's finding after the rotation")
    said = world.ctl("store", "restore", world.copy).stdout
    says(said, "the secrets of 7 accounts do not open with the key file: u0@example.test, u1@", "u4@example.test and 2 "
         "more", "refused as unavailable", "key file", "enrol them anew")
    assert "app passwords" not in said, said
    tap.same(world.login("u0", world.phones["u0"].fresh()), LATER, "a login")
    assert world.json("status")["store_rows_unopened"] > 0, "status counts none"


@tests.case("in JSON too; doctor finds it and names the key file; an account that is enrolled anew counts no more")
def counted(world):
    said = world.json("store", "restore", world.copy)
    tap.same((said["accounts_unopened"], said["accounts_hashed_otherwise"], len(said["first_unopened"])), (7, 0, 5),
             "restore")
    world.phones["u6"] = world.phone("u6")
    (finding,) = found(world)
    tap.same((finding["weight"], finding["file"]), ("outage", world.lab.path("secret.key")), "weight and place")
    says(finding["what"], "6 accounts", "u0@example.test", "and 1 more")
    says(finding["fix"], "key file", "enrol")
    tap.same(enrolled(world, "u6", world.phones["u6"]), "accept", "the one enrolled anew")


@tests.case("app passwords outlive it: their hashes are of a key that no rotation replaces")
def hashes(world):
    tap.same(world.app_login("u1", world.app), "accept", "an app password")


@tests.case("the old key behind the new one: everything opens, and the next rotation takes it away")
def brought_back(world):
    now = key(world)
    write_key(world, now[:-32] + world.old[:32] + now[-32:])
    tap.same(found(world), [], "doctor's finding")
    for name in NAMES:
        tap.same(enrolled(world, name, world.phones[name]), "accept", name)
    tap.same(world.login("u2", world.codes[0], "127.1.7.1"), "accept", "a recovery code")
    tap.same(world.json("key", "rotate")["resealed"], 6, "sealed again")
    tap.same(len(key(world)), 64, "the key file's length")
    tap.same(enrolled(world, "u0", world.phones["u0"]), "accept", "after it")


@tests.case("accept says it of an older store")
def accepted(world):
    world.ctl("account", "lock", "u5", "--reason", "gone")
    said = world.ctl("store", "restore", world.copy).stdout
    says(said, "not served yet")
    assert "do not open" not in said, said
    said = world.ctl("store", "accept").stdout
    says(said, "served as it is", "7 accounts do not open")


@tests.case("a damaged secret counts, and a pending one")
def damaged(world):
    world.restart()
    world.ctl("totp", "enroll", "carl")
    for name in NAMES:
        world.phone(name)
    tap.same(found(world), [], "doctor's finding")
    world.lab.stop()
    with vault.opened(world.lab) as store:
        table = vault.table(store, "secret")
        store.execute(f"UPDATE {table} SET sealed = (SELECT sealed FROM {table} WHERE account = 'u1@example.test') "
                      "WHERE account IN ('u0@example.test', 'carl@example.test')")
    world.restart()
    records = ask(world.lab, request="key-check")
    tap.same([(one["account"], one["text"]) for one in records[:-1]],
             [("carl@example.test", "damaged, or another account's"),
              ("u0@example.test", "damaged, or another account's")], "named")
    last = records[-1]
    tap.same((last["record"], last["value"], last["uses"], last["count"]), ("checked", "8", "2", "0"), "counted")
    says(found(world)[0]["what"], "2 accounts do not open with the key file: carl@example.test and u0@example.test")


@tests.case("quite another key file: nothing opens, and the hashes are lost too")
def another_key(world):
    write_key(world, b"k" * 32)
    path = backup(world, "other.backup")
    says(world.ctl("store", "restore", path).stdout, "8 accounts", "app passwords and recovery codes of 7 of them")
    tap.same(world.app_login("u1", world.app), LATER, "an app password")


@tests.case("more accounts than one question covers, and more than one answer names")
def many(world):
    first = ask(world.lab, request="key-check")
    assert "after" not in first[-1], first
    world.lab.stop()
    with vault.opened(world.lab) as store:
        table = vault.table(store, "secret")
        columns = [row[1] for row in store.execute(f"PRAGMA table_info({table})")]
        rest = ", ".join(column for column in columns if column != "account")
        store.execute(f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
                      f"INSERT INTO {table} (account, {rest}) SELECT printf('m%05d@elsewhere.test', i), {rest} "
                      f"FROM n, {table} WHERE account = 'u1@example.test'")
    world.restart()
    first = ask(world.lab, request="key-check")
    assert first[-1]["after"] and len(first) == 17, first[-1]
    tap.same(world.json("store", "restore", backup(world, "many.backup"))["accounts_unopened"], 5008, "accounts")


with lab.Lab() as the_lab:
    tests.run(World(the_lab))
