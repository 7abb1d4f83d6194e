#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The manuals of the module and of the protocol name everything that there is, and show the stack that ships."""
import re

from standin import ROOT, os, tap

tests = tap.Tests()


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def words_after(label):
    """The words of the golden file's lines that begin with `label`."""
    found = re.findall(rf"^ *{label} (.*)$", read("tests/golden/protocol.txt"), re.MULTILINE)
    return sorted({word for line in found for word in line.split()})


PROTOCOL = read("module/wire/authgate-protocol.7")
MODULE = read("module/pam/pam_authgate.8")
ANSWERED = ["verdict", "reason", "ref", "code_length", "mark_key", "action"]
NAMES = words_after("looks at") + words_after("answers") + ANSWERED


@tests.rows(sorted({*NAMES} - {"service", "encryption_protocol"}), lambda name: f"authgate-protocol(7) tells of {name}")
def field(name):
    assert re.search(rf"^\.(It )?(Cm|Ql) (.* )?{name}\b", PROTOCOL, re.MULTILINE), name


@tests.rows(words_after("request") + words_after("status"), lambda name: f"authgate-protocol(7) tells of {name}")
def request(name):
    assert re.search(rf"(Cm|Ql) {name}\b", PROTOCOL), name


SECRETS = re.findall(r"^field (\S+) .* secret$", read("tests/golden/protocol.txt"), re.MULTILINE)


@tests.rows(SECRETS, lambda name: f"authgate-protocol(7) counts {name} among the secrets")
def secret(name):
    assert name in PROTOCOL.split(".Ss Secrets")[1].split(".Sh")[0], name


ARGUMENTS = sorted(set(re.findall(r'(?:value_of|strcmp)\(word, "(\w+)"\)', read("module/pam/arguments.c"))))


@tests.rows(ARGUMENTS, lambda name: f"pam_authgate(8) tells of the argument {name}")
def argument(name):
    assert len(ARGUMENTS) == 6, ARGUMENTS
    assert re.search(rf"^\.It Cm {name}\b", MODULE, re.MULTILINE), name


@tests.rows(["debian", "rhel"], lambda family: f"{family}'s stacks open the host's sessions, for a session=yes")
def session(family):
    services = os.listdir(os.path.join(ROOT, "conf/pam.d", family))
    last = {read(f"conf/pam.d/{family}/{service}").splitlines()[-1] for service in services}
    tap.same([line.split() for line in last],
             [["session", "include", "common-session" if family == "debian" else "password-auth"]], "last lines")


@tests.case("pam_authgate(8) shows the stack that ships, line by line")
def stack():
    shown = [line.split() for line in MODULE.split(".Bd -literal\n")[1].split(".Ed")[0].splitlines()]
    shipped = [line.split() for line in read("conf/pam.d/rhel/authgate-imap").splitlines() if not line.startswith("#")]
    tap.same(shown[:6], shipped[:6], "lines")


@tests.case("each service has the same stack, on Debian and on RHEL")
def alike():
    for family in ("debian", "rhel"):
        folder = os.path.join("conf/pam.d", family)
        names = sorted(os.listdir(os.path.join(ROOT, folder)))
        services = ("imap", "pop3", "smtp", "submission", "sieve", "doveadm")
        tap.same(names, sorted(f"authgate-{name}" for name in services), "services")
        bodies = {re.sub(r"(?m)^#.*\n", "", read(os.path.join(folder, name))) for name in names}
        tap.same(len(bodies), 1, f"different stacks for {family}")


tests.run()
