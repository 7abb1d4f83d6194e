#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# time-limit: 1200
"""The rpm packages, built here as far as a Debian can: their split, their places as Red Hat has them, their scripts'
grammar, what they say at the end, and rpmlint. Nothing else of them is run."""
import os
import re
import shutil
import subprocess
import tempfile

from box import ROOT, build, open_text, run, tap

tests = tap.Tests()
NAMES = ["authgate", "authgate-pam", "authgate-sasl", "authgate-selinux"]


def rpms(folder):
    """name -> file of what is installed; an rpm of 4.20 also makes packages for debuggers."""
    found = {}
    for place, _, names in os.walk(os.path.join(folder, "RPMS")):
        for name in names:
            if not re.search("-debug(info|source)-", name):
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


def erase(folder, place, name, left):
    """What the package's script says once it is gone (`left`: how many of it are left), of a host in `place`."""
    script = run("rpm", "-qp", "--qf", "%{POSTUN}", rpms(folder)[name])
    for path in ("/etc/authgate", "/var/lib/authgate", "/usr/lib/systemd"):
        script = script.replace(path, place + path)
    environment = {"PATH": f"{place}/bin"}  # nothing of this host's but grep
    os.makedirs(os.path.join(place, "bin"), exist_ok=True)
    if not os.path.exists(os.path.join(place, "bin/grep")):
        os.symlink(shutil.which("grep"), os.path.join(place, "bin/grep"))
    done = subprocess.run(["/bin/sh", "-c", script, "postun", str(left)], capture_output=True, text=True, check=False,
                          env=environment)
    tap.same((done.returncode, done.stdout), (0, ""), "the script's end")
    return done.stderr.replace(place, "")


@tests.case("erased, the daemon's package names the key, the store and the history that it leaves; upgraded, nothing")
def erased(folder):
    with tempfile.TemporaryDirectory() as place:
        tap.same(erase(folder, place, "authgate", 0), "", "of a host without a store")
        for path in ("etc/authgate/secret.key", "var/lib/authgate/store.db"):
            os.makedirs(os.path.dirname(os.path.join(place, path)))
            with open(os.path.join(place, path), "w", encoding="ascii"):
                pass
        said = erase(folder, place, "authgate", 0)
        assert "/etc/authgate/secret.key /var/lib/authgate/store.db\n" in said and "rm -r" in said, said
        tap.same(sorted(os.listdir(os.path.join(place, "etc/authgate"))), ["secret.key"], "what is left")
        tap.same(erase(folder, place, "authgate", 1), "", "at an upgrade")


@tests.case("erased, the PAM module's package says so where Dovecot still asks for its services")
def erased_module(folder):
    with tempfile.TemporaryDirectory() as place:
        tap.same(erase(folder, place, "authgate-pam", 0), "", "where there is no Dovecot")
        doveconf = os.path.join(place, "bin/doveconf")
        for asks, words in (("authgate-%s", "Dovecot's passdb still names authgate-*"), ("system-auth", "")):
            with open(doveconf, "w", encoding="ascii") as file:
                file.write(f"#!/bin/sh\necho 'args = {asks}'\n")
            os.chmod(doveconf, 0o755)
            said = erase(folder, place, "authgate-pam", 0)
            assert words in said and bool(words) == bool(said), said
        tap.same(erase(folder, place, "authgate-pam", 1), "", "at an upgrade")


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
