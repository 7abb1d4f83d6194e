#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The files of the sockets that the daemon makes while it is root: whose they are, and that the owner of their folder
cannot have anything else given away by swapping files under the daemon's hands."""
import os
import pwd
import socket
import stat

from harness import lab, tap

tests = tap.Tests()
NOBODY, DAEMON = pwd.getpwnam("nobody"), pwd.getpwnam("daemon")


def serve_in(world, setting="", folder_mode=0o755):
    """Configures a gate socket in a folder of the daemon's user."""
    world.stop()
    folder = world.path("run")
    if not os.path.isdir(folder):
        os.mkdir(folder)
    os.chown(folder, NOBODY.pw_uid, NOBODY.pw_gid)
    os.chmod(folder, folder_mode)
    path = os.path.join(folder, "gate.sock")
    world.configure(sockets=f'{{ kind = "gate"; path = "{path}"; {setting} }}')
    return path


@tests.case("a socket has the owner, group and mode of the configuration, whatever the umask and the folder's group")
def ownership(world):
    for umask in (0o000, 0o022, 0o777):
        for setting, expected in (("", (NOBODY.pw_uid, NOBODY.pw_gid, 0o600)),
                                  ('owner = "daemon"; mode = "0660";', (DAEMON.pw_uid, 0, 0o660)),
                                  ('owner = "root"; group = "daemon"; mode = "0666";', (0, DAEMON.pw_gid, 0o666))):
            path = serve_in(world, setting, folder_mode=0o2755)
            world.start(umask=umask)
            status = os.lstat(path)
            tap.same((status.st_uid, status.st_gid, oct(stat.S_IMODE(status.st_mode)), stat.S_ISSOCK(status.st_mode)),
                     (*expected[:2], oct(expected[2]), True), f"{setting} under umask {umask:03o}")
            with world.gate(path) as connection:
                tap.same(connection.begin()["verdict"], "continue", "a login")
            tap.same(os.listdir(os.path.dirname(path)), ["gate.sock"], "files")


def swapped(world, moment, puts, path):
    """Starts a daemon that is not to start, while `puts` takes the place of its socket."""
    preload = os.path.join(lab.BUILD, "tests/daemon/other-hand.so")
    assert os.path.exists(preload), f"{preload} was not built"
    status, said = world.fails_to_start(env=lab.preloaded(world.bring(preload), OTHER_HAND=moment,
                                                           OTHER_HAND_PUTS=puts))
    assert "somebody else puts files in its place" in said and path in said, (status, said)
    assert status > 0, status


def whose(status):
    return status.st_uid, status.st_gid, oct(status.st_mode)


@tests.case("a link in the place of a new socket is not followed, and the daemon does not start")
def link(world):
    victim = world.write("victim", "root's alone\n", 0o600)
    before = whose(os.stat(victim))
    for moment in ("bind", "rename"):
        path = serve_in(world, 'mode = "0666";')
        os.symlink(victim, world.path("swap"))
        swapped(world, moment, world.path("swap"), path)
        tap.same(whose(os.stat(victim)), before, f"the file after {moment}")
    os.unlink(victim)


def other_socket(path, owner):
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(path)
    os.chmod(path, 0o600)
    os.chown(path, owner, owner)


@tests.case("nor is another file taken, somebody else's socket, or one of root's that has a second name")
def others(world):
    path, swap, first = serve_in(world, 'mode = "0666";'), world.path("swap"), world.path("first")
    for kind in ("file", "stranger", "second name"):
        if kind == "file":
            world.write("swap", "root's alone\n", 0o600)
        elif kind == "stranger":
            other_socket(swap, DAEMON.pw_uid)
        else:
            other_socket(first, 0)
            os.link(first, swap)
        held = os.open(swap, os.O_PATH)
        try:
            before = whose(os.fstat(held))
            swapped(world, "bind", swap, path)
            tap.same(whose(os.fstat(held)), before, kind)
        finally:
            os.close(held)


@tests.case("and a daemon left to itself starts there")
def afterwards(world):
    path = serve_in(world)
    world.start()
    with world.gate(path) as connection:
        tap.same(connection.begin()["verdict"], "continue", "a login")


if os.getuid() != 0:
    raise tap.Skip("only root gives files away")
with lab.Lab() as the_lab:
    tests.run(the_lab)
