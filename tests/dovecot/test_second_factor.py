#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Second factors through a real Dovecot, the shipped PAM stack and mail clients as they are: the code appended to the
stored password, reconnecting all day, several connections at once; replays, guesses and protocols that would ask for
nothing. imaplib, curl and mbsync are the clients."""
import concurrent.futures
import datetime
import json
import os
import re
import subprocess
import sys

from harness import lab, mailserver, stack, tap

sys.path.insert(0, os.path.join(lab.ROOT, "tests", "lab"))

import shifted  # pylint: disable=wrong-import-position
import vault  # pylint: disable=wrong-import-position

HOME, HOME_TOO, CAFE, ABROAD = "127.1.0.1", "127.1.0.77", "127.1.9.1", "127.2.0.1"
SERVICES = ("imap", "pop3", "smtp", "sieve", "doveadm")
NAMES = ("anna", "berta", "carl", "dora", "emil", "frida", "gerd", "hans", "ida", "jana", "karl", "lena", "mona",
         "nora", "otto", "paul", "rita", "sven", "tina", "udo", "vera", "willi", "xena", "yves", "zoe")
PASSWORDS = {**{name: f"{name} likes horses" for name in NAMES}, "udo": "tower2024", "vera": "tower123456",
             "willi": "19850412"}
tests = tap.Tests()


class House:
    """The lab with its store, its clock and its Dovecot."""

    def __init__(self, of_lab):
        self.lab = of_lab
        self.clock = shifted.Clock(of_lab)
        self.configure("")
        vault.start(of_lab, env=self.clock.environment)
        self.stack = stack.Stack(of_lab, PASSWORDS, services=SERVICES, hook=True)
        self.dovecot = mailserver.Dovecot(of_lab, self.stack)

    def configure(self, defaults, settings=""):
        sockets = (f'{{ kind = "gate"; path = "{self.lab.socket}"; }}, '
                   f'{{ kind = "admin"; path = "{self.lab.path("admin.sock")}"; }}')
        self.lab.configure(defaults, vault.settings(self.lab) + settings, sockets)

    def again(self, defaults, settings=""):
        self.configure(defaults, settings)
        self.lab.reload("is in force")

    def restart(self, how):
        self.lab.stop(how)
        vault.start(self.lab, env=self.clock.environment)

    def ctl(self, *words, text="", status=0):
        program = os.path.join(lab.BUILD, "authgatectl")
        done = subprocess.run([program, "-c", self.lab.configuration, *words], input=text, capture_output=True,
                              text=True, env={**os.environ, "LC_ALL": "C.UTF-8"}, check=False)
        tap.same(done.returncode, status, f"exit status of {words}: {done.stdout}{done.stderr}")
        return done.stdout

    def phone(self, name, **query):
        """The account's phone: enrolled and confirmed as an administrator and a user do it together."""
        phone = vault.Phone(json.loads(self.ctl("totp", "enroll", name, "--json"))["uri"], self.clock)
        self.ctl("totp", "confirm", name, phone.fresh())
        return phone

    def app_password(self, name, *words):
        return json.loads(self.ctl("app-password", "add", name, *words, "--json"))["app_password"]

    def say(self, name, typed="", source=HOME, password=None, client="imaplib"):
        """One login with what was typed behind the password: "accept", or the reason by the daemon's line. Fails the
        case where daemon and client do not agree."""
        since = self.lab.mark()
        log_in = self.dovecot.login if client == "imaplib" else self.dovecot.curl
        attempt = log_in(name, (PASSWORDS[name] if password is None else password) + typed, source)
        line = self.lab.line(rf"ref=.* account={name}@.* address={re.escape(source)} .*verdict=", since)
        words = dict(word.split("=", 1) for word in line.split() if "=" in word)
        self.last = words
        tap.same(attempt.accepted, words["verdict"] == "accept", f"accepted; {attempt}, {words}")
        return words["verdict"] if attempt.accepted else words["reason"]

    def says(self, name, *rows):
        """Fails the case unless each (typed, source, expected) comes to what is expected."""
        tap.same([self.say(name, *row[:-1]) for row in rows], [row[-1] for row in rows], f"{name}'s logins")


