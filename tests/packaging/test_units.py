#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What packaging/ ships beside programs, looked at without installing it: systemd's units and how much they leave open,
the sockets against the shipped configuration, the system calls that the daemon makes against those that it may, the
AppArmor profile, the container's script."""
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/lab"))

import lab  # pylint: disable=wrong-import-position
import tap  # pylint: disable=wrong-import-position

UNITS = os.path.join(ROOT, "packaging/systemd")
SOCKETS = ["authgated.socket", "authgated-postfix.socket"]
ENVIRONMENT = {**os.environ, "LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
tests = tap.Tests()


def run(*command, **more):
    return subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=ENVIRONMENT,
                          check=False, **more)


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def values(unit, key):
    return [line.partition("=")[2] for line in read(UNITS, unit).splitlines() if line.startswith(key + "=")]


def exposure(folder):
    """How exposed the service in a folder is, by systemd's own measure."""
    said = run("systemd-analyze", "security", "--offline=true", "--no-pager", os.path.join(folder, "authgated.service"))
    found = re.search(r"Overall exposure level for authgated.service: ([\d.]+)", said.stdout)
    assert found, said.stdout
    return float(found.group(1))


def copied(folder, *drop_ins):
    """The units as they are installed here, their programs where the build has them."""
    for name in ["authgated.service", *SOCKETS]:
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(re.sub("^Documentation=.*\n", "", read(UNITS, name), flags=re.MULTILINE)
                       .replace("/usr/sbin/authgated", os.path.join(lab.BUILD, "authgated")))
    for drop_in in drop_ins:
        os.makedirs(os.path.join(folder, "authgated.service.d"))
        shutil.copy(os.path.join(UNITS, drop_in), os.path.join(folder, "authgated.service.d"))
    return folder


@tests.case("systemd finds no mistake in the units")
def verify():
    with tempfile.TemporaryDirectory() as folder:
        copied(folder, "network.conf")
        said = run("systemd-analyze", "verify", "--man=no",
                   *(os.path.join(folder, name) for name in ["authgated.service", *SOCKETS]))
        ours = [line for line in said.stdout.splitlines() if "authgate" in line]
        assert said.returncode == 0 and not ours, said.stdout


@tests.rows([((), 1.0), (("network.conf",), 2.0)],
            lambda row: f"the service{' with ' + row[0][0] if row[0] else ''} is exposed by {row[1]} at most")
def exposed(row):
    drop_ins, most = row
    with tempfile.TemporaryDirectory() as folder:
        level = exposure(copied(folder, *drop_ins))
        print(f"# {level}")
        assert level <= most, f"{level}"


@tests.case("H8: it is started again for ever, and nothing hides who its peers are")
def never_given_up():
    tap.same(values("authgated.service", "StartLimitIntervalSec"), ["0"], "StartLimitIntervalSec")
    tap.same(values("authgated.service", "Restart"), ["always"], "Restart")
    tap.same(values("authgated.service", "PrivateUsers"), [], "PrivateUsers")
    for name in SOCKETS:
        tap.same((values(name, "Backlog"), values(name, "TriggerLimitIntervalSec")), (["1024"], ["0"]), name)


def shipped_sockets():
    """path -> mode of the sockets in the shipped configuration, those in comments too."""
    text = read("conf/authgate.conf")
    return {path: mode for path, mode in re.findall(r'path = "([^"]+\b(?:sock|saslauthd))".*?mode = "(\d+)"', text)}


@tests.case("systemd's sockets are those of the shipped configuration, with its modes and owners")
def sockets_agree():
    made = {path: values(name, "SocketMode")[0] for name in SOCKETS for path in values(name, "ListenStream")}
    tap.same(made, shipped_sockets(), "sockets")
    tap.same(values("authgated-postfix.socket", "SocketGroup"), ["postfix"], "group of Postfix's")


def allowed_calls():
    """The system calls that the unit's filter lets through."""
    allowed = set()
    for line in values("authgated.service", "SystemCallFilter"):
        takes_away = line.startswith("~")
        for word in line.lstrip("~").split():
            calls = members(word)
            allowed = allowed - calls if takes_away else allowed | calls
    return allowed


def members(word):
    if not word.startswith("@"):
        return {word}
    found = set()
    for line in run("systemd-analyze", "syscall-filter", word).stdout.splitlines()[1:]:
        name = line.strip()
        if name and not name.startswith("#"):
            found |= members(name)
    return found


