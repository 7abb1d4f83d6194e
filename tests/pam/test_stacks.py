#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Stacks that are not ours: phases called alone or twice, lines missing, moved or with the wrong control words. What
the gate denies, and what the password check refuses, stays out (THREATS A4, A5, A7, A8)."""
from standin import (ACCEPTED, AUTH_ERR, CODE, DEFERRED, DENIED, GOING_ON, LATER, PERM_DENIED, SUCCESS, SYSTEM_ERR,
                     main, tap)

tests = tap.Tests()
BEGIN = "auth [success=done ignore=ignore default=die] {ours defer}"
CHECK = "auth [success=1 default=ignore] {password}"
DENY = "auth requisite pam_deny.so"
PERMIT = "auth required pam_permit.so"
COMMIT = "auth required {ours commit}"
ACCOUNT = "account required {ours}"
SHIPPED = [BEGIN, CHECK, DENY, PERMIT, COMMIT, ACCOUNT]


def write(host, lines, service="authgate-odd"):
    host.stack(service, "\n".join(lines) + "\n")
    return service


@tests.case("A4: denied, then let in on the same handle: the account phase follows the last")
def denied_then_good(host, gate):
    for first, expected in ((DENIED, []), (LATER, []), (GOING_ON, [])):
        gate.script(begin=[first, GOING_ON], commit=ACCEPTED if first != GOING_ON else [DENIED, ACCEPTED])
        result = host.run("auth=secret", "acct", "auth=secret", "acct", "end")
        assert result.all("auth")[0] != SUCCESS and result.all("auth")[1] == SUCCESS, result.output
        tap.same(result.all("acct"), [PERM_DENIED, SUCCESS], "account")
        gate.settled(2)
        tap.same(gate.ends(), expected, "ends")


@tests.case("A4: let in, then denied on the same handle: the account phase follows the last")
def good_then_denied(host, gate):
    for second in (DENIED, LATER, DEFERRED):
        gate.script(begin=[GOING_ON, second], commit=[ACCEPTED, DENIED])
        result = host.run("auth=secret", "acct", "auth=secret", "acct", "end")
        tap.same(result.all("auth")[0], SUCCESS, "the first")
        assert result.all("auth")[1] != SUCCESS, result.output
        tap.same(result.all("acct"), [SUCCESS, PERM_DENIED], "account")


@tests.case("A4: a wrong password that a second try replaces is reported once, when it is replaced")
def replaced(host, gate):
    gate.script()
    result = host.run("auth=wrong", "auth=secret", "acct", "end")
    tap.same((result.all("auth"), result.acct), ([AUTH_ERR, SUCCESS], SUCCESS), "auth and account")
    gate.settled(2)
    tap.same(gate.ends(), ["wrong"], "ends")
    tap.same([number for number, fields in gate.heard if fields and fields["request"] == "end"], [1], "connection")


ALONE = [
    ("without authenticate", None, ["acct", "end"]),
    ("after a denied one", {"begin": DENIED}, ["auth=secret", "acct", "end"]),
    ("after a put-off denial", {"begin": DEFERRED, "commit": DENIED}, ["auth=secret", "acct", "end"]),
    ("after one whose login the gate has forgotten", {"commit": {"verdict": "deny"}}, ["auth=secret", "acct", "end"]),
    ("after a wrong password", {}, ["auth=wrong", "acct", "end"]),
    ("after pam_setcred alone", None, ["cred", "acct", "end"]),
]


@tests.rows(ALONE, lambda row: f"A5: the account phase {row[0]} is PAM_PERM_DENIED")
def account_alone(host, gate, row):
    gate.script(**(row[1] or {}))
    tap.same(host.run(*row[2]).acct, PERM_DENIED, "account")


@tests.case("A5: with a sufficient password module above ours nobody passes the account phase")
def sufficient_above(host, gate):
    gate.script()
    result = host.login(service=write(host, ["auth sufficient {password}", *SHIPPED]))
    tap.same((result.auth, result.acct), (SUCCESS, PERM_DENIED), "auth and account")
    tap.same(gate.requests(), [], "requests")


@tests.case("A5: authenticate alone already refuses what the gate denies")
def auth_alone(host, gate):
    for script in ({"begin": DENIED}, {"begin": DEFERRED, "commit": DENIED}, {"commit": DENIED}, {"commit": LATER}):
        gate.script(**script)
        assert host.run("auth=secret", "end").auth != SUCCESS


@tests.case("A7: an account line with success=done above ours: the commit line has denied already")
def account_skipped(host, gate):
    service = write(host, [*SHIPPED[:5], "account [success=done] pam_permit.so", ACCOUNT])
    for script in ({"begin": DENIED}, {"begin": DEFERRED, "commit": DENIED}, {"commit": DENIED}):
        gate.script(**script)
        assert not host.login(service=service).permitted
    gate.script()
    assert not host.login("wrong", service=service).permitted


@tests.case("A7: with the commit line gone as well, the gate hears of a login never committed, and a CRIT line says so")
def uncommitted(host, gate):
    service = write(host, [BEGIN, CHECK, DENY, PERMIT, "account [success=done] pam_permit.so", ACCOUNT])
    gate.script(begin=CODE)
    result = host.login("secret123456", service=service)
    tap.same((result.auth, result.acct), (SUCCESS, SUCCESS), "what such a stack does")
    gate.settled()
    tap.same(gate.ends(), ["uncommitted"], "ends")
    assert any(line.startswith("2 ") for line in result.log), result.output
    gate.script(begin=DENIED)
    assert not host.login(service=service).permitted


@tests.case("F9: a second commit line is refused, asks nobody, and takes back what the first one said")
def committed_twice(host, gate):
    gate.script()
    result = host.login(service=write(host, [*SHIPPED[:5], COMMIT, ACCOUNT]))
    tap.same((result.auth, result.acct), (SYSTEM_ERR, PERM_DENIED), "auth and account")
    assert any("a commit without its begin" in line for line in result.log), result.output
    for again in ("{ours commit}", "{ours commit nonsense}"):
        gate.script()
        result = host.login(service=write(host, [*SHIPPED[:5], f"auth optional {again}", ACCOUNT]))
        tap.same((result.auth, result.acct), (SUCCESS, PERM_DENIED), "auth and account")
        tap.same(len(gate.requests("commit")), 1, "commits")


# One thing wrong at a time. A stack that throws away what both the commit and the account line say would have to be
# wrong twice.
WRONG = [
    ("the first line optional", ["auth optional {ours defer}", *SHIPPED[1:]]),
    ("the first line required", ["auth required {ours defer}", *SHIPPED[1:]]),
    ("the first line sufficient", ["auth sufficient {ours defer}", *SHIPPED[1:]]),
    ("the first line [default=ignore]", ["auth [default=ignore] {ours defer}", *SHIPPED[1:]]),
    ("the first line [success=ok default=bad]", ["auth [success=ok default=bad] {ours defer}", *SHIPPED[1:]]),
    ("the first line without defer", ["auth [success=done ignore=ignore default=die] {ours}", *SHIPPED[1:]]),
    ("the first line missing", SHIPPED[1:]),
    ("the password module missing", [BEGIN, COMMIT, ACCOUNT]),
    ("the password module and its deny missing", [BEGIN, PERMIT, COMMIT, ACCOUNT]),
    ("the password module required", [BEGIN, "auth required {password}", COMMIT, ACCOUNT]),
    ("the password module sufficient", [BEGIN, "auth sufficient {password}", DENY, COMMIT, ACCOUNT]),
    ("the password module requisite", [BEGIN, "auth requisite {password}", COMMIT, ACCOUNT]),
    ("pam_permit missing", [BEGIN, CHECK, DENY, COMMIT, ACCOUNT]),
    ("the commit line optional", [*SHIPPED[:4], "auth optional {ours commit}", ACCOUNT]),
    ("the commit line sufficient", [*SHIPPED[:4], "auth sufficient {ours commit}", ACCOUNT]),
    ("the commit line [default=ignore]", [*SHIPPED[:4], "auth [default=ignore] {ours commit}", ACCOUNT]),
    ("the commit line missing", [*SHIPPED[:4], ACCOUNT]),
    ("the commit line before the password", [BEGIN, COMMIT, CHECK, DENY, PERMIT, ACCOUNT]),
    ("the first line twice", [BEGIN, BEGIN, *SHIPPED[1:]]),
    ("the account line missing", [*SHIPPED[:5], "account required pam_permit.so"]),
    ("the account line optional", [*SHIPPED[:5], "account optional {ours}", "account required pam_permit.so"]),
    ("the account line sufficient", [*SHIPPED[:5], "account sufficient {ours}", "account required pam_permit.so"]),
]
DENIALS = [{"begin": DENIED}, {"begin": DEFERRED, "commit": DENIED}, {"commit": DENIED}, {"begin": LATER}]


@tests.rows(WRONG, lambda row: f"A8: with {row[0]} a denial and a wrong password keep everybody out")
def wrong_stack(host, gate, row):
    service = write(host, row[1])
    for script in DENIALS:
        gate.script(**script)
        assert not host.login(service=service).permitted, (script, host.login(service=service).output)
    if row[0] == "the password module and its deny missing":
        return
    gate.script()
    result = host.login("wrong", service=service)
    assert not result.permitted, result.output


@tests.case("A8: a stack without a password module fails, for the commit line is never a success of its own")
def no_password_module(host, gate):
    gate.script()
    assert host.login(service=write(host, [BEGIN, COMMIT, ACCOUNT])).auth != SUCCESS


@tests.case("A8: a failed substack goes on to the commit line; the wrong password stays out all the same")
def substack(host, gate):
    write(host, ["auth sufficient {password}", DENY], "inner")
    service = write(host, [BEGIN, "auth substack inner", COMMIT, ACCOUNT])
    gate.script()
    assert not host.login("wrong", service=service).permitted
    tap.same(len(gate.requests("commit")), 1, "commits after a wrong password, which doctor warns of")
    for script in DENIALS:
        gate.script(**script)
        assert not host.login(service=service).permitted


@tests.case("A8: where the stack is ours a wrong password never commits, so it never charges a code's budget")
def no_charge(host, gate):
    for family in ("debian", "rhel"):
        host.shipped(family=family)
        gate.script(begin=CODE)
        for typed in ("wrong123456", "wrong", "123456"):
            assert not host.login(typed).permitted
        tap.same(gate.requests("commit"), [], "commits")
    host.shipped()


@tests.case("A8: with any one of the shipped lines taken away a denial keeps everybody out")
def one_line_less(host, gate):
    for left_out in range(len(SHIPPED)):
        lines = SHIPPED[:left_out] + SHIPPED[left_out + 1:]
        service = write(host, lines if left_out != 5 else lines + ["account required pam_permit.so"])
        for script in DENIALS:
            gate.script(**script)
            assert not host.login(service=service).permitted, lines


@tests.case("a login that succeeds past a denial is a CRIT line, and the gate is not told of what it has settled")
def past_a_denial(host, gate):
    service = write(host, ["auth optional {ours defer}", CHECK, DENY, PERMIT, "auth optional {ours commit}",
                           "account required pam_permit.so"])
    gate.script(begin=DENIED)
    result = host.login(service=service)
    assert result.permitted and any(line.startswith("2 ") for line in result.log), result.output
    gate.settled()
    tap.same(gate.ends(), [], "ends")
    gate.script(commit=DENIED)
    result = host.login(service=service)
    assert result.permitted and any(line.startswith("2 ") for line in result.log), result.output
    gate.settled()
    tap.same(gate.ends(), ["uncommitted"], "ends")


main(tests)
