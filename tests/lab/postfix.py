# SPDX-License-Identifier: BSD-2-Clause
"""A private Postfix in front of a lab's gate: own configuration, queue and data directories, smtpd on a high loopback
port, chrooted as Debian ships it or not. Its clients speak SMTP AUTH for real, from a loopback address that they
choose. The plugin is brought to libsasl2 by SASL_PATH, so nothing is put into the system's own folders. And the
saslauthd that stands behind the gate, with an /etc of its own."""
import base64
import hashlib
import hmac
import os
import pwd
import re
import secrets
import shutil
import signal
import smtplib
import socket
import subprocess
import time

import lab as lab_module
import mailserver
import stack as stack_module
import tap

PLUGIN_FOLDER = subprocess.run(["gcc", "-print-multiarch"], capture_output=True, text=True, check=False).stdout.strip()
SYSTEM_PLUGINS = f"/usr/lib/{PLUGIN_FOLDER}/sasl2" if PLUGIN_FOLDER else "/usr/lib64/sasl2"
CLIENT = "client.example.test"
DAEMONS = "/usr/lib/postfix/sbin"
MAIN_CF = """
compatibility_level = 3.6
queue_directory = {base}/queue
data_directory = {base}/data
maillog_file = {base}/maillog
maillog_file_prefixes = {base}
import_environment = MAIL_CONFIG MAIL_LOGTAG TZ LANG=C SASL_PATH={plugins}
myhostname = mail.example.test
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = example.test
virtual_mailbox_base = {base}/mail
virtual_mailbox_maps = static:inbox/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_minimum_uid = 1
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_sasl_auth_enable = yes
smtpd_sasl_security_options = noanonymous
smtpd_error_sleep_time = 0
smtpd_peername_lookup = no
disable_dns_lookups = yes
smtpd_hard_error_limit = 1000
smtpd_soft_error_limit = 1000
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_client_auth_rate_limit = 0
local_header_rewrite_clients =
smtpd_peername_lookup = no
cyrus_sasl_config_path = {base}/etc/sasl
{extra}
"""
MASTER_CF = """
{port} inet n - {chroot} - 50 smtpd
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - y - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - y - - trivial-rewrite
bounce unix - - y - 0 bounce
defer unix - - y - 0 bounce
anvil unix - - y - 1 anvil
virtual unix - n n - - virtual
"""


def smtpd_conf(name="smtpd", **changes):
    """The shipped conf/postfix/NAME.conf as a dict; a change of None takes an option out."""
    with open(os.path.join(lab_module.ROOT, "conf/postfix", f"{name}.conf"), encoding="utf-8") as file:
        lines = [line.partition(":") for line in file if not line.startswith("#")]
    options = {**{option.strip(): value.strip() for option, _, value in lines}, **changes}
    return {option: value for option, value in options.items() if value is not None}


class Attempt:
    """What a client saw of one AUTH: the reply's code (0 where the connection ended) and text."""

    def __init__(self, code, text, milliseconds=0.0):
        self.code = code
        self.text = text
        self.milliseconds = milliseconds
        self.accepted = code == 235

    def __repr__(self):
        return f"{self.code} {self.text}"


