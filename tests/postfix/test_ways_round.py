#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every way in which a mistake in Postfix's or libsasl2's configuration could lead round the gate (THREATS M1): the
login is refused, or judged by all rules that need no password, or its mail is rejected as not-gated."""
import os

from harness import ACCOUNTS, AMERICA, REFUSED, TEMPORARY, House, lab, postfix, sasl, tap
import readme
import shifted

REAL = "/run/saslauthd/mux"
POLICY_SERVICE = readme.way("Beside Cyrus SASL")[0]
HOUR = 3600
tests = tap.Tests()


class Scene(House):
    """A house whose saslauthd can also be reached from within the chroot, and whose daemon has learned for an hour."""

    def __init__(self, of_lab):
        folder = os.path.dirname(postfix.inside(of_lab, REAL))
        os.makedirs(folder)
        words = {**ACCOUNTS, "alice": "wonder"}  # libsasl2 itself adds no domain
        self.behind = sasl.Upstream(os.path.join(folder, "mux"), words)
        postfix.make_queue(of_lab)
        postfix.make_sasldb(postfix.inside(of_lab, "/etc/sasldb2"), ACCOUNTS, "postfix")
        super().__init__(of_lab, self.behind.path, extra=POLICY_SERVICE)
        clock = shifted.Clock(of_lab)
        of_lab.start(env=clock.environment)
        clock.forward(HOUR)
        self.settle()

    def turn_to(self, plugin=True, **options):
        """Another smtpd.conf, and the plugin there or not."""
        self.postfix.configure_sasl(postfix.smtpd_conf(**options))
        self.postfix.bring_plugin(plugin)
        self.postfix.renew()

    def send(self, source="127.1.0.1", user="alice", password="wonder"):
        """AUTH and one mail: the two replies."""
        with self.postfix.session(source) as client:
            return client.auth(user, password).code, client.send()

    def rejected(self, reason, source, user="alice"):
        """Fails the case unless an AUTH succeeds and its mail is rejected for this reason."""
        since = self.lab.mark()
        code, sent = self.send(source, user)
        tap.same((code, sent.code), (235, 554), f"AUTH and DATA ({sent})")
        line = self.line(f"reason={reason}", since)
        ref = next(word for word in line if word.startswith("ref="))[4:]
        assert ref in sent.text, f"{ref} is not in {sent}"


@tests.case("as shipped: let in at home, the mail goes, refused abroad")
def as_shipped(scene):
    scene.turn_to()
    code, sent = scene.send()
    tap.same((code, sent.code), (235, 250), "AUTH and DATA")
    scene.gets(REFUSED, source=AMERICA)


@tests.rows([
    ("the plugin is not there", False, {}),
    ("auxprop_plugin is misspelt", True, {"auxprop_plugin": "authgte"}),
    ("authgate_socket is misspelt", True, {"authgate_socket": None, "authgate_sockt": "/run/authgate/gate.sock"}),
    ("the plugin is no library", b"no library", {}),
], lambda row: f"{row[0]}: nobody gets in, and the log says why")
def no_plugin(scene, row):
    _, plugin, options = row
    scene.turn_to(plugin, **options)
    heard = len(scene.behind.heard)
    since = scene.lab.mark()
    for mechanism in ("PLAIN", "LOGIN"):
        scene.gets(REFUSED, mechanism=mechanism)
    tap.same(len(scene.behind.heard), heard, "passwords that reached saslauthd")
    assert "reason=not-gated" in scene.line("account=alice", since)


@tests.rows([("authgate_socket leads nowhere", {"authgate_socket": "/run/authgate/gate.sok"}),
             ("authgate_timeout is no time", {"authgate_timeout": "soon"})], lambda row: f"{row[0]}: try again (454)")
def plugin_astray(scene, row):
    scene.turn_to(**row[1])
    scene.gets(TEMPORARY)


@tests.case("saslauthd_path left at the real one: judged at once as a bare password, denials included")
def real_saslauthd(scene):
    scene.turn_to(saslauthd_path=REAL)
    since = scene.lab.mark()
    scene.gets(235)
    assert "verdict=continue" in scene.line("account=alice", since)
    heard = len(scene.behind.heard)
    scene.gets(REFUSED, source=AMERICA)
    tap.same(len(scene.behind.heard), heard, "passwords that reached saslauthd")
    scene.policy('legacy_auth = { services = { smtp = "deny"; }; };')
    scene.gets(REFUSED)
    scene.policy()


@tests.case("pwcheck_method `saslauthd auxprop`: judged at once, and a password that only sasldb has passes no denial")
def both_methods(scene):
    scene.turn_to(pwcheck_method="saslauthd auxprop", auxprop_plugin="authgate sasldb", sasldb_path="/etc/sasldb2")
    since = scene.lab.mark()
    alice = "alice@example.test"
    scene.gets(235, user=alice)
    assert "verdict=continue" in scene.line("account=alice", since)
    scene.gets(REFUSED, user=alice, source=AMERICA)
    scene.gets(REFUSED, user=alice, password="wrong")
    scene.policy('legacy_auth = { services = { smtp = "deny"; }; };')
    scene.gets(REFUSED, user=alice)
    scene.policy()


@tests.case("no plugin and the real saslauthd: the AUTH succeeds, and its mail is rejected as not-gated")
def wide_open(scene):
    scene.turn_to(False, saslauthd_path=REAL)
    scene.rejected("not-gated", "127.1.0.77")
    scene.rejected("country", AMERICA)


@tests.case("auxprop_plugin leaves ours out, sasldb checks: the AUTH succeeds, and its mail is rejected as not-gated")
def auxprop_alone(scene):
    scene.turn_to(pwcheck_method="auxprop", auxprop_plugin="sasldb", sasldb_path="/etc/sasldb2")
    scene.rejected("not-gated", "127.1.0.78", "alice@example.test")


@tests.case("the daemon is down: mail of a client that has authenticated waits (451), and another's needs no gate")
def policy_down(scene):
    scene.turn_to()
    with scene.postfix.session() as client:
        tap.same(client.auth("alice", "wonder").code, 235, "AUTH")
        scene.lab.stop()
        tap.same(client.send().code, 451, "DATA")
    scene.lab.start()


with lab.Lab() as of_this:
    tests.run(Scene(of_this))
