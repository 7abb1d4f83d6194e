# SPDX-License-Identifier: BSD-2-Clause
"""A lab's store with its key, phones that make codes without any code of ours, and QR codes read back by zbarimg."""
import base64
import contextlib
import hashlib
import hmac
import os
import re
import sqlite3
import struct
import subprocess
import time
import urllib.parse

import gate

NOBODY = 65534


def settings(lab):
    """What authgate.conf says of the store; its folder belongs to the daemon's user."""
    folder = lab.path("store")
    if not os.path.isdir(folder):
        os.mkdir(folder, 0o700)
        if os.getuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
    return f'store = "sqlite:{folder}/store.db"; secret_key_file = "{lab.path("secret.key")}";'


def start(lab, create=True, **how):
    """Starts the lab's daemon, with --create-store the first time."""
    fresh = create and not os.path.exists(lab.path("store/store.db.seal"))
    return lab.start(command=lab.command + (["--create-store"] if fresh else []), **how)


def sockets(lab):
    """A gate and an admin socket, for Lab.configure."""
    return (f'{{ kind = "gate"; path = "{lab.socket}"; }}, '
            f'{{ kind = "admin"; path = "{lab.path("admin.sock")}"; }}')


def ask(lab, request, **fields):
    """One raw question on the admin socket; its records, the closing one left out."""
    with lab.gate(lab.path("admin.sock")) as connection:
        connection.send(gate.encode({"request": request, **fields}))
        records = []
        while (record := connection.receive())["record"] != "end":
            records.append(record)
        return records


def enroll(lab, account, clock=None, **query):
    """An account's phone, its secret confirmed."""
    uri = uri_of(account, secret_for(account), **query)
    answer = ask(lab, "totp-import", account=account, format="uri", seed=uri.replace("%", "%25"))
    assert answer[0]["record"] == "imported", answer
    return Phone(uri, clock)


@contextlib.contextmanager
def opened(lab):
    """The store's database, for whoever tampers with it while the daemon is away."""
    store = sqlite3.connect(lab.path("store/store.db"))
    try:
        yield store
        store.commit()
    finally:
        store.close()


def table(store, word):
    """The name of the store's table that has the word in it."""
    named = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE ?"
    return store.execute(named, (f"%{word}%",)).fetchone()[0]


def code_of(secret, step, digits=6, algorithm="sha1"):
    """RFC 6238 by hand: the code of one step."""
    mac = hmac.new(secret, struct.pack(">q", step), algorithm).digest()
    at = mac[-1] & 15
    return str((struct.unpack(">I", mac[at:at + 4])[0] & 0x7fffffff) % 10 ** digits).zfill(digits)


class Phone:
    """An authenticator with one entry. `clock` is a shifted.Clock, or None for the machine's own."""

    def __init__(self, uri, clock=None):
        parts = urllib.parse.urlsplit(uri)
        query = dict(urllib.parse.parse_qsl(parts.query))
        assert (parts.scheme, parts.netloc) == ("otpauth", "totp"), uri
        self.text = query["secret"]
        self.secret = base64.b32decode(self.text + "=" * (-len(self.text) % 8))
        self.digits, self.period = int(query.get("digits", 6)), int(query.get("period", 30))
        self.algorithm = query.get("algorithm", "SHA1").lower()
        self.issuer = query.get("issuer")
        self.label = urllib.parse.unquote(parts.path[1:])
        self.clock = clock
        self.used = 0

    def now(self):
        return time.time() + (self.clock.milliseconds / 1000 if self.clock else 0)

    def step(self):
        return int(self.now()) // self.period

    def calm(self):
        """Moves the clock on to a step's first second, so that no step ends while a test looks at it."""
        self.clock.forward(self.period - self.now() % self.period + 1)

    def code(self, ahead=0):
        """What it shows, or showed some steps ago or will show."""
        return code_of(self.secret, self.step() + ahead, self.digits, self.algorithm)

    def fresh(self):
        """A code within the usual window that this phone has not been asked for: the clock moves on where need be."""
        if self.used >= self.step() + 1:
            assert self.clock, "no further code within the window, and a clock that nobody can move"
            self.clock.forward(self.period * (self.used - self.step()))
        self.used = max(self.used + 1, self.step())
        return code_of(self.secret, self.used, self.digits, self.algorithm)


def uri_of(account, secret=b"authgate's test secret!!", **query):
    """An otpauth URI made here, for imports."""
    text = base64.b32encode(secret).decode().rstrip("=")
    return f"otpauth://totp/{account}?" + urllib.parse.urlencode({"secret": text, **query})


def secret_for(name):
    """A secret for each name, 160 bits."""
    return hashlib.sha1(name.encode()).digest()


# QR codes

def read_image(path):
    """What zbarimg reads in an image."""
    done = subprocess.run(["zbarimg", "-q", "--raw", "-Sdisable", "-Sqrcode.enable", path], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, f"zbarimg finds no code in {path}: {done.stderr}"
    return done.stdout.strip()


def read_squares(lab, rows):
    """What zbarimg reads in rows of squares (True: dark), drawn 6 pixels wide with a margin of four."""
    side = len(rows[0]) + 8
    rows = [[False] * side] * 4 + [[False] * 4 + row + [False] * 4 for row in rows] + [[False] * side] * 4
    pixels = b"".join(b"".join((b"\0" if dark else b"\xff") * 6 for dark in row) * 6 for row in rows)
    path = lab.path("squares.pgm")
    with open(path, "wb") as file:
        file.write(f"P5 {side * 6} {len(rows) * 6} 255\n".encode() + pixels)
    return read_image(path)


def read_terminal(lab, text):
    """What zbarimg reads in the half blocks of a terminal, of which light ones are drawn."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    lines = [line for line in plain.splitlines() if line and not line.strip("█▀▄ ") and "█" in line or "▀▀▀▀" in line]
    rows = []
    for line in lines:
        rows.append([mark in "▄ " for mark in line])
        rows.append([mark in "▀ " for mark in line])
    assert rows, f"no code in:\n{text}"
    return read_squares(lab, rows)


def read_svg(lab, text):
    """What zbarimg reads in the path of an SVG document or element."""
    side = int(re.search(r'viewBox="0 0 (\d+) \d+"', text).group(1))
    rows = [[False] * side for _ in range(side)]
    for x, y, run in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", re.search(r' d="([^"]*)"', text).group(1)):
        for column in range(int(x), int(x) + int(run)):
            rows[int(y)][column] = True
    return read_squares(lab, rows)
