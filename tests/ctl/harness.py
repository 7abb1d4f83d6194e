# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of authgatectl share: a lab whose daemon has an admin socket too, and running the real program."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lab"))

import gate  # pylint: disable=wrong-import-position
import lab  # pylint: disable=wrong-import-position
import shifted  # pylint: disable=wrong-import-position
import tap  # pylint: disable=wrong-import-position
import vault  # pylint: disable=wrong-import-position

JAPAN, AMERICA, CHINA, FRANCE = "127.1.0.1", "127.2.0.1", "127.3.0.1", "127.4.0.1"
PROGRAM = os.path.join(lab.BUILD, "authgatectl")
DONE, NO, USAGE, UNREACHABLE = 0, 1, 2, 3
__all__ = ["AMERICA", "CHINA", "DONE", "FRANCE", "JAPAN", "NO", "PROGRAM", "UNREACHABLE", "USAGE", "admin_socket",
           "ask", "configure", "ctl", "ctl_json", "gate", "lab", "says", "shifted", "tap",
           "vault"]


def admin_socket(of_lab):
    return of_lab.path("admin.sock")


def configure(of_lab, defaults='countries = { allow = [ "JP" ]; };', settings=""):
    """authgate.conf with a gate and an admin socket; the configuration's path."""
    sockets = (f'{{ kind = "gate"; path = "{of_lab.socket}"; }}, '
               f'{{ kind = "admin"; path = "{admin_socket(of_lab)}"; }}')
    return of_lab.configure(defaults, settings, sockets)


def ctl(of_lab, *words, status=DONE, text=None, environment=None):
    """Runs authgatectl and fails the case unless it ends with `status`; what it printed."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})}
    done = subprocess.run([PROGRAM, "-c", of_lab.configuration, *words], input=text or "", env=environment, text=True,
                          capture_output=True, timeout=60, check=False)
    assert done.returncode == status, (f"authgatectl {' '.join(words)} ended with {done.returncode} instead of "
                                       f"{status}\n{done.stdout}{done.stderr}")
    return done


def ctl_json(of_lab, *words, status=DONE):
    return json.loads(ctl(of_lab, *words, "--json", status=status).stdout)


def says(text, *parts):
    """Fails the case unless each part is in the text, in this order."""
    at = 0
    for part in parts:
        found = text.find(part, at)
        assert found >= 0, f"{part!r} is not there{' after what came before' if part in text else ''}:\n{text}"
        at = found + len(part)


def ask(of_lab, **fields):
    """One raw question on the admin socket; its records, the closing one left out."""
    with gate.Gate(admin_socket(of_lab)) as connection:
        connection.send(gate.encode(fields))
        records = []
        while True:
            record = connection.receive()
            assert record is not None, f"the answer has no end: {records}"
            if record["record"] == "end":
                return records
            records.append(record)
