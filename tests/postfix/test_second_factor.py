#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Second factors over SMTP AUTH: the code typed after the password is cut off before saslauthd sees it, app passwords
need no other password, and mechanisms that cannot carry a code are refused where one is due (THREATS A11, D2, E2, M7,
M9)."""
import json
import os
import subprocess

from harness import ACCOUNTS, AMERICA, JAPAN, REFUSED, TEMPORARY, House, lab, postfix, sasl, tap
import shifted
import vault

ELSEWHERE = "127.1.9.1"  # another network at home
tests = tap.Tests()


class Scene(House):
    """A house with a store, in which alice has a phone."""

    def __init__(self, of_lab):
        self.clock = shifted.Clock(of_lab)
        self.behind = sasl.Upstream(of_lab.path("mux"), {**ACCOUNTS, "alice": "wonder"})
        super().__init__(of_lab, self.behind.path)
        self.settle()
        uri = self.ctl_json("totp", "enroll", "alice")["uri"]
        self.phone = vault.Phone(uri, self.clock)
        self.ctl("totp", "confirm", "alice", self.phone.fresh())

    def configure(self, defaults='countries = { allow = [ "JP" ]; };', settings=""):
        admin = self.lab.path("admin.sock")
        self.lab.configure(
            defaults=defaults,
            sockets=postfix.sockets(self.lab, self.seen_as) + f', {{ kind = "admin"; path = "{admin}"; }}',
            settings=f'saslauthd = {{ upstream = "{self.upstream}"; }}; {vault.settings(self.lab)} {settings}')

    def start_daemon(self):
        vault.start(self.lab, env=self.clock.environment)

    def ctl(self, *words):
        done = subprocess.run([os.path.join(lab.BUILD, "authgatectl"), "-c", self.lab.configuration, *words],
                              env={**os.environ, "LC_ALL": "C.UTF-8"}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"authgatectl {words}: {done.stdout}{done.stderr}"
        return done.stdout

    def ctl_json(self, *words):
        return json.loads(self.ctl(*words, "--json"))

    def verdict(self, code, password, *words, **login):
        """Fails the case unless a login gets this reply and a log line with these words."""
        since = self.lab.mark()
        self.gets(code, password=password, **login)
        line = self.line("account=alice@example.test", since)
        for word in words:
            assert word in line, f"{word} is missing: {line}"


@tests.rows(["PLAIN", "LOGIN"], lambda row: f"{row}: password and code typed as one; saslauthd sees the password alone")
def code_at_the_end(scene, mechanism):
    scene.verdict(235, "wonder" + scene.phone.fresh(), "credential=totp", mechanism=mechanism)
    tap.same(scene.behind.heard[-1], ("alice", "wonder", "smtp", "example.test"), "relayed")


@tests.case("the same string again: good on the network where it was given, refused as reused on another")
def stored_string(scene):
    stored = "wonder" + scene.phone.fresh()
    scene.verdict(235, stored, "credential=totp")
    scene.clock.forward(3600)
    scene.verdict(235, stored, "credential=remembered")
    scene.verdict(REFUSED, stored, "reason=second-factor-reused", source=ELSEWHERE)


@tests.case("E2 the bare password: good on the remembered network, refused on another, by every mechanism")
def bare_password(scene):
    scene.verdict(235, "wonder", "credential=remembered")
    for mechanism in ("PLAIN", "LOGIN"):
        scene.verdict(REFUSED, "wonder", "reason=second-factor-missing", source=ELSEWHERE, mechanism=mechanism)


@tests.case("a wrong code, and M9: a wrong password uses no code up and costs no budget")
def wrong_code(scene):
    wrong = f"{(int(scene.phone.code()) + 1) % 10 ** 6:06}"
    scene.verdict(REFUSED, "wonder" + wrong, "reason=second-factor-wrong", source=ELSEWHERE)
    code = scene.phone.fresh()
    for number in range(20):
        scene.verdict(REFUSED, f"wrong{number}" + code, "reason=password", source=ELSEWHERE)
    scene.verdict(235, "wonder" + code, "credential=totp", source=ELSEWHERE)


@tests.case("A11, M7 a code without a password: refused, and no empty password reaches saslauthd")
def code_alone(scene):
    heard = len(scene.behind.heard)
    scene.gets(REFUSED, password=scene.phone.fresh())
    assert all(words[1] for words in scene.behind.heard[heard:]), "an empty password went upstream"


@tests.case("abroad a right password with a right code is refused like any other, and the code is burnt")
def abroad(scene):
    typed = "wonder" + scene.phone.fresh()
    scene.verdict(REFUSED, typed, "reason=country", source=AMERICA)
    tap.same(scene.behind.heard[-1][1], "wonder", "relayed")
    scene.verdict(REFUSED, typed, "reason=second-factor-reused", source="127.1.77.1")


@tests.case("an app password for smtp opens SMTP AUTH, and saslauthd is not asked; one for imap does not")
def app_passwords(scene):
    smtp = scene.ctl_json("app-password", "add", "alice", "--services", "smtp")["app_password"]
    imap = scene.ctl_json("app-password", "add", "alice", "--services", "imap")["app_password"]
    heard = len(scene.behind.heard)
    for mechanism in ("PLAIN", "LOGIN"):
        scene.verdict(235, smtp, "credential=app-password", source=ELSEWHERE, mechanism=mechanism)
        scene.verdict(235, smtp.upper().replace("-", " "), "credential=app-password", mechanism=mechanism)
    tap.same(len(scene.behind.heard), heard, "passwords that went upstream")
    scene.verdict(REFUSED, imap, "reason=app-password-scope", "credential=app-password")
    scene.verdict(REFUSED, smtp, "reason=country", source=AMERICA)
    scene.gets(REFUSED, user="bob", password=smtp)


@tests.case("a recovery code, once")
def recovery_code(scene):
    codes = scene.ctl_json("recovery-codes", "new", "alice")["codes"]
    scene.verdict(235, "wonder" + codes[0], "credential=recovery-code", source="127.1.50.1")
    scene.verdict(REFUSED, "wonder" + codes[0], "verdict=deny", source="127.1.51.1")
    scene.verdict(235, "wonder" + codes[1], "credential=recovery-code", source="127.1.51.1")


@tests.case("an account without a second factor is asked for none; digits at its password's end are its own")
def not_enrolled(scene):
    scene.behind.passwords["bob@example.test"] = "builder20250101"
    scene.gets(235, user="bob", password="builder20250101", source=ELSEWHERE)
    tap.same(scene.behind.heard[-1][1], "builder20250101", "relayed")
    scene.gets(REFUSED, user="bob", password="builder" + scene.phone.code())


@tests.case("a lock: refused, with the right password and code as well, and in again after it")
def locked(scene):
    scene.ctl("account", "lock", "alice", "--reason", "test")
    scene.verdict(REFUSED, "wonder" + scene.phone.fresh(), "reason=locked")
    scene.ctl("account", "unlock", "alice")
    scene.verdict(235, "wonder" + scene.phone.fresh(), "credential=totp")


@tests.case("saslauthd_path left at the real one: an account with a second factor is refused before any password")
def real_saslauthd(scene):
    scene.postfix.configure_sasl(postfix.smtpd_conf(saslauthd_path="/run/saslauthd/mux"))
    scene.postfix.renew()
    scene.verdict(REFUSED, "wonder" + scene.phone.fresh(), "reason=second-factor-missing", source="127.1.60.1")
    scene.postfix.configure_sasl(postfix.smtpd_conf())
    scene.postfix.renew()
    scene.verdict(235, "wonder" + scene.phone.fresh(), "credential=totp", source="127.1.60.1")


@tests.case("the store is gone: an account that may have a second factor is told to try again")
def no_store(scene):
    scene.lab.stop()
    os.rename(scene.lab.path("store/store.db"), scene.lab.path("store/away"))
    vault.start(scene.lab, create=False, env=scene.clock.environment)
    scene.gets(TEMPORARY, password="wonder" + scene.phone.fresh(), source=ELSEWHERE)
    scene.lab.stop()
    os.rename(scene.lab.path("store/away"), scene.lab.path("store/store.db"))
    vault.start(scene.lab, create=False, env=scene.clock.environment)
    scene.verdict(235, "wonder" + scene.phone.fresh(), "credential=totp", source=JAPAN)


@tests.case("K3 neither passwords nor app passwords nor codes in any log")
def no_secret(scene):
    text = scene.lab.log() + scene.postfix.log()
    for word in ("wonder", "builder", scene.phone.text):
        assert word not in text, f"{word} is in a log"


with lab.Lab() as of_this:
    tests.run(Scene(of_this))
