# SPDX-License-Identifier: BSD-2-Clause
"""A stand-in for the gate that answers by script, private PAM stacks in front of a stand-in password module, and one
PAM transaction at a time through them. Used by tests/pam/test_*.py; touches nothing outside its own folder."""
import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lab"))
import brought  # noqa: E402  pylint: disable=wrong-import-position
import tap  # noqa: E402  pylint: disable=wrong-import-position

BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
MODULE = os.path.join(BUILD, "pam_authgate.so")
PLANTED = os.path.join(BUILD, "tests/pam/pam_planted.so")
PASSWORD_MODULE = os.path.join(BUILD, "tests/pam/pam_standin.so")
DRIVER = os.path.join(BUILD, "tests/pam/pam-driver")

SUCCESS, SYSTEM_ERR, PERM_DENIED, AUTH_ERR, UNAVAIL, MODULE_UNKNOWN = 0, 4, 6, 7, 9, 28
ACCT_EXPIRED, IGNORE = 13, 25
DATA_REPLACE, DATA_SILENT = 0x20000000, 0x40000000
REF = "k7f3q2mxw4z6b"
MARK_KEY = "000102030405060708090a0b0c0d0e0f"
GOING_ON = {"verdict": "continue", "ref": REF, "mark_key": MARK_KEY}
CODE = {**GOING_ON, "code_length": "6"}
DEFERRED = {**GOING_ON, "reason": "country"}
ACCEPTED = {"verdict": "accept", "ref": REF}
DENIED = {"verdict": "deny", "reason": "country", "ref": REF}
LATER = {"verdict": "later", "reason": "unavailable", "ref": REF}
PATIENCE = "10s"     # of the module for a gate that answers, however busy the machine is
HASTE = "400ms"      # for one that never does
CLOSE = "close"      # an answer: hang up
SILENCE = "silence"  # an answer: say nothing


def encode(fields):
    return "".join(f"{name}={value}\n" for name, value in fields.items()).encode() + b"\n"


