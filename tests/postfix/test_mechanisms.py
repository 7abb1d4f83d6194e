#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""conf/postfix/smtpd-auxprop.conf: libsasl2 checks the passwords itself, by four mechanisms, and the gate judges what
needs no password (THREATS J3)."""
from harness import ACCOUNTS, AMERICA, JAPAN, REFUSED, TEMPORARY, House, lab, postfix, tap

MECHANISMS = ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"]
tests = tap.Tests()


@tests.rows(MECHANISMS, lambda row: f"{row}: let in at home, refused with a wrong password and abroad; a line each")
def outcomes(scene, mechanism):
    for code, verdict, login in ((235, "verdict=continue", {}), (REFUSED, "verdict=continue", {"password": "wrong"}),
                                 (REFUSED, "reason=country", {"source": AMERICA})):
        since = scene.lab.mark()
        scene.gets(code, mechanism=mechanism, **login)
        lines = scene.lab.lines("ref=", since)
        tap.same(len(lines), 1, "lines")
        for word in (verdict, f"mechanism={mechanism}", "account=alice@example.test", "credential=password"):
            assert word in lines[0].split(), f"{word} is missing: {lines[0]}"


@tests.rows(["PLAIN", "LOGIN", "CRAM-MD5"], lambda row: f"{row} by swaks")
def swaks(scene, mechanism):
    assert "235 2.7.0" in scene.postfix.swaks("alice", "wonder", JAPAN, mechanism), "at home"
    assert "535 5.7.8" in scene.postfix.swaks("alice", "wonder", AMERICA, mechanism), "abroad"


@tests.case("a mechanism that the policy refuses is refused, the others are not")
def refused_mechanism(scene):
    scene.policy('legacy_auth = { mechanisms = [ "CRAM-MD5" ]; };')
    since = scene.lab.mark()
    scene.gets(REFUSED, mechanism="CRAM-MD5")
    assert "reason=mechanism" in scene.line("account=alice", since)
    for mechanism in ("PLAIN", "LOGIN", "SCRAM-SHA-256"):
        scene.gets(235, mechanism=mechanism)
    scene.policy()


@tests.rows(MECHANISMS, lambda row: f"{row} cannot carry a code: refused where bare passwords have ended")
def no_code(scene, mechanism):
    scene.policy('legacy_auth = { services = { smtp = "deny"; }; };')
    since = scene.lab.mark()
    scene.gets(REFUSED, mechanism=mechanism)
    assert "reason=legacy-auth" in scene.line("account=alice", since)
    scene.policy()


@tests.case("J3 every AUTH of a session is asked about, and once")
def every_auth(scene):
    since = scene.lab.mark()
    with scene.postfix.session() as client:
        for _ in range(5):
            for mechanism in MECHANISMS:
                tap.same(client.auth("alice", "wrong", mechanism).code, REFUSED, mechanism)
        tap.same(client.auth("alice", "wonder").code, 235, "the last one")
    tap.same(len(scene.lab.lines("ref=", since)), 5 * len(MECHANISMS) + 1, "lines")


@tests.case("an account that is not there, and one that the gate does not serve")
def nobody(scene):
    for mechanism in MECHANISMS:
        scene.gets(REFUSED, user="mallory", mechanism=mechanism)
        scene.gets(REFUSED, user="alice@elsewhere.test", mechanism=mechanism)


@tests.case("the daemon is down: 454 by every mechanism")
def down(scene):
    scene.lab.stop()
    for mechanism in MECHANISMS:
        scene.gets(TEMPORARY, mechanism=mechanism)
    scene.lab.start()
    scene.gets(235)


with lab.Lab() as of_this:
    postfix.make_queue(of_this)
    postfix.make_sasldb(postfix.inside(of_this, "/etc/sasldb2"), ACCOUNTS, "postfix")
    tests.run(House(of_this, "/nowhere", postfix.smtpd_conf("smtpd-auxprop"),
                    extra="smtpd_sasl_local_domain = example.test"))
