#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Codes behind passwords: what is cut and what is not, that nothing is never what remains, and that an attacker learns
nothing from a denial (THREATS A10, A11, A12, M7)."""
from standin import AUTH_ERR, CODE, DEFERRED, DENIED, GOING_ON, PERM_DENIED, Host, SUCCESS, main, tap

tests = tap.Tests()
WRONG_CODE = {**DENIED, "reason": "second-factor-wrong"}

# What the gate says, what was typed: with defer each must look the same from outside.
PATHS = [
    ("a bad code and a good password", CODE, WRONG_CODE, "alice", "secret000000"),
    ("a bad code and a bad password", CODE, WRONG_CODE, "alice", "guess000000"),
    ("a good code and a bad password", CODE, {"verdict": "accept"}, "alice", "guess123456"),
    ("an unknown user", GOING_ON, {"verdict": "accept"}, "mallory", "secret"),
    ("the wrong country and a good password", DEFERRED, DENIED, "alice", "secret"),
    ("the wrong country and a bad password", DEFERRED, DENIED, "alice", "guess"),
    ("the wrong country, a code and a good password", {**CODE, "reason": "country"}, DENIED, "alice", "secret123456"),
]


@tests.case("A10: with defer every denial has the same code and text, and the password module ran exactly once")
def same_from_outside(host, gate):
    for name, begin, commit, user, typed in PATHS:
        gate.script(begin=begin, commit=commit)
        result = host.login(typed, user=user)
        tap.same((result.auth, result.acct, result.shown), (AUTH_ERR, PERM_DENIED, ["1 Password: "]), name)
        tap.same(len(host.checked()), 1, f"{name}: password checks")


@tests.case("A10: a right password from the wrong place is told to the gate, a wrong one is not")
def stolen(host, gate):
    gate.script(begin=DEFERRED, commit=DENIED)
    host.login("secret")
    tap.same(len(gate.requests("commit")), 1, "commits with the right password")
    gate.script(begin=DEFERRED, commit=DENIED)
    host.login("guess")
    gate.settled()
    tap.same([request["request"] for request in gate.requests()], ["begin", "end"], "requests with a wrong one")
    tap.same(gate.requests("end")[0]["status"], "wrong", "how it ended")
    assert "password_mark" in gate.requests("end")[0], "a repeated wrong password must be known as one"
    host.checked()


ALL_CODE = [("123456", "6"), ("12345678", "8"), ("000000", "6")]


@tests.rows(ALL_CODE, lambda row: f"A11, M7: {row[0]} alone, all of it to be cut, is denied before the password check")
def nothing_left(_host, gate, row):
    host = Host(accounts="alice:,bob:")
    host.socket = gate.path
    host.shipped()
    for begin in ({**CODE, "code_length": row[1]}, {**CODE, "code_length": row[1], "reason": "country"}):
        gate.script(begin=begin)
        result = host.login(row[0])
        tap.same((result.auth, result.acct), (AUTH_ERR, PERM_DENIED), "auth and account")
        tap.same(host.checked(), [], "password checks")
    gate.script(begin={**CODE, "code_length": row[1]})
    host.login(row[0])
    gate.settled()
    tap.same(gate.ends(), ["wrong"], "ends")
    host.close()


@tests.case("A11: what denies for want of a password is not let in by a stack that ignores it")
def nothing_left_ignored(host, gate):
    host.stack("authgate-lax", "auth [default=ignore] {ours defer}\nauth optional {password}\n"
               "auth required {ours commit}\nauth required pam_permit.so\naccount required {ours}\n")
    gate.script(begin=CODE)
    assert not host.login("123456", service="authgate-lax").permitted
    tap.same(gate.requests("commit"), [], "commits")
    host.checked()


@tests.case("A11: an empty password is denied and nobody is asked")
def empty(_host, gate):
    host = Host(accounts="alice:")
    host.socket = gate.path
    host.shipped()
    gate.script()
    result = host.login("")
    tap.same((result.auth, host.checked(), gate.requests()), (AUTH_ERR, [], []), "an empty password")
    host.close()


@tests.case("A11: a password that is a date stays as it is where the gate cuts nothing")
def date(_host, gate):
    host = Host(accounts="alice:19850412")
    host.socket = gate.path
    host.shipped()
    for begin in (GOING_ON, {**GOING_ON, "code_length": "0"}):
        gate.script(begin=begin)
        assert host.login("19850412").permitted
        tap.same(gate.requests("begin")[0]["digits"], "19850412", "digits")
        tap.same(host.checked(), [("alice", "19850412")], "password checks")
    host.close()


# What was typed, its digits as the gate hears them, and what is handed on where the gate says 6 (None: no such cut).
TYPED = [
    ("secret123456", "123456", "secret"), ("secret1234567", "1234567", "secret1"), ("secret12345 6", "6", None),
    ("secret\uff11\uff12\uff13\uff14\uff15\uff16", None, None), ("+123456", "123456", "+"), ("-123456", "123456", "-"),
    ("+12345", "12345", None), ("secret", None, None), ("pw9123456", "9123456", "pw9"),
    ("a0123456789", "23456789", "a0123"),
    ("secret123456 ", None, None), ("secret 123456", "123456", "secret "), ("\u00e9123456", "123456", "\u00e9"),
]


@tests.rows(TYPED, lambda row: f"A12: {ascii(row[0])} has the digits {row[1]}; a cut of 6 leaves {ascii(row[2])}")
def split(host, gate, row):
    typed, digits, rest = row
    gate.script()
    host.login(typed)
    tap.same(gate.requests("begin")[0].get("digits"), digits, "digits")
    tap.same(host.checked(), [("alice", typed)], "handed on where nothing is cut")
    gate.script(begin=CODE)
    result = host.login(typed)
    tap.same(host.checked(), [("alice", rest)] if rest else [], "handed on where 6 are cut")
    assert result.auth != SUCCESS or (typed, rest) == ("secret123456", "secret"), result.output


@tests.case("A12: only continue cuts: a denial or trouble leaves PAM_AUTHTOK alone")
def untouched(host, gate):
    host.stack("authgate-lax",
               "auth [default=ignore] {ours defer}\nauth required {password}\naccount required {ours}\n")
    for answer in ({**DENIED, "code_length": "6"}, {"verdict": "later", "code_length": "6"}, {"verdict": "permit"},
                   {**CODE, "code_length": "7"}, {"verdict": "accept", "code_length": "6"}):
        gate.script(begin=answer)
        host.login("secret123456", service="authgate-lax")
        tap.same(host.checked(), [("alice", "secret123456")], answer)


main(tests)
