#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""key rotate against a daemon that is not root: every secret is sealed under the new key while logins go on, whatever
interrupts it, and the old key is gone when it is done."""
import os
import stat

from accounts import World
from harness import NO, admin_socket, ask, gate, lab, says, tap, vault

tests = tap.Tests()
ACCOUNTS = [f"u{number:03}" for number in range(150)]  # more than two pages


def key(world):
    with open(world.lab.path("secret.key"), "rb") as file:
        return file.read()


def keys_in_use(world):
    return world.json("status")["sealing_keys"]


def all_log_in(world, every=17):
    """Accounts here and there still have their secrets."""
    for name in ACCOUNTS[::every]:
        tap.same(world.login(name, world.phones[name].fresh()), "accept", f"{name}'s code")


@tests.case("150 secrets are sealed again; codes, app passwords and recovery codes go on, also after a restart")
def rotate(world):
    world.phones = {name: world.phone(name) for name in ACCOUNTS}
    shown = world.json("app-password", "add", "u001", "--services", "imap")["app_password"]
    codes = world.json("recovery-codes", "new", "u002")["codes"]
    code = world.phones["u003"].fresh()
    world.logins("u003", ["accept"], (code,))
    before = key(world)
    tap.same(world.json("key", "rotate"), {"resealed": 150}, "sealed again")
    after = key(world)
    assert before[:32] not in after and len(after) == 64, "the old key is still there"
    tap.same(stat.S_IMODE(os.stat(world.lab.path("secret.key")).st_mode), 0o400, "the key file's mode")
    tap.same(keys_in_use(world), 1, "keys")
    for digits, number in ((codes[0], 0), (codes[1], 1)):
        all_log_in(world)
        tap.same(world.app_login("u001", shown), "accept", "the app password")
        tap.same(world.login("u002", digits, f"127.{number + 5}.0.1"), "accept", "a recovery code")
        world.logins("u003", ["accept", "deny second-factor-reused"], (code,), (code, "127.2.0.1"))
        world.restart(how=9)


@tests.case("again, and a third time")
def again(world):
    for _ in range(2):
        before = key(world)
        tap.same(world.json("key", "rotate")["resealed"], 150, "sealed again")
        assert before[:32] not in key(world) and len(key(world)) == 64, "the old key is still there"
        tap.same(before[-32:], key(world)[-32:], "the hash key")
    all_log_in(world)


def write_key(world, data):
    path = world.lab.path("secret.key")
    with open(os.open(path + ".t", os.O_WRONLY | os.O_CREAT, 0o400), "wb") as file:
        file.write(data)
    os.rename(path + ".t", path)


def ask_key(world, request, data):
    return ask(world.lab, request=request, key_file=data.hex())[0]


@tests.case("stopped after the file was written: the next call goes on with that key, with or without a restart")
def stopped_early(world):
    for restart in (False, True):
        made = bytes.fromhex(ask_key(world, "key-rotate", key(world))["key_file"])
        tap.same(len(made), 96, "the file with both keys")
        write_key(world, made)
        if restart:
            world.restart()
            tap.same(keys_in_use(world), 2, "keys")
        all_log_in(world, 40)
        world.json("key", "rotate")
        tap.same(key(world)[:32], made[:32], "the key that was begun with")
        all_log_in(world, 40)


@tests.case("stopped halfway: what is sealed under either key opens, after kill -9 too")
def stopped_halfway(world):
    made = bytes.fromhex(ask_key(world, "key-rotate", key(world))["key_file"])
    write_key(world, made)
    tap.same(ask_key(world, "key-use", made)["value"], "2", "keys in use")
    page = ask(world.lab, request="key-reseal")[0]
    assert 0 < int(page["value"]) < 150, page
    all_log_in(world)
    world.restart(how=9)
    all_log_in(world)
    said = world.json("key", "rotate")
    tap.same(said["resealed"], 150 - int(page["value"]), "what was left")
    all_log_in(world)


@tests.case("logins and enrolments go on meanwhile")
def meanwhile(world):
    made = bytes.fromhex(ask_key(world, "key-rotate", key(world))["key_file"])
    write_key(world, made)
    ask_key(world, "key-use", made)
    account = ""
    while True:
        page = ask(world.lab, request="key-reseal", **({"account": account} if account else {}))[0]
        if page["value"] == "0":
            break
        account = page["account"]
        world.phones[account.partition("@")[0]] = world.phone(account)
        all_log_in(world, 50)
    world.json("key", "rotate")
    all_log_in(world)


@tests.case("a daemon is given no key but one that opens what it has sealed")
def another_key(world):
    before = key(world)
    strange = bytes(range(32))
    path = world.lab.write("strange.key", "x" * 32, 0o400)
    says(world.ctl("key", "rotate", "--file", path, status=NO).stderr, "not the key file that the daemon works with")
    for data in (strange, before[:32] + strange, strange + before[32:], before + strange, before[:31], b"", before * 9):
        for request in ("key-use", "key-rotate", "key-retire"):
            tap.same(ask_key(world, request, data)["record"], "error", f"{request} of {len(data)} bytes")
    tap.same(key(world), before, "the key file")
    all_log_in(world, 50)


@tests.case("a secret that does not open keeps its seal and the old key, and is reported")
def damaged(world):
    world.lab.stop()
    with vault.opened(world.lab) as store:
        table = vault.table(store, "secret")
        store.execute(f"UPDATE {table} SET sealed = (SELECT sealed FROM {table} WHERE account = 'u005@example.test') "
                      "WHERE account = 'u004@example.test'")
    world.restart()
    before = key(world)
    says(world.ctl("key", "rotate", status=NO).stderr, "1 secret could not be opened")
    tap.same((key(world)[32:64], len(key(world))), (before[:32], 96), "the old key")
    tap.same(world.login("u004", world.phones["u004"].fresh()), "later unavailable", "the damaged one")
    all_log_in(world, 50)
    world.phones["u004"] = world.phone("u004")
    world.json("key", "rotate")
    tap.same(len(key(world)), 64, "the key file's length")
    all_log_in(world, 4)


@tests.case("secrets of a domain that is served no more are sealed again too, more than a page of them")
def unserved(world):
    world.settings = ' domains = [ "example.test", "old.test" ];'
    world.again("")
    for number in range(70):
        world.phone(f"o{number:03}@old.test")
    world.settings = ""
    world.again("")
    world.ctl("key", "rotate")
    tap.same(len(key(world)), 64, "the key file's length")
    all_log_in(world, 50)


@tests.case("no key is in the log, and nobody but root and the daemon may ask")
def secret(world):
    assert key(world).hex()[:32] not in world.lab.log(), "a key is in the log"
    says(world.lab.log(), "admin=key-use by=root keys=")
    with gate.Gate(admin_socket(world.lab)) as connection:
        connection.send(gate.encode({"request": "key-rotate", "key_file": key(world).hex()}))
    all_log_in(world, 100)


with lab.Lab() as the_lab:
    tests.run(World(the_lab))
