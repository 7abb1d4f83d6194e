# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of past logins share: a lab whose daemon keeps a history, logins that are made up, and real ones on
the raw gate socket."""
import importlib.util
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(HERE, "lab"))

import gate  # pylint: disable=wrong-import-position
import lab  # pylint: disable=wrong-import-position
import tap  # pylint: disable=wrong-import-position
import vault  # pylint: disable=wrong-import-position

SPECIFICATION = importlib.util.spec_from_file_location("ctl_harness", os.path.join(HERE, "ctl", "harness.py"))
CTL = importlib.util.module_from_spec(SPECIFICATION)
SPECIFICATION.loader.exec_module(CTL)
ctl, ctl_json, says, DONE, NO, USAGE = CTL.ctl, CTL.ctl_json, CTL.says, CTL.DONE, CTL.NO, CTL.USAGE

FILL = os.path.join(lab.BUILD, "tests/history/fill")
JAPAN, AMERICA, CHINA, FRANCE = "127.1.0.1", "127.2.0.1", "127.3.0.1", "127.4.0.1"
DAY, HOUR = 86400, 3600
NOW = int(time.time())
__all__ = ["AMERICA", "CHINA", "DAY", "DONE", "FRANCE", "HOUR", "JAPAN", "NO", "NOW", "USAGE", "accept", "configure",
           "ctl", "ctl_json", "deny", "fill", "history_path", "lab", "login", "login_of", "make_up", "says", "tap",
           "vault"]


def history_path(of_lab):
    """The history's file, in a folder that belongs to the daemon's user."""
    folder = of_lab.path("history")
    if not os.path.isdir(folder):
        os.mkdir(folder, 0o700)
        if os.getuid() == 0:
            os.chown(folder, vault.NOBODY, vault.NOBODY)
    return os.path.join(folder, "history.db")


def configure(of_lab, defaults='countries = { allow = [ "JP" ]; };', settings=""):
    sockets = (f'{{ kind = "gate"; path = "{of_lab.socket}"; }}, '
               f'{{ kind = "admin"; path = "{CTL.admin_socket(of_lab)}"; }}')
    history = f'history = "sqlite:{history_path(of_lab)}"; raw_for = "365d";'
    return of_lab.configure(defaults, f"{history} {settings}", sockets)


def login_of(account, at, address=JAPAN, country="JP", **more):
    """A made-up login's fields, accepted unless `more` says otherwise."""
    names = ["at", "account", "ref", "service", "mechanism", "address", "country", "credential", "verdict", "reason",
             "password"]
    login_of.number += 1
    digits = "abcdefghijklmnopqrstuvwxyz234567"
    ref = "".join(digits[login_of.number >> shift & 31] for shift in range(60, -1, -5))
    whole = account if "@" in account else account + "@example.test"
    fields = {"at": int(at), "account": whole, "ref": ref, "service": "imap", "mechanism": "",
              "address": address, "country": country, "credential": "password", "verdict": "accept", "reason": "",
              "password": "right", **more}
    return [str(fields[name]) for name in names]


login_of.number = 0


def fill(of_lab, logins):
    """Puts made-up logins into the history, as the daemon's user would have."""
    text = "".join("\t".join(fields) + "\n" for fields in logins)
    return run_fill(of_lab, [], text)


def make_up(of_lab, logins, accounts, seconds):
    return run_fill(of_lab, [str(logins), str(accounts), str(seconds)], "")


def run_fill(of_lab, words, text):
    done = subprocess.run([FILL, history_path(of_lab), *words], input=text, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    if os.getuid() == 0:
        for name in os.listdir(of_lab.path("history")):
            os.chown(os.path.join(of_lab.path("history"), name), vault.NOBODY, vault.NOBODY)
    return int(done.stdout)


def login(of_lab, account, address=JAPAN, right=True, mark="0badcafe", **more):
    """A raw login, its denial deferred as Dovecot's stack does; (verdict, reason, ref)."""
    with of_lab.gate() as connection:
        answer = connection.begin(user=account, client_address=address, defer="yes", **more)
        ref = answer.get("ref")
        if answer["verdict"] == "continue" and right:
            answer = connection.commit(ref, account, mark)
        elif answer["verdict"] == "continue":
            connection.send(gate.encode({"request": "end", "ref": ref, "user": account, "status": "wrong",
                                             "password_mark": mark}))
            assert connection.closed()
        return answer["verdict"], answer.get("reason"), ref


def accept(of_lab, account, address=JAPAN, **more):
    verdict, reason, ref = login(of_lab, account, address, **more)
    tap.same((verdict, reason), ("accept", None), f"{account} from {address}")
    return ref


def deny(of_lab, account, address, reason, **more):
    verdict, found, ref = login(of_lab, account, address, **more)
    tap.same((verdict, found), ("deny", reason), f"{account} from {address}")
    return ref
