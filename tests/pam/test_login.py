#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""One login through the shipped stack: what the module tells the gate, what it hands on, and what each answer comes
to, phase by phase."""
from standin import (ACCEPTED, ACCT_EXPIRED, AUTH_ERR, CODE, DEFERRED, DENIED, GOING_ON, LATER, MARK_KEY, PERM_DENIED,
                     REF, SUCCESS, SYSTEM_ERR, UNAVAIL, main, tap)

tests = tap.Tests()
APP = "abcd-efgh-ijkl-mn27"


@tests.case("a right password that the gate accepts is let in, by begin and one commit on one connection")
def accepted(host, gate):
    gate.script()
    result = host.login()
    tap.same((result.auth, result.acct), (SUCCESS, SUCCESS), "auth and account")
    gate.settled()
    tap.same([request["request"] for request in gate.requests()], ["begin", "commit"], "requests")
    tap.same(gate.connections, 1, "connections")
    begin, commit = gate.requests()
    tap.same(begin, {"request": "begin", "protocol": "1", "user": "alice", "service": "imap",
                     "client_address": "203.0.113.9", "defer": "yes"}, "begin")
    tap.same({**commit, "password_mark": ""},
             {"request": "commit", "user": "alice", "ref": REF, "password_mark": ""}, "commit")
    tap.same(host.checked(), [("alice", "secret")], "password checks")
    tap.same(result.log, [], "log")


@tests.case("RHEL's stack does the same")
def rhel(host, gate):
    host.shipped(service="authgate-pop3", family="rhel")
    gate.script()
    assert host.login(service="authgate-pop3").permitted
    assert not host.login("wrong", service="authgate-pop3").permitted
    gate.script(begin=DEFERRED, commit=DENIED)
    assert not host.login(service="authgate-pop3").permitted


SHIPPED = [(family, f"authgate-{name}") for family in ("debian", "rhel")
           for name in ("imap", "pop3", "smtp", "submission", "sieve", "doveadm")]


@tests.rows(SHIPPED, lambda row: f"{row[0]}'s {row[1]} is a stack that lets in and keeps out")
def every_file(host, gate, row):
    family, service = row
    host.shipped(service=service, family=family)
    gate.script()
    assert host.login(service=service).permitted
    tap.same(gate.requests()[0]["service"], service.removeprefix("authgate-"), "service")
    assert not host.login("wrong", service=service).permitted
    gate.script(begin=DENIED)
    assert not host.login(service=service).permitted
    host.shipped()
    host.checked()


@tests.case("a wrong password never reaches the commit line, and the gate hears so")
def wrong_password(host, gate):
    gate.script()
    result = host.login("guess")
    tap.same(result.auth, AUTH_ERR, "auth")
    gate.settled()
    tap.same([request["request"] for request in gate.requests()], ["begin", "end"], "requests")
    tap.same(gate.ends(), ["wrong"], "status")
    assert "password_mark" in gate.requests("end")[0]
    host.checked()


OUTCOMES = [
    ("denied at begin", {"begin": DENIED}, AUTH_ERR, 0, []),
    ("try again at begin", {"begin": LATER}, UNAVAIL, 0, []),
    ("a put-off denial", {"begin": DEFERRED, "commit": DENIED}, AUTH_ERR, 1, []),
    ("a put-off denial whatever commit answers", {"begin": DEFERRED, "commit": ACCEPTED}, AUTH_ERR, 1, []),
    ("a put-off denial that cannot be told now", {"begin": DEFERRED, "commit": LATER}, AUTH_ERR, 1, []),
    ("denied at commit", {"commit": {**DENIED, "reason": "second-factor-wrong"}}, AUTH_ERR, 1, []),
    ("denied at commit without a reason", {"commit": {"verdict": "deny", "ref": REF}}, AUTH_ERR, 1, []),
    ("try again at commit", {"commit": LATER}, UNAVAIL, 1, []),
    ("try again at commit without a reason", {"commit": {"verdict": "later", "ref": REF}}, UNAVAIL, 1, []),
]


@tests.rows(OUTCOMES, lambda row: f"{row[0]} keeps a right password out")
def outcome(host, gate, row):
    _, script, code, checks, ends = row
    gate.script(**script)
    result = host.login()
    tap.same(result.auth, code, "auth")
    tap.same(result.acct, PERM_DENIED, "account")
    tap.same(len(host.checked()), checks, "password checks")
    gate.settled()
    tap.same(gate.ends(), ends, "ends")


@tests.case("the ref stands in a refusal's log line, and the user is shown a prompt and nothing else")
def refusal_line(host, gate):
    for script in ({"begin": DENIED}, {"begin": DEFERRED, "commit": DENIED}, {"commit": LATER}):
        gate.script(**script)
        result = host.login()
        assert any(REF in line for line in result.log), result.output
        tap.same(result.shown, ["1 Password: "], "shown")
    host.checked()


@tests.case("a name that would forge a log line is escaped in it")
def forged(host, gate):
    gate.script(begin=DENIED)
    result = host.login(user="alice ref=aaaaaaaaaaaaa verdict=accept")
    assert all("alice\\x20ref" in line for line in result.log), result.output
    result = host.login(user="alice\nforged")
    tap.same(result.auth, AUTH_ERR, "auth")
    assert result.log and not any(line.startswith("forged") for line in result.lines), result.output


@tests.case("a code is cut off before the password module sees it, and its digits go to the gate")
def cut(host, gate):
    gate.script(begin=CODE)
    result = host.login("secret123456")
    assert result.permitted, result.output
    tap.same(host.checked(), [("alice", "secret")], "password checks")
    tap.same(gate.requests("begin")[0]["digits"], "123456", "digits")


@tests.case("the mark is of the password after the cut: the same with another code, another with another password")
def marks(host, gate):
    seen = []
    for typed in ("secret123456", "secret654321", "guess123456"):
        gate.script(begin=CODE)
        host.login(typed)
        gate.settled()
        seen.append([request for request in gate.requests() if request["request"] != "begin"][0]["password_mark"])
    assert seen[0] == seen[1] != seen[2], seen
    gate.script(begin={**CODE, "mark_key": MARK_KEY[::-1]})
    host.login("secret123456")
    assert gate.requests("commit")[0]["password_mark"] != seen[0]
    gate.script(begin={"verdict": "continue", "ref": REF})
    assert host.login().permitted
    assert "password_mark" not in gate.requests("commit")[0]
    host.checked()


@tests.case("A3: only an accepted app password is PAM_SUCCESS; it needs no password module and no commit")
def app_password(host, gate):
    gate.script(begin=ACCEPTED)
    result = host.login(APP.upper())
    assert result.permitted, result.output
    gate.settled()
    tap.same(host.checked(), [], "password checks")
    tap.same([request["request"] for request in gate.requests()], ["begin"], "requests")
    tap.same(gate.requests()[0]["app_password"], "abcdefghijklmn27", "app password")
    tap.same(gate.requests()[0]["digits"], "27", "digits")


@tests.case("A3: where the gate has nothing against a login, a wrong password is denied and accept is not for it")
def unenrolled(host, gate):
    gate.script(begin=GOING_ON)
    assert not host.login("wrong").permitted
    gate.script(begin=ACCEPTED)
    result = host.login("secret")
    tap.same((result.auth, result.acct), (UNAVAIL, PERM_DENIED), "accept without an app password")
    tap.same(host.checked(), [("alice", "wrong")], "password checks")


@tests.case("an unknown app password goes on as a password")
def unknown_app_password(host, gate):
    gate.script()
    host.login(APP)
    tap.same(host.checked(), [("alice", APP)], "password checks")


ADDRESSES = [("203.0.113.9", "203.0.113.9"), ("::ffff:203.0.113.9", "203.0.113.9"), ("2001:DB8:0:0::1", "2001:db8::1"),
             ("mail.example.com", None), ("localhost", None), ("203.0.113.9.example", None), ("-", None), ("", None)]


@tests.rows(ADDRESSES, lambda row: f"PAM_RHOST {row[0]!r} is told as {row[1]}")
def address(host, gate, row):
    gate.script()
    assert host.login(address=row[0]).permitted
    tap.same(gate.requests("begin")[0].get("client_address"), row[1], "client_address")
    host.checked()


@tests.case("the service is PAM's name less authgate-, or what service= says")
def services(host, gate):
    lines = ("auth [success=done ignore=ignore default=die] {ours defer %s}\nauth requisite {password}\n"
             "auth required {ours commit}\naccount required {ours}\n")
    for service, arguments, told in (("authgate-sieve", "", "sieve"), ("imap", "", "imap"),
                                     ("xauthgate-imap", "", "xauthgate-imap"), ("authgate-x", "service=smtp", "smtp")):
        host.stack(service, lines % arguments)
        gate.script()
        host.login(service=service)
        tap.same(gate.requests("begin")[0]["service"], told, service)
    host.stack("authgate-", lines % "")
    tap.same(host.login(service="authgate-").auth, SYSTEM_ERR, "no service at all")
    host.checked()


ENDS = [
    ("the password module cannot tell", "unavail", "", ["error"]),
    ("the account phase refuses afterwards", "", "refuse", ["withdrawn"]),
    ("all went well", "", "", []),
]


@tests.rows(ENDS, lambda row: f"the gate hears {row[3] or 'nothing'} where {row[0]}")
def ends(host, gate, row):
    _, in_auth, in_account, expected = row
    host.stack("authgate-ends", f"""
