# SPDX-License-Identifier: BSD-2-Clause
"""A stand-in for the gate that answers the plugin's asks by script, and the driver that hosts the plugin. Used by
tests/sasl/test_*.py; touches nothing outside its own folder."""
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lab"))
import tap  # noqa: E402  pylint: disable=wrong-import-position

PATIENCE = "10s"  # of the plugin for a gate that answers, however busy the machine is
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
PLUGIN = os.path.join(BUILD, "libauthgate.so")
PLANTED = os.path.join(BUILD, "tests/sasl/libplanted.so")
DRIVER = os.path.join(BUILD, "tests/sasl/sasl-driver")
OK, NOMECH, BADAUTH, NOUSER, UNAVAIL, NOMEM, BADVERS = 0, -4, -13, -20, -24, -2, -23
REF = "k7f3q2mxw4z6b"
CONTINUE = {"verdict": "continue"}
DENY = {"verdict": "deny", "reason": "country", "ref": REF}
LATER = {"verdict": "later", "reason": "unavailable", "ref": REF}
CLOSE, SILENCE = "close", "silence"
FLUSH = b"request=quiet\n\n"


def encode(fields):
    return "".join(f"{name}={value}\n" for name, value in fields.items()).encode() + b"\n"


class Gate:
    """Listens at `path`. `answer` is fields, raw bytes, CLOSE, SILENCE, or a list of these, one for each ask (the last
    one stays)."""

    def __init__(self, path):
        self.path = path
        self.answer = CONTINUE
        self.heard = []
        self.held = []
        self.lock = threading.Lock()
        self.accepted = self.served = self.flushed = 0
        self.listener = None
        self.listen()

    def listen(self):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(64)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        os.unlink(self.path)

    def quiet(self):
        """Waits until all that came up to now has been heard: a host that gave up may have left its ask behind."""
        before = self.flushed
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError), socket.socket(socket.AF_UNIX) as last:
            last.connect(self.path)
            last.sendall(FLUSH)
            tap.poll(lambda: self.flushed > before, 20, "the connections before this one")
        tap.poll(lambda: self.served == self.accepted, 20, "the end of earlier connections")

    def script(self, answer=None):
        """From now on answers like this, and has heard nothing."""
        self.quiet()
        self.answer = CONTINUE if answer is None else answer
        self.heard = []

    def accept(self, listener):
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            with self.lock:
                self.accepted += 1
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            self.converse(connection)
        finally:
            with self.lock:
                self.served += 1

    def converse(self, connection):
        text = b""
        with contextlib.suppress(OSError):
            while b"\n\n" not in text:
                data = connection.recv(65536)
                if not data:
                    break
                text += data
            if text == FLUSH:
                self.flushed += 1
            elif text.endswith(b"\n\n"):
                self.heard.append(dict(line.split("=", 1) for line in text.decode().strip().split("\n")))
                answer = self.answer
                if isinstance(answer, list):
                    answer = answer.pop(0) if len(answer) > 1 else answer[0]
                if answer == SILENCE:
                    self.held.append(connection)
                    return
                if answer != CLOSE:
                    connection.sendall(answer if isinstance(answer, bytes) else encode(answer))
                    connection.shutdown(socket.SHUT_WR)
                    connection.recv(1)
        connection.close()


class Result:
    """What the driver printed."""

    def __init__(self, process):
        self.code = process.returncode
        self.output = process.stdout
        self.lines = process.stdout.splitlines()

    def all(self, word):
        return [line.split(" ", 1)[1] for line in self.lines if line.startswith(word + " ")]

    @property
    def looks(self):
        return [int(value) for value in self.all("look")]


class Host:
    """Runs the driver with a gate's socket set."""

    def __init__(self, gate):
        self.gate = gate

    def arguments(self, *steps, plugin=PLUGIN):
        return [DRIVER, plugin, f"authgate_socket:={self.gate.path}", f"authgate_timeout:={PATIENCE}", *steps]

    def run(self, *steps, fault=None, plugin=PLUGIN, timeout=120):
        environment = {**os.environ, **({"FAULT": fault} if fault else {})}
        process = subprocess.run(self.arguments(*steps, plugin=plugin), env=environment, capture_output=True,
                                 encoding="utf-8", errors="replace", timeout=timeout, check=False)
        return Result(process)

    def looks(self, *steps, **options):
        """The codes of the look-ups; the driver must have come to its end."""
        result = self.run(*steps, **options)
        assert result.code == 0, f"ended with {result.code}: {result.output}"
        return result.looks


def main(tests):
    """Runs the cases with a host and its gate."""
    folder = tempfile.mkdtemp(prefix="authgate-sasl-")
    try:
        gate = Gate(os.path.join(folder, "gate.sock"))
        tests.run(Host(gate), gate)
    finally:
        shutil.rmtree(folder)