# ---- a day with an ordinary mail client

@tests.case("A19: password and code log in; the same stored string goes on from there, and nowhere else")
def stored(house):
    phone = house.phone("anna")
    code = phone.fresh()
    house.says("anna", (code, HOME, "accept"), (code, HOME, "accept"), (code, HOME_TOO, "accept"),
               (code, CAFE, "second-factor-reused"), (code, ABROAD, "second-factor-reused"))
    house.clock.forward(20 * 3600)
    house.says("anna", (code, HOME, "accept"), (code, CAFE, "second-factor-reused"))


@tests.case("where a code was given the bare password is enough; elsewhere it is not; a fresh code opens a new network")
def remembered(house):
    phone = house.phone("berta")
    house.says("berta", ("", HOME, "second-factor-missing"), (phone.fresh(), HOME, "accept"), ("", HOME, "accept"))
    tap.same(house.last["credential"], "remembered", "the credential")
    house.says("berta", ("", CAFE, "second-factor-missing"), (phone.fresh(), CAFE, "accept"), ("", CAFE, "accept"),
               ("", HOME, "accept"))


@tests.case("curl sees the same as imaplib")
def curl(house):
    phone = house.phone("carl")
    code = phone.fresh()
    tap.same([house.say("carl", code, client="curl"), house.say("carl", code, client="curl"),
              house.say("carl", code, CAFE, client="curl"), house.say("carl", "", CAFE, client="curl")],
             ["accept", "accept", "second-factor-reused", "second-factor-missing"], "logins")


@tests.case("eight connections at once with one stored password and code are one use, by imaplib and by curl")
def at_once(house):
    for name, client in (("dora", house_login), ("emil", house_curl)):
        code = house.phone(name).fresh()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            under_way = [pool.submit(client, house, name, code) for _ in range(8)]
            attempts = [one.result() for one in under_way]
        assert all(attempt.accepted for attempt in attempts), attempts
        house.says(name, (code, ABROAD, "second-factor-reused"))


def house_login(house, name, code):
    return house.dovecot.login(name, PASSWORDS[name] + code, HOME)


def house_curl(house, name, code):
    return house.dovecot.curl(name, PASSWORDS[name] + code, HOME)


MBSYNC = """
IMAPAccount lab
Host 127.0.0.1
Port {port}
User {name}
Pass "{password}"
{tls} None
AuthMechs LOGIN

IMAPStore remote
Account lab

MaildirStore local
Path {folder}/
Inbox {folder}/INBOX

Channel mail
Far :remote:
Near :local:
Patterns INBOX
Create Near
SyncState *
"""


@tests.case("mbsync, four of them at once, syncs with the stored password and code, and again an hour later")
def mbsync(house):
    code = house.phone("frida").fresh()
    said = subprocess.run(["mbsync", "--version"], capture_output=True, text=True, check=False).stdout
    tls = "SSLType" if said.split()[-1].startswith("1.4") else "TLSType"
    for wait in (0, 3600):
        house.clock.forward(wait)
        programs = []
        for number in range(4):
            folder = house.lab.path(f"mail{wait}x{number}")
            os.makedirs(folder)
            text = MBSYNC.format(port=house.dovecot.port, name="frida", tls=tls, password=PASSWORDS["frida"] + code,
                                 folder=folder)
            path = house.lab.write(f"mbsyncrc{number}", text, 0o600)
            programs.append(subprocess.Popen(["mbsync", "-c", path, "mail"], stdout=subprocess.PIPE, text=True,
                                             stderr=subprocess.STDOUT))
        outputs = [program.communicate(timeout=60)[0] for program in programs]
        tap.same([program.returncode for program in programs], [0] * 4, f"exit statuses of mbsync: {outputs}")
        assert os.path.isdir(house.lab.path(f"mail{wait}x0/INBOX/cur")), "nothing was synced"
    house.says("frida", (code, HOME, "second-factor-reused"))  # mbsync came from 127.0.0.1


