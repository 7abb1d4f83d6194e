#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs a program that finds another directory at /etc: private_etc.py DIRECTORY PROGRAM [ARGUMENT…]

In a mount namespace of its own, so that nobody else sees it and nothing is left behind. For programs whose files stand
at fixed places (saslauthd's /etc/sasldb2 and /etc/pam.d/smtp). Needs root; exits with 77 where the kernel says no."""
import ctypes
import os
import sys

CLONE_NEWNS = 0x00020000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000


def main():
    directory, *command = sys.argv[1:]
    libc = ctypes.CDLL(None, use_errno=True)
    if (libc.unshare(CLONE_NEWNS) or libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None)
            or libc.mount(directory.encode(), b"/etc", None, MS_BIND, None)):
        print(f"no mount namespace: {os.strerror(ctypes.get_errno())}", file=sys.stderr)
        sys.exit(77)
    os.execv(command[0], command)


main()
