#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Who may ask what on which socket, whatever the file's mode lets through; and sockets handed over by systemd."""
import fcntl
import os
import resource
import socket
import subprocess
import sys

from harness import accepted, gate, lab, login, refused, tap

tests = tap.Tests()
ASK_AS = """
import sys; sys.path.insert(0, sys.argv[1])
import gate
try:
    connection = gate.Gate(sys.argv[2])
    print(connection.begin()["verdict"])
except PermissionError:
    print("no entry")
except (AttributeError, TypeError, BrokenPipeError, ConnectionResetError):
    print("no answer")
"""

CROWD = """
import sys; sys.path.insert(0, sys.argv[1])
import gate
crowd = [gate.Gate(sys.argv[2]) for _ in range(300)]
print(len(crowd), flush=True)
sys.stdin.read()
"""
HANGING_CROWD = """
import socket, struct, sys
def connect():
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(sys.argv[1])
    return connection
crowd = []
for number in range(300):
    crowd.append(connect())
    try:
        crowd[-1].sendall(b"".join(struct.pack(">H", len(word)) + word
                                   for word in (b"user%d" % number, b"password", b"smtp", b"")))
    except BrokenPipeError:
        pass
print(len(crowd), flush=True)
sys.stdin.readline()
crowd += [connect() for _ in range(20)]
print(len(crowd), flush=True)
sys.stdin.read()
"""
ACTIVATE = """
import os, sys
end = sys.argv.index("--")
for at, number in enumerate(sys.argv[2:end]):
    os.dup2(int(number), 3 + at)
    os.close(int(number))
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(end - 2), LISTEN_FDNAMES=sys.argv[1])
os.execv(sys.argv[end + 1], sys.argv[end + 1:])
"""


def library(of_lab):
    """A folder where another user finds gate.py."""
    return os.path.dirname(of_lab.bring(gate.__file__))


def ask_as(of_lab, user, group):
    """What a begin of another user is answered: a verdict, "no answer" or "no entry"."""
    run = subprocess.run([sys.executable, "-c", ASK_AS, library(of_lab), of_lab.socket], user=user, group=group,
                         extra_groups=[], capture_output=True, text=True, check=True)
    return run.stdout.strip()


def serve(of_lab, socket_setting):
    of_lab.stop()
    of_lab.configure(sockets=f'{{ kind = "gate"; path = "{of_lab.socket}"; {socket_setting} }}')
    of_lab.start()


@tests.case("a socket without a mode is root's and the daemon's alone")
def default_mode(of_lab):
    serve(of_lab, "")
    accepted(of_lab)
    tap.same(ask_as(of_lab, "daemon", "daemon"), "no entry", "another user")


@tests.case("who may write to the socket's file but is neither owner nor in its group gets no answer")
def peer_refused(of_lab):
    serve(of_lab, 'owner = "root"; group = "mail"; mode = "0660";')
    os.chmod(of_lab.socket, 0o666)
    tap.same(ask_as(of_lab, "daemon", "daemon"), "no answer", "a stranger")
    tap.same(ask_as(of_lab, "daemon", "mail"), "continue", "one of the group")
    accepted(of_lab)


@tests.case("the socket's owner is answered")
def owner_allowed(of_lab):
    serve(of_lab, 'owner = "daemon"; mode = "0600";')
    tap.same(ask_as(of_lab, "daemon", "daemon"), "continue", "the owner")


