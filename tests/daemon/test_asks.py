#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The SASL plugin's `ask` on the gate socket: what waits for a password, what is judged at once and how, and who may
ask (DESIGN 2, SASL; THREATS J1, J3)."""
from harness import gate, lab, refused, tap
import sasl

tests = tap.Tests()
POLICY = """
countries = { allow = [ "JP" ]; };
services = { sieve = "closed"; };
legacy_auth = { services = { pop3 = "deny"; }; mechanisms = [ "DIGEST-MD5" ]; };
"""


def judged(of_lab, **fields):
    """An ask that is judged at once, and the log lines that it left."""
    since = of_lab.mark()
    answer = sasl.ask(of_lab.gate, **{"pwcheck": "auxprop", "pwcheck_path": None, **fields})
    return answer, of_lab.log(since).splitlines()


@tests.case("an ask whose password comes to our socket waits: continue without a reason, and not a line in the log")
def waits(of_lab):
    for fields in ({}, {"mechanism": "LOGIN"}, {"client_address": "127.2.0.1"}, {"client_address": None},
                   {"service": "sieve"}, {"service": "pop3"}):
        since = of_lab.mark()
        tap.same(sasl.ask(of_lab.gate, **fields), {"verdict": "continue"}, f"{fields}")
        tap.same(of_lab.log(since), "", "lines")


@tests.rows([{"pwcheck": "auxprop"}, {"pwcheck": None}, {"pwcheck": "saslauthd auxprop", "pwcheck_path": sasl.SEEN_AS},
             {"pwcheck": "saslauthd", "pwcheck_path": "/run/saslauthd/mux"}, {"pwcheck": "saslauthd"},
             {"pwcheck": "saslauthd", "pwcheck_path": sasl.SEEN_AS, "mechanism": "CRAM-MD5"},
             {"pwcheck": "saslauthd", "pwcheck_path": sasl.SEEN_AS, "mechanism": None}],
            lambda row: f"judged at once, with one line: {row}")
def at_once(of_lab, row):
    answer, lines = judged(of_lab, **row)
    tap.same(answer, {"verdict": "continue"}, "at home")
    tap.same(len(lines), 1, "lines")
    assert "verdict=continue" in lines[0] and "account=alice@example.test" in lines[0], lines[0]
    answer, lines = judged(of_lab, client_address="127.2.0.1", **row)
    refused(answer, "country")
    assert len(lines) == 1 and "reason=country" in lines[0] and "country=US" in lines[0], lines


@tests.case("defer changes nothing: what is judged at once is denied at once")
def never_deferred(of_lab):
    refused(judged(of_lab, client_address="127.2.0.1", defer="yes")[0], "country")


@tests.case("a bare password is legacy authentication, a token is not")
def credentials(of_lab):
    for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256", None):
        answer, lines = judged(of_lab, service="pop3", mechanism=mechanism)
        refused(answer, "legacy-auth")
        assert "credential=password" in lines[0], lines[0]
    for mechanism in ("XOAUTH2", "OAUTHBEARER", "GSSAPI", "EXTERNAL", "xoauth2"):
        answer, lines = judged(of_lab, service="pop3", mechanism=mechanism)
        tap.same(answer["verdict"], "continue", mechanism)
        assert "credential=token" in lines[0] and f"mechanism={mechanism.upper()}" in lines[0], lines[0]


@tests.case("mechanisms and services that the policy refuses, and an address that is not known")
def rules(of_lab):
    refused(judged(of_lab, mechanism="DIGEST-MD5")[0], "mechanism")
    refused(judged(of_lab, mechanism="digest-md5")[0], "mechanism")
    refused(judged(of_lab, service="sieve")[0], "service-closed")
    refused(judged(of_lab, service="nonsense")[0], "service-closed")
    refused(judged(of_lab, client_address=None)[0], "country-unknown")


@tests.rows(["alice@", "alice@..", "alice@@example.test", "a" * 400, "alice@evil@example.test", ".alice"],
            lambda name: f"M8 {name:.30}: malformed, whether or not it would wait, and the connection is closed")
def malformed(of_lab, name):
    for fields in ({}, {"pwcheck": "auxprop"}):
        with of_lab.gate() as connection:
            ordinary = {"request": "ask", "protocol": "1", "user": name, "service": "smtp", "mechanism": "PLAIN",
                        "pwcheck": "saslauthd", "pwcheck_path": sasl.SEEN_AS}
            refused(connection.call({**ordinary, **fields}), "malformed")
            if not fields:
                assert connection.closed(), "it stays open"


@tests.case("an end of file without an answer counts as nothing")
def end_of_file(of_lab):
    since = of_lab.mark()
    for _ in range(50):
        with of_lab.gate() as connection:
            connection.send(gate.encode({"request": "ask", "protocol": "1", "user": "alice"})[:-1])
    sasl.ask(of_lab.gate)
    tap.same(of_lab.log(since), "", "lines")


@tests.case("one connection may ask again and again")
def again(of_lab):
    fields = {"request": "ask", "protocol": "1", "user": "alice", "service": "smtp", "client_address": "127.1.0.1",
              "mechanism": "CRAM-MD5"}
    with of_lab.gate() as connection:
        for address, verdict in (("127.1.0.1", "continue"), ("127.2.0.1", "deny"), ("127.1.0.2", "continue")) * 3:
            tap.same(connection.call({**fields, "client_address": address})["verdict"], verdict, address)


@tests.case("an ask amid a login under way on the same connection is malformed, and the login is not let in")
def amid_a_login(of_lab):
    with of_lab.gate() as connection:
        tap.same(connection.begin()["verdict"], "continue", "begin")
        refused(connection.call({"request": "ask", "protocol": "1", "user": "alice", "service": "smtp"}), "malformed")
        assert connection.closed(), "it stays open"


@tests.case("a socket for ask and smtp takes nothing else")
def limits(of_lab):
    def narrow():
        return of_lab.gate(of_lab.path("narrow"))
    tap.same(sasl.ask(narrow)["verdict"], "continue", "smtp")
    tap.same(sasl.ask(narrow, service="submission")["verdict"], "continue", "submission")
    refused(sasl.ask(narrow, service="imap"), "malformed")
    refused(sasl.ask(narrow, service="imap", pwcheck="auxprop"), "malformed")
    with narrow() as connection:
        refused(connection.begin(service="smtp"), "malformed")


with lab.Lab() as of_this:
    of_this.configure(defaults=POLICY, sockets=f'''{{ kind = "gate"; path = "{of_this.socket}"; }},
        {{ kind = "gate"; path = "{of_this.path('narrow')}"; requests = [ "ask" ]; services = [ "smtp" ]; }},
        {{ kind = "saslauthd"; path = "{of_this.path('saslauthd')}"; seen_as = "{sasl.SEEN_AS}"; }}''')
    of_this.start()
    tests.run(of_this)
