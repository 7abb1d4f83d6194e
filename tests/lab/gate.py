# SPDX-License-Identifier: BSD-2-Clause
"""A raw connection to a gate socket: whole messages, or any bytes at all. Decodes answers strictly, so that a garbled
one is a failed test."""
import socket


def encode(fields):
    """A message's bytes; `fields` is a dict or a list of pairs (to say a thing twice)."""
    pairs = fields.items() if isinstance(fields, dict) else fields
    return b"".join(name.encode() + b"=" + (value if isinstance(value, bytes) else str(value).encode()) + b"\n"
                    for name, value in pairs) + b"\n"


def decode(data):
    """The one message that `data` is."""
    assert data.endswith(b"\n\n") or data == b"\n", f"no whole message: {data!r}"
    fields = {}
    for line in data[:-2].split(b"\n"):
        name, equals, value = line.decode("ascii").partition("=")
        assert equals and name and name not in fields, f"garbled answer: {data!r}"
        fields[name] = value
    return fields


def begin(**fields):
    """The fields of an ordinary begin; an argument None leaves a field out."""
    ordinary = {"request": "begin", "protocol": "1", "user": "alice", "service": "imap", "client_address": "127.1.0.1"}
    return {name: value for name, value in {**ordinary, **fields}.items() if value is not None}


class Gate:
    """One connection; every wait ends after `timeout` seconds with TimeoutError."""

    def __init__(self, path, timeout=30):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.pending = b""
        try:
            self.socket.connect(path)
        except OSError:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_fault):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        """The next whole message, or None at the connection's end."""
        while b"\n\n" not in self.pending:
            data = self.socket.recv(65536)
            if not data:
                assert not self.pending, f"ended amid a message: {self.pending!r}"
                return None
            self.pending += data
        message, end, self.pending = self.pending.partition(b"\n\n")
        return decode(message + end)

    def closed(self):
        """Whether the daemon has ended the connection without another byte."""
        try:
            return not self.pending and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def try_out(self, data):
        """Sends bytes that the daemon may cut off at any moment; its answer, or None where it was lost with the rest.
        The connection has been closed by the daemon when this returns."""
        answer = None
        try:
            self.send(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        try:
            answer = self.receive()
            while self.receive():
                pass
        except ConnectionResetError:
            pass
        return answer

    def call(self, fields):
        """Sends one message and returns the answer."""
        self.send(encode(fields))
        return self.receive()

    def begin(self, **fields):
        return self.call(begin(**fields))

    def commit(self, ref, user="alice", mark="0badcafe"):
        fields = {"request": "commit", "ref": ref, "user": user}
        return self.call({**fields, "password_mark": mark} if mark else fields)

    def end(self, ref, status, user="alice"):
        self.send(encode({"request": "end", "ref": ref, "user": user, "status": status}))
