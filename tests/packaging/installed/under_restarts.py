#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Run in a booted box: logs in through the host's own Dovecot for as long as something disturbs authgated, and counts.
under_restarts.py USER PASSWORD COMMAND…: runs the command, time after time, beside the logins; prints
`LOGINS DISTURBANCES REFUSED`, and what was said about the first refusal. An upgrade reloads Dovecot, whose old auth
process drops what it has under way on a slow machine: doveadm, unlike Dovecot's own login processes, does not ask the
new one, so it is asked again for it."""
import subprocess
import sys
import threading
import time

SECONDS, PAUSE = 6, 0.2
DROPPED = "Auth connection closed"


def disturb(command, stop, count):
    while not stop.wait(PAUSE):
        count[0] += subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0


def log_in(user, password):
    return subprocess.run(["doveadm", "auth", "test", "-x", "service=imap", "-x", "rip=127.0.0.1", user, password],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def main():
    user, password, *command = sys.argv[1:]
    stop, disturbances, logins, refused = threading.Event(), [0], 0, []
    thread = threading.Thread(target=disturb, args=(command, stop, disturbances))
    thread.start()
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        test = log_in(user, password)
        if test.returncode != 0 and DROPPED in test.stdout + test.stderr:
            test = log_in(user, password)
        logins += 1
        if test.returncode != 0:
            refused.append(test.stdout + test.stderr)
    stop.set()
    thread.join()
    print(logins, disturbances[0], len(refused), *refused[:1])


main()
