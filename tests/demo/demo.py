#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""authgate at work, in under two minutes: a private Dovecot behind the shipped PAM stack, a private Postfix, throw-away
accounts, real IMAP logins and SMTP AUTHs from loopback addresses that stand for countries, then public addresses
against the real country database. Leaves nothing behind; KEEP=1 keeps it up until Ctrl-C. Called by `make demo`; exit
status 1 where anything was not as announced."""
import datetime
import os
import re
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lab"))

import lab as lab_module  # pylint: disable=wrong-import-position
import mailserver  # pylint: disable=wrong-import-position
import postfix  # pylint: disable=wrong-import-position
import scenario  # pylint: disable=wrong-import-position
import stack  # pylint: disable=wrong-import-position
import submission  # pylint: disable=wrong-import-position
import vault  # pylint: disable=wrong-import-position

COLUMNS = (("scene", 41), ("who", 8), ("from", 20), ("country", 7), ("verdict", 8), ("reason", 21), ("client saw", 11),
           ("ms", 6))
COLOUR = sys.stdout.isatty()


def paint(text, colour):
    return f"\x1b[{colour}m{text}\x1b[0m" if COLOUR else text


def print_row(cells, colour="0"):
    print(paint("  ".join(str(cell)[:width].ljust(width) for cell, (_, width) in zip(cells, COLUMNS)).rstrip(), colour),
          flush=True)


def heading(text):
    print("\n" + paint(text, "1"))
    print_row([name for name, _ in COLUMNS], "2")


class Demo:
    """The lab with its Dovecot and its Postfix, and what was not as announced. `without_postfix` says why there is
    none."""

    def __init__(self, lab):
        self.lab = lab
        self.surprises = 0
        self.without_postfix = submission.obstacle(lab, scenario.PASSWORDS)
        self.configure(scenario.defaults())
        for name, policy in scenario.account_policies(datetime.date.today()).items():
            lab.write(f"accounts/{name}.conf", policy)
        vault.start(lab)
        self.stack = stack.Stack(lab, scenario.PASSWORDS, kind=stack.YESCRYPT, arguments="timeout=1s",
                                 services=("imap", "pop3"))
        self.phones, self.stored, self.app_passwords = {}, {}, {}
        self.recovery = ""
        self.dovecot = mailserver.Dovecot(lab, self.stack)
        self.submission = None if self.without_postfix else submission.Submission(lab)

    def configure(self, defaults):
        settings, sockets = vault.settings(self.lab), vault.sockets(self.lab)
        if not self.without_postfix:
            settings += submission.settings(self.lab)
            sockets = f'{postfix.sockets(self.lab)}, {{ kind = "admin"; path = "{self.lab.path("admin.sock")}"; }}'
        self.lab.configure(defaults, settings, sockets)

    def logged(self, since):
        """The fields of the daemon's line about the last login; empty where it heard of none."""
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            lines = self.lab.lines("^(critical: )?ref=", since)
            if lines:
                return dict(re.findall(r"(\S+?)=(\S+)", lines[-1]))
            lab_module.tap.tick()
        return {}

    def play(self, act):
        """One login, its row of the table, and whether it went as announced."""
        if act.daemon_away:
            self.lab.stop()
        since = self.lab.mark()
        attempt = self.attempt(act, self.password(act))
        line = {} if act.daemon_away else self.logged(since)
        if act.daemon_away:
            self.lab.start()
        reason = line.get("reason", "-")
        verdict = "away" if act.daemon_away else line.get("verdict", "none")
        if "would" in line:
            verdict, reason = "report", f"({reason})"
        expected = act.accepted == attempt.accepted and act.reason in (line.get("reason", ""), None)
        self.surprises += not expected
        print_row((act.scene, act.who, act.source, line.get("country", "-"), verdict, reason,
                   "let in" if attempt.accepted else "refused", f"{attempt.milliseconds:.0f}"),
                  "31" if not expected else "32" if attempt.accepted else "33")
        if not expected:
            print(f"    NOT AS ANNOUNCED: {attempt!r}; the daemon said {line}")
        return line

    def attempt(self, act, password):
        """The login of an act, by the client that it stands for."""
        if act.by_doveadm:
            return self.dovecot.ask(act.who, password, act.source, act.service)
        if act.mail_to:
            return self.submission.mail(act.who, password, act.source, act.mail_to)
        server = self.submission if act.service == "smtp" else self.dovecot
        return server.login(act.who, password, act.source)

    def password(self, act):
        """What is typed in an act: a password, and what it has behind it."""
        if act.app_password:
            return self.app_passwords[act.app_password]
        if act.typed == "fresh":
            self.stored[act.who] = self.phones[act.who].fresh()
        stored = self.stored.get(act.who, "")
        wrong = f"{(int(stored or 0) + 500000) % 1000000:06}"
        behind = {"": "", "wrong": wrong, "recovery": self.recovery}.get(act.typed, stored)
        return (act.password or scenario.PASSWORDS[act.who]) + behind

    def ctl(self, *words, status=0):
        """authgatectl as an administrator calls it, and what it prints; the text."""
        print("\n" + paint("$ authgatectl -c authgate.conf " + " ".join(words), "1"))
        command = [os.path.join(lab_module.BUILD, "authgatectl"), "-c", "authgate.conf", *words]
        done = subprocess.run(command, cwd=self.lab.directory, capture_output=True, text=True, check=False,
                              env={**os.environ, "LC_ALL": "C.UTF-8"})
        said = re.sub(re.escape(self.lab.directory) + "/", "", done.stdout + done.stderr).rstrip()
        print(said, flush=True)
        self.surprises += done.returncode != status
        return said

    def enroll(self, account):
        """A phone is enrolled and confirmed, an app password and recovery codes are made."""
        said = self.ctl("totp", "enroll", account)
        phone = self.phones[account] = vault.Phone(re.search(r"otpauth://\S+", said).group())
        phone.used = phone.step() - 1  # three codes lie in the window: the oldest confirms, two log in
        self.ctl("totp", "confirm", account, phone.code(-1))
        self.add_app_password(account, "imap", "phone")
        self.recovery = re.search(r"^  (\d{8})$", self.ctl("recovery-codes", "new", account), re.MULTILINE).group(1)

    def add_app_password(self, account, service, name):
        said = self.ctl("app-password", "add", account, "--services", service, "--name", name, "--expires", "365d")
        self.app_passwords[service] = said.split()[0]