auth [success=done ignore=ignore default=die] {{ours defer}}
auth [success=1 default=die] {{password {in_auth}}}
auth requisite pam_deny.so
auth required pam_permit.so
auth required {{ours commit}}
account required {{ours}}
account required {{password {in_account}}}
""")
    gate.script()
    result = host.login(service="authgate-ends")
    tap.same(result.permitted, not expected, "permitted")
    if in_account:
        tap.same(result.acct, ACCT_EXPIRED, "account")
    gate.settled()
    tap.same(gate.ends(), expected, "ends")
    host.checked()


@tests.case("a child that ends the transaction too, or PAM_DATA_SILENT, only closes")
def silent(host, gate):
    gate.script()
    host.run("auth=wrong", "fork-end", "end")
    gate.settled()
    tap.same(gate.ends(), ["wrong"], "told once")
    gate.script()
    host.run("auth=wrong", f"end={AUTH_ERR | 0x40000000}")
    gate.settled()
    tap.same(gate.ends(), [], "told nothing")
    host.checked()


@tests.case("another PAM_USER than the one that the gate judged is denied at the commit line and by the account phase")
def renamed(host, gate):
    gate.script()
    result = host.run("auth=secret", "user=bob", "acct", "end")
    tap.same((result.auth, result.acct), (SUCCESS, PERM_DENIED), "renamed after the login")
    host.shipped(edit=lambda text: text.replace("{password}", "{password rename=bob}", 1))
    gate.script()
    result = host.login()
    assert not result.permitted and result.auth == SYSTEM_ERR, result.output
    tap.same(gate.requests("commit"), [], "commits")
    host.shipped()
    host.checked()


@tests.case("pam_setcred is ignored, and never an error that a login fails by")
def credentials(host, gate):
    gate.script()
    result = host.run("auth=secret", "cred", "acct", "end")
    tap.same((result.one("cred"), result.permitted), (SUCCESS, True), "credentials and login")
    host.checked()


@tests.case("an argument that is not understood lets nobody in, and is named in the log")
def arguments(host, gate):
    for word in ("defered", "timeout=2", "socket=gate.sock", "nullok"):
        host.shipped(arguments=word)
        gate.script()
        result = host.login()
        tap.same((result.auth, result.acct), (SYSTEM_ERR, PERM_DENIED), word)
        assert any(word in line for line in result.log), result.output
    host.shipped()
    host.checked()


main(tests)
