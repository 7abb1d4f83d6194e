#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Postfix's policy delegation on the gate socket: REJECT or DUNNO and nothing else, silence where there is trouble, and
not-gated for a login that the gate never let through (DESIGN 2; THREATS M1)."""
import re

from harness import gate, lab, tap
import sasl
import shifted

PASSWORDS = {"alice@example.test": "wonder", "bob@example.test": "builder"}
DEFAULTS = 'countries = { allow = [ "JP" ]; }; legacy_auth = { mechanisms = [ "CRAM-MD5" ]; };'
HOUR = 3600
tests = tap.Tests()


class Scene:
    """A daemon whose hour of learning is over unless `fresh`."""

    def __init__(self, of_lab):
        self.lab = of_lab
        self.clock = shifted.Clock(of_lab)
        self.upstream = sasl.Upstream(of_lab.path("mux"), PASSWORDS)
        self.configure()
        self.start()

    def configure(self, defaults=DEFAULTS, require_login="true"):
        self.lab.configure(
            defaults=defaults,
            settings=f'saslauthd = {{ upstream = "{self.upstream.path}"; require_plugin = false; }}; '
                     f'postfix_policy = {{ require_login = {require_login}; }};',
            sockets=f'{{ kind = "gate"; path = "{self.lab.socket}"; }}, '
                    f'{{ kind = "saslauthd"; path = "{self.lab.path("saslauthd")}"; seen_as = "{sasl.SEEN_AS}"; }}')

    def start(self, fresh=False):
        self.lab.start(env=self.clock.environment)
        if not fresh:
            self.clock.forward(HOUR)

    def reload(self, **changes):
        self.configure(**changes)
        self.lab.reload("is in force")

    def login(self, user="alice", address="127.1.0.1", answer="OK"):
        sasl.ask(self.lab.gate, user=user, client_address=address)
        password = PASSWORDS[f"{user}@example.test"]
        tap.same(sasl.check(self.lab.path("saslauthd"), user, password), answer, f"{user}'s login")

    def policy(self, user="alice", address="127.1.0.1", method="PLAIN", **more):
        with self.lab.gate() as connection:
            return connection.call(request(user, address, method, **more))


def request(user="alice", address="127.1.0.1", method="PLAIN", **more):
    """What Postfix 3.7 sends, in its order."""
    return {"request": "smtpd_access_policy", "protocol_state": "DATA", "protocol_name": "ESMTP",
            "client_address": address, "client_name": "unknown", "client_port": "4711",
            "reverse_client_name": "unknown",
            "server_address": "127.0.0.1", "server_port": "25", "helo_name": "client.example.test",
            "sender": "a=b@example.test", "recipient": "", "recipient_count": "1", "queue_id": "",
            "instance": "1a2b.3c4d", "size": "0", "etrn_domain": "", "stress": "", "sasl_method": method,
            "sasl_username": user, "sasl_sender": "", "ccert_subject": "", "ccert_issuer": "", "ccert_fingerprint": "",
            "ccert_pubkey_fingerprint": "", "encryption_protocol": "TLSv1.3", "encryption_cipher": "",
            "encryption_keysize": "256", "policy_context": "", **more}


def rejected(scene, reason, answer, since):
    """Fails the case unless Postfix is told to reject, with the ref of the log line that names the reason."""
    tap.same(list(answer or {}), ["action"], "names in the answer")
    found = re.fullmatch(r"REJECT authentication failed \(([a-z2-7]{13})\)", answer["action"])
    assert found, answer
    assert f"reason={reason}" in scene.lab.line(f"ref={found.group(1)}", since).split()


DUNNO = {"action": "DUNNO"}


@tests.case("a client that has not authenticated is no business of ours")
def unauthenticated(scene):
    since = scene.lab.mark()
    tap.same(scene.policy(user="", address="127.2.0.1", method=""), DUNNO, "answer")
    tap.same(scene.lab.log(since), "", "lines")


@tests.case("a login that was let through may send, without another line in the log")
def let_through(scene):
    scene.login()
    since = scene.lab.mark()
    for user in ("alice", "Alice", "alice+news", "ALICE@example.test"):
        tap.same(scene.policy(user=user), DUNNO, user)
    tap.same(scene.lab.log(since), "", "lines")


@tests.case("M1, E7: a login that was never let through is not-gated: another account, another address, a denied login")
def not_gated(scene):
    scene.login()
    since = scene.lab.mark()
    rejected(scene, "not-gated", scene.policy(user="bob"), since)
    since = scene.lab.mark()
    rejected(scene, "not-gated", scene.policy(address="127.1.0.2"), since)
    scene.login("bob", "127.2.0.1", answer="NO")
    since = scene.lab.mark()
    rejected(scene, "country", scene.policy(user="bob", address="127.2.0.1"), since)


@tests.case("an ask that was answered continue counts where no password was to follow, one that waits does not")
def asks(scene):
    sasl.ask(scene.lab.gate, user="bob", client_address="127.1.0.31")
    since = scene.lab.mark()
    rejected(scene, "not-gated", scene.policy("bob", "127.1.0.31"), since)
    sasl.ask(scene.lab.gate, user="bob", client_address="127.1.0.31", mechanism="SCRAM-SHA-256")
    tap.same(scene.policy("bob", "127.1.0.31"), DUNNO, "answer")


@tests.case("a login through PAM counts for smtp, and one for imap does not")
def through_pam(scene):
    for service, address in (("imap", "127.1.0.41"), ("submission", "127.1.0.42")):
        with scene.lab.gate() as connection:
            answer = connection.begin(user="bob", service=service, client_address=address)
            tap.same(connection.commit(answer["ref"], "bob")["verdict"], "accept", service)
    since = scene.lab.mark()
    rejected(scene, "not-gated", scene.policy("bob", "127.1.0.41"), since)
    tap.same(scene.policy("bob", "127.1.0.42"), DUNNO, "submission")


@tests.case("a login whose address nobody could see counts from no address, only where Postfix sees none either")
def unseen(scene):
    scene.reload(defaults='countries = { allow = [ "JP" ]; unknown = "allow"; };')
    tap.same(sasl.check(scene.lab.path("saslauthd"), "bob", "builder"), "OK", "a login without an ask")
    since = scene.lab.mark()
    rejected(scene, "not-gated", scene.policy("bob", "127.1.0.51"), since)
    tap.same(scene.policy("bob", "unknown"), DUNNO, "from an unknown address")
    scene.reload()


@tests.case("place, mechanism and service are judged again")
def judged_again(scene):
    scene.login()
    since = scene.lab.mark()
    rejected(scene, "mechanism", scene.policy(method="cram-md5"), since)
    scene.reload(defaults='services = { smtp = "closed"; };')
    since = scene.lab.mark()
    rejected(scene, "service-closed", scene.policy(), since)
    scene.reload(defaults='networks = { denied = [ "127.1.0.0/24" ]; };')
    since = scene.lab.mark()
    rejected(scene, "network", scene.policy(), since)
    scene.reload(defaults='legacy_auth = { default = "deny"; };')
    tap.same(scene.policy(), DUNNO, "the credential, which was judged at the login")
    scene.reload()


@tests.case("an address that Postfix does not know is an unknown one")
def unknown_address(scene):
    since = scene.lab.mark()
    rejected(scene, "country-unknown", scene.policy(address="unknown"), since)


@tests.case("report mode rejects nothing and says what it would: every time, for the login stays one that nobody saw")
def report_mode(scene):
    scene.reload(defaults='modes = { not-gated = "report"; };')
    for _ in range(2):
        since = scene.lab.mark()
        tap.same(scene.policy(user="dave"), DUNNO, "answer")
        line = scene.lab.line("account=dave", since).split()
        assert "would=deny" in line and "reason=not-gated" in line and "verdict=accept" in line, line
    scene.reload()


@tests.case("E7: without require_login nobody is not-gated")
def not_required(scene):
    scene.reload(require_login="false")
    tap.same(scene.policy(user="erin"), DUNNO, "answer")
    scene.reload()
    since = scene.lab.mark()
    rejected(scene, "not-gated", scene.policy(user="erin"), since)


@tests.case("a login is known for 24 hours")
def expiry(scene):
    scene.login()
    scene.clock.forward(24 * HOUR - 60)
    tap.same(scene.policy(), DUNNO, "just before")
    scene.clock.forward(61)
    since = scene.lab.mark()
    rejected(scene, "not-gated", scene.policy(), since)


@tests.case("within an hour of a start nobody is not-gated, and the log says so")
def learning(scene):
    scene.lab.stop()
    scene.start(fresh=True)
    since = scene.lab.mark()
    tap.same(scene.policy(), DUNNO, "just after the start")
    line = scene.lab.line("account=alice", since).split()
    assert "reason=not-gated" in line and "note=started-less-than-an-hour-ago" in line, line
    scene.clock.forward(HOUR)
    since = scene.lab.mark()
    rejected(scene, "not-gated", scene.policy(), since)


@tests.case("one connection serves many requests, as Postfix uses it")
def one_connection(scene):
    scene.login()
    with scene.lab.gate() as connection:
        for _ in range(20):
            tap.same(connection.call(request()), DUNNO, "alice")
            assert connection.call(request("bob", "127.2.0.1"))["action"].startswith("REJECT"), "bob"
            tap.same(connection.call(request("", "127.2.0.1")), DUNNO, "nobody")


@tests.rows([
    ("a user name that is too long", [("sasl_username", "a" * 2000)]),
    ("a name given twice", [("sasl_username", "alice"), ("sasl_username", "bob")]),
    ("a line without =", b"request=smtpd_access_policy\nnonsense\n\n"),
    ("a control character", [("sasl_username", "al\tice")]),
    ("another protocol", [("protocol", "2"), ("sasl_username", "alice")]),
], lambda row: f"{row[0]}: the connection is closed, and whatever is said first is no action")
def trouble(scene, row):
    data = row[1] if isinstance(row[1], bytes) else gate.encode([("request", "smtpd_access_policy"), *row[1]])
    with scene.lab.gate() as connection:
        connection.send(data)
        answer = connection.receive()
        assert answer is None or "action" not in answer, answer
        assert answer is None or row[0] == "another protocol" or connection.closed(), "it stays open"
    tap.same(scene.policy(user=""), DUNNO, "the next request")


@tests.case("a policy that cannot be read: no answer, a closed connection, one line in the log")
def unreadable(scene):
    scene.lab.write("accounts/frank.conf", "countries = {", 0o644)
    since = scene.lab.mark()
    tap.same(scene.policy(user="frank"), None, "answer")
    assert "reason=unavailable" in scene.lab.line("account=frank", since)


with lab.Lab() as of_this:
    tests.run(Scene(of_this))
