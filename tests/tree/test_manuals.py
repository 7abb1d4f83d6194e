#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every manual page is free of what mandoc complains about, and the pages of this tree that it refers to are there."""
import os
import re
import subprocess

import source
import tap

PAGES = source.files(["module", "conf", "packaging"], (".1", ".5", ".7", ".8"))
WANTED = ["authgate.7", "authgate.conf.5", "authgate-protocol.7", "authgate-sasl.8", "authgatectl.8", "authgated.8",
          "pam_authgate.8"]
# Lines may be as long as elsewhere in the tree, other pages may not be installed, and a key may end in a dot.
PASSED_OVER = re.compile(r"longer than 80 bytes|referenced manual not found|mandoc\.db|trailing delimiter: Ic \w")
tests = tap.Tests()


@tests.rows(PAGES, lambda path: f"{path} is clean")
def clean(path):
    mandoc = subprocess.run(["mandoc", "-T", "lint", "-W", "style", path], cwd=source.ROOT, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    found = [line for line in mandoc.stdout.splitlines() if not PASSED_OVER.search(line)]
    assert not found, "\n".join(found)


@tests.rows(PAGES, lambda path: f"{path} refers to pages of ours that are there")
def references(path):
    names = {os.path.basename(page) for page in PAGES}
    asked = {f"{name}.{section}" for name, section in re.findall(r"^\.Xr (\S+) (\d)", source.read(path), re.MULTILINE)}
    missing = {page for page in asked if "authgate" in page} - names
    assert not missing, f"{sorted(missing)}"


@tests.case("all seven pages are there")
def complete():
    missing = set(WANTED) - {os.path.basename(page) for page in PAGES}
    assert not missing, f"{sorted(missing)}"


tests.run()
