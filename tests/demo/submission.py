# SPDX-License-Identifier: BSD-2-Clause
"""The demo's outgoing side: a private Postfix whose chrooted smtpd asks the gate through Cyrus SASL, and a real
saslauthd behind the gate. Called by demo.py; touches nothing of the system's own Postfix."""
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lab"))

import postfix  # pylint: disable=wrong-import-position
import stack  # pylint: disable=wrong-import-position
import tap  # pylint: disable=wrong-import-position

PROGRAMS = ("postfix", "saslauthd", "saslpasswd2")
SECONDS_TO_DELIVER = 20


def version():
    """Postfix's version to two places."""
    said = subprocess.run(["postconf", "-hd", "mail_version"], capture_output=True, text=True, check=True).stdout
    return ".".join(said.strip().split(".")[:2])


def obstacle(lab, passwords):
    """Starts the saslauthd of a lab; "" where it runs, else why this machine cannot."""
    lacking = [name for name in PROGRAMS if not shutil.which(name)]
    if lacking:
        return f"this machine has no {', no '.join(lacking)}"
    try:
        postfix.Saslauthd(lab, {f"{name}@example.test": word for name, word in passwords.items()}, "pam")
    except tap.Skip as why:
        return str(why)
    # The hash that Dovecot's PAM stack has, so that the table's milliseconds compare like with like.
    hashes = [f"{name}:{stack.password_hash(word, stack.YESCRYPT)}\n" for name, word in passwords.items()]
    lab.write("saslauthd/etc/passwords", "".join(hashes), 0o600)
    return ""


def settings(lab):
    """What authgate.conf says of the saslauthd behind the gate."""
    return f'saslauthd = {{ upstream = "{lab.path("saslauthd/mux")}"; }};'


class Submission:
    """The Postfix, once the daemon serves."""

    def __init__(self, lab):
        self.server = postfix.Postfix(lab, postfix.smtpd_conf())
        self.port = self.server.port

    def login(self, who, password, source):
        return self.server.login(who, password, source)

    def mail(self, who, password, source, recipient):
        """AUTH, then one mail; the last reply, accepted where the mail has come to lie in its box."""
        before = self.server.delivered()
        with self.server.session(source) as client:
            attempt = client.auth(who, password)
            if not attempt.accepted:
                return attempt
            said = client.send(f"{who}@example.test", f"{recipient}@example.test",
                               "Subject: hello from the demo\r\n\r\nThis went through SMTP AUTH.\r\n")
        said.milliseconds = attempt.milliseconds
        if said.code == 250:
            tap.poll(lambda: self.server.delivered() > before, SECONDS_TO_DELIVER, "the mail in its box")
            said.accepted = True
        return said

    def box(self):
        """The lines of the one mail that was delivered."""
        folder = os.path.join(self.server.base, "mail/inbox/new")
        with open(os.path.join(folder, os.listdir(folder)[0]), encoding="utf-8") as file:
            return file.read().splitlines()
