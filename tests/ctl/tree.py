# SPDX-License-Identifier: BSD-2-Clause
"""A whole mail host as files below one directory, in which everything is right: what doctor and setup look at with
--root. The real doveconf and postconf read it; nothing of the system's own is looked at."""
import contextlib
import json
import os
import shutil
import socket
import subprocess
import time

from harness import PROGRAM, lab
import dovecot_syntax as syntax

MULTIARCH = "x86_64-linux-gnu"
GATE, SASLAUTHD = "run/authgate/gate.sock", "run/authgate/saslauthd"
QUEUE = "var/spool/postfix"
AUTHGATE_CONF = """\
sockets = (
  { kind = "gate";  path = "/run/authgate/gate.sock"; mode = "0600"; },
  { kind = "gate";  path = "/var/spool/postfix/run/authgate/gate.sock"; group = "postfix"; mode = "0660";
    requests = [ "ask", "smtpd_access_policy" ]; services = [ "smtp" ]; },
  { kind = "saslauthd"; path = "/var/spool/postfix/run/authgate/saslauthd"; group = "postfix"; mode = "0660";
    seen_as = "/run/authgate/saslauthd"; },
  { kind = "admin"; path = "/run/authgate/admin.sock"; }
);
user = "authgate";
country_database = "/var/lib/authgate/country.mmdb";
store = "sqlite:/var/lib/authgate/store.db";
history = "sqlite:/var/lib/authgate/history.db";
secret_key_file = "/etc/authgate/secret.key";
default_domain = "example.test";
defaults = {
  mode = "enforce";
};
"""
COMMON_AUTH = """\
auth	[success=1 default=ignore]	pam_unix.so nullok
auth	requisite			pam_deny.so
auth	required			pam_permit.so
"""
COMMON_ACCOUNT = """\
account	[success=1 new_authtok_reqd=done default=ignore]	pam_unix.so
account	requisite			pam_deny.so
account	required			pam_permit.so
"""
DENY = "auth required pam_deny.so\naccount required pam_deny.so\n"
DOVECOT_CONF = syntax.HEAD + """\
protocols = imap
ssl = no
!include_try conf.d/*.conf
"""
DOVECOT_AUTH = f"""\
auth_mechanisms = plain login

{syntax.passdb("pam", syntax.ASKS)}\
{syntax.USERS}\
service auth {{
  unix_listener /var/spool/postfix/private/auth {{
    mode = 0660
  }}
}}
"""
MAIN_CF = """\
compatibility_level = 3.6
queue_directory = /var/spool/postfix
myhostname = mail.example.test
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = cyrus
cyrus_sasl_config_path = /etc/postfix/sasl
smtpd_relay_restrictions =
  check_policy_service unix:/run/authgate/gate.sock,
  permit_sasl_authenticated, reject_unauth_destination
"""
MASTER_CF = """\
smtp       inet  n       -       y       -       -       smtpd
submission inet  n       -       y       -       -       smtpd
  -o syslog_name=postfix/submission
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
  -o smtpd_data_restrictions=check_policy_service,unix:/run/authgate/gate.sock
cleanup    unix  n       -       y       -       0       cleanup
"""
SMTPD_CONF = """\
pwcheck_method: saslauthd
saslauthd_path: /run/authgate/saslauthd
mech_list: PLAIN LOGIN
auxprop_plugin: authgate
authgate_socket: /run/authgate/gate.sock
"""
SASLAUTHD = """\
# Settings for saslauthd daemon
MECHANISMS="pam"
OPTIONS="-m /var/run/saslauthd"
"""
FILES = {
    "etc/authgate/authgate.conf": AUTHGATE_CONF,
    "etc/passwd": "root:x:0:0::/root:/bin/sh\nauthgate:x:4711:4711::/:/usr/sbin/nologin\n",
    "etc/pam.d/common-auth": COMMON_AUTH,
    "etc/pam.d/common-account": COMMON_ACCOUNT,
    "etc/pam.d/other": DENY,
    "etc/pam.d/smtp": "auth required pam_unix.so nodelay\naccount required pam_unix.so\n",
    "etc/dovecot/dovecot.conf": DOVECOT_CONF,
    "etc/dovecot/conf.d/10-auth.conf": DOVECOT_AUTH,
    "etc/postfix/main.cf": MAIN_CF,
    "etc/postfix/master.cf": MASTER_CF,
    "etc/postfix/sasl/smtpd.conf": SMTPD_CONF,
    "etc/default/saslauthd": SASLAUTHD,
    "var/lib/authgate/country.mmdb": "a database",
    f"lib/{MULTIARCH}/security/pam_authgate.so": "a module",
    f"usr/lib/{MULTIARCH}/sasl2/libauthgate.so": "a plugin",
}
SECRETS = ("var/lib/authgate/store.db", "var/lib/authgate/history.db", "etc/authgate/secret.key")
SOCKETS = (GATE, f"{QUEUE}/{GATE}", f"{QUEUE}/run/authgate/saslauthd", "run/saslauthd/mux")
SERVICES = ("imap", "pop3", "smtp", "submission", "sieve", "doveadm")


