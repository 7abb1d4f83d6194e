#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The whole way of an SMTP AUTH: a chrooted smtpd, the plugin, the gate's saslauthd socket, and the real saslauthd
behind it, once with sasldb and once with PAM. What each client is told, what reaches saslauthd, what the log says."""
import sys

from harness import AMERICA, JAPAN, REFUSED, TEMPORARY, house, tap

tests = tap.Tests()
MECHANISMS = ["PLAIN", "LOGIN"]


@tests.rows(MECHANISMS, lambda row: f"{row}: let in at home, refused with a wrong password, refused abroad")
def outcomes(scene, mechanism):
    since = scene.lab.mark()
    scene.gets(235, mechanism=mechanism)
    scene.gets(REFUSED, mechanism=mechanism, password="wrong")
    scene.gets(REFUSED, mechanism=mechanism, source=AMERICA)
    lines = [line.split() for line in scene.lab.lines("account=alice@example.test", since)]
    tap.same(len(lines), 3, "lines")
    expected = (("verdict=accept", "country=JP"), ("reason=password",), ("reason=country", "country=US"))
    for line, words in zip(lines, expected):
        for word in (*words, "service=smtp", f"mechanism={mechanism}", "credential=password"):
            assert word in line, f"{word} is missing: {line}"


@tests.case("J5 only mechanisms that show the password to saslauthd are offered")
def offered(scene):
    with scene.postfix.session() as client:
        tap.same(client.smtp.esmtp_features["auth"].split(), MECHANISMS, "AUTH")
        assert client.command("AUTH CRAM-MD5").code >= 500, "CRAM-MD5 is begun"


@tests.rows(MECHANISMS, lambda row: f"{row} by swaks, a client that is not ours")
def swaks(scene, mechanism):
    assert "235 2.7.0" in scene.postfix.swaks("alice", "wonder", JAPAN, mechanism), "at home"
    assert "535 5.7.8" in scene.postfix.swaks("alice", "wrong", JAPAN, mechanism), "a wrong password"
    assert "535 5.7.8" in scene.postfix.swaks("alice", "wonder", AMERICA, mechanism), "abroad"


@tests.case("A10 abroad, a right and a wrong password are checked once each, and the client sees no difference")
def no_oracle(scene):
    seen = []
    for password in ("wonder", "wrong"):
        before = scene.behind.checks()
        seen.append((scene.gets(REFUSED, source=AMERICA, password=password).text,
                     tap.poll(lambda before=before: scene.behind.checks() - before, 20, "a check")))
    tap.same(seen[0], seen[1], "reply and number of password checks")
    tap.same(seen[0][1], 1, "password checks")


NAMES = [("alice", 235), ("Alice", 235), ("ALICE@example.test", 235), ("alice@EXAMPLE.test", 235), ("alice+news", 235),
         ("alice+news@example.test", 235), (" alice", 235), ("alice ", 235), ("alice@elsewhere.test", REFUSED),
         ("alice@example.test.", REFUSED), ("alice@..", REFUSED), ("alice@", REFUSED), ("@example.test", REFUSED),
         ("alice@example.test@example.test", REFUSED), ("alice@elsewhere.test@example.test", REFUSED),
         ("../alice", REFUSED), ("alice*bob", REFUSED), ("al\xa0ice", REFUSED), ("alice\t", 235), ("a" * 255, REFUSED),
         ("a" * 256, REFUSED), ("a" * 257, REFUSED), ("", REFUSED), ("-f root", REFUSED), ("%{user}", REFUSED)]


@tests.rows(NAMES, lambda row: f"M8 {row[0]!r:.40} is {'alice' if row[1] == 235 else 'nobody'}")
def names(scene, row):
    name, code = row
    since = scene.lab.mark()
    before = scene.behind.checks()
    attempt = scene.login(name)
    assert attempt.code in ((code,) if code == 235 else (REFUSED, 501, TEMPORARY)), attempt
    if code == 235:
        assert "account=alice@example.test" in scene.line("verdict=accept", since)
    elif scene.behind.checks() > before:
        assert "account=alice@" not in scene.lab.log(since), "another name reached alice's password"


@tests.case("one mail is really submitted and delivered")
def delivery(scene):
    before = scene.postfix.delivered()
    with scene.postfix.session() as client:
        refused = client.send()
        assert refused.code >= 500, f"without AUTH: {refused}"
        client.command("RSET")
        tap.same(client.auth("alice", "wonder").code, 235, "AUTH")
        tap.same(client.send().code, 250, "DATA")
    tap.poll(lambda: scene.postfix.delivered() == before + 1, 20, "the mail in its box")


@tests.case("saslauthd is down: try again (454), and the log says that the password could not be checked")
def upstream_down(scene):
    since = scene.lab.mark()
    scene.behind.stop()
    scene.gets(TEMPORARY)
    assert "reason=password-error" in scene.line("account=alice", since)
    scene.behind.start()
    scene.gets(235)


@tests.case("a policy that has changed holds from the next login")
def changed_policy(scene):
    scene.policy('countries = { allow = [ "US" ]; };')
    scene.gets(REFUSED)
    scene.gets(235, source=AMERICA)
    scene.policy('legacy_auth = { services = { smtp = "deny"; }; };')
    since = scene.lab.mark()
    scene.gets(REFUSED)
    assert "reason=legacy-auth" in scene.line("account=alice", since)
    scene.policy()
    scene.gets(235)


@tests.case("K3 no password in any log")
def no_password(scene):
    for word in ("wonder", "wrong"):
        assert word not in scene.lab.log() + scene.postfix.log(), f"{word} is in a log"


def main(kind):
    with house(kind) as scene:
        tests.run(scene)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "sasldb")