@tests.case("the daemon's life needs no system call that its filter forbids")
def calls():
    with lab.Lab() as of_lab:
        state = of_lab.path("state")
        os.mkdir(state)
        nobody = pwd.getpwnam("nobody")
        for path in (of_lab.directory, state):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        as_nobody = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
        of_lab.configure(user=None, settings=f'store = "sqlite:{state}/store.db"; log = "syslog"; '
                         f'history = "sqlite:{state}/history.db"; secret_key_file = "{of_lab.path("key")}";')
        made = run(*as_nobody, *of_lab.command, "--create-store", "--exit")
        tap.same(made.returncode, 0, made.stdout)
        trace = of_lab.path("trace")
        of_lab.start(wait=False, command=[*as_nobody, "strace", "-f", "-qq", "-o", trace, *of_lab.command])
        tap.poll(lambda: os.path.exists(of_lab.socket) or not of_lab.daemon.running(), 20, "its socket")
        assert of_lab.daemon.running(), f"strace ended with {of_lab.daemon.process.returncode}: {of_lab.log()}"
        with of_lab.gate() as gate:
            of_lab_login(gate)
        of_lab.make_country_database("127.9.0.0/16=JP")
        tap.poll(lambda: read(trace).count("memfd_create") > 1, 20, "a second look at the country database")
        # strace itself heeds no SIGTERM while it writes to a file; it ends with what it traces, and as that does.
        _, traced, *_ = lab.descendants(of_lab.daemon.pid)
        lab.send_signal(traced, signal.SIGTERM)
        tap.same(of_lab.daemon.process.wait(20), 0, "its exit status")
        used = set(re.findall(r"^\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed)", read(trace), re.MULTILINE))
    forbidden = used - allowed_calls()
    assert len(used) > 30, f"only {used}"
    assert not forbidden, f"forbidden: {sorted(forbidden)}"


def of_lab_login(gate):
    answer = gate.begin()
    tap.same(gate.commit(answer["ref"])["verdict"], "accept", "a login under strace")


@tests.case("AppArmor's parser takes the profile")
def apparmor():
    said = run("apparmor_parser", "-Q", "-K", "-T", os.path.join(ROOT, "packaging/apparmor/usr.sbin.authgated"))
    tap.same(said.returncode, 0, said.stdout)


@tests.case("the container's script is grammatical")
def container():
    said = run("bash", "-n", os.path.join(ROOT, "packaging/container/start"))
    tap.same((said.returncode, said.stdout), (0, ""), "bash -n")


@tests.rows(["authgate.postinst", "authgate.postrm", "libpam-authgate.postinst", "libpam-authgate.postrm",
             "libpam-authgate.prerm", "libsasl2-modules-authgate.postinst"], lambda name: f"{name} is grammatical")
def maintainer_script(name):
    said = run("sh", "-n", os.path.join(ROOT, "packaging/debian", name))
    tap.same((said.returncode, said.stdout), (0, ""), "sh -n")


# What is done, what Dovecot's passdb names then, and what is said.
FAREWELLS = [("prerm", "remove", "args = authgate-%s", "nobody can log in"),
             ("prerm", "remove", "service_name = authgate-%{protocol}", "nobody can log in"),
             ("prerm", "remove", "args = dovecot", ""), ("prerm", "upgrade", "args = authgate-%s", ""),
             ("postrm", "purge", "args = authgate-%s", "/etc/pam.d/other"),
             ("postrm", "purge", "service_name = authgate-%{protocol}", "/etc/pam.d/other"),
             ("postrm", "purge", "args = dovecot", ""), ("postrm", "remove", "args = authgate-%s", "")]


@tests.rows(FAREWELLS, lambda row: f"{row[1]} with {row[2]}: libpam-authgate.{row[0]} says {row[3] or 'nothing'}")
def farewell(row):
    script, what, passdb, word = row
    with tempfile.TemporaryDirectory() as folder:
        doveconf = os.path.join(folder, "doveconf")
        with open(doveconf, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\necho '  {passdb}'\n")
        os.chmod(doveconf, 0o755)
        said = subprocess.run(["sh", os.path.join(ROOT, f"packaging/debian/libpam-authgate.{script}"), what], text=True,
                              env={"PATH": folder + ":/usr/bin:/bin"}, capture_output=True, check=False)
    tap.same((said.returncode, bool(said.stderr)), (0, bool(word)), f"said {said.stderr}")
    assert word in said.stderr, said.stderr


tests.run()
