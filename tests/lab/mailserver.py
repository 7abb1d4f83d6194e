# SPDX-License-Identifier: BSD-2-Clause
"""A private Dovecot in front of a lab's PAM stack: own configuration, own base_dir, IMAP on a high loopback port. Its
clients log in for real, from a loopback address that they choose."""
import contextlib
import imaplib
import os
import re
import socket
import subprocess
import time

import lab as lab_module
import readme
import tap

PORTS = iter(range(10000 + os.getpid() % 1000 * 20, 32768))
COMMON = """
base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/dovecot.log
listen = 127.0.0.1
ssl = no
auth_mechanisms = plain login
auth_verbose = yes
# Every name reaches PAM, no answer is delayed: tests judge both.
auth_username_chars =
auth_failure_delay = 0
first_valid_gid = 1
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
  chroot =
  {clients} = {unlimited}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth-worker {{
  user = root
}}
"""
CONFIGURATION = {
    "2.3": COMMON + """
protocols = imap
instance_name = {name}
disable_plaintext_auth = no
mail_location = maildir:{base}/mail/%u
userdb {{
  driver = static
  args = uid=65534 gid=65534 home={base}/mail/%u
}}
""",
    "2.4": "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n" + COMMON + """
protocols {{
  imap = yes
}}
instance_name = {name}
auth_allow_cleartext = yes
mail_driver = maildir
mail_path = {base}/mail/%{{user}}
userdb static {{
  fields {{
    uid = 65534
    gid = 65534
    home = {base}/mail/%{{user}}
  }}
}}
""",
}

CLIENTS_PER_PROCESS = {"2.3": ("service_count", "0"), "2.4": ("restart_request_count", "unlimited")}


class Attempt:
    """What a client saw of one login."""

    def __init__(self, accepted, answer, milliseconds):
        self.accepted = accepted
        self.answer = answer
        self.milliseconds = milliseconds

    def __repr__(self):
        return f"{'accepted' if self.accepted else 'refused'} ({self.answer})"


class Client(imaplib.IMAP4):
    """An IMAP client at an address of its own."""

    def __init__(self, port, source, timeout=30):
        self.source = source
        super().__init__("127.0.0.1", port, timeout)

    def _create_socket(self, timeout):
        return socket.create_connection((self.host, self.port), timeout, source_address=(self.source, 0))


def free_port():
    """A port below those that the kernel gives to clients, each process of tests looking in a range of its own: nobody
    takes it before the server has begun to listen there."""
    for port in PORTS:
        with contextlib.suppress(OSError), socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def version():
    """Dovecot's version to two places."""
    said = subprocess.run(["dovecot", "--version"], capture_output=True, text=True, check=True).stdout
    return re.match(r"\d+\.\d+", said).group()


def passdb(kind, stack):
    """README's, for the stack's files."""
    return readme.way("Dovecot with PAM")[("2.3", "2.4").index(kind)].replace("authgate-", f"{stack.name}-")


class Dovecot:
    """The server. `stack` is the Stack that it authenticates by, `extra` are further lines of its configuration,
    `passdbs` others than README's."""

    def __init__(self, lab, stack, extra="", passdbs=None):
        self.lab = lab
        self.base = lab.path("dovecot")
        self.port = free_port()
        os.makedirs(self.base)
        os.makedirs(os.path.join(self.base, "mail"))
        os.chown(os.path.join(self.base, "mail"), 65534, 65534)
        kind = "2.3" if version() == "2.3" else "2.4"
        clients, unlimited = CLIENTS_PER_PROCESS[kind]
        text = CONFIGURATION[kind].format(base=self.base, port=self.port, name=lab.name, clients=clients,
                                          unlimited=unlimited) + (passdbs or passdb(kind, stack)) + extra
        self.configuration = lab.write("dovecot/dovecot.conf", text)
        self.program = lab_module.Program(["dovecot", "-F", "-c", self.configuration], lab.path("dovecot/output.log"))
        lab.cleanup.callback(self.program.end)
        tap.poll(self.serves_or_ended, 40, "Dovecot's greeting")
        assert self.program.running(), f"Dovecot ended: {self.log()}"

    def serves_or_ended(self):
        if not self.program.running():
            return True
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as client:
                return client.recv(4) == b"* OK"
        except OSError:
            return False

    def log(self):
        text = ""
        for name in ("output.log", "dovecot.log"):
            path = os.path.join(self.base, name)
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    text += file.read()
        return text

    def login(self, user, password, source="127.1.0.1"):
        """One IMAP login by AUTHENTICATE PLAIN; `user` and `password` may be any bytes but NUL."""
        name, word = (text if isinstance(text, bytes) else text.encode() for text in (user, password))
        start = time.monotonic()
        client = Client(self.port, source)
        try:
            client.authenticate("PLAIN", lambda _challenge: b"\0" + name + b"\0" + word)
            return Attempt(True, "OK", (time.monotonic() - start) * 1000)
        except imaplib.IMAP4.error as fault:
            return Attempt(False, str(fault), (time.monotonic() - start) * 1000)
        finally:
            client.shutdown()

    def curl(self, user, password, source="127.1.0.1"):
        """One login by curl, an IMAP client that is not ours."""
        start = time.monotonic()
        curl = subprocess.run(["curl", "-sS", "--max-time", "30", "--interface", source, "--user", f"{user}:{password}",
                               f"imap://127.0.0.1:{self.port}/"], capture_output=True, text=True, check=False)
        milliseconds = (time.monotonic() - start) * 1000
        return Attempt(curl.returncode == 0, curl.stderr.strip() or "OK", milliseconds)

    def ask(self, user, password, address, service="imap"):
        """One authentication by doveadm: the same path from Dovecot's auth process on, from any address."""
        start = time.monotonic()
        doveadm = subprocess.run(["doveadm", "-c", self.configuration, "auth", "test", "-x", f"service={service}", "-x",
                                  f"rip={address}", user, password], capture_output=True, text=True, check=False)
        milliseconds = (time.monotonic() - start) * 1000
        answer = (doveadm.stdout + doveadm.stderr).strip().splitlines()
        return Attempt(doveadm.returncode == 0, answer[0] if answer else "", milliseconds)
