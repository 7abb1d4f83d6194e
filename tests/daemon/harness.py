# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of the daemon share: the way to the lab, and looks at a process from outside."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lab"))

import gate  # pylint: disable=wrong-import-position
import lab  # pylint: disable=wrong-import-position
import tap  # pylint: disable=wrong-import-position

JAPAN, AMERICA = "127.1.0.1", "127.2.0.1"
__all__ = ["AMERICA", "JAPAN", "accepted", "descriptors", "gate", "lab", "login", "refused", "resident", "settled",
           "status_of", "tap"]


def login(of_lab, **fields):
    """One whole raw login with a right password: the commit's answer, or the begin's where that ended it."""
    user = fields.get("user", "alice")
    with of_lab.gate() as connection:
        answer = connection.begin(**fields)
        if answer["verdict"] == "continue":
            answer = connection.commit(answer["ref"], user)
        return answer


def accepted(of_lab, **fields):
    """Fails the case unless an ordinary login goes through."""
    tap.same(login(of_lab, **fields)["verdict"], "accept", "an ordinary login's verdict")


def settled(of_lab):
    """Where the log ends once everything that came before this has been dealt with. A login takes two turns of the
    daemon's loop, so connections closed before it have had theirs."""
    accepted(of_lab)
    return of_lab.mark()


def refused(answer, reason, verdict="deny"):
    """Fails the case unless an answer is this refusal."""
    tap.same((answer.get("verdict"), answer.get("reason")), (verdict, reason), "verdict and reason")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def status_of(pid):
    """/proc/PID/status as a dict."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def resident(pid):
    """Resident memory in KiB."""
    return int(status_of(pid)["VmRSS"].split()[0])
