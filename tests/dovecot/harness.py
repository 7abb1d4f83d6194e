# SPDX-License-Identifier: BSD-2-Clause
"""What the tests with a real Dovecot share: one lab with the shipped stack and two throw-away accounts in front of a
private Dovecot."""
import contextlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lab"))

import lab  # pylint: disable=wrong-import-position
import mailserver  # pylint: disable=wrong-import-position
import stack  # pylint: disable=wrong-import-position
import tap  # pylint: disable=wrong-import-position

JAPAN, AMERICA = "127.1.0.1", "127.2.0.1"
ACCOUNTS = {"alice": "correct horse", "bob": "battery staple"}
PASSWORD = ACCOUNTS["alice"]
__all__ = ["ACCOUNTS", "AMERICA", "JAPAN", "PASSWORD", "House", "house", "lab", "mailserver", "stack", "tap"]


class House:
    """The lab, its stack and its Dovecot, and what the tests ask of the three together."""

    def __init__(self, of_lab, **of_stack):
        self.lab = of_lab
        self.stack = stack.Stack(of_lab, ACCOUNTS, hook=True, **of_stack)
        self.dovecot = mailserver.Dovecot(of_lab, self.stack)

    def login(self, user="alice", password=PASSWORD, source=JAPAN):
        """One real IMAP login: what the client saw, and how often the password check was reached meanwhile."""
        before = self.stack.checks()
        attempt = self.dovecot.login(user, password, source)
        attempt.checks = self.stack.checks() - before
        return attempt

    def accepted(self, **fields):
        """Fails the case unless an ordinary login goes through."""
        attempt = self.login(**fields)
        assert attempt.accepted, f"{attempt}; the daemon said:\n{self.lab.log()[-2000:]}\nDovecot:\n{self.mail_log()}"
        return attempt

    def refused(self, **fields):
        """Fails the case unless a login is refused."""
        attempt = self.login(**fields)
        assert not attempt.accepted, f"let in; the daemon said:\n{self.lab.log()[-2000:]}"
        return attempt

    def settled(self):
        """Where the log ends once all earlier logins have their lines: a wrong password's comes after its client has
        been answered."""
        with self.lab.gate() as connection:
            ref = connection.begin()["ref"]
            tap.same(connection.commit(ref)["verdict"], "accept", "a raw login's verdict")
        return self.lab.mark()

    def mail_log(self):
        return "\n".join(self.dovecot.log().splitlines()[-12:])


@contextlib.contextmanager
def house(**of_stack):
    """A running House."""
    with lab.Lab() as of_lab:
        of_lab.start()
        yield House(of_lab, **of_stack)
