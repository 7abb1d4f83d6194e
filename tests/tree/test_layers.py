#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Holds the includes in module/ to the arrows of the house: which folder may use which, and which one folder each
outside library belongs to. `make layers` runs it alone."""
import re

import source
import tap

USES = {
    "base": [],
    "wire": ["base"],
    "pam": ["wire", "base"],
    "sasl": ["wire", "base"],
    "ctl": ["wire", "gate", "policy", "base"],
    "policy": ["base"],
    "gate": ["policy/policy.h", "base"],
    "country": ["base"],
    "credential": ["base"],
    "store": ["base"],
    "daemon": ["wire", "gate", "policy", "country", "credential", "store", "base"],
}
LIBRARIES = {
    "libconfig.h": "policy",
    "maxminddb.h": "country",
    "event2/": "daemon",
    "systemd/": "daemon",
    "liboath/": "credential",
    "sodium.h": "credential",
    "sqlite3.h": "store",
    "libpq-fe.h": "store",
    "jansson.h": "ctl",
    "qrencode.h": "ctl",
    "png.h": "ctl",
    "security/": "pam",
    "sasl/": "sasl",
}
LIBC = re.compile(r"(?:(?:sys|linux|netinet|arpa|net)/\w+|assert|crypt|ctype|dirent|dlfcn|endian|errno|fcntl|fnmatch|"
                  r"getopt|glob|grp|inttypes|langinfo|libgen|limits|locale|math|nss|netdb|paths|poll|pthread|pwd|sched|"
                  r"search|semaphore|setjmp|signal|spawn|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|"
                  r"string|strings|syslog|termios|threads|time|unistd|wchar)\.h")
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
tests = tap.Tests()


def own_include(folder, target):
    owner = target.split("/")[0]
    if target.count("/") != 1:
        return f'"{target}" is not written as "folder/file.h"'
    if owner == folder or owner in USES[folder] or target in USES[folder]:
        return None
    return f'{folder} may not use "{target}"'


def outside_include(folder, target):
    if LIBC.fullmatch(target):
        return None
    for header, owner in LIBRARIES.items():
        if target == header or (header.endswith("/") and target.startswith(header)):
            return None if folder == owner else f"<{target}> belongs to {owner}"
    return f"<{target}> belongs to no folder: name its library in {__file__.rpartition('/')[2]}"


def complaints(path):
    folder = path.split("/")[1]
    for own, outside in INCLUDE.findall(source.read(path)):
        trouble = own_include(folder, own) if own else outside_include(folder, outside)
        if trouble:
            yield f"{path}: {trouble}"


sources = source.files(["module"], (".c", ".h"))


@tests.rows(sorted({path.split("/")[1] for path in sources}), lambda folder: f"module/{folder} uses only what it may")
def folder_keeps_to_its_arrows(folder):
    assert folder in USES, f"module/{folder} has no place in the house"
    found = [line for path in sources if path.split("/")[1] == folder for line in complaints(path)]
    assert not found, "\n".join(found)


tests.run()
