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


PROTOCOL = "module/wire/authgate-protocol.7"
ADMIN_SOURCES = [path for path in source.files(["module/daemon"], (".c",))
                 if re.search(r"/(admin_|explanation|records|server_status|trials)", path)]


def admin_section():
    return source.read(PROTOCOL).split(".Sh THE ADMIN SOCKET\n")[1].split("\n.Sh ")[0]


def table(path, pattern):
    found = set(re.findall(pattern, source.read(path), re.MULTILINE))
    assert len(found) > 20, f"only {sorted(found)} in {path}"
    return found


@tests.case("every admin request that the daemon takes has its entry in the protocol's manual, and no other has")
def admin_requests():
    taken = table("module/daemon/admin_protocol.c", r'^    \{"([a-z-]+)", .*, admin_\w+\},')
    told = set(re.findall(r"Cm request Ns = Ns Cm ([a-z-]+)", admin_section()))
    assert taken == told, f"missing {sorted(taken - told)}, unknown {sorted(told - taken)}"


@tests.case("every record that an admin request is answered by is in the protocol's manual")
def admin_records():
    made = set()
    for path in ADMIN_SOURCES:
        made |= set(re.findall(r'(?:records_make|make_record|answer_with)\((?:job, )?"([a-z-]+)"', source.read(path)))
    told = set(re.findall(r"^\.It Cm ([a-z-]+)$", admin_section(), re.MULTILINE)) | {"end", "error"}
    assert len(made) > 20 and made == told, f"missing {sorted(made - told)}, unknown {sorted(told - made)}"


@tests.case("every field that a message may have is in the protocol's manual")
def fields():
    known = table("module/wire/message.c", r'ROW\("([a-z_]+)"')
    lines = re.findall(r"^\.(?:It )?Cm (.*)$", source.read(PROTOCOL), re.MULTILINE)
    told = {word for line in lines for word in line.split()} | set(re.findall(r"Ql ([a-z]+)=", source.read(PROTOCOL)))
    assert not known - told, f"{sorted(known - told)}"


tests.run()