class Tree:
    """The files below lab.path("root"). What a test breaks, it mends with reset()."""

    def __init__(self, of_lab):
        self.lab = of_lab
        self.root = of_lab.path("root")
        self.programs = of_lab.path("bin")
        self.clock("yes")
        self.reset()

    def path(self, name):
        return os.path.join(self.root, name)

    def reset(self):
        shutil.rmtree(self.root, ignore_errors=True)
        for name, text in FILES.items():
            self.write(name, text)
        for service in SERVICES:
            with open(os.path.join(lab.ROOT, "conf/pam.d/debian", f"authgate-{service}"), encoding="utf-8") as file:
                self.write(f"etc/pam.d/authgate-{service}", file.read())
        for name in SECRETS:
            self.write(name, "secret")
            os.chmod(self.path(name), 0o600)
        for name in SOCKETS:
            self.make_socket(name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        an_hour_ago = time.time() - 3600  # Postfix waits while a file may still be being written
        os.utime(self.path(name), (an_hour_ago, an_hour_ago))

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def edit(self, name, old, new):
        """Replaces a text that must be there."""
        text = self.read(name)
        assert old in text, f"{old!r} is not in {name}:\n{text}"
        self.write(name, text.replace(old, new))

    def remove(self, name):
        os.unlink(self.path(name))

    def make_socket(self, name):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        here = os.getcwd()
        os.chdir(os.path.dirname(self.path(name)))  # a socket's path is short
        try:
            with contextlib.closing(socket.socket(socket.AF_UNIX)) as made:
                made.bind(os.path.basename(name))
                if os.path.basename(name) == "mux":
                    os.chmod("mux", 0o777)  # as saslauthd makes it
        finally:
            os.chdir(here)

    def program(self, name, text):
        """A stand-in that doctor finds before the system's own."""
        os.makedirs(self.programs, exist_ok=True)
        with open(os.path.join(self.programs, name), "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + text)
        os.chmod(os.path.join(self.programs, name), 0o755)

    def no_program(self, name):
        os.unlink(os.path.join(self.programs, name))

    def clock(self, synchronised):
        self.program("timedatectl", f"echo {synchronised}\n")

    def line(self, name, text):
        """The number of the first line of a file that has the text."""
        for number, line in enumerate(self.read(name).splitlines(), 1):
            if text in line:
                return number
        raise AssertionError(f"{text!r} is in no line of {name}")

    def run(self, *words, socket_path=None, text="", **popen):
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "PATH": f"{self.programs}:{os.environ['PATH']}"}
        command = [PROGRAM, *(["--socket", socket_path] if socket_path else []), *words, "--root", self.root]
        return subprocess.run(command, env=environment, input=text, text=True, capture_output=True, timeout=60,
                              check=False, **popen)

    def doctor(self, *words, socket_path=None):
        """What doctor finds, as its JSON says."""
        done = self.run("doctor", "--json", *words, socket_path=socket_path)
        assert done.returncode in (0, 1), f"doctor ended with {done.returncode}: {done.stderr}"
        said = json.loads(done.stdout)
        assert said["clean"] == (done.returncode == 0), f"{done.returncode}, but {said}"
        return said["findings"]