# ---- replay and guessing

@tests.case("D2: a used code is used for every protocol, after a restart, after kill -9")
def burnt(house):
    code = house.phone("gerd").fresh()
    house.says("gerd", (code, HOME, "accept"))
    for how in (None, 15, 9):
        if how:
            house.restart(how)
        for service in SERVICES:
            refused = house.dovecot.ask("gerd", PASSWORDS["gerd"] + code, ABROAD, service)
            assert not refused.accepted, f"{service} after {how}: let in"
        house.says("gerd", (code, ABROAD, "second-factor-reused"), (code, HOME, "accept"))


@tests.case("a code behind a wrong password is not used up; a wrong code behind the right password is refused")
def judged_at_commit(house):
    phone = house.phone("hans")
    code = phone.fresh()
    tap.same(house.say("hans", code, password="wrong"), "password", "a wrong password")
    wrong = f"{(int(code) + 1) % 1000000:06}"
    house.says("hans", (wrong, CAFE, "second-factor-wrong"), (code, HOME, "accept"))


@tests.case("D6: codes of twelve hours ago are refused, one after the other, and teach nothing")
def old_codes(house):
    phone = house.phone("ida")
    for ahead in (-1441, -1440, -1439):
        house.says("ida", (phone.code(ahead), CAFE, "second-factor-wrong"))
    house.says("ida", (phone.fresh(), CAFE, "accept"))


@tests.case("E2: the bare password of an enrolled account is refused by every service")
def every_service(house):
    phone = house.phone("jana")
    for service in SERVICES:
        since = house.lab.mark()
        attempt = house.dovecot.ask("jana", PASSWORDS["jana"], HOME, service)
        assert not attempt.accepted, f"{service}: let in"
        house.lab.line(f"account=jana@example.test service={service} .*reason=second-factor-missing", since)
    for service in SERVICES:
        attempt = house.dovecot.ask("jana", PASSWORDS["jana"] + phone.fresh(), HOME, service)
        assert attempt.accepted, f"{service} with a code: {attempt}"
        house.ctl("networks", "forget", "jana")


@tests.case("E6: unknown, known, enrolled and locked accounts: a wrong password is checked once and told the same")
def alike(house):
    house.phone("yves")
    house.ctl("account", "lock", "zoe", "--reason", "test")
    seen = {}
    for name in ("nobody-here", "anna", "yves", "zoe"):
        before = house.stack.checks()
        attempt = house.dovecot.login(name, "a wrong password", HOME)
        seen[name] = (attempt.accepted, attempt.answer, house.stack.checks() - before)
    tap.same(set(seen.values()), {(False, seen["anna"][1], 1)}, f"answers and password checks ({seen})")


# ---- app passwords and recovery codes

@tests.case("an app password opens its service however it is typed, no other, and nothing once it is revoked")
def app_password(house):
    house.phone("karl")
    shown = house.app_password("karl", "--services", "imap", "--name", "phone")
    for typed in (shown, shown.replace("-", ""), shown.upper(), shown.replace("-", " ")):
        tap.same(house.say("karl", password=typed, source=ABROAD), "accept", f"typed as {typed!r}")
    tap.same(house.last["credential"], "app-password", "the credential")
    before = house.stack.checks()
    tap.same(house.say("karl", password=shown), "accept", "again")
    tap.same(house.stack.checks(), before, "password checks: it needs no other password")
    for service in SERVICES[1:]:
        since = house.lab.mark()
        assert not house.dovecot.ask("karl", shown, HOME, service).accepted, f"{service}: let in"
        house.lab.line("credential=app-password verdict=deny reason=app-password-scope", since)
    house.ctl("app-password", "revoke", "karl", "phone")
    tap.same(house.say("karl", password=shown), "app-password-scope", "revoked")


