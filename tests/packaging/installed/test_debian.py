#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# time-limit: 1800
"""The Debian packages: how they are built, what installing, upgrading, removing and purging them does to a host, and a
demo account logged in through what they installed. The service is started by hand, as systemd would."""
import contextlib
import filecmp
import os
import re
import signal
import subprocess
import sys
import tempfile

from box import BUILD, Box, ROOT, build, debs, fields, next_build, run, tap

tests = tap.Tests()
PAM = [f"/etc/pam.d/authgate-{service}" for service in ("doveadm", "imap", "pop3", "sieve", "smtp", "submission")]
KEY, STORE, CONFIGURATION = "/etc/authgate/secret.key", "/var/lib/authgate/store.db", "/etc/authgate/authgate.conf"
BY_TOOLS = r"/etc/systemd/|/var/lib/systemd/deb-systemd-helper|/etc/apparmor\.d/local"  # debhelper's, gone at purging
LEFT_OUT = ("/proc", "/sys", "/opt", "/root", "/tmp", "/var/cache", "/var/log", "/var/lib/dpkg")


@contextlib.contextmanager
def served(box):
    """authgated, as the installed units say it is to run."""
    starter = os.path.join(os.path.dirname(os.path.abspath(__file__)), "hand_over.py")
    daemon = subprocess.Popen([sys.executable, starter, box.root], stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        tap.poll(lambda: daemon.poll() is not None or box.ask("authgatectl", "status").returncode == 0, 10, "an answer")
        assert daemon.poll() is None, f"authgated ended with {daemon.returncode}"
        yield daemon
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(10)


def log_in(box):
    login = box.bring(os.path.join(ROOT, "packaging/debian/tests/login"))
    return box.run("python3", login)


def whole_host(box):
    """Every file of the host but what dpkg and the logs keep."""
    found = set()
    for place, folders, names in os.walk(box.root):
        inside = "/" + os.path.relpath(place, box.root)
        folders[:] = [name for name in folders if os.path.join(inside, name).replace("/./", "/") not in LEFT_OUT]
        found.update(os.path.join(inside, name).replace("/./", "/") for name in folders + names)
    return found


@tests.case("two builds in two folders give the same packages, bit by bit")
def reproducible(packages):
    again = build("deb", "packages-once-more")
    for name, deb in debs(packages).items():
        assert filecmp.cmp(deb, debs(again)[name], shallow=False), f"{name} differs"


@tests.case("lintian finds no error and no warning")
def lintian(packages):
    changes = next(os.path.join(packages, name) for name in os.listdir(packages) if name.endswith(".changes"))
    found = run("lintian", "--allow-root", "--fail-on", "none", "--tag-display-limit", "0", changes)
    complaints = [line for line in found.splitlines() if re.match(r"[EW]:", line)]
    assert not complaints, "\n".join(complaints)


@tests.case("the daemon, the PAM module and the SASL plugin are three packages, hardened")
def split(packages):
    tap.same(sorted(debs(packages)), ["authgate", "libpam-authgate", "libsasl2-modules-authgate"], "packages")
    listed = {name: run("dpkg-deb", "-c", deb) for name, deb in debs(packages).items()}
    for name, path in (("authgate", "/usr/sbin/authgated"), ("libpam-authgate", "/security/pam_authgate.so"),
                       ("libsasl2-modules-authgate", "/sasl2/libauthgate.so")):
        tap.same([package for package, files in listed.items() if path in files], [name], f"who has {path}")


@tests.case("examples: each kind in a folder of its own, the container's files too")
def examples(packages):
    listed = run("dpkg-deb", "-c", debs(packages)["authgate"])
    top = sorted(re.findall(r"/usr/share/doc/authgate/examples/([^/\n]+/?)$", listed, re.MULTILINE))
    tap.same(top, ["container/", "fail2ban/", "network.conf", "notify-mail", "postfix/", "samples/",
                   "unchrooted.conf"], "at the top of examples")
    inside = sorted(re.findall(r"/examples/container/([^/\n]+)$", listed, re.MULTILINE))
    tap.same(inside, sorted(os.listdir(os.path.join(ROOT, "packaging/container"))), "the container's files")


@tests.case("they recommend and suggest, but pull in no mail server")
def dependencies(packages):
    for name, deb in debs(packages).items():
        wanted = fields(deb, "Depends")
        assert not re.search(r"dovecot|postfix|saslauthd", wanted), f"{name}: {wanted}"


@tests.case("installing makes user, key and store, shuts others out and changes nothing else in /etc")
def installing(packages):
    with Box(packages) as box:
        before = whole_host(box)
        box.install()
        tap.same(box.owner(KEY), "root:root 400", "the key")
        tap.same(box.owner(STORE), "authgate:authgate 600", "the store")
        tap.same(box.owner("/var/lib/authgate"), "authgate:authgate 700", "the store's folder")
        tap.same(box.owner("/etc/authgate"), "root:authgate 750", "the configuration's folder")
        assert 'mode = "report"' in box.read(CONFIGURATION), "it does not report only"
        known = set(box.run("sh", "-c", "dpkg -L authgate libpam-authgate libsasl2-modules-authgate").splitlines())
        added = {path for path in whole_host(box) - before - known if path.startswith(("/etc/", "/var/lib/"))}
        tap.same({path for path in added if not re.match(BY_TOOLS, path)},
                 {KEY, "/var/lib/authgate", STORE, STORE + ".ballast", STORE + ".seal"}, "what it made beside its own")
        assert "authgate" not in box.read("/etc/pam.d/common-auth"), "common-auth is touched"
        conffiles = box.run("dpkg-query", "-W", "-f", "${Conffiles}", "authgate", "libpam-authgate")
        for path in (*PAM, CONFIGURATION):
            assert path in conffiles, f"{path} is no conffile"


@tests.case("an account logs in through Dovecot, the packaged PAM service and the service run by hand")
def demo_login(packages):
    with Box(packages) as box:
        box.install()
        with served(box):
            said = log_in(box)
        assert said.count("ok - ") == 6 and "not ok" not in said, said


@tests.case("upgrading keeps what was set up and remembered, and puts the module there by rename")
def upgrading(packages):
    with Box(packages) as box, tempfile.TemporaryDirectory(dir=BUILD) as folder:
        box.install()
        box.write("/etc/authgate/accounts/carol.conf", 'services = { pop3 = "closed"; };\n')
        box.write(CONFIGURATION, box.read(CONFIGURATION) + "# mine\n")
        box.write(PAM[1], box.read(PAM[1]) + "# mine\n")
        box.run("chmod", "0711", "/etc/authgate")
        kept = [KEY, STORE + ".seal", CONFIGURATION, PAM[1], "/etc/authgate/accounts/carol.conf"]
        before = {path: (box.read(path, "rb"), box.owner(path)) for path in kept}
        module = box.run("sh", "-c", "ls /usr/lib/*/security/pam_authgate.so").strip()
        with open(box.path(module), "rb") as loaded:
            box.install(next_build(packages, folder))
            assert os.fstat(loaded.fileno()).st_ino != os.stat(box.path(module)).st_ino, "it was written in place"
            tap.same(os.fstat(loaded.fileno()).st_nlink, 0, "names of the old module")
        assert "+next" in box.run("dpkg-query", "-W", "authgate"), "not upgraded"
        tap.same({path: (box.read(path, "rb"), box.owner(path)) for path in kept}, before, "what is kept")
        tap.same(box.owner("/etc/authgate"), "root:authgate 711", "the mode that an administrator chose")
        with served(box):
            log_in(box)


@tests.case("a configuration with a mistake stops neither the installation nor the next upgrade")
def mistaken(packages):
    with Box(packages) as box:
        os.makedirs(box.path("/etc/authgate"))
        box.write(CONFIGURATION, "nonsense = ;\n")
        said = box.install()
        assert "no store was made" in said, said
        box.install()


@tests.case("removing leaves configuration, key and store; installing again goes on with them")
def removing(packages):
    with Box(packages) as box:
        box.install()
        key, seal = box.read(KEY, "rb"), box.read(STORE + ".seal")
        said = box.run("dpkg", "-r", *packages_of(box))
        assert not box.exists("/usr/sbin/authgated"), said
        assert not box.run("sh", "-c", "ls /usr/lib/*/security /usr/lib/*/sasl2").count("authgate"), "a module is left"
        for path in (*PAM, CONFIGURATION, KEY, STORE):
            assert box.exists(path), f"{path} is gone"
        box.install()
        tap.same((box.read(KEY, "rb"), box.read(STORE + ".seal")), (key, seal), "key and seal")
        with served(box):
            log_in(box)


@tests.case("removing the module while Dovecot's passdb names it says so, and so does purging it")
def warning(packages):
    with Box(packages) as box:
        box.install()
        box.write("/etc/dovecot/local.conf", box.passdb())
        said = box.run("dpkg", "-r", "libpam-authgate")
        assert "passdb" in said and "nobody can log in" in said, said
        said = box.run("dpkg", "-P", "libpam-authgate")
        assert "passdb" in said and "/etc/pam.d/other" in said, said


@tests.case("purging leaves nothing but the user")
def purging(packages):
    with Box(packages) as box:
        before = whole_host(box)
        box.install()
        with served(box):
            log_in(box)
        box.run("dpkg", "-P", *packages_of(box))
        left = {path for path in whole_host(box) - before if not path.startswith(("/run/", "/var/mail", "/etc/.pwd"))}
        tap.same(left - {"/etc/apparmor.d", "/etc/group-", "/etc/passwd-", "/etc/shadow-", "/etc/gshadow-",
                         "/etc/subuid-", "/etc/subgid-"}, set(), "what is left")
        assert "authgate" in box.read("/etc/passwd"), "the user is gone"


@tests.case("purging leaves policies that somebody wrote and a country database that somebody brought")
def purging_what_is_ours(packages):
    with Box(packages) as box:
        box.install()
        for path in ("/etc/authgate/accounts/carol.conf", "/var/lib/authgate/country.mmdb"):
            box.write(path, "mine")
        box.run("dpkg", "-P", *packages_of(box))
        for path, stays in (("/etc/authgate/accounts/carol.conf", True), ("/var/lib/authgate/country.mmdb", True),
                            (KEY, False), (STORE, False), (CONFIGURATION, False), (PAM[0], False)):
            tap.same(box.exists(path), stays, f"{path} is there")


def packages_of(box):
    return list(reversed(sorted(box.packages)))


tests.run(build("deb"))
