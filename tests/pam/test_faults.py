#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every call of the module that can fail is made to fail, one after the other, with the right password each time: no
error ever becomes PAM_IGNORE or PAM_SUCCESS (THREATS A1). A twin of the module whose PAM_SYSTEM_ERR is PAM_IGNORE shows
that the sweep can fail."""
import os

from standin import ACCEPTED, CODE, DEFERRED, DENIED, IGNORE, LATER, PLANTED, SUCCESS, Gate, main, tap

tests = tap.Tests()
APP = "abcd-efgh-ijkl-mn27"
MOST = 80  # far more calls than any transaction makes

# What a try on a new connection makes good: the login may go on where the gate then accepts it.
RETRIED = {"send", "recv", "poll"}
SCRIPTS = {
    "accepts": {"begin": CODE, "commit": ACCEPTED},
    "accepts at once": {"begin": ACCEPTED},
    "denies": {"begin": DENIED},
    "puts a denial off": {"begin": {**CODE, "reason": "country"}, "commit": DENIED},
    "denies at commit": {"begin": CODE, "commit": DENIED},
    "cannot tell": {"begin": CODE, "commit": LATER},
}

# Shows the first line's own code: what it ignores, pam_permit lets in.
ALONE = ("auth [success=ok ignore=ignore default=die] {ours defer}\nauth required pam_permit.so\n"
         "account required {ours}\n")


def sweep(host, gate, script, mode, service, typed):
    """Runs the transaction with the 1st, 2nd, … call failing, until none does: (number, names, result) of each."""
    for number in range(1, MOST):
        gate.script(**script)
        result = host.run(f"auth={typed}", "acct", "end", fault=f"{mode}:{number}", service=service)
        if not result.faults:
            return
        yield number, result.faults, result
    raise AssertionError("the calls do not come to an end")


def complaints(host, gate, name, mode, service="authgate-imap"):
    """What the sweep has to complain of: permits that the gate did not give, or that outlived a lasting failure."""
    script = SCRIPTS[name]
    typed = APP if name == "accepts at once" else "secret123456"
    accepts = name.startswith("accepts")
    found, swept = [], []
    for number, names, result in sweep(host, gate, script, mode, service, typed):
        swept.append(names[0])
        let_in = result.all("auth") == [SUCCESS]
        if let_in and not accepts:
            found.append(f"{name}: authenticate succeeded with call {number} ({names[0]}) failing")
        if result.permitted and not (accepts and (names[0] in RETRIED or at_the_end(result))):
            found.append(f"{name}: let in with call {number} ({names[0]}) failing")
        if result.code != 0:
            found.append(f"{name}: ended by signal {-result.code} at call {number} ({names[0]})")
    assert len(swept) > 8, f"only {swept} were swept"
    return found, swept


def at_the_end(result):
    """Whether the failing call came when both phases had succeeded already."""
    lines = [line.split()[0] for line in result.lines]
    return "fault" in lines and lines.index("fault") > lines.index("acct")


@tests.rows([(name, mode) for name in SCRIPTS for mode in ("once", "from")],
            lambda row: f"A1: the gate {row[0]}, a call fails {'once' if row[1] == 'once' else 'from then on'}: "
                        "nobody comes in by it")
def every_call(host, gate, row):
    found, _ = complaints(host, gate, *row)
    assert not found, "\n".join(found)


@tests.case("A1: from then on means that nothing is let in at all, whatever the gate would say")
def lasting(host, gate):
    for name in ("accepts", "accepts at once"):
        for _, names, result in sweep(host, gate, SCRIPTS[name], "from", "authgate-imap",
                                      APP if name == "accepts at once" else "secret123456"):
            assert not result.permitted or at_the_end(result), (names, result.output)


@tests.case("A1: the first line alone is never PAM_IGNORE by a failure")
def first_line(host, gate):
    host.stack("authgate-alone", ALONE)
    gate.script(begin=CODE)
    tap.same(host.run("auth=secret123456", "end", service="authgate-alone").auth, SUCCESS, "IGNORE shows")
    for script in (SCRIPTS["accepts"], SCRIPTS["denies"]):
        for mode in ("once", "from"):
            for number, names, result in sweep(host, gate, script, mode, "authgate-alone", "secret123456"):
                retried = mode == "once" and names[0] in RETRIED and script is SCRIPTS["accepts"]
                # The account phase and the cleanup come after the line that is looked at.
                lines = [line.split()[0] for line in result.lines]
                later = lines.index("fault") > lines.index("auth")
                assert retried or later or result.auth not in (SUCCESS, IGNORE), (number, result.output)


@tests.case("A1: the sweep meets every kind of call that the module makes")
def kinds(host, gate):
    _, swept = complaints(host, gate, "accepts", "once")
    memory = set() if os.environ.get("SANITIZE") else {"malloc"}  # a sanitizer's own comes before the driver's
    tap.same(set(swept), {"socket", "connect", "send", "recv", "poll", "pam_get_item", "pam_set_item", "pam_get_data",
                          "pam_set_data", "pam_get_user", "pam_get_authtok"} | memory, "kinds of call")


@tests.case("A1: the sweep complains of a module whose errors are PAM_IGNORE")
def planted(host, gate):
    module, host.module = host.module, PLANTED
    host.stack("authgate-planted", ALONE)
    host.module = module
    seen = 0
    for _, _, result in sweep(host, gate, SCRIPTS["denies"], "once", "authgate-planted", "secret123456"):
        seen += result.auth == SUCCESS
    assert seen > 0, "the planted fault was not seen"


@tests.case("A1: where the gate closes at any byte of its answer nobody comes in by it")
def cut_off(host, gate):
    whole = "".join(f"{name}={value}\n" for name, value in CODE.items()).encode() + b"\n"
    path = os.path.join(host.folder, "cut.sock")
    other = Gate(path)
    host.shipped(service="authgate-sieve", arguments=f"socket={path} timeout=20ms")
    for length in range(0, len(whole), 3):
        other.script(begin=whole[:length])
        assert not host.login("secret123456", service="authgate-sieve").permitted, length
    gate.script(begin=DEFERRED)


main(tests)
