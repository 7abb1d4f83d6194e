#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# time-limit: 1200
"""The rpm packages, built here as far as a Debian can: their split, their places as Red Hat has them, their scripts'
grammar, and rpmlint. Nothing of them is run."""
import os
import re
import shutil
import subprocess
import tempfile

from box import ROOT, build, open_text, run, tap

tests = tap.Tests()
NAMES = ["authgate", "authgate-pam", "authgate-sasl", "authgate-selinux"]


def rpms(folder):
    found = {}
    for place, _, names in os.walk(os.path.join(folder, "RPMS")):
        for name in names:
            found[re.match(r"(.+)-[^-]+-[^-]+$", name).group(1)] = os.path.join(place, name)
    return found


def listed(rpm):
    return run("rpm", "-qlp", rpm).splitlines()


@tests.case("the daemon, the PAM module, the SASL plugin and the SELinux policy are four packages")
def split(folder):
    tap.same(sorted(rpms(folder)), NAMES, "packages")


@tests.rows([("authgate", "/usr/sbin/authgated"), ("authgate", "/usr/lib/systemd/system/authgated.service"),
             ("authgate", "/etc/authgate/authgate.conf"), ("authgate-pam", "/usr/lib64/security/pam_authgate.so"),
             ("authgate-pam", "/etc/pam.d/authgate-imap"), ("authgate-sasl", "/usr/lib64/sasl2/libauthgate.so"),
             ("authgate-selinux", "/usr/share/selinux/packages/authgate.pp")],
            lambda row: f"{row[0]} has {row[1]}, and it alone")
def places(folder, row):
    name, path = row
    tap.same([package for package, rpm in rpms(folder).items() if path in listed(rpm)], [name], "who has it")


@tests.case("what an administrator edits survives an upgrade")
def kept(folder):
    for name in ("authgate", "authgate-pam"):
        rows = run("rpm", "-qp", "--qf", "[%{FILENAMES} %{FILEFLAGS:fflags}\n]", rpms(folder)[name]).splitlines()
        for path, flags in (row.rsplit(" ", 1) if not row.endswith(" ") else (row.strip(), "") for row in rows):
            if re.match(r"/etc/(pam\.d/|authgate/.+\.conf)", path):
                assert {"c", "n"} <= set(flags), f"{path} has the flags {flags!r}"


@tests.case("the PAM services are Red Hat's, with the password module jumped over to the commit line")
def stack(folder):
    archive = subprocess.run(["rpm2cpio", rpms(folder)["authgate-pam"]], check=True, capture_output=True).stdout
    text = subprocess.run(["cpio", "--quiet", "-i", "--to-stdout", "./etc/pam.d/authgate-imap"], input=archive,
                          check=True, capture_output=True).stdout.decode()
    assert "password-auth" in text and "common-auth" not in text, text


@tests.rows(NAMES, lambda name: f"the scripts of {name} are grammatical")
def scripts(folder, name):
    text = run("rpm", "-qp", "--scripts", rpms(folder)[name])
    shell = re.sub(r"(?m)^\w+ (scriptlet|program).*$", "", text)
    checked = subprocess.run(["sh", "-n"], input=shell, text=True, capture_output=True, check=False)
    tap.same((checked.returncode, checked.stderr), (0, ""), "sh -n")


@tests.case("the SELinux policy lets Dovecot, saslauthd and smtpd reach the sockets")
def selinux(_folder):
    with tempfile.TemporaryDirectory() as place:
        for name in ("authgate.te", "authgate.fc", "authgate.if"):
            shutil.copy(os.path.join(ROOT, "packaging/selinux", name), place)
        run("make", "-C", place, "-f", "/usr/share/selinux/devel/Makefile", "authgate.pp")
        rules = open_text(os.path.join(place, "tmp/authgate.tmp"))
    for domain in ("dovecot_auth_t", "saslauthd_t", "postfix_smtpd_t"):
        assert re.search(rf"allow {domain} authgate_t:unix_stream_socket connectto", rules), domain


@tests.case("rpmlint finds no error and no warning")
def rpmlint(folder):
    if not shutil.which("rpmlint"):
        raise tap.Skip("no rpmlint here")
    packages = [*rpms(folder).values(), os.path.join(ROOT, "packaging/rpm/authgate.spec")]
    said = run("rpmlint", "-c", os.path.join(ROOT, "packaging/rpm/rpmlint.toml"), *packages)
    assert "0 errors, 0 warnings" in said, said


tests.run(build("rpm"))