@tests.case("a recovery code serves once")
def recovery(house):
    house.phone("lena")
    code = json.loads(house.ctl("recovery-codes", "new", "lena", "--json"))["codes"][0]
    house.says("lena", (code, ABROAD, "accept"))
    tap.same(house.last["credential"], "recovery-code", "the credential")
    assert not house.dovecot.login("lena", PASSWORDS["lena"] + code, CAFE).accepted, "let in twice"
    house.says("lena", ("", ABROAD, "accept"), ("", CAFE, "second-factor-missing"))


@tests.case("M9: a thousand guesses with a wrong password shut nobody out")
def guesses(house):
    phone = house.phone("mona")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: guess(house, number), range(1000)))
    house.says("mona", (phone.fresh(), HOME, "accept"))


def guess(house, number):
    """A try from abroad whose password check fails."""
    with house.lab.gate() as connection:
        answer = connection.begin(user="mona", client_address=ABROAD, digits=f"{number:06}")
        if answer["verdict"] == "continue":
            connection.send(b"request=end\nref=%s\nuser=mona\nstatus=wrong\npassword_mark=%08x\n\n"
                            % (answer["ref"].encode(), number))
            assert connection.closed(), "the connection goes on"


@tests.case("D1: eleven wrong codes behind the right password do; remembered networks and app passwords go on; in an "
            "hour it is over")
def budget(house):
    phone = house.phone("nora")
    shown = house.app_password("nora", "--services", "imap")
    house.says("nora", (phone.fresh(), HOME, "accept"))
    right = {phone.code(ahead) for ahead in range(-3, 4)}
    wrong = [f"{number:06}" for number in range(111111, 111140) if f"{number:06}" not in right][:11]
    house.says("nora", *[(code, CAFE, "second-factor-wrong") for code in wrong[:10]],
               (wrong[0], ABROAD, "second-factor-budget"), (wrong[10], CAFE, "second-factor-budget"),
               (phone.fresh(), CAFE, "second-factor-budget"), ("", HOME, "accept"))
    tap.same(house.say("nora", password=shown, source=CAFE), "accept", "an app password")
    house.clock.forward(3605)
    house.says("nora", (phone.fresh(), CAFE, "accept"))


@tests.case("M12: guesses of recovery codes behind the right password are throttled after a few, and use up nothing")
def recovery_guesses(house):
    house.phone("xena")
    code = json.loads(house.ctl("recovery-codes", "new", "xena", "--json"))["codes"][0]
    guesses = [f"{int(code) // 10 ** 6:02}{number:06}" for number in range(tap.rounds(5, 91))]
    guesses += [f"{number}{code[1:]}" for number in range(10) if str(number) != code[0]]
    house.again("throttle = { passwords = 5; };")
    reasons = [house.say("xena", guess, ABROAD) for guess in guesses]
    house.again("")
    assert "throttled" in reasons[:7] and set(reasons[7:]) == {"throttled"}, reasons
    house.says("xena", (code, HOME, "accept"))


# ---- policy

@tests.case("a lock refuses at once, an app password too")
def lock(house):
    phone = house.phone("otto")
    shown = house.app_password("otto", "--services", "imap")
    house.says("otto", (phone.fresh(), HOME, "accept"))
    house.ctl("account", "lock", "otto", "--reason", "stolen laptop")
    house.says("otto", ("", HOME, "locked"), (phone.fresh(), HOME, "locked"))
    tap.same(house.say("otto", password=shown), "locked", "an app password")
    house.ctl("account", "unlock", "otto")
    house.says("otto", ("", HOME, "second-factor-missing"), (phone.fresh(), HOME, "accept"))