@tests.case("one user's crowd of idle connections leaves room for another user")
def crowd(of_lab):
    of_lab.stop()
    of_lab.configure(sockets=f'{{ kind = "gate"; path = "{of_lab.socket}"; owner = "daemon"; mode = "0600"; }}')
    of_lab.start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128)))
    command = [sys.executable, "-c", CROWD, library(of_lab), of_lab.socket]
    with subprocess.Popen(command, user="daemon", group="daemon", extra_groups=[], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as idle:
        tap.same(idle.stdout.readline(), b"300\n", "connections of the other user")
        of_lab.line("a connection of uid 1 was closed")
        accepted(of_lab)
        idle.stdin.close()
    accepted(of_lab)


@tests.case("nor does one user's crowd of password checks that hang take the last descriptor, which have two each")
def hanging_crowd(of_lab):
    of_lab.stop()
    upstream, path = of_lab.path("mux"), of_lab.path("saslauthd")
    of_lab.configure("", f'saslauthd = {{ upstream = "{upstream}"; require_plugin = false; }};',
                     f'{{ kind = "gate"; path = "{of_lab.socket}"; }}, '
                     f'{{ kind = "saslauthd"; path = "{path}"; owner = "daemon"; mode = "0600"; }}')
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(upstream)
        silent.listen(300)
        os.chmod(upstream, 0o666)
        of_lab.start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128)))
        with subprocess.Popen([sys.executable, "-c", HANGING_CROWD, path], user="daemon", group="daemon",
                              extra_groups=[], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as crowd:
            tap.same(crowd.stdout.readline(), b"300\n", "requests of the other user")
            crowd.stdin.write(b"\n")
            crowd.stdin.flush()
            tap.same(crowd.stdout.readline(), b"320\n", "and idle connections")
            since = of_lab.mark()
            accepted(of_lab)
            tap.same(of_lab.lines("cannot accept", since), [], "complaints")
            crowd.stdin.close()


@tests.case("a socket for smtp takes logins by smtp and its other names, and no other")
def services(of_lab):
    serve(of_lab, 'services = [ "smtp" ];')
    tap.same(login(of_lab, service="submission")["verdict"], "accept", "submission")
    refused(login(of_lab, service="imap"), "malformed")
    refused(login(of_lab, service="nosuchservice"), "malformed")


@tests.case("a socket whose requests leave begin out takes none")
def requests(of_lab):
    serve(of_lab, 'requests = [ "ask", "smtpd_access_policy" ];')
    since = of_lab.mark()
    refused(login(of_lab), "malformed")
    of_lab.line("reason=malformed", since)


@tests.case("two sockets, each with its own rights")
def two_sockets(of_lab):
    of_lab.stop()
    second = of_lab.path("second.sock")
    of_lab.configure(sockets=f'{{ kind = "gate"; path = "{of_lab.socket}"; services = [ "imap" ]; }}, '
                             f'{{ kind = "gate"; path = "{second}"; services = [ "pop3" ]; }}')
    of_lab.start()
    accepted(of_lab)
    with of_lab.gate(second) as connection:
        refused(connection.begin(), "malformed")
    with of_lab.gate(second) as connection:
        tap.same(connection.begin(service="pop3")["verdict"], "continue", "pop3")


@tests.case("a socket file that a dead daemon left does not stand in the way")
def stale(of_lab):
    of_lab.stop()
    of_lab.configure()
    if os.path.exists(of_lab.socket):
        os.unlink(of_lab.socket)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(of_lab.socket)
    of_lab.start()
    accepted(of_lab)


def hand_over(of_lab, paths, names):
    """Starts authgated with listening sockets at `paths` as systemd would; returns our ends."""
    of_lab.stop()
    listeners = []
    for path in paths:
        if os.path.exists(path):
            os.unlink(path)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(16)
        # Away from 3 and up, where the daemon expects them.
        listeners.append(socket.socket(fileno=fcntl.fcntl(listener.detach(), fcntl.F_DUPFD_CLOEXEC, 20)))
    numbers = [listener.fileno() for listener in listeners]
    start = [sys.executable, "-c", ACTIVATE, ":".join(names), *map(str, numbers), "--", *of_lab.command]
    of_lab.start(command=start, pass_fds=numbers)
    return listeners


@tests.case("a socket handed over by systemd is served, found by its path, and still there after a restart")
def activated(of_lab):
    of_lab.configure()
    listener, = hand_over(of_lab, [of_lab.socket], ["gate.socket"])
    inode = os.stat(of_lab.socket).st_ino
    accepted(of_lab)
    tap.same(os.stat(of_lab.socket).st_ino, inode, "the socket's file")
    of_lab.stop()
    of_lab.gate().close()  # systemd's end keeps the backlog
    listener.close()


@tests.case("a socket handed over by systemd is found by its FileDescriptorName, and one that nobody names is closed")
def named(of_lab):
    of_lab.stop()
    of_lab.configure()
    since = of_lab.mark()
    elsewhere, stray = of_lab.path("elsewhere.sock"), of_lab.path("stray.sock")
    if os.path.exists(of_lab.socket):
        os.unlink(of_lab.socket)
    os.symlink(elsewhere, of_lab.socket)  # where the lab looks for it
    listeners = hand_over(of_lab, [elsewhere, stray], [of_lab.socket, "stray"])
    accepted(of_lab)
    of_lab.line("stray", since)
    for listener in listeners:
        listener.close()
    os.unlink(of_lab.socket)


with lab.Lab() as the_lab:
    tests.run(the_lab)
