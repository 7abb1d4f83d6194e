#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The module as a guest in its host process and on its disk: what it leaves there, what a killed host leaves at the
gate, and what becomes of logins while the module's file is replaced (THREATS A9, A15, E, H4, K3, L2)."""
import hashlib
import os
import re
import shutil
import signal
import subprocess
import threading

from standin import (ACCEPTED, BUILD, CODE, DEFERRED, DENIED, GOING_ON, HASTE, MARK_KEY, MODULE, REF, SILENCE, main,
                     tap)

tests = tap.Tests()
TYPED_APP = "QWER-TYUI-OPAS-DF27"


def hexadecimal(text):
    return text.encode().hex()


@tests.case("A15: a host killed between the phases leaves one connection, which ends at once, and no end of ours")
def killed(host, gate):
    for _ in range(tap.rounds(20, 1000)):
        gate.script()
        with host.start("auth=wrong", "wait", "end") as process:
            while process.stdout.readline().strip() != "waiting 0":
                pass
            tap.same((gate.connections, gate.hung_up()), (1, 0), "connections and ended ones")
            process.send_signal(signal.SIGKILL)
        tap.poll(lambda: gate.hung_up() == 1, 20, "the connection's end")
        tap.same(gate.ends(), [], "ends")
    host.checked()


@tests.case("A15: a host killed while it waits for the commit's answer leaves nothing open")
def killed_in_commit(host, gate):
    for _ in range(tap.rounds(10, 100)):
        gate.script(commit=SILENCE)
        with host.start("auth=secret", "acct", "end") as process:
            tap.poll(lambda: gate.requests("commit"), 20, "a commit")
            process.send_signal(signal.SIGKILL)
        tap.poll(lambda: gate.hung_up() == 1, 20, "the connection's end")
    host.checked()


@tests.case("one login is one connection, held until the transaction ends")
def held(host, gate):
    gate.script()
    with host.start("auth=secret", "acct", "wait", "end") as process:
        while process.stdout.readline().strip() != "waiting 0":
            pass
        tap.same((gate.connections, gate.hung_up()), (1, 0), "connections and ended ones")
        process.communicate("go on\n", timeout=60)
    gate.settled()
    host.checked()


def damage(path, how):
    """One of the things that an upgrade, or a bad one, does to the module's file."""
    if how == "remove":
        os.unlink(path)
    elif how == "truncate":
        os.truncate(path, 4096)
    elif how == "empty":
        os.truncate(path, 0)
    else:
        with open(path, "r+b") as file:
            file.write(b"#!/bin/sh\n")


def restore(path):
    shutil.copy(MODULE, path + ".new")
    os.rename(path + ".new", path)


@tests.case("A9: without a whole module nobody comes in, with a leading - neither")
def damaged_file(host, gate):
    module, host.module = host.module, os.path.join(host.folder, "pam_authgate.so")
    lines = ("{0}auth [success=done ignore=ignore default=die] {{ours defer}}\n"
             "auth [success=1 default=ignore] {{password}}\nauth requisite pam_deny.so\n"
             "auth required pam_permit.so\n{0}auth required {{ours commit}}\n"
             "{0}account required {{ours}}\n")
    for dash in ("", "-"):
        host.stack("authgate-file" + dash, lines.format(dash))
        for how in ("remove", "truncate", "empty", "overwrite"):
            restore(host.module)
            gate.script()
            assert host.login(service="authgate-file" + dash).permitted
            damage(host.module, how)
            for _ in range(5):
                assert not host.login(service="authgate-file" + dash).permitted, (how, dash)
    host.module = module
    host.checked()


@tests.rows(["", "-"], lambda dash: "A9: while the file comes and goes under logins, what the gate denies stays out"
            + (", with a leading - too" if dash else ""))
def changing_file(host, gate, dash):
    module, host.module = host.module, os.path.join(host.folder, "pam_authgate.so")
    host.shipped(service="authgate-doveadm", edit=lambda text: re.sub(r"(?m)^(?=\w.*\{ours)", dash, text))
    host.module = module
    path = os.path.join(host.folder, "pam_authgate.so")
    done = threading.Event()

    def keep_changing():
        while not done.is_set():
            for how in ("remove", "truncate", "empty", "overwrite"):
                restore(path)
                damage(path, how)
                restore(path)

    restore(path)
    gate.script(begin=DENIED)
    changer = threading.Thread(target=keep_changing)
    changer.start()
    try:
        results = [host.login(service="authgate-doveadm") for _ in range(tap.rounds(100, 1000))]
    finally:
        done.set()
        changer.join()
    assert not any(result.permitted for result in results)
    host.checked()


@tests.case("A9: a host that has the module loaded stays gated whatever becomes of the file")
def loaded_before(host, gate):
    module, host.module = host.module, os.path.join(host.folder, "pam_authgate.so")
    host.shipped(service="authgate-sieve")
    path, host.module = host.module, module
    for how in ("remove", "truncate", "empty", "overwrite"):
        restore(path)
        gate.script(begin=[GOING_ON, DENIED])
        with host.start("auth=secret", "acct", "end", "wait", "again", "auth=secret", "acct", "end",
                        service="authgate-sieve") as process:
            first = []
            while "waiting 0" not in first:
                first.append(process.stdout.readline().strip())
            damage(path, how)
            rest = process.communicate("go on\n", timeout=60)[0].splitlines()
        assert "auth 0" in first and "acct 0" in first, first
        assert "auth 0" not in rest and "acct 0" not in rest, (how, rest)
    host.checked()


