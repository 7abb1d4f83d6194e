#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Locks, remembered networks, recovery codes and the end of an account by authgatectl: each holds from the next
login."""
from accounts import ABROAD, AWAY, HOME, HOME_TOO, World
from harness import NO, USAGE, lab, says, tap

tests = tap.Tests()


# ---- locks

@tests.case("a lock refuses every login at once, says why, and ends when it is taken away")
def lock(world):
    tap.same(world.login("anna"), "accept", "before")
    world.ctl("account", "lock", "anna", "--reason", "left in a hurry")
    tap.same(world.login("anna"), "deny locked", "locked")
    shown = world.json("account", "show", "anna")["locks"]
    tap.same([(one["by"], one["who"], one["reason"]) for one in shown], [("hand", "root", "left in a hurry")],
             "as shown")
    says(world.ctl("account", "show", "anna").stdout, "LOCKED", "left in a hurry", "until it is unlocked")
    world.ctl("account", "unlock", "anna")
    tap.same(world.login("anna"), "accept", "unlocked")
    says(world.ctl("account", "unlock", "anna", status=NO).stderr, "not locked")


@tests.case("a login that is under way when the lock comes is refused at its commit")
def under_way(world):
    with world.lab.gate() as connection:
        answer = connection.begin(user="berta")
        tap.same(answer["verdict"], "continue", "begin")
        world.ctl("account", "lock", "berta", "--reason", "now")
        answer = connection.commit(answer["ref"], "berta")
        tap.same((answer["verdict"], answer["reason"]), ("deny", "locked"), "commit")


@tests.case("a lock for a time ends by itself")
def for_a_time(world):
    says(world.ctl("account", "lock", "carl", "--reason", "cooling off", "--for", "2h").stdout, "2 h")
    world.clock.forward(2 * 3600 - 60)
    tap.same(world.login("carl"), "deny locked", "within")
    world.clock.forward(120)
    tap.same(world.login("carl"), "accept", "after")
    tap.same(world.json("account", "show", "carl")["locks"], [], "as shown")


@tests.case("report mode does not soften a lock by hand")
def report_mode(world):
    world.ctl("account", "lock", "dora", "--reason", "gone")
    world.again('mode = "report";')
    tap.same(world.login("dora"), "deny locked", "in report mode")
    world.again("")


@tests.case("a lock needs its reason, and a time that is one")
def usage(world):
    for words in (["lock", "anna"], ["lock", "--reason", "x"], ["lock", "anna", "--reason", ""],
                  ["lock", "anna", "--reason", "x", "--for", "soon"], ["unlock"], ["forget"]):
        world.ctl("account", *words, status=USAGE)
    says(world.ctl("account", "lock", "a/b", "--reason", "x", status=NO).stderr, "no account name")


@tests.case("a lock survives kill -9")
def lock_survives(world):
    world.ctl("account", "lock", "emil", "--reason", "for good")
    world.restart(how=9)
    tap.same(world.login("emil"), "deny locked", "afterwards")


# ---- networks

@tests.case("networks are listed with their time, and forgotten one by one or all at once")
def networks(world):
    phone = world.phone("frida")
    says(world.ctl("networks", "list", "frida").stdout, "no network")
    for address in (HOME, AWAY, "2001:db8:1:2::3"):
        tap.same(world.login("frida", phone.fresh(), address), "accept", "a code")
    found = world.json("networks", "list", "frida")["networks"]
    tap.same(sorted(one["network"] for one in found), ["127.1.0.0/24", "127.1.9.0/24", "2001:db8:1:2::/64"], "networks")
    assert all(one["until"] - one["made"] == 30 * 86400 for one in found), found
    world.logins("frida", ["accept"] * 3, (None, HOME_TOO), (None, AWAY), (None, "2001:db8:1:2::ffff"))
    world.ctl("networks", "forget", "frida", HOME_TOO)
    world.logins("frida", ["deny second-factor-missing", "accept"], (None, HOME), (None, AWAY))
    world.ctl("networks", "forget", "frida", "127.1.9.0/24")
    world.logins("frida", ["deny second-factor-missing", "accept"], (None, AWAY), (None, "2001:db8:1:2::3"))
    world.ctl("networks", "forget", "frida")
    world.logins("frida", ["deny second-factor-missing"], (None, "2001:db8:1:2::3"))
    says(world.ctl("networks", "forget", "frida", status=NO).stderr, "no network")
    world.ctl("networks", "forget", "frida", "home", status=NO)


@tests.case("with all networks the known codes go too: a stored password is refused as reused")
def known_codes(world):
    phone = world.phone("gerd")
    code = phone.fresh()
    world.logins("gerd", ["accept", "accept", "deny second-factor-reused"], (code,), (code,), (code, ABROAD))
    world.clock.forward(120)
    world.logins("gerd", ["accept", "deny second-factor-reused"], (code,), (code, ABROAD))
    world.ctl("networks", "forget", "gerd")
    world.logins("gerd", ["deny second-factor-wrong"], (code,))


@tests.case("memory ends after the policy's time")
def memory(world):
    world.again('second_factor = { remember = "1d"; };')
    phone = world.phone("hans")
    world.logins("hans", ["accept", "accept"], (phone.fresh(),), (None,))
    world.clock.forward(86400 + 5)
    world.logins("hans", ["deny second-factor-missing"], (None,))
    world.again("")


@tests.case("a lock ends the memory")
def lock_ends_memory(world):
    phone = world.phone("ida")
    world.logins("ida", ["accept", "accept"], (phone.fresh(),), (None,))
    world.ctl("account", "lock", "ida", "--reason", "x")
    world.ctl("account", "unlock", "ida")
    world.logins("ida", ["deny second-factor-missing"], (None,))


# ---- recovery codes

@tests.case("ten recovery codes, each once; new ones end the earlier")
def recovery(world):
    world.phone("jana")
    codes = world.json("recovery-codes", "new", "jana")["codes"]
    assert len(set(codes)) == 10 and all(len(code) == 8 and code.isdigit() for code in codes), codes
    world.logins("jana", ["accept", "deny second-factor-wrong", "accept"], (codes[0], HOME), (codes[0], ABROAD),
                 (codes[1], ABROAD))
    tap.same(world.json("account", "show", "jana")["second_factor"]["recovery_codes"], 8, "left")
    fresh = world.json("recovery-codes", "new", "jana")["codes"]
    world.logins("jana", ["deny second-factor-wrong", "accept"], (codes[2], "127.3.0.1"), (fresh[2], "127.3.0.1"))
    shown = world.ctl("recovery-codes", "new", "jana").stdout
    tap.same(sum(line.strip().isdigit() for line in shown.splitlines()), 10, "codes shown")
    says(world.ctl("recovery-codes", "new", "nobody", status=NO).stderr, "no confirmed secret")
    assert not any(code in world.lab.log() for code in codes + fresh), "a code is in the log"


@tests.case("a recovery code is used up only where the password was right")
def recovery_at_commit(world):
    world.phone("karl")
    code = world.json("recovery-codes", "new", "karl")["codes"][0]
    with world.lab.gate() as connection:
        answer = connection.begin(user="karl", digits=code)
        tap.same(answer["code_length"], "8", "cut")
        connection.end(answer["ref"], "wrong", "karl")
    world.logins("karl", ["accept"], (code,))


# ---- the end of an account

@tests.case("forget removes all that the store had: secret, app passwords, locks")
def forget(world):
    phone = world.phone("lena")
    shown = world.json("app-password", "add", "lena", "--services", "imap")["app_password"]
    world.logins("lena", ["accept"], (phone.fresh(),))
    world.ctl("account", "lock", "lena", "--reason", "gone")
    says(world.ctl("account", "forget", "lena").stdout, "lena@example.test")
    said = world.json("account", "show", "lena")
    tap.same((said["second_factor"]["totp"], said["second_factor"]["networks"], said["locks"]), ("none", 0, []), "left")
    tap.same([world.login("lena"), world.app_login("lena", shown)], ["accept", "continue"], "logins")
    says(world.ctl("account", "forget", "lena", status=NO).stderr, "nothing of the account")


@tests.case("each change has its line in the log, with who made it")
def logged(world):
    world.ctl("account", "lock", "otto", "--reason", "a b", environment={"SUDO_USER": "helen"})
    world.ctl("account", "unlock", "otto", environment={"SUDO_USER": "evil\nadmin=account-unlock"})
    says(world.lab.log(), "admin=account-lock account=otto@example.test by=helen why=a\\x20b",
         "admin=account-unlock account=otto@example.test by=uid\\x200")


with lab.Lab() as the_lab:
    tests.run(World(the_lab))
