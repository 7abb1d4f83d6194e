#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What authgate-sasl(8) shows is what conf/postfix ships, which is what tests/postfix runs."""
import os

from standin import ROOT, tap

tests = tap.Tests()


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


@tests.rows(["smtpd.conf", "smtpd-auxprop.conf"], lambda name: f"the manual shows conf/postfix/{name}")
def shown(name):
    lines = [line for line in read("conf/postfix", name).splitlines(True) if not line.startswith("#")]
    assert len(lines) >= 4, f"only {len(lines)} options"
    assert "".join(lines) in read("module/sasl/authgate-sasl.8"), "the manual shows something else"


tests.run()
