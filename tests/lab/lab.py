# SPDX-License-Identifier: BSD-2-Clause
"""A private authgated for a test: its own configuration, socket and directory, all gone when the `with` block ends,
also by an exception, SIGTERM or SIGINT. What an earlier, killed lab left behind is swept away at the start. Touches
nothing of the system's; traffic stays on Unix sockets and loopback."""
import contextlib
import ctypes
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import brought
import gate
import tap

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
SANITIZED = bool(os.environ.get("SANITIZE"))
HOST_MODULES = os.environ.get("HOST_MODULES") or BUILD  # for Dovecot and Postfix, which no sanitizer is built into
PR_SET_PDEATHSIG = 1
NUMBERS = itertools.count(1)
LEFTOVERS = [("/etc/pam.d", re.compile(r"authgate-lab(\d+)x\d+-\w+$")),
             (tempfile.gettempdir(), re.compile(r"authgate-lab(\d+)x"))]

def end_left(directory):
    """Ends the daemon that a killed lab left: it forgot whose child it was when it gave up root."""
    with contextlib.suppress(OSError, ValueError):
        with open(os.path.join(directory, "pid"), encoding="ascii") as file:
            pid = int(file.read())
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            if directory.encode() in file.read():
                send_signal(pid, signal.SIGKILL)


def sweep():
    """Removes what labs whose process is gone have left."""
    for folder, pattern in LEFTOVERS:
        for name in os.listdir(folder):
            found = pattern.match(name)
            if found and not os.path.exists(f"/proc/{found.group(1)}"):
                path = os.path.join(folder, name)
                end_left(path)
                shutil.rmtree(path, ignore_errors=True) if os.path.isdir(path) else os.unlink(path)


def preloaded(library, **more):
    """The environment, for Lab.start, of a program that loads `library` before all others, a sanitizer's among them."""
    options = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    return {**os.environ, "LD_PRELOAD": library, "ASAN_OPTIONS": options, **more}


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def descendants(pid):
    """The living processes below `pid`, itself first."""
    children = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:
            children.setdefault(int(file.read().rpartition(")")[2].split()[1]), []).append(int(entry))
    found = [pid]
    for parent in found:
        found += children.get(parent, [])
    return found


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def send_signal(pid, number):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


class Program:
    """One program that the lab started, with its output in a file."""

    def __init__(self, command, log, **popen):
        with open(log, "ab") as output:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                            **{"preexec_fn": die_with_parent, **popen})
        self.pid = self.process.pid

    def running(self):
        return self.process.poll() is None

    def end(self, how=signal.SIGTERM, seconds=30):
        """Ends it and whatever it started; returns its exit status."""
        family = descendants(self.pid) if self.running() else []
        if family:
            send_signal(self.pid, how)
            send_signal(self.pid, signal.SIGCONT)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid in family[1:]:
            with contextlib.suppress(AssertionError):
                tap.poll(lambda pid=pid: not alive(pid), 2, "a child's end")
            if alive(pid):
                send_signal(pid, signal.SIGKILL)
                tap.poll(lambda pid=pid: not alive(pid), 20, "a killed child's end")
        return self.process.returncode