@tests.case("required from a date on: until then a bare password goes on and is reported, from its first minute not")
def from_a_date(house):
    today = datetime.datetime.fromtimestamp(house.clock.milliseconds / 1000 + datetime.datetime.now().timestamp())
    start = (today + datetime.timedelta(days=2)).date()
    house.again(f'second_factor = {{ totp = "required"; from = "{start}"; }};')
    house.says("paul", ("", HOME, "accept"))
    tap.same((house.last.get("would"), house.last["reason"]), ("deny", "second-factor-missing"), "reported")
    phone = house.phone("rita")
    code = phone.fresh()
    house.says("rita", ("", HOME, "accept"), (code, HOME, "accept"), (code, ABROAD, "accept"))
    house.clock.forward(datetime.datetime.combine(start, datetime.time()).timestamp() - today.timestamp() - 30)
    house.says("paul", ("", HOME, "accept"))
    house.clock.forward(60)
    house.says("paul", ("", HOME, "second-factor-missing"))
    house.says("rita", (phone.fresh(), ABROAD, "accept"), ("", CAFE, "second-factor-missing"))
    house.again("")


@tests.case('trusted_networks = "skip": on a trusted network the bare password is enough')
def trusted(house):
    phone = house.phone("sven")
    house.again('networks = { trusted = [ "127.1.9.0/24" ]; }; second_factor = { trusted_networks = "skip"; };')
    house.says("sven", ("", CAFE, "accept"), ("", HOME, "second-factor-missing"), (phone.fresh(), HOME, "accept"))
    house.again('networks = { trusted = [ "127.1.9.0/24" ]; };')
    house.says("sven", ("", CAFE, "second-factor-missing"))
    house.again("")


@tests.case("a password that itself ends in digits: with a code, bare where remembered, and before there is a secret")
def own_digits(house):
    house.says("udo", ("", HOME, "accept"))
    house.says("vera", ("", HOME, "accept"))
    for name, elsewhere in (("udo", "second-factor-missing"), ("vera", "password")):
        phone = house.phone(name)
        house.says(name, ("", HOME, elsewhere), (phone.fresh(), HOME, "accept"), ("", HOME, "accept"),
                   ("", CAFE, elsewhere), (phone.fresh(), CAFE, "accept"))


@tests.case("A11, M7: a code alone never becomes an empty password; a date as a password is left alone")
def nothing_left(house):
    house.says("willi", ("", HOME, "accept"))
    phone = house.phone("tina")
    for typed in (phone.code(), "12345678", "00000000"):
        before = house.stack.checks()
        assert not house.dovecot.login("tina", typed, CAFE).accepted, f"{typed}: let in"
        assert house.stack.checks() - before <= 1, "more than one password check"
    tap.same(house.say("tina", password=phone.fresh()), house.last["reason"], "a code alone")
    house.says("tina", (phone.fresh(), HOME, "accept"))


# ---- trouble

@tests.case("a store that fails refuses whoever needs it, as temporary, and serves again by itself")
def store_fails(house):
    path = house.lab.path("store/store.db")
    os.rename(path, path + ".away")
    house.says("anna", ("", HOME, "unavailable"), ("123456", HOME, "unavailable"))
    tap.same(house.say("karl", password="abcd-efgh-ijkl-mnop"), "unavailable", "what has an app password's shape")
    tap.same(house.last["verdict"], "later", "the verdict")
    os.rename(path + ".away", path)
    house.says("anna", ("", HOME, "accept"))


@tests.case("totp = \"off\" asks no store: its trouble is nobody's")
def off(house):
    path = house.lab.path("store/store.db")
    house.again('second_factor = { totp = "off"; };')
    house.says("anna", ("", ABROAD, "accept"))
    os.rename(path, path + ".away")
    try:
        tap.same(house.say("anna", source=ABROAD), "unavailable", "an unreadable lock still refuses")
    finally:
        os.rename(path + ".away", path)
        house.again("")


@tests.case("explain says of an enrolled account what its login comes to")
def explained(house):
    for name in ("anna", "karl", "otto", "paul"):
        for source in (HOME, CAFE, ABROAD):
            verdict = house.say(name, source=source)
            said = json.loads(house.ctl("explain", name, "--service", "imap", "--address", source, "--json",
                                        status=0 if verdict == "accept" else 1))
            tap.same(said.get("reason", "accept"), verdict, f"{name} from {source}")


with lab.Lab() as the_lab:
    tests.run(House(the_lab))