# Canaries: a password, a code, an app password, the mark and its key, in every form that they take.
def canaries(gate):
    marks = [request["password_mark"] for request in gate.requests() if "password_mark" in request]
    return ["zanzibarcanary", "zanzibarcanary827364", "827364", "qwertyuiopasdf27", TYPED_APP, MARK_KEY, *marks]


LEAKS = [
    ("a login that is let in", {"begin": CODE}, "zanzibarcanary827364"),
    ("a wrong password", {"begin": CODE}, "zanzibarcanarx827364"),
    ("a denial", {"begin": DENIED}, "zanzibarcanary827364"),
    ("a put-off denial", {"begin": {**CODE, "reason": "country"}, "commit": DENIED}, "zanzibarcanary827364"),
    ("an answer that is none", {"begin": {**CODE, "code_length": "8"}}, "zanzibarcanary827364"),
    ("silence", {"begin": SILENCE}, "zanzibarcanary827364"),
    ("an app password", {"begin": ACCEPTED}, TYPED_APP),
    ("an unknown app password", {"begin": GOING_ON}, TYPED_APP),
]


def patience(script):
    return f" timeout={HASTE}" if SILENCE in script.values() else ""


@tests.rows(LEAKS, lambda row: f"K3: {row[0]} with debug on leaves no secret in the log")
def log(host, gate, row):
    _, script, typed = row
    host.accounts = "alice:zanzibarcanary"
    host.shipped(service="authgate-smtp", arguments="debug" + patience(script))
    gate.script(**script)
    result = host.run(f"auth={typed}", "acct", "end", service="authgate-smtp")
    assert result.log, "nothing was logged at all"
    for line in result.log:
        for canary in canaries(gate) + [typed]:
            assert canary not in line, line
    host.checked()


def scannable():
    if os.environ.get("SANITIZE"):
        raise tap.Skip("a sanitizer keeps what was freed, and terabytes of its own")


# libpam wipes its own copies of what was typed, and the stand-ins keep none: what is left would be the module's.
@tests.rows(LEAKS, lambda row: f"E: {row[0]} leaves no secret in the host's memory")
def memory(host, gate, row):
    _, script, typed = row
    scannable()
    host.accounts = "alice:zanzibarcanary"
    host.shipped(service="authgate-smtp", arguments=patience(script))
    gate.script(**script)
    with_marks = host.run(f"auth={typed}", "acct", "end", service="authgate-smtp")
    assert with_marks.code == 0, with_marks.output
    secrets = [*{*canaries(gate), typed} - {"zanzibarcanary"}]
    gate.script(**script)
    result = host.run(f"auth={typed}", "acct", "end", *[f"scan={hexadecimal(secret)}" for secret in secrets],
                      service="authgate-smtp")
    tap.same(dict(zip(secrets, result.all("scan"))), {secret: 0 for secret in secrets}, "found in memory")
    host.checked()


@tests.case("E: the scan finds a secret that is there")
def scan_works(host, gate):
    scannable()
    gate.script(begin=CODE)
    result = host.run("auth=secret827364", f"scan={hexadecimal(REF)}", f"scan={hexadecimal(MARK_KEY)}", "end",
                      f"scan={hexadecimal('203.0.113.9')}")
    assert result.all("scan")[0] > 0 and result.all("scan")[2] > 0, result.output
    host.checked()


@tests.case("H4: a thousand tries on one handle leave no descriptor open")
def descriptors(host, gate):
    for script in ({"begin": DENIED}, {"begin": GOING_ON}, {"begin": DEFERRED, "commit": DENIED}):
        gate.script(**script)
        result = host.run("auth=secret", "fds", *["auth=secret", "auth=wrong"] * 100, "auth=secret", "fds", "end",
                          "fds")
        counts = result.all("fds")
        assert counts[0] == counts[1] and counts[2] <= counts[0], counts
    host.checked()


@tests.case("L2: loaded and unloaded a thousand times the module leaves nothing behind")
def load_unload(_host, _gate):
    done = subprocess.run([os.path.join(BUILD, "tests/pam/load-unload"), MODULE, "1000"], capture_output=True,
                          text=True, timeout=60, check=False)
    tap.same((done.returncode, done.stdout), (0, "as before\n"), done.stderr)


@tests.case("L2: the module was built for what it is: the test ran the file that ships")
def shipped_file(host, _gate):
    with open(host.module, "rb") as file:
        found = hashlib.sha256(file.read()).hexdigest()
    with open(os.path.join(BUILD, "pam_authgate.so"), "rb") as file:
        tap.same(found, hashlib.sha256(file.read()).hexdigest(), "the module under test")


main(tests)
