#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""`make install` puts everything where a host looks for it and replaces nothing in /etc; `make uninstall` takes away
what it put there and nothing else."""
import os
import subprocess
import tempfile

import source
import tap

WANTED = [
    "/usr/sbin/authgated", "/usr/sbin/authgatectl", "/pam/pam_authgate.so", "/etc/pam.d/authgate-imap",
    "/sasl2/libauthgate.so", "/etc/authgate/authgate.conf", "/usr/share/doc/authgate/samples/university/authgate.conf",
    "/etc/pam.d/authgate-pop3", "/etc/pam.d/authgate-smtp", "/etc/pam.d/authgate-submission",
    "/etc/pam.d/authgate-sieve", "/etc/pam.d/authgate-doveadm", "/usr/share/man/man8/authgated.8",
    "/usr/share/man/man8/authgatectl.8", "/usr/share/man/man8/pam_authgate.8", "/usr/share/man/man5/authgate.conf.5",
    "/usr/share/man/man7/authgate-protocol.7", "/usr/share/doc/authgate/README.md",
    "/usr/share/bash-completion/completions/authgatectl",
]
tests = tap.Tests()


def make(root, target):
    subprocess.run(["make", "--no-print-directory", target, f"BUILD={source.BUILD}", f"DESTDIR={root}", "prefix=/usr",
                    "pamdir=/pam", "sasldir=/sasl2"], cwd=source.ROOT, check=True, capture_output=True)


def files_below(root):
    return sorted("/" + os.path.relpath(os.path.join(place, name), root)
                  for place, _, names in os.walk(root) for name in names)


@tests.case("install puts everything in its place")
def install():
    with tempfile.TemporaryDirectory() as root:
        make(root, "install")
        missing = sorted(set(WANTED) - set(files_below(root)))
        assert not missing, f"missing: {missing}"
        make(root, "uninstall")
        tap.same(files_below(root), [], "files left after uninstall")


@tests.rows(["etc/pam.d/authgate-imap", "etc/authgate/authgate.conf"],
            lambda name: f"/{name} that an administrator changed is neither replaced nor removed")
def changed(name):
    with tempfile.TemporaryDirectory() as root:
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path))
        with open(path, "w", encoding="utf-8") as file:
            file.write("# mine\n")
        make(root, "install")
        make(root, "uninstall")
        tap.same(files_below(root), ["/" + name], "files left")
        with open(path, encoding="utf-8") as file:
            tap.same(file.read(), "# mine\n", "its text")


tests.run()