class Lab:
    """The directory, the daemon and its log. Use as `with Lab() as lab:`."""

    def __init__(self):
        self.name = f"lab{os.getpid()}x{next(NUMBERS)}"
        self.cleanup = contextlib.ExitStack()
        self.daemon = None
        self.directory = None

    def __enter__(self):
        sweep()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda number, _frame: sys.exit(128 + number))
        os.umask(0o022)  # other users are to read what is made here, whatever root's own files are
        self.directory = tempfile.mkdtemp(prefix=f"authgate-{self.name}-")
        self.cleanup.callback(shutil.rmtree, self.directory, ignore_errors=True)
        os.chmod(self.directory, 0o755)
        self.cleanup.callback(self.stop)
        self.make_country_database()
        self.configure()
        return self

    def __exit__(self, *fault):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        return self.cleanup.__exit__(*fault)

    # Files

    def path(self, name):
        return os.path.join(self.directory, name)

    def bring(self, path):
        """A copy in the lab of a file of the tree: for what runs as another user, who may not be let into the tree."""
        return brought.bring(self.directory, path)

    @property
    def socket(self):
        return self.path("gate.sock")

    @property
    def configuration(self):
        return self.path("authgate.conf")

    def write(self, name, text, mode=0o644):
        """Puts a file into the lab's directory the way an administrator's tool does: whole, by rename."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path + ".new", mode)
        os.rename(path + ".new", path)
        return path

    def make_country_database(self, *changes):
        """Writes the country database in which 127.1.0.0/16 is JP, 127.2.0.0/16 US and so on, by rename; a change is
        `NETWORK=COUNTRY`."""
        path = self.path("country.mmdb")
        maker = os.path.join(ROOT, "tests/lab/make-country-db.pl")
        made = subprocess.run(["perl", maker, path, "maxmind", *changes], capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stderr
        os.chmod(path, 0o644)
        return path

    def configure(self, defaults='countries = { allow = [ "JP" ]; };', settings="", sockets=None, user="nobody"):
        """Writes authgate.conf; `sockets` replaces the one gate socket. Tests fail on purpose too often to be
        throttled, unless `defaults` says otherwise."""
        if "throttle" not in defaults:
            defaults += " throttle = { passwords = 0; };"
        return self.write("authgate.conf", f"""
sockets = ( {sockets or f'{{ kind = "gate"; path = "{self.socket}"; }}'} );
{f'user = "{user}";' if user and os.getuid() == 0 else ''}
country_database = "{self.path('country.mmdb')}";
default_domain = "example.test";
{'' if "recipient_delimiter" in settings else 'recipient_delimiter = "+";'}
{settings}
defaults = {{ {defaults} }};
""")

    # The daemon

    @property
    def command(self):
        return [self.bring(os.path.join(BUILD, "authgated")), "-c", self.configuration]

    def start(self, wait=True, command=None, **popen):
        """Starts authgated and waits until it serves. `command` starts it in another way."""
        self.stop()  # what a failed test may have left running
        since = self.mark()
        self.daemon = Program(command or self.command, self.path("authgated.log"), **popen)
        self.write("pid", str(self.daemon.pid))
        if wait:
            # It listens a little earlier than it heeds signals; its word that it serves comes after both.
            tap.poll(lambda: not self.daemon.running() or self.lines(" serves ", since), 30, "authgated's start")
            assert self.daemon.running(), f"authgated ended with {self.daemon.process.returncode}: {self.log(since)}"
        return self.daemon

    def fails_to_start(self, command=None, **popen):
        """Starts an authgated that is expected to give up; its exit status and what it said."""
        since = self.mark()
        program = Program(command or self.command, self.path("authgated.log"), **popen)
        try:
            status = program.process.wait(30)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it runs: {self.log(since)}") from None
        finally:
            program.end()
        return status, self.log(since)

    def stop(self, how=signal.SIGTERM):
        """Ends authgated; its exit status, or None where it was not running."""
        if self.daemon:
            status = self.daemon.end(how)
            self.daemon = None
            return status
        return None

    def restart(self, how=signal.SIGTERM):
        self.stop(how)
        return self.start()

    def gate(self, path=None):
        """A new raw connection to the gate socket."""
        return gate.Gate(path or self.socket)

    # Its log

    def log(self, since=0):
        """The whole lines logged since; one still being written (a page at a time, so half of it may show) is not."""
        with open(self.path("authgated.log"), "rb") as file:
            file.seek(since)
            text = file.read()
        return text[:text.rfind(b"\n") + 1].decode("utf-8", "replace")

    def mark(self):
        """Where the log ends now, for `since`."""
        try:
            return os.path.getsize(self.path("authgated.log"))
        except FileNotFoundError:
            return 0

    def lines(self, pattern, since=0):
        return [line for line in self.log(since).splitlines() if re.search(pattern, line)]

    def line(self, pattern, since=0, seconds=20):
        """Waits for a log line that `pattern` is found in, and returns it."""
        try:
            return tap.poll(lambda: self.lines(pattern, since), seconds, f"log line {pattern!r}")[0]
        except AssertionError as fault:
            raise AssertionError(f"{fault}; logged instead:\n{self.log(since)}") from None

    def reload(self, expect):
        """SIGHUP, and the log line that `expect` is found in."""
        since = self.mark()
        os.kill(self.daemon.pid, signal.SIGHUP)
        return self.line(expect, since)
