# SPDX-License-Identifier: BSD-2-Clause
"""Both ends of saslauthd's protocol by hand: a stand-in for the real saslauthd that answers as it is told, and a client
that sends any bytes to the gate's own saslauthd socket. And the plugin's `ask`, raw."""
import contextlib
import os
import socket
import struct
import threading

SEEN_AS = "/run/authgate/saslauthd"
CLOSED = None  # what a client got: the end of the connection without an answer


def counted(*parts):
    """Counted strings, one after the other."""
    encoded = [part if isinstance(part, bytes) else part.encode() for part in parts]
    return b"".join(struct.pack(">H", len(part)) + part for part in encoded)


class Upstream:
    """Knows `passwords` by full name. `say` is what it does instead of answering: "silence", "close", or raw bytes."""

    def __init__(self, path, passwords):
        self.path = path
        self.passwords = passwords
        self.say = None
        self.heard = []  # (user, password, service, realm)
        self.waiting = []
        self.listener = None
        self.start()

    def start(self, backlog=64):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(backlog)
        os.chmod(self.path, 0o666)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        os.unlink(self.path)

    def accept(self, listener):
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with contextlib.suppress(OSError):
            words = []
            with connection.makefile("rb") as stream:
                for _ in range(4):
                    words.append(stream.read(struct.unpack(">H", stream.read(2))[0]).decode("utf-8", "replace"))
            self.heard.append(tuple(words))
            if self.say == "silence":
                self.waiting.append(connection)
                return
            if self.say is None:
                user, password, _, realm = words
                right = self.passwords.get(f"{user}@{realm}" if realm else user) == password
                connection.sendall(counted("OK" if right else "NO authentication failed"))
            elif self.say != "close":
                connection.sendall(self.say)
        connection.close()

    def release(self, answer):
        """Answers everybody who has met silence."""
        for connection in self.waiting:
            with contextlib.suppress(OSError):
                connection.sendall(answer)
            connection.close()
        self.waiting = []


class Client:
    """One connection to the gate's saslauthd socket."""

    def __init__(self, path, timeout=40):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)

    def __enter__(self):
        return self

    def __exit__(self, *_fault):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def answer(self):
        """OK or NO, or CLOSED."""
        data = b""
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            while True:
                more = self.socket.recv(4096)
                if not more:
                    break
                data += more
        if not data:
            return CLOSED
        assert len(data) >= 4 and struct.unpack(">H", data[:2])[0] == len(data) - 2, f"no counted answer: {data!r}"
        return data[2:].decode()


def check(path, user, password, service="smtp", realm="", address=None):
    """One request, in the later form where there is an `address`; its answer."""
    with Client(path) as client:
        client.send(counted(user, password, service, realm, *([] if address is None else [address])))
        return client.answer()


def ask(gate, **fields):
    """The plugin's question on a new connection to the gate socket that `gate()` opens; its answer. An argument None
    leaves a field out."""
    ordinary = {"request": "ask", "protocol": "1", "user": "alice", "service": "smtp", "client_address": "127.1.0.1",
                "client_port": "4711", "mechanism": "PLAIN", "pwcheck": "saslauthd", "pwcheck_path": SEEN_AS}
    with gate() as connection:
        return connection.call({name: value for name, value in {**ordinary, **fields}.items() if value is not None})
