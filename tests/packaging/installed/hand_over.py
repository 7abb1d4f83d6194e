#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Starts authgated in a folder the way that systemd would: hand_over.py ROOT

Makes the sockets of authgated.socket, puts the key where the credential of authgated.service belongs, becomes the
service's user, and turns into its ExecStart. For machines on which no systemd can be process 1."""
import os
import pwd
import shutil
import socket
import sys

CREDENTIALS = "/run/credentials/authgated.service"


class Unit:
    """A unit file, whose keys may be given more than once."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.lines = file.read().splitlines()

    def values(self, key):
        return [line.partition("=")[2] for line in self.lines if line.startswith(key + "=")]


def find(name):
    return next(path for path in (f"/lib/systemd/system/{name}", f"/usr/lib/systemd/system/{name}")
                if os.path.exists(path))


def make_sockets(unit):
    os.umask(0o777 & ~int(unit.values("SocketMode")[0], 8))
    for number, path in enumerate(unit.values("ListenStream"), 3):
        if os.path.exists(path):
            os.unlink(path)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(int(unit.values("Backlog")[0]))
        os.dup2(listener.detach(), number)
        os.set_inheritable(number, True)
    os.umask(0o077)


def put_credential(unit, user):
    name, _, source = unit.values("LoadCredential")[0].partition(":")
    os.makedirs(CREDENTIALS, mode=0o700, exist_ok=True)
    shutil.copy(source, f"{CREDENTIALS}/{name}")
    for path in (CREDENTIALS, f"{CREDENTIALS}/{name}"):
        os.chown(path, user.pw_uid, user.pw_gid)


def main():
    os.chroot(sys.argv[1])
    os.chdir("/")
    os.closerange(3, 256)
    service, sockets = Unit(find("authgated.service")), Unit(find("authgated.socket"))
    user = pwd.getpwnam(service.values("User")[0])
    put_credential(service, user)
    os.closerange(3, 256)
    make_sockets(sockets)
    os.initgroups(user.pw_name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    command = service.values("ExecStart")[0].split()
    os.execve(command[0], command, {"LISTEN_PID": str(os.getpid()), "CREDENTIALS_DIRECTORY": CREDENTIALS,
                                    "LISTEN_FDS": str(len(sockets.values("ListenStream")))})


main()
