#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# time-limit: 600
"""doctor's trials, on real servers: it logs in with random passwords through a private Dovecot, a private Postfix and
the gate's saslauthd socket, and says where one was let in, where the gate saw nothing, and where it was told that a
random password was right. Sound paths bring no finding, and each way round brings its own."""
import base64
import contextlib
import json
import os
import re
import socket
import ssl
import subprocess
import threading

from harness import PROGRAM, admin_socket, ask, lab, tap
import mailserver
import postfix
import sasl
import stack

ACCOUNTS = {"alice": "wonder"}
SERVICES = ("imap", "doveadm")
YES = sasl.counted("OK anybody")
tests = tap.Tests()


class Scene:
    """The lab with a Dovecot whose stacks a test may break, and a stand-in for the real saslauthd."""

    def __init__(self, of_lab):
        self.lab = of_lab
        self.upstream = sasl.Upstream(of_lab.path("mux"), {"alice@example.test": "wonder"})
        self.configure()
        of_lab.start()
        self.stack = stack.Stack(of_lab, ACCOUNTS, services=SERVICES)
        self.dovecot = mailserver.Dovecot(of_lab, self.stack)
        self.whole = {service: self.read(service) for service in SERVICES}
        of_lab.write("nowhere/main.cf", "")

    def configure(self, settings="", host=""):
        sockets = (postfix.sockets(self.lab) + f', {{ kind = "admin"; path = "{admin_socket(self.lab)}"; }}')
        self.lab.configure("", f'saslauthd = {{ upstream = "{self.upstream.path}"; {settings} }}; {host}', sockets)

    def file(self, service):
        return f"/etc/pam.d/{self.stack.name}-{service}"

    def read(self, service):
        with open(self.file(service), encoding="utf-8") as file:
            return file.read()

    def write(self, service, text):
        with open(self.file(service) + "-new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(self.file(service) + "-new", self.file(service))

    @contextlib.contextmanager
    def broken(self, change):
        """The IMAP stack changed by a function, for as long as the `with` block."""
        self.write("imap", change(self.whole["imap"]))
        try:
            yield
        finally:
            self.write("imap", self.whole["imap"])

    def doctor(self, *words, dovecot=True, folder=None):
        """The trials' findings by their checks, and the remarks."""
        command = [PROGRAM, "-c", self.lab.configuration, "doctor", "--json",
                   "--dovecot", self.dovecot.configuration if dovecot is True else
                   dovecot or self.lab.path("nowhere/dovecot.conf"),
                   "--postfix", folder or self.lab.path("nowhere"), *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
        assert done.returncode in (0, 1) and done.stdout, f"{done.returncode}: {done.stderr}"
        said = json.loads(done.stdout)
        found = [row for row in said["findings"] if row["check"].startswith("trial-")]
        return found, said["trials"]

    @contextlib.contextmanager
    def names(self, line):
        """A line of Dovecot's configuration, for as long as the `with` block."""
        with open(self.dovecot.configuration, encoding="utf-8") as file:
            whole = file.read()
        try:
            self.rewrite(whole + line + "\n")
            yield
        finally:
            self.rewrite(whole)

    def rewrite(self, text):
        """Another configuration for Dovecot, which has taken it up when its auth process is another one."""
        before = self.auth_pids()
        self.lab.write("dovecot/dovecot.conf", text)
        subprocess.run(["doveadm", "-c", self.dovecot.configuration, "reload"], check=True, capture_output=True)
        tap.poll(lambda: not any(map(lab.alive, before)), 20, "the end of Dovecot's auth process")

    def auth_pids(self):
        return [pid for pid in lab.descendants(self.dovecot.program.pid) if postfix.name_of(pid) == "auth"]

    def expect(self, checks, *words, **of_doctor):
        found, trials = self.doctor(*words, **of_doctor)
        tap.same({row["check"] for row in found}, set(checks), f"findings {found}; {trials}; {self.lab.log()[-1500:]}")
        return found, trials


def tried(trials, title):
    return [row["what"] for row in trials if row["tried"] and row["what"].startswith(title)]


@tests.case("sound Dovecot stacks: two names on each service, seen by the gate and refused, no finding")
def sound(scene):
    since = scene.lab.mark()
    _, trials = scene.expect([])
    for service in SERVICES:
        what = tried(trials, f"Dovecot's service {service} as ")
        tap.same(len(what), 2, f"trials of {service} in {trials}")
        assert all("refused; the gate saw 1 login" in row for row in what), what
    tap.same(scene.lab.lines("verdict=accept", since), [], "accepted logins")
    for service in SERVICES:
        scene.lab.line(rf"account=authgate-doctor-[a-z]*@example.test service={service} .*reason=password", since)
        scene.lab.line(rf"account=\.authgate-doctor-[a-z]* service={service} .*reason=malformed", since)


@tests.case("the administrator's own account is tried too, with a random password")
def account(scene):
    since = scene.lab.mark()
    scene.expect([], "--account", "alice")
    tap.same(len(scene.lab.lines("account=alice@example.test .*reason=password", since)), 2, "logins as alice")


@tests.case("names to which Dovecot gives a domain: seen, and said where it is no account's or another account's")
def domains(scene):
    with scene.names("auth_default_realm = other.test\nauth_username_translation = -_"):
        found, trials = scene.expect(["trial-name"])
        assert re.search(r"as authgate_doctor_[a-z]{10}@other\.test, which no account", found[0]["what"]), found
        assert all("the gate saw 1 login" in row for row in tried(trials, "Dovecot's service imap as ")), trials
        scene.configure(host='domains = [ "example.test", "other.test" ];')
        scene.lab.reload("is in force")
        since = scene.lab.mark()
        found, _ = scene.expect(["trial-domain"], "--account", "alice")
        tap.same(len(found), len(SERVICES), f"findings {found}")
        tap.same(len(scene.lab.lines("account=alice@other.test .*reason=password", since)), 2, "logins as alice")
    scene.configure()
    scene.lab.reload("is in force")


@tests.case("--no-trial tries nothing")
def off(scene):
    since = scene.lab.mark()
    _, trials = scene.expect([], "--no-trial")
    tap.same((trials, scene.lab.lines("authgate-doctor", since)), ([], []), "trials")


@tests.case("a Dovecot that does not run is not tried, and no finding")
def away(scene):
    with open(scene.dovecot.configuration, encoding="utf-8") as file:
        elsewhere = file.read().replace(scene.dovecot.base, scene.lab.path("elsewhere"))
    _, trials = scene.expect([], dovecot=scene.lab.write("elsewhere.conf", elsewhere))
    tap.same([row["tried"] for row in trials if "Dovecot" in row["what"]], [False] * len(SERVICES), f"{trials}")


@tests.case("a stack that never asks the gate is found, though it refuses")
def unseen(scene):
    with scene.broken(lambda text: re.sub(r"(?m)^.*pam_authgate.*\n", "", text)):
        found, _ = scene.expect(["trial-unseen"])
    assert "service imap" in found[0]["what"] and found[0]["file"] == scene.dovecot.configuration, found


@tests.case("a stack that lets anybody in is found")
def entered(scene):
    with scene.broken(lambda _: "auth required pam_permit.so\naccount required pam_permit.so\n"):
        scene.expect(["trial-entered", "trial-unseen"])


@tests.case("a stack in which a wrong password reaches the commit line is found, though PAM refuses")
def commit(scene):
    with scene.broken(lambda text: text.replace("[success=1 default=ignore]", "required").replace(
            "auth     requisite                                 pam_deny.so\n", "")):
        found, _ = scene.expect(["trial-commit"])
    assert "service imap" in found[0]["what"], found


@tests.case("a stack that goes by the gate's answers and lets in: found, and cried out by the daemon")
def uncommitted(scene):
    since = scene.lab.mark()
    with scene.broken(lambda text: re.sub(r"(?m)^.*commit.*\n|^account.*\n", "", text).replace(
            "pam_pwdfile.so", "pam_permit.so #") + "account required pam_permit.so\n"):
        scene.expect(["trial-entered", "trial-commit"])
    assert scene.lab.lines("reason=uncommitted", since), "the daemon saw nothing"


@tests.case("no daemon: nothing is tried, and that is said")
def away(scene):
    scene.lab.stop()
    _, trials = scene.expect([])
    scene.lab.start()
    tap.same([row["tried"] for row in trials], [False], f"remarks {trials}")


@tests.case("the gate's saslauthd socket refuses whom no ask announced; let in without require_plugin, that is found")
def saslauthd(scene):
    path = postfix.inside(scene.lab, sasl.SEEN_AS)
    tap.poll(lambda: sasl.check(path, "nobody", "x") == "NO", 40, "the first NO")
    scene.upstream.say = YES
    _, trials = scene.expect([], dovecot=False)
    tap.same(len(tried(trials, f"the saslauthd socket {path} as ")), 2, f"trials in {trials}")
    scene.configure("require_plugin = false;")
    scene.lab.reload("is in force")
    found, _ = scene.expect(["trial-entered", "trial-commit"], dovecot=False)
    scene.upstream.say = None
    scene.configure()
    scene.lab.reload("is in force")
    assert path in found[0]["what"], found


@contextlib.contextmanager
def smtp(scene, server=None, **options):
    """A Postfix of the lab's, for as long as the `with` block; its configuration's folder."""
    conf = postfix.smtpd_conf(**options)
    if not server:
        server = postfix.Postfix(scene.lab, conf)
    else:
        server.configure_sasl(conf)
        server.restart()
    try:
        yield server
    finally:
        server.stop()


@tests.case("Postfix behind the gate, with a sound smtpd.conf: seen, refused, no finding")
def sound_postfix(scene):
    with smtp(scene) as server:
        scene.postfix = server
        _, trials = scene.expect([], dovecot=False, folder=os.path.join(server.base, "etc"))
    what = tried(trials, f"Postfix's port {server.port} as ")
    tap.same(len(what), 2, f"trials in {trials}; {server.log()}")
    assert "refused; the gate saw 1 login" in what[0], what


@tests.case("a Postfix that hands passwords to the real saslauthd, without the plugin, is found")
def round_the_gate(scene):
    with smtp(scene, scene.postfix, saslauthd_path="/mux", auxprop_plugin="sasldb", authgate_socket=None) as server:
        inside = sasl.Upstream(postfix.inside(scene.lab, "/mux"), {})
        scene.expect(["trial-unseen"], dovecot=False, folder=os.path.join(server.base, "etc"))
        inside.say = YES
        scene.expect(["trial-unseen", "trial-entered"], dovecot=False, folder=os.path.join(server.base, "etc"))
        inside.stop()


@tests.case("an upstream that knows every password is found: the gate is told that a random one was right")
def gullible(scene):
    with smtp(scene, scene.postfix) as server:
        scene.upstream.say = YES
        scene.expect(["trial-entered", "trial-commit"], dovecot=False, folder=os.path.join(server.base, "etc"))
        scene.upstream.say = None


@tests.case("more mechanisms than PLAIN and LOGIN are found in what the server offers")
def mechanisms(scene):
    with smtp(scene, scene.postfix, mech_list="PLAIN LOGIN CRAM-MD5") as server:
        found, _ = scene.expect(["trial-mechanisms"], dovecot=False, folder=os.path.join(server.base, "etc"))
    assert "AUTH CRAM-MD5" in found[0]["what"], found


@tests.case("a port on which nobody answers is said, and is no finding")
def silent(scene):
    _, trials = scene.expect([], dovecot=False, folder=os.path.join(scene.postfix.base, "etc"))
    assert [row for row in trials if not row["tried"] and str(scene.postfix.port) in row["what"]], trials


@tests.case("the daemon watches a few names at a time, and only those that were announced")
def names(scene):
    def seen(name):
        return ask(scene.lab, request="trial-seen", name=name)[0]["record"]

    tap.same(seen("nobody"), "error", "an answer about a name that nobody announced")
    for number in range(20):
        tap.same(ask(scene.lab, request="trial-watch", name=f"name{number}"), [], "the answer")
    tap.same([seen(f"name{number}") for number in (0, 3, 4, 19)], ["error", "error", "counter", "counter"], "watched")
    counted = {row["key"]: row["value"] for row in ask(scene.lab, request="trial-seen", name="NAME19@Example.Test")
               if row["record"] == "counter"}
    tap.same(counted, {"seen": "0", "right": "0", "accepted": "0", "uncommitted": "0"}, "counted")


class Covered:
    """A stand-in for an smtpd that offers AUTH under TLS alone, and lets everybody in. `wrapped`: TLS from the first
    byte, as on port 465."""

    def __init__(self, of_lab, wrapped):
        self.wrapped = wrapped
        self.heard = []
        self.sources = set()
        pem = of_lab.path("tls.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=here",
                        "-keyout", pem, "-out", pem + ".crt"], check=True, capture_output=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pem + ".crt", pem)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, (source, _) = self.listener.accept()
            except OSError:
                return
            self.sources.add(source)
            with contextlib.suppress(OSError):
                self.talk(connection)
            connection.close()

    def talk(self, connection):
        covered = self.wrapped
        if covered:
            connection = self.context.wrap_socket(connection, server_side=True)
        connection.sendall(b"220-mail.example.test\r\n220 ready\r\n")
        stream = connection.makefile("rb")
        while line := stream.readline():
            word = line.split()[0].upper()
            if word == b"EHLO":
                connection.sendall(b"250-mail\r\n250 " + (b"AUTH PLAIN LOGIN" if covered else b"STARTTLS") + b"\r\n")
            elif word == b"STARTTLS":
                connection.sendall(b"220 go on\r\n")
                connection = self.context.wrap_socket(connection, server_side=True)
                stream = connection.makefile("rb")
                covered = True
            elif word == b"AUTH":
                self.heard.append(base64.b64decode(line.split()[2]))
                connection.sendall(b"235 welcome\r\n")
            else:
                connection.sendall(b"221 bye\r\n")

    def close(self):
        self.listener.close()


@tests.rows([False, True], lambda wrapped: "a port with TLS from the first byte is tried" if wrapped
            else "a port that offers AUTH behind STARTTLS alone is tried behind it")
def tls(scene, wrapped):
    server = Covered(scene.lab, wrapped)
    main = scene.lab.write("tls/main.cf", "compatibility_level = 3.6\nmyhostname = mail.example.test\n"
                           "smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\n")
    master = scene.lab.write("tls/master.cf", f"127.0.0.1:{server.port} inet n - n - - smtpd\n"
                             f"  -o smtpd_tls_wrappermode={'yes' if wrapped else 'no'}\n")
    folder = os.path.dirname(main)
    for file in (main, master):
        os.utime(file, (0, 0))  # Postfix waits while a file may still be being written
    found, _ = scene.expect(["trial-entered", "trial-unseen"], dovecot=False, folder=folder)
    server.close()
    assert found[0]["file"] == main, found
    names = [heard.split(b"\0") for heard in server.heard]
    assert len(names) == 2 and names[0][1].startswith(b"authgate-doctor-") and len(names[0][2]) == 24, names
    assert len(server.sources) >= 2, f"{server.sources}: a server lets one address wait longer with each failure"


with lab.Lab() as the_lab:
    tests.run(Scene(the_lab))