class Client:
    """One SMTP session at an address of its own. AUTHs can be tried one after another."""

    def __init__(self, port, source="127.1.0.1", timeout=60):
        # Without a name of its own smtplib would ask the machine's name server for one.
        self.smtp = smtplib.SMTP(local_hostname=CLIENT, timeout=timeout, source_address=(source, 0))
        self.smtp.connect("127.0.0.1", port)
        self.smtp.ehlo(CLIENT)

    def __enter__(self):
        return self

    def __exit__(self, *_fault):
        self.smtp.close()

    def command(self, line):
        code, text = self.smtp.docmd(line)
        return Attempt(code, text.decode("utf-8", "replace"))

    def auth(self, user, password, mechanism="PLAIN"):
        """One AUTH; `user` and `password` may be bytes."""
        name, word = (text if isinstance(text, bytes) else text.encode() for text in (user, password))
        start = time.monotonic()
        try:
            made = getattr(self, "auth_" + mechanism.lower().replace("-", "_"))(name, word)
        except smtplib.SMTPServerDisconnected as fault:
            made = Attempt(0, str(fault))
        made.milliseconds = (time.monotonic() - start) * 1000
        return made

    def auth_plain(self, name, word):
        return self.command("AUTH PLAIN " + base64.b64encode(b"\0" + name + b"\0" + word).decode())

    def auth_login(self, name, word):
        said = self.command("AUTH LOGIN")
        for answer in (name, word):
            if said.code != 334:
                return said
            said = self.command(base64.b64encode(answer).decode())
        return said

    def auth_cram_md5(self, name, word):
        said = self.command("AUTH CRAM-MD5")
        if said.code != 334:
            return said
        digest = hmac.new(word, base64.b64decode(said.text), hashlib.md5).hexdigest()
        return self.command(base64.b64encode(name + b" " + digest.encode()).decode())

    def auth_scram_sha_256(self, name, word):
        """RFC 7677 without channel binding."""
        first = b"n=" + name + b",r=" + secrets.token_hex(12).encode()
        said = self.command("AUTH SCRAM-SHA-256 " + base64.b64encode(b"n,," + first).decode())
        if said.code != 334:
            return said
        server = base64.b64decode(said.text)
        fields = dict(part.split(b"=", 1) for part in server.split(b","))
        salted = hashlib.pbkdf2_hmac("sha256", word, base64.b64decode(fields[b"s"]), int(fields[b"i"]))
        key = hmac.digest(salted, b"Client Key", "sha256")
        last = b"c=biws,r=" + fields[b"r"]
        signature = hmac.digest(hashlib.sha256(key).digest(), first + b"," + server + b"," + last, "sha256")
        proof = bytes(one ^ other for one, other in zip(key, signature))
        said = self.command(base64.b64encode(last + b",p=" + base64.b64encode(proof)).decode())
        return self.command("") if said.code == 334 else said  # the server's own proof is acknowledged

    def abort(self, mechanism="LOGIN"):
        """An AUTH that the client gives up in the middle."""
        self.command(f"AUTH {mechanism}")
        return self.command("*")

    def send(self, sender="alice@example.test", recipient="bob@example.test", body="Subject: test\r\n\r\nhello\r\n"):
        """Submits one mail; the last reply."""
        for line in (f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>", "DATA"):
            said = self.command(line)
            if said.code >= 400:
                return said
        self.smtp.send(body + ".\r\n")
        code, text = self.smtp.getreply()
        return Attempt(code, text.decode("utf-8", "replace"))


class Postfix:
    """The server. `smtpd_conf` is libsasl2's configuration as a dict, None for another kind of SASL; `extra` are lines
    of main.cf."""

    def __init__(self, lab, smtpd_conf=None, chroot=True, extra="", plugin=True):
        self.lab = lab
        self.base = base_of(lab)
        self.port = mailserver.free_port()
        self.program = None
        for name in ("etc/sasl", "data", "plugins", "mail"):
            os.makedirs(os.path.join(self.base, name), exist_ok=True)
        os.chown(os.path.join(self.base, "data"), pwd.getpwnam("postfix").pw_uid, -1)
        os.chown(os.path.join(self.base, "mail"), 65534, 65534)
        make_queue(lab)
        self.bring_plugin(plugin)
        if smtpd_conf is not None:
            self.configure_sasl(smtpd_conf)
        lab.write("postfix/etc/main.cf",
                  MAIN_CF.format(base=self.base, extra=extra, plugins=f"{SYSTEM_PLUGINS}:{self.base}/plugins"))
        lab.write("postfix/etc/master.cf", MASTER_CF.format(port=self.port, chroot="y" if chroot else "n"))
        self.start()

    def bring_plugin(self, plugin):
        """Puts libauthgate.so where libsasl2 finds it (True), takes it away (False), or puts other bytes there."""
        path = os.path.join(self.base, "plugins/libauthgate.so")
        if plugin is True:
            shutil.copy2(os.path.join(lab_module.HOST_MODULES, "libauthgate.so"), path + ".new")
            os.rename(path + ".new", path)
        elif plugin:
            self.lab.write("postfix/plugins/libauthgate.so", plugin.decode())
        elif os.path.exists(path):
            os.unlink(path)

    def renew(self):
        """Ends the smtpd processes, which read libsasl2's configuration when they start. (Ended by a signal they would
        make master wait a minute before it starts others.)"""
        old = self.processes("smtpd")
        lab_module.send_signal(self.processes("master")[0], signal.SIGHUP)
        for pid in old:
            tap.poll(lambda pid=pid: not lab_module.alive(pid), 20, "the end of an smtpd")

    def configure_sasl(self, options):
        self.lab.write("postfix/etc/sasl/smtpd.conf", "".join(f"{name}: {value}\n" for name, value in options.items()))

    def start(self):
        # In a session of its own: when it ends, master ends its whole process group.
        self.program = lab_module.Program(["postfix", "-c", os.path.join(self.base, "etc"), "start-fg"],
                                          self.lab.path("postfix/output.log"), start_new_session=True)
        self.lab.cleanup.callback(self.program.end)
        tap.poll(self.serves_or_ended, 40, "Postfix's greeting")
        assert self.program.running(), f"Postfix ended: {self.log()}"

    def stop(self):
        self.program.end()

    def restart(self):
        self.stop()
        self.start()

    def serves_or_ended(self):
        if not self.program.running():
            return True
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as client:
                return client.recv(3) == b"220"
        except OSError:
            return False

    def log(self):
        text = ""
        for name in ("output.log", "maillog"):
            path = os.path.join(self.base, name)
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    text += file.read()
        return text

    def session(self, source="127.1.0.1"):
        return Client(self.port, source)

    def login(self, user, password, source="127.1.0.1", mechanism="PLAIN"):
        """One AUTH in a session of its own."""
        with self.session(source) as client:
            return client.auth(user, password, mechanism)

    def swaks(self, user, password, source="127.1.0.1", mechanism="PLAIN", *more):
        """One AUTH by swaks, a client that is not ours; what it printed."""
        return subprocess.run(["swaks", "--server", "127.0.0.1", "--port", str(self.port), "--local-interface", source,
                               "--helo", "client.example.test", "--auth", mechanism, "--auth-user", user,
                               "--auth-password", password, *(more or ("--quit-after", "AUTH"))],
                              capture_output=True, text=True, timeout=60, check=False).stdout

    def processes(self, name):
        """The pids of Postfix's processes of this name."""
        return [pid for pid in lab_module.descendants(self.program.pid) if name_of(pid) == name]

    def delivered(self):
        """How many mails lie in the one mailbox."""
        folder = os.path.join(self.base, "mail/inbox/new")
        return len(os.listdir(folder)) if os.path.isdir(folder) else 0


def name_of(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def base_of(lab):
    return lab.path("postfix")


def make_queue(lab):
    """The queue directory with what a chrooted smtpd wants to find in it, and a place for the gate's sockets."""
    queue = os.path.join(base_of(lab), "queue")
    os.makedirs(os.path.join(queue, "etc"), exist_ok=True)
    os.makedirs(os.path.join(queue, "run/authgate"), exist_ok=True)
    for name in ("services", "hosts", "resolv.conf", "nsswitch.conf", "localtime"):
        if os.path.exists(f"/etc/{name}"):
            shutil.copy2(f"/etc/{name}", os.path.join(queue, "etc", name))
    return queue


def inside(lab, path):
    """The path outside the chroot of what smtpd sees as `path`."""
    return os.path.join(base_of(lab), "queue") + path


def sockets(lab, seen_as="/run/authgate/saslauthd"):
    """The `sockets` of authgate.conf for the lab's own gate socket and a Postfix; what they need is made. `seen_as` is
    what a chrooted smtpd calls the saslauthd socket; None where it has one name only."""
    make_queue(lab)
    seen = f' seen_as = "{seen_as}";' if seen_as else ""
    saslauthd = inside(lab, "/run/authgate/saslauthd")
    return f"""{{ kind = "gate"; path = "{lab.socket}"; }},
  {{ kind = "gate"; path = "{inside(lab, '/run/authgate/gate.sock')}"; group = "postfix"; mode = "0660";
    requests = [ "ask", "smtpd_access_policy" ]; services = [ "smtp" ]; }},
  {{ kind = "saslauthd"; path = "{saslauthd}"; group = "postfix"; mode = "0660";{seen} }}"""


class Saslauthd:
    """The real saslauthd, `kind` pam or sasldb, for accounts given by their full names."""

    def __init__(self, lab, accounts, kind="sasldb"):
        self.lab = lab
        self.folder = lab.path("saslauthd")
        self.path = os.path.join(self.folder, "mux")
        self.kind = kind
        os.makedirs(self.folder)
        self.make_etc(accounts)
        self.program = None
        self.start()

    def make_etc(self, accounts):
        etc = self.lab.path("saslauthd/etc")
        os.makedirs(os.path.join(etc, "pam.d"))
        for name in ("passwd", "group", "nsswitch.conf", "ld.so.cache"):
            shutil.copy2(f"/etc/{name}", etc)
        lines = [f"{name.partition('@')[0]}:{stack_module.password_hash(word)}\n" for name, word in accounts.items()]
        self.lab.write("saslauthd/etc/passwords", "".join(lines), 0o600)
        self.lab.write("saslauthd/etc/pam.d/other", "auth required pam_deny.so\naccount required pam_deny.so\n")
        self.lab.write("saslauthd/etc/pam.d/smtp", "auth required pam_pwdfile.so pwdfile=/etc/passwords nodelay\n"
                                                   "account required pam_permit.so\n")
        make_sasldb(os.path.join(etc, "sasldb2"), accounts)

    def start(self):
        launcher = os.path.join(lab_module.ROOT, "tests/lab/private_etc.py")
        command = [launcher, os.path.join(self.folder, "etc"), "/usr/sbin/saslauthd", "-d", "-a", self.kind, "-m",
                   self.folder, "-n", "5"]
        # In a session of its own: when it ends, it ends its whole process group.
        self.program = lab_module.Program(command, self.lab.path("saslauthd/output.log"), start_new_session=True)
        self.lab.cleanup.callback(self.program.end)
        tap.poll(lambda: os.path.exists(self.path) or not self.program.running(), 20, "saslauthd's socket")
        if self.program.process.poll() == 77:
            raise tap.Skip("this machine gives no mount namespace, and saslauthd's files stand at fixed places")
        assert self.program.running(), "saslauthd ended"

    def stop(self):
        self.program.end()
        if os.path.exists(self.path):
            os.unlink(self.path)

    def log(self):
        with open(self.lab.path("saslauthd/output.log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def checks(self):
        """How many passwords it was asked about."""
        return len(re.findall(r":auth (?:success|failure):", self.log()))


def make_sasldb(path, accounts, group=None):
    """Writes a sasldb2 of full names and passwords."""
    for name, word in accounts.items():
        local, _, domain = name.partition("@")
        subprocess.run(["saslpasswd2", "-p", "-c", "-f", path, "-u", domain, local], input=word.encode(), check=True,
                       stderr=subprocess.DEVNULL)
    if group:
        shutil.chown(path, "root", group)
        os.chmod(path, 0o640)
