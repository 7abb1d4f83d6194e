# SPDX-License-Identifier: BSD-2-Clause
"""What the tests with a real Postfix share: a lab with throw-away accounts, a saslauthd behind the gate, and a private
Postfix in front of it, by default chrooted and configured as conf/postfix/smtpd.conf says."""
import contextlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lab"))

import lab  # pylint: disable=wrong-import-position
import postfix  # pylint: disable=wrong-import-position
import sasl  # pylint: disable=wrong-import-position
import tap  # pylint: disable=wrong-import-position

JAPAN, AMERICA = "127.1.0.1", "127.2.0.1"
ACCOUNTS = {"alice@example.test": "wonder", "bob@example.test": "builder"}
DEFAULTS = 'countries = { allow = [ "JP" ]; };'
REFUSED, TEMPORARY = 535, 454
__all__ = ["ACCOUNTS", "AMERICA", "JAPAN", "REFUSED", "TEMPORARY", "DEFAULTS", "House", "house", "lab", "postfix",
           "sasl", "tap"]


class House:
    """The lab, what checks the passwords, and its Postfix. `upstream` is the path of saslauthd's socket."""

    def __init__(self, of_lab, upstream, smtpd_conf=None, seen_as=sasl.SEEN_AS, **of_postfix):
        self.lab = of_lab
        self.upstream = upstream
        self.seen_as = seen_as
        self.configure()
        self.start_daemon()
        self.postfix = postfix.Postfix(of_lab, smtpd_conf or postfix.smtpd_conf(), **of_postfix)

    def start_daemon(self):
        self.lab.start()

    def configure(self, defaults=DEFAULTS, settings=""):
        self.lab.configure(defaults=defaults, sockets=postfix.sockets(self.lab, self.seen_as),
                           settings=f'saslauthd = {{ upstream = "{self.upstream}"; }}; {settings}')

    def policy(self, defaults=DEFAULTS, settings=""):
        """Another policy from now on."""
        self.configure(defaults, settings)
        self.lab.reload("is in force")

    def settle(self):
        """Waits until a request that nobody announced is refused for good: five seconds after the daemon's start."""
        path = postfix.inside(self.lab, sasl.SEEN_AS)
        tap.poll(lambda: sasl.check(path, "nobody", "x") == "NO", 40, "the first NO")

    def login(self, user="alice", password="wonder", source=JAPAN, mechanism="PLAIN"):
        return self.postfix.login(user, password, source, mechanism)

    def gets(self, code, **login):
        """Fails the case unless a login gets this reply."""
        attempt = self.login(**login)
        assert attempt.code == code, f"{attempt} instead of {code}; {self.logs()}"
        return attempt

    def line(self, pattern, since):
        return self.lab.line(pattern, since).split()

    def logs(self):
        return f"the daemon said:\n{self.lab.log()[-2000:]}\nPostfix:\n{self.postfix.log()[-2000:]}"


@contextlib.contextmanager
def house(kind="sasldb", **of_house):
    """A running House with the real saslauthd, or with a stand-in for it where `kind` is None; that is its `behind`."""
    with lab.Lab() as of_lab:
        if kind:
            behind = postfix.Saslauthd(of_lab, ACCOUNTS, kind)
        else:
            behind = sasl.Upstream(of_lab.path("mux"), dict(ACCOUNTS))
        made = House(of_lab, behind.path, **of_house)
        made.behind = behind
        yield made
