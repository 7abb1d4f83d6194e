#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every manual page is free of what mandoc complains about."""
import subprocess

import source
import tap

tests = tap.Tests()


@tests.rows(source.files(["module", "conf", "packaging"], (".1", ".5", ".7", ".8")), lambda path: f"{path} is clean")
def clean(path):
    mandoc = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", path], cwd=source.ROOT, text=True,
                            capture_output=True, check=False)
    assert mandoc.returncode == 0 and not mandoc.stdout, mandoc.stdout + mandoc.stderr


tests.run()
