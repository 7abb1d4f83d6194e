#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""smtpd_sasl_type = dovecot: Postfix hands SMTP AUTH to Dovecot, Dovecot asks PAM, and the shipped PAM stack for smtp
asks the gate, with the client's address and the service that smtpd_sasl_service names."""
import os
import pwd

import harness
from harness import AMERICA, JAPAN, REFUSED, lab, postfix, tap
import mailserver
import readme
import stack

MAIN_CF, DOVECOT_CONF = readme.way("Postfix with Dovecot SASL")
WORDS = {"alice": "wonder", "alice@example.test": "wonder"}
tests = tap.Tests()


class Scene:
    """The lab, Dovecot and a Postfix without anything of Cyrus SASL."""

    def __init__(self, of_lab, extra=""):
        self.lab = of_lab
        of_lab.configure(defaults=harness.DEFAULTS)
        of_lab.start()
        queue = postfix.make_queue(of_lab)
        os.makedirs(os.path.join(queue, "private"), 0o700)
        os.chown(os.path.join(queue, "private"), pwd.getpwnam("postfix").pw_uid, -1)
        of_stack = stack.Stack(of_lab, WORDS, services=("imap", "smtp", "submission"), hook=True)
        self.stack = of_stack
        self.dovecot = mailserver.Dovecot(of_lab, of_stack, DOVECOT_CONF.replace("/var/spool/postfix", queue))
        self.postfix = postfix.Postfix(of_lab, None, plugin=False, extra=MAIN_CF + extra)

    def gets(self, code, user="alice", password="wonder", source=JAPAN, mechanism="PLAIN"):
        attempt = self.postfix.login(user, password, source, mechanism)
        logs = f"{self.lab.log()[-2000:]}\n{self.dovecot.log()[-2000:]}"
        assert attempt.code == code, f"{attempt} instead of {code}; {logs}"


@tests.rows(["PLAIN", "LOGIN"], lambda row: f"{row}: let in at home, refused with a wrong password, refused abroad")
def outcomes(scene, mechanism):
    since = scene.lab.mark()
    scene.gets(235, mechanism=mechanism)
    scene.gets(REFUSED, mechanism=mechanism, password="wrong")
    scene.gets(REFUSED, mechanism=mechanism, source=AMERICA)
    tap.poll(lambda: len(scene.lab.lines("account=alice", since)) == 3, 20, "3 lines")
    lines = scene.lab.lines("account=alice", since)
    for line, word in zip(lines, ("verdict=accept", "reason=password", "reason=country")):
        assert word in line and "service=smtp" in line, line


@tests.case("A10 abroad the password is checked all the same, right or wrong")
def deferred(scene):
    before = scene.stack.checks()
    scene.gets(REFUSED, source=AMERICA)
    scene.gets(REFUSED, source=AMERICA, password="wrong")
    tap.same(scene.stack.checks() - before, 2, "password checks")


@tests.case("by swaks, and one mail is really submitted and delivered")
def delivery(scene):
    assert "235 2.7.0" in scene.postfix.swaks("alice", "wonder"), "swaks at home"
    before = scene.postfix.delivered()
    with scene.postfix.session() as client:
        tap.same(client.auth("alice", "wonder").code, 235, "AUTH")
        tap.same(client.send().code, 250, "DATA")
    tap.poll(lambda: scene.postfix.delivered() == before + 1, 20, "the mail in its box")


@tests.case("the daemon is down: refused (Postfix's client of Dovecot knows no 454), and let in once it is back")
def down(scene):
    scene.lab.stop()
    scene.gets(REFUSED)
    scene.lab.start()
    scene.gets(235)


with lab.Lab() as of_this:
    tests.run(Scene(of_this))
