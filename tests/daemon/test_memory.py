#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the daemon's memory holds once logins and enrolments are over: keys in locked pages that no core dump has, and
of secrets, codes and app passwords nothing (THREATS L3)."""
import base64
import os
import re

from harness import AMERICA, JAPAN, gate, lab, tap

import vault  # pylint: disable=wrong-import-order

tests = tap.Tests()
WRONG_CODE, WRONG_APP = "730518", "zzzzyyyyxxxxwwww"


def regions(pid):
    """Where the daemon can read its memory, with the flags that smaps gives each place."""
    with open(f"/proc/{pid}/smaps", encoding="utf-8") as file:
        text = file.read()
    for head, flags in re.findall(r"^([0-9a-f]+-[0-9a-f]+ [r-].*)$(?:\n(?![0-9a-f]+-).*)*?\nVmFlags: (.*)$", text,
                                  re.MULTILINE):
        start, end = (int(place, 16) for place in head.split()[0].split("-"))
        if " r" in head and "[v" not in head:
            yield start, end, flags.split(), head


def found(pid, needles):
    """How often each is found in the memory of a process; by its name."""
    counts = dict.fromkeys(needles, 0)
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for start, end, _, _ in regions(pid):
            try:
                memory.seek(start)
                held = memory.read(end - start)
            except OSError:  # a guard page
                continue
            for name, needle in needles.items():
                counts[name] += held.count(needle)
    return counts


def log_in(of_lab, name, digits=None, commit=True, **more):
    with of_lab.gate() as connection:
        answer = connection.begin(user=name, digits=digits, client_address=JAPAN, **more)
        if answer["verdict"] == "continue" and commit:
            answer = connection.commit(answer["ref"], name)
        elif answer["verdict"] == "continue":
            connection.end(answer["ref"], "wrong", name)
        return answer["verdict"]


def secrets_of(of_lab):
    """Lets everything secret pass through the daemon, by name."""
    phone = vault.enroll(of_lab, "alice")
    code = phone.fresh()
    shown = vault.ask(of_lab, "app-password-add", account="alice", services="imap")[0]["app_password"]
    recovery = vault.ask(of_lab, "recovery-codes-new", account="alice")[0]["digits"]
    app = shown.replace("-", "")
    tap.same(log_in(of_lab, "alice", code), "accept", "a code")
    tap.same(log_in(of_lab, "alice", app_password=app), "accept", "an app password")
    tap.same(log_in(of_lab, "alice", recovery), "accept", "a recovery code")
    log_in(of_lab, "alice", WRONG_CODE)
    log_in(of_lab, "alice", WRONG_CODE, commit=False)
    log_in(of_lab, "alice", app_password=WRONG_APP, commit=False)
    with of_lab.gate() as connection:  # one that hangs up amid its message
        connection.send(gate.encode(gate.begin(app_password=WRONG_APP, digits=WRONG_CODE))[:-1])
    with open(of_lab.path("secret.key"), "rb") as file:
        master = file.read()
    return {"the key file": master, "the secret": phone.secret, "its text": base64.b32encode(phone.secret)[:32],
            "a code": code.encode(), "an app password": app.encode(), "a recovery code": recovery.encode(),
            "a wrong code": WRONG_CODE.encode(), "a wrong app password": WRONG_APP.encode()}


def readable(of_lab):
    if os.environ.get("SANITIZE"):
        raise tap.Skip("a sanitizer keeps what was freed, and terabytes of its own")
    try:
        with open(f"/proc/{of_lab.daemon.pid}/mem", "rb"):
            pass
    except PermissionError:
        raise tap.Skip("this machine lets root look into no other process") from None


@tests.case("L3: what was secret in logins and enrolments is nowhere in memory once they are over")
def canaries(of_lab):
    readable(of_lab)
    secrets = secrets_of(of_lab)
    assert found(of_lab.daemon.pid, {"control": b"default_domain"})["control"], "the search finds nothing at all"
    counts = {}

    def wiped():
        counts.update(found(of_lab.daemon.pid, secrets))
        return not any(counts.values())

    try:
        tap.poll(wiped, 10, "the end of the last login")  # of which the daemon may not have heard yet
    except AssertionError:
        tap.same(counts, dict.fromkeys(secrets, 0), "found in memory")


@tests.case("L3: nor are what may have been codes and app passwords in a daemon that has no store")
def without_store(of_lab):
    readable(of_lab)
    typed = {"a code": WRONG_CODE.encode(), "an app password": WRONG_APP.encode()}
    with lab.Lab() as plain:
        plain.configure("throttle = { passwords = 0; };")
        plain.start()
        tap.same(log_in(plain, "alice", WRONG_CODE, app_password=WRONG_APP), "accept", "a password, digits at its end")
        counts = {}
        tap.poll(lambda: counts.update(found(plain.daemon.pid, typed)) or not any(counts.values()), 10,
                 "the end of what was typed")


@tests.case("L3: the keys are in locked memory that no core dump has")
def locked(of_lab):
    readable(of_lab)
    flags = [flags for _, _, flags, _ in regions(of_lab.daemon.pid)]
    assert any({"lo", "dd"} <= set(of_one) for of_one in flags), flags


@tests.case("L3: the search finds a code while its login is under way")
def control(of_lab):
    readable(of_lab)
    with of_lab.gate() as connection:
        connection.send(gate.encode(gate.begin(digits="482916", client_address=AMERICA))[:-1])
        tap.poll(lambda: found(of_lab.daemon.pid, {"it": b"482916"})["it"], 20, "the code in memory")


with lab.Lab() as the_lab:
    the_lab.configure("throttle = { passwords = 0; };", vault.settings(the_lab), vault.sockets(the_lab))
    vault.start(the_lab)
    tests.run(the_lab)
