#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""An smtpd without a chroot, as RHEL ships it: the sockets are where smtpd.conf says, or it knows them by another name
(`seen_as`)."""
import os

from harness import AMERICA, REFUSED, House, ACCOUNTS, lab, postfix, sasl, tap

tests = tap.Tests()


def names(of_lab, folder):
    """An smtpd.conf with the sockets' names in `folder`."""
    return postfix.smtpd_conf(saslauthd_path=os.path.join(folder, "saslauthd"),
                              authgate_socket=os.path.join(folder, "gate.sock"))


def make(of_lab, conf, seen_as):
    behind = sasl.Upstream(of_lab.path("mux"), dict(ACCOUNTS))
    return House(of_lab, behind.path, conf, seen_as, chroot=False)


@tests.case("the sockets' own paths: let in at home, refused abroad, and the password waits for the ask")
def own_paths():
    with lab.Lab() as of_lab:
        scene = make(of_lab, names(of_lab, postfix.inside(of_lab, "/run/authgate")), None)
        since = of_lab.mark()
        scene.gets(235)
        assert "verdict=accept" in scene.line("account=alice", since)
        scene.gets(REFUSED, source=AMERICA)


@tests.case("another name for the same socket: joined where `seen_as` says it, judged as a bare password elsewhere")
def another_name():
    with lab.Lab() as of_lab:
        os.symlink(postfix.inside(of_lab, "/run/authgate"), of_lab.path("alias"))
        scene = make(of_lab, names(of_lab, of_lab.path("alias")), of_lab.path("alias/saslauthd"))
        since = of_lab.mark()
        scene.gets(235)
        assert "verdict=accept" in scene.line("account=alice", since)
        scene.gets(REFUSED, source=AMERICA)
        scene.seen_as = "/somewhere/else"
        scene.policy()
        since = of_lab.mark()
        assert scene.login().code != 235, "a password that was not joined was let in"
        assert "verdict=continue" in scene.line("account=alice@example.test", since)


tests.run()
