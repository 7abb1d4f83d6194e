#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""authgatectl check over 100,000 account files: under 10 s, every mistake found, and constant memory for each file. The
files are links to a few hundred, which are as much to open, read and parse as any others."""
import os
import resource
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lab"))

import lab  # pylint: disable=wrong-import-position
import tap  # pylint: disable=wrong-import-position

FILES = 100000
ORIGINALS = 200
SECONDS = 10
MEMORY = 128 * 1024  # KiB
PROGRAM = os.path.join(lab.BUILD, "authgatectl")
MAIN = '''sockets = ( ); default_domain = "example.com"; timezone = "Europe/Berlin";
country_database = "/var/lib/authgate/country.mmdb";
'''
POLICY = '''# account %d
countries = { allow = [ "JP", "FR" ]; };
travel = ( { countries = [ "DE" ]; from = "2026-11-20"; until = "2026-12-05"; } );
legacy_auth = { services = { smtp = "deny"; }; from = "2027-01-01"; };
'''
tests = tap.Tests()


def populate(folder):
    os.mkdir(os.path.join(folder, "accounts"))
    with open(os.path.join(folder, "authgate.conf"), "w", encoding="ascii") as file:
        file.write(MAIN)
    paths = [os.path.join(folder, "accounts", f"u{number:06}.conf") for number in range(FILES)]
    for number, path in enumerate(paths):
        if number < ORIGINALS:
            with open(path, "w", encoding="ascii") as file:
                file.write(POLICY % number)
        else:
            os.link(paths[number % ORIGINALS], path)
    return paths


def check(folder, status):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([PROGRAM, "-c", os.path.join(folder, "authgate.conf"), "check"], text=True,
                          capture_output=True, timeout=100, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == status, done.stdout + done.stderr[:2000]
    return done, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, after.ru_maxrss


@tests.case(f"{FILES} account files are checked in under {SECONDS} s of processor time")
def fast(folder, _):
    done, seconds, memory = check(folder, 0)
    tap.comment(f"{seconds:.2f} s, {memory // 1024} MiB")
    tap.same(done.stdout, "no mistakes\n", "stdout")
    if not os.environ.get("SANITIZE"):
        assert seconds < SECONDS, f"{seconds:.2f} s"
        assert memory < MEMORY, f"{memory} KiB"


@tests.case("one mistake among them is found")
def needle(folder, paths):
    os.unlink(paths[-3])
    with open(paths[-3], "w", encoding="ascii") as file:
        file.write('\ncountries = { allow = [ "UK" ]; };\n')
    done, _, _ = check(folder, 1)
    assert f'{paths[-3]}:2:25: "UK"' in done.stderr and '"GB"' in done.stderr, done.stderr
    tap.same(done.stderr.count("\n"), 1, f"mistakes in {done.stderr}")


def main():
    os.umask(0o022)
    folder = tempfile.mkdtemp(prefix="authgate-check-")
    try:
        tests.run(folder, populate(folder))
    finally:
        shutil.rmtree(folder)


main()
