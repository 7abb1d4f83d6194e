#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""App passwords by authgatectl: made for services, networks and a time, listed with their last use, refused at the next
login after they were revoked; and no copy or change of a row in the store opens anything."""
import re

from accounts import ABROAD, AWAY, HOME, World
from harness import NO, USAGE, lab, says, tap, vault

tests = tap.Tests()
SCOPE = "deny app-password-scope"


def add(world, account, *words):
    return world.json("app-password", "add", account, *words)["app_password"]


@tests.case("made for a service it opens that service and no other")
def services(world):
    shown = add(world, "anna", "--services", "imap,submission")
    assert re.fullmatch(r"[a-z2-7]{4}(-[a-z2-7]{4}){3}", shown), shown
    asked = ("imap", "smtp", "submissions", "pop3", "sieve")
    tap.same([world.app_login("anna", shown, service=service) for service in asked],
             ["accept", "accept", "accept", SCOPE, SCOPE], "by service")


@tests.case("another account's app password, or one letter changed, is a password like any other")
def others(world):
    shown = add(world, "berta", "--services", "imap")
    changed = ("b" if shown[0] == "a" else "a") + shown[1:]
    tap.same([world.app_login("carl", shown), world.app_login("berta", changed)], ["continue", "continue"], "verdicts")


@tests.case("made for networks it opens from there alone")
def networks(world):
    shown = add(world, "dora", "--services", "imap", "--networks", "127.1.0.0/16,2001:db8::/32")
    tries = [HOME, AWAY, ABROAD, "2001:db8:5::1", "2001:db9::1", "::ffff:127.1.0.1"]
    tap.same([world.app_login("dora", shown, address) for address in tries],
             ["accept", "accept", SCOPE, "accept", SCOPE, "accept"], "by address")


@tests.case("it ends with its day")
def expiry(world):
    shown = add(world, "emil", "--services", "imap", "--expires", "2h")
    tap.same(world.app_login("emil", shown), "accept", "before")
    world.clock.forward(2 * 3600 + 5)
    tap.same(world.app_login("emil", shown), SCOPE, "after")
    says(world.ctl("app-password", "add", "emil", "--services", "imap", "--expires", "2020-01-01", status=NO).stderr,
         "expired already")
    for word in ("soon", "0d", "2027-02-30"):
        world.ctl("app-password", "add", "emil", "--services", "imap", "--expires", word, status=USAGE)


@tests.case("the list tells what for, and how each was used last")
def listed(world):
    shown = add(world, "frida", "--services", "imap,submission", "--name", "phone", "--networks",
                "127.0.0.0/8,2001:db8::/32", "--expires", "90d")
    add(world, "frida", "--services", "pop3")
    for address in (HOME, HOME, ABROAD):
        tap.same(world.app_login("frida", shown, address, "smtp"), "accept", "a login")
    phone, other = sorted(world.json("app-password", "list", "frida")["app_passwords"], key=lambda one: one["name"])
    tap.same({key: phone[key] for key in ("name", "services", "networks", "uses", "last_address", "last_country",
                                          "last_service")},
             {"name": "phone", "services": "imap,smtp", "networks": "127.0.0.0/8,2001:db8::/32", "uses": 3,
              "last_address": ABROAD, "last_country": "US", "last_service": "smtp"}, "the used one")
    tap.same((other["name"], other["uses"], other.get("last_used")), ("pop3", 0, None), "the other")
    shown = world.ctl("app-password", "list", "frida").stdout
    says(shown, "last used", phone["id"], "phone", "imap,smtp", "127.0.0.0/8,2001:db8::/32", "127.2.0.1 US smtp")
    says(shown, other["id"], "anywhere", "never")
    tap.same(world.json("account", "show", "frida")["second_factor"]["app_passwords"], 2, "counted")
    says(world.ctl("app-password", "list", "nobody").stdout, "no app passwords")


@tests.case("revoked by name or id it is refused at the next login, and the list says since when and by whom")
def revoked(world):
    first = add(world, "gerd", "--services", "imap", "--name", "laptop")
    second = add(world, "gerd", "--services", "imap", "--name", "phone")
    tap.same([world.app_login("gerd", first), world.app_login("gerd", second)], ["accept"] * 2, "before")
    says(world.ctl("app-password", "revoke", "gerd", "laptop").stdout, "laptop")
    tap.same([world.app_login("gerd", first), world.app_login("gerd", second)], [SCOPE, "accept"], "one revoked")
    one, other = sorted(world.json("app-password", "list", "gerd")["app_passwords"], key=lambda row: row["name"])
    world.ctl("app-password", "revoke", "gerd", other["id"][:6])
    tap.same(world.app_login("gerd", second), SCOPE, "both revoked")
    tap.same((one["revoked_by"], one["revoked"] > 0, "revoked" in other), ("root", True, False), "as listed")
    says(world.ctl("app-password", "revoke", "gerd", "laptop", status=NO).stderr, "revoked already")
    says(world.ctl("app-password", "revoke", "gerd", "tablet", status=NO).stderr, "no such")


@tests.case("services are shown as they are typed, and one without a name is revoked by them, also an older one")
def as_typed(world):
    says(world.ctl("app-password", "add", "paul", "--services", "imap,smtp,imap", "--networks",
                   "10.0.0.0/8, ::1").stdout, 'For imap,smtp from 10.0.0.0/8,::1/128; called "imap,smtp", id ')
    says(world.ctl("app-password", "list", "paul").stdout, " imap,smtp  imap,smtp  10.0.0.0/8,::1/128")
    says(world.lab.log(), "admin=app-password-add account=paul@example.test by=root services=imap,smtp")
    says(world.ctl("app-password", "revoke", "paul", "imap,smtp").stdout, 'revoked: "imap,smtp"')
    add(world, "paul", "--services", "imap,pop3", "--name", "imap pop3")
    add(world, "paul", "--services", "smtp", "--name", "imap smtp")
    says(world.ctl("app-password", "revoke", "paul", "imap,pop3").stdout, 'revoked: "imap pop3"')
    says(world.ctl("app-password", "revoke", "paul", "imap,smtp", status=NO).stderr, "revoked already")
    says(world.ctl("app-password", "revoke", "paul", "imap smtp").stdout, 'revoked: "imap smtp"')


@tests.case("a name that two have is no name: the id decides")
def ambiguous(world):
    shown = [add(world, "hans", "--services", "imap") for _ in range(2)]
    says(world.ctl("app-password", "revoke", "hans", "imap", status=NO).stderr, "id")
    identity = world.json("app-password", "list", "hans")["app_passwords"][0]["id"]
    world.ctl("app-password", "revoke", "hans", identity)
    tap.same(sorted(world.app_login("hans", one) for one in shown), ["accept", SCOPE], "logins")
    world.ctl("app-password", "revoke", "hans", "imap")
    tap.same([world.app_login("hans", one) for one in shown], [SCOPE] * 2, "with the one that was left revoked too")


@tests.rows([(["--services", "imap,imaps"], "\"imaps\" is no service"),
             (["--services", ","], "would open nothing"),
             (["--services", "imap", "--networks", "127.1.0.1/16"], "127.1.0.0/16?"),
             (["--services", "imap", "--networks", "home"], "no network"),
             (["--services", "imap", "--networks", ",".join(f"10.{n}.0.0/16" for n in range(60))], "too many")],
            lambda row: f"what limits it must be sound: {row[1]}")
def unsound(world, row):
    words, complaint = row
    says(world.ctl("app-password", "add", "ida", *words, status=NO).stderr, complaint)
    tap.same(world.json("app-password", "list", "ida")["app_passwords"], [], "made all the same")


@tests.case("an account has 64 at most")
def many(world):
    for _ in range(64):
        add(world, "jana", "--services", "imap")
    says(world.ctl("app-password", "add", "jana", "--services", "imap", status=NO).stderr, "as many as it may")
    tap.same(len(world.json("app-password", "list", "jana")["app_passwords"]), 64, "listed")


@tests.case("where the policy has app passwords off it says so, and none opens anything")
def switched_off(world):
    shown = add(world, "karl", "--services", "imap")
    world.again("second_factor = { app_passwords = false; };")
    tap.same(world.app_login("karl", shown), "continue", "an app password")
    says(world.ctl("app-password", "add", "karl", "--services", "imap").stderr, "app_passwords is off")
    world.again("")
    tap.same(world.app_login("karl", shown), "accept", "on again")


@tests.case("an account that is enrolled needs no code for it, and a locked one is refused")
def with_a_code(world):
    world.phone("lena")
    shown = add(world, "lena", "--services", "imap")
    tap.same([world.login("lena"), world.app_login("lena", shown)], ["deny second-factor-missing", "accept"],
             "enrolled")
    world.ctl("account", "lock", "lena", "--reason", "left the house")
    tap.same(world.app_login("lena", shown), "deny locked", "locked")


@tests.case("G8: a row copied to another account, or widened in the store, opens nothing and is cried out")
def tampered(world):
    mine = add(world, "mallory", "--services", "imap")
    add(world, "victim", "--services", "imap")
    narrow = add(world, "nora", "--services", "imap")
    world.lab.stop()
    with vault.opened(world.lab) as store:
        table = vault.table(store, "app")
        columns = [row[1] for row in store.execute(f"PRAGMA table_info({table})")]
        copied = ", ".join(f"(SELECT {name} FROM {table} WHERE account = 'mallory@example.test')" for name in columns
                           if name not in ("account", "id"))
        kept = ", ".join(name for name in columns if name not in ("account", "id"))
        store.execute(f"UPDATE {table} SET ({kept}) = (SELECT {copied}) WHERE account = 'victim@example.test'")
        store.execute(f"UPDATE {table} SET services = 'imap smtp' WHERE account = 'nora@example.test'")
    world.restart()
    since = world.lab.mark()
    tap.same(world.app_login("victim", mine), "continue", "the copied one, whose hash is another account's")
    tap.same(world.app_login("nora", narrow, service="smtp"), "later unavailable", "the widened one")
    world.lab.line("changed by somebody else in the store.*nora", since)


@tests.case("nothing of an app password is in the log or in the store's file")
def secrets(world):
    shown = add(world, "otto", "--services", "imap")
    tap.same(world.app_login("otto", shown), "accept", "a login")
    plain = shown.replace("-", "")
    with open(world.lab.path("store/store.db-wal"), "rb") as wal, open(world.lab.path("store/store.db"), "rb") as store:
        kept = wal.read() + store.read()
    for word in (shown, plain):
        assert word not in world.lab.log() and word.encode() not in kept, f"{word} is there"
    says(world.lab.log(), "admin=app-password-add account=otto@example.test by=root services=imap")


with lab.Lab() as the_lab:
    tests.run(World(the_lab))