class Gate:
    """Listens at `path` and answers by script: `begin` and `commit` are an answer, or a list of answers one after the
    other (the last one stays). An answer is fields, raw bytes, CLOSE, SILENCE, or a function that is handed the request
    and gives one of these, or fields with the gate hanging up behind them: (fields, CLOSE)."""

    def __init__(self, path, begin=None, commit=None, backlog=64):
        self.path = path
        self.begin = GOING_ON if begin is None else begin
        self.commit = ACCEPTED if commit is None else commit
        self.lock = threading.Lock()
        self.heard = []        # (number of the connection, fields, or None at its end)
        self.connections = 0
        self.open = set()
        self.backlog = backlog
        self.listener = None
        self.listen()

    def listen(self):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(self.backlog)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def script(self, begin=None, commit=None):
        """From now on answers like this, and has heard nothing; what came before has been heard."""
        self.quiet()
        with self.lock:
            self.begin = GOING_ON if begin is None else begin
            self.commit = ACCEPTED if commit is None else commit
            self.heard = []
            self.connections = 0

    def quiet(self):
        """Waits until every connection up to now has come to its end: a host's last words come after its own end."""
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError), socket.socket(socket.AF_UNIX) as last:
            last.connect(self.path)
            last.sendall(encode({"request": "quiet"}))
            tap.poll(lambda: self.requests("quiet"), 20, "the connections before this one")
        tap.poll(lambda: not self.open, 20, "the end of earlier connections")

    def stop(self):
        """Is away, as after a kill: no socket, every connection closed."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        os.unlink(self.path)
        with self.lock:
            for connection in self.open:
                connection.shutdown(socket.SHUT_RDWR)

    def accept(self, listener):
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            with self.lock:
                self.connections += 1
                number = self.connections
                self.open.add(connection)
            threading.Thread(target=self.serve, args=(connection, number), daemon=True).start()

    def note(self, number, fields):
        with self.lock:
            self.heard.append((number, fields))

    def serve(self, connection, number):
        pending = b""
        try:
            while True:
                while b"\n\n" not in pending:
                    data = connection.recv(65536)
                    if not data:
                        return
                    pending += data
                text, _, pending = pending.partition(b"\n\n")
                fields = dict(line.split("=", 1) for line in text.decode().split("\n"))
                self.note(number, fields)
                if not self.answer(connection, fields):
                    return
        except OSError:
            pass
        finally:
            with self.lock:
                self.open.discard(connection)
                self.heard.append((number, None))
            connection.close()

    def answer(self, connection, fields):
        request = fields.get("request")
        if request not in ("begin", "commit"):
            return True
        with self.lock:
            answer = getattr(self, request)
            if isinstance(answer, list):
                answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if callable(answer):
            answer = answer(fields)
        if answer == CLOSE:
            return False
        if isinstance(answer, tuple):
            connection.shutdown(socket.SHUT_RD)  # first: nothing more can be said to it, however fast the caller is
            connection.sendall(encode(answer[0]))
            return False
        if answer == SILENCE:
            return True
        connection.sendall(answer if isinstance(answer, bytes) else encode(answer))
        return True

    def requests(self, kind=None):
        """What was asked, without the ends of connections."""
        with self.lock:
            return [fields for _, fields in self.heard if fields and (kind is None or fields["request"] == kind)]

    def ends(self):
        return [fields["status"] for fields in self.requests("end")]

    def hung_up(self):
        """How many connections have come to their end."""
        with self.lock:
            return sum(fields is None for _, fields in self.heard)

    def settled(self, connections=1):
        """Waits until so many connections have come to their end; nothing more is heard of them after that."""
        tap.poll(lambda: self.hung_up() >= connections, 20, "connections that ended")


class Result:
    """What the steps of one transaction came to."""

    def __init__(self, output, code):
        self.output = output
        self.code = code
        self.lines = output.splitlines()
        self.log = [line[4:] for line in self.lines if line.startswith("log ")]
        self.shown = [line[6:] for line in self.lines if line.startswith("shown ")]
        self.faults = [line[6:] for line in self.lines if line.startswith("fault ")]

    def all(self, step):
        return [int(line.split()[1]) for line in self.lines if re.match(rf"{step} -?\d+$", line)]

    def one(self, step):
        found = self.all(step)
        assert len(found) == 1, f"{step}: {found} in\n{self.output}"
        return found[0]

    @property
    def auth(self):
        return self.one("auth")

    @property
    def acct(self):
        return self.one("acct")

    @property
    def permitted(self):
        """Whether a host like Dovecot would let the user in: both phases succeeded."""
        return self.all("auth")[-1:] == [SUCCESS] and self.all("acct")[-1:] == [SUCCESS]


class Host:
    """A folder with a private service directory, a gate's socket, and the password module's book."""

    def __init__(self, accounts="alice:secret,bob:hunter2"):
        self.folder = tempfile.mkdtemp(prefix="authgate-pam-")
        self.socket = os.path.join(self.folder, "gate.sock")
        self.services = os.path.join(self.folder, "pam.d")
        self.book = os.path.join(self.folder, "book")
        self.accounts = accounts
        self.driver, self.password_module, self.module = (brought.bring(self.folder, path) for path in
                                                          (DRIVER, PASSWORD_MODULE, MODULE))
        self.timeout = PATIENCE
        os.mkdir(self.services)
        self.write("other", "auth required pam_deny.so\naccount required pam_deny.so\n")
        self.shipped()

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def write(self, service, text):
        with open(os.path.join(self.services, service), "w", encoding="utf-8") as file:
            file.write(text)

    def password(self, arguments=""):
        """The stand-in password module with its arguments."""
        return f"{self.password_module} table={self.accounts} log={self.book} {arguments}".rstrip()

    def ours(self, arguments=""):
        """Our module with its arguments; one given here stands in the place of the ordinary one."""
        ordinary = [f"socket={self.socket}", f"timeout={self.timeout}"]
        words = {word.partition("=")[0]: word for word in [*ordinary, *arguments.split()]}
        return " ".join([self.module, *words.values()])

    def stack(self, service, lines):
        """Writes a service file; {ours ARGUMENTS} and {password ARGUMENTS} stand for the two modules."""
        text = re.sub(r"\{ours ?([^}]*)\}", lambda found: self.ours(found.group(1)), lines)
        text = re.sub(r"\{password ?([^}]*)\}", lambda found: self.password(found.group(1)), text)
        self.write(service, text)

    def shipped(self, service="authgate-imap", family="debian", arguments="", edit=None):
        """The shipped file of that service, with the stand-in where it has the host's own password check."""
        with open(os.path.join(ROOT, "conf/pam.d", family, service), encoding="utf-8") as file:
            text = file.read()
        check = ("auth [success=1 default=ignore] {password}\nauth requisite pam_deny.so\n"
                 "auth required pam_permit.so\n")
        text = text.replace("@include common-auth\n", check)
        text = text.replace("@include common-account\n", "account required {password}\n")
        text = re.sub(r"(?m)^session .*\n", "", text)  # no test opens one
        text = re.sub(r"include +password-auth", "required {password}", text)
        text = re.sub(r"(?m)^(\w.*)pam_unix\.so", r"\1{password}", text)
        text = re.sub(r"(?m)^(\w.*)pam_authgate\.so(.*)$", rf"\1{{ours\2 {arguments}}}", text)
        assert text.count("{ours") == 3 and "include" not in re.sub(r"(?m)^#.*$", "", text), text
        self.stack(service, edit(text) if edit else text)

    @contextlib.contextmanager
    def hasty(self, line):
        """The shipped stack, one of whose lines (begin's is `defer`, or `commit`) gives up soon: its gate is silent."""
        self.shipped(edit=lambda text: text.replace(f"{{ours {line}", f"{{ours {line} timeout={HASTE}"))
        try:
            yield
        finally:
            self.shipped()

    def command(self, steps, user, address, service):
        words = ["auth=" + step[5:].encode("utf-8", "surrogateescape").hex() if step.startswith("auth=") else step
                 for step in steps]
        return [self.driver, self.services, service, user, address, *words]

    def run(self, *steps, user="alice", address="203.0.113.9", service="authgate-imap", fault=None, prefix=()):
        """One transaction. auth=PASSWORD is given here as it would be typed; `prefix` is a command to run it by."""
        environment = {**os.environ, **({"FAULT": fault} if fault else {})}
        done = subprocess.run([*prefix, *self.command(steps, user, address, service)], env=environment,
                              capture_output=True, timeout=60, check=False)
        return Result((done.stdout + done.stderr).decode("utf-8", "replace"), done.returncode)

    def login(self, password="secret", **given):
        return self.run(f"auth={password}", "acct", "end", **given)

    def start(self, *steps, user="alice", address="203.0.113.9", service="authgate-imap"):
        """One transaction that goes on while the test does: a process whose `wait` steps the test ends."""
        return subprocess.Popen(self.command(steps, user, address, service), stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def checked(self):
        """What the password module was asked: (user, password) of each call since the last question."""
        try:
            with open(self.book, encoding="utf-8", errors="surrogateescape") as file:
                calls = [tuple(line.rstrip("\n").split("\t", 1)) for line in file]
        except FileNotFoundError:
            return []
        os.unlink(self.book)
        return calls


def main(tests):
    """Runs the cases of one program with a host and a gate."""
    host = Host()
    gate = Gate(host.socket)
    try:
        tests.run(host, gate)
    finally:
        host.close()