def submit(demo):
    """SMTP AUTH, and one mail to its box; or why this part is left out."""
    if demo.without_postfix:
        print(f"\nThe part with Postfix is left out: {demo.without_postfix}.")
        return
    demo.add_app_password("gina", "smtp", "printer")
    demo.phones["ivan"] = vault.enroll(demo.lab, "ivan")
    heading(f"SMTP AUTH: Postfix {submission.version()}, a chrooted smtpd with Cyrus SASL; saslauthd stands behind the "
            "gate")
    for act in scenario.SUBMISSION:
        demo.play(act)
    print("\nWhat lies in the box:")
    for line in demo.submission.box():
        print(f"    {line}")


def real_database(demo):
    """Puts the pinned real country database in place; False, with the reason said, where there is none to be had."""
    command = [os.path.join(ROOT, "tests/lab/fetch-country-db"), os.path.join(lab_module.BUILD, "cache")]
    fetched = subprocess.run(command, capture_output=True, text=True, check=False)
    if fetched.returncode != 0:
        print(f"\nThe part with the real world is left out: {fetched.stderr.strip()}")
        return False
    with open(fetched.stdout.strip(), "rb") as source, open(demo.lab.path("real.mmdb"), "wb") as target:
        target.write(source.read())
    os.rename(demo.lab.path("real.mmdb"), demo.lab.path("country.mmdb"))
    demo.lab.reload("country database .* is in use")
    return True


def keep_up(demo):
    demo.lab.make_country_database()
    demo.lab.reload("country database .* is in use")
    where, password = demo.lab.directory, scenario.PASSWORDS["alice"]
    smtp = "" if demo.without_postfix else f"""
    swaks --server 127.0.0.1:{demo.submission.port} --local-interface 127.1.0.1 --auth PLAIN --auth-user alice \\
        --auth-password '{password}' --from alice@example.test --to carol@example.test"""
    print(f"""
It stays up, with loopback as the world again. Log in from Japan, from the US, from France:
    curl --interface 127.1.0.1 --user alice:'{password}' imap://127.0.0.1:{demo.dovecot.port}/
    curl --interface 127.2.0.1 --user alice:'{password}' imap://127.0.0.1:{demo.dovecot.port}/
    doveadm -c {where}/dovecot/dovecot.conf auth test -x service=imap -x rip=127.4.0.1 alice '{password}'{smtp}
Accounts: {", ".join(sorted(scenario.PASSWORDS))} (passwords in tests/demo/scenario.py).
Gina's codes: oathtool --totp -b {demo.phones["gina"].text}
The gate's log: tail -f {where}/authgated.log
Its configuration: {where}/authgate.conf; after a change: kill -HUP {demo.lab.daemon.pid}
Ctrl-C ends everything and takes it away.""", flush=True)
    signal.pause()


def main():
    if os.getuid() != 0:
        sys.exit("make demo: a mail server that binds users' processes and PAM files need root")
    start = time.monotonic()
    print(f"Starting a private authgated and private mail servers (Dovecot {mailserver.version()}) …", flush=True)
    with lab_module.Lab() as lab:
        demo = Demo(lab)
        heading("Loopback stands for the world: 127.1.x.x is JP, 127.2.x.x US, 127.3.x.x CN, 127.4.x.x FR")
        for act in scenario.LOOPBACK:
            demo.play(act)
        demo.ctl("explain", "dave", "--service", "imap", "--address", "127.1.0.1", status=1)
        demo.enroll("gina")
        heading("A second factor in an ordinary mail client: the code is typed right behind the password")
        for act in scenario.SECOND_FACTOR:
            demo.play(act)
        demo.ctl("app-password", "list", "gina")
        demo.ctl("networks", "list", "gina")
        submit(demo)
        if real_database(demo):
            heading("The real world (IP geolocation by DB-IP): public addresses, handed to Dovecot as the client's")
            for act in scenario.WORLD:
                demo.play(act)
        print(f"\n{time.monotonic() - start:.0f} s; "
              + (f"{demo.surprises} NOT AS ANNOUNCED" if demo.surprises else "everything went as announced") + ".")
        if os.environ.get("KEEP", "") not in ("", "0"):
            keep_up(demo)
    return 1 if demo.surprises else 0


if __name__ == "__main__":
    sys.exit(main())
