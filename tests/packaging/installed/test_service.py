#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# time-limit: 1800
"""The Debian packages on a host whose process 1 is systemd, in a container: the service in its sandbox, restarts and
kills that lose no login, the sockets for Postfix, an upgrade, a removal."""
import os
import re
import tempfile
import time

from box import BUILD, Box, ROOT, build, next_build, tap

HERE = os.path.dirname(os.path.abspath(__file__))
USER, PASSWORD = "carol", "on the train"
POSTFIX = "/var/spool/postfix/run/authgate"
ENFORCE_SOCKETS = re.compile(r"^  # (, \{ kind|    requests|    seen_as)", re.MULTILINE)
KILL = "systemctl kill --kill-who=main -s KILL authgated.service"
tests = tap.Tests()


def property_of(box, unit, name):
    return box.run("systemctl", "show", "-p", name, "--value", unit).strip()


def pid_of(box):
    return property_of(box, "authgated.service", "MainPID")


def active(box, unit="authgated.service"):
    return box.ask("systemctl", "is-active", unit).stdout.strip()


def serving(box):
    return active(box) == "active" and box.ask("authgatectl", "status").returncode == 0


def status_of(box):
    lines = box.run("cat", f"/proc/{pid_of(box)}/status").splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


@tests.case("installing starts the service, and it answers")
def starts(box):
    box.install()
    tap.same((active(box), active(box, "authgated.socket")), ("active", "active"), "service and socket")
    assert serving(box), box.journal()
    tap.same(property_of(box, "authgated.service", "NRestarts"), "0", "restarts")


@tests.case("it was never root: its user, no capability, no new privileges, a filter of system calls")
def sandbox(box):
    status = status_of(box)
    user = box.run("id", "-u", "authgate").strip()
    tap.same(status["Uid"].split(), [user] * 4, "user ids")
    tap.same([int(status[name], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")], [0] * 4, "capabilities")
    tap.same((status["NoNewPrivs"].strip(), status["Seccomp"].strip()), ("1", "2"), "NoNewPrivs and Seccomp")


@tests.case("it reaches no network and writes nowhere but to its own folders")
def confined(box):
    inside = ["nsenter", "-t", pid_of(box), "-m", "-n"]
    networks = {box.run("readlink", f"/proc/{pid}/ns/net") for pid in ("1", pid_of(box))}
    assert len(networks) == 2, "it shares the host's network"
    for place in ("/etc/authgate", "/usr/sbin", "/var/spool", "/home"):
        assert box.ask(*inside, "touch", f"{place}/x").returncode != 0, f"{place} can be written"
    box.run(*inside, "sh", "-c", "touch /var/lib/authgate/x && rm /var/lib/authgate/x")


@tests.case("an account logs in through Dovecot and the packaged PAM service")
def logs_in(box):
    said = box.run("python3", box.bring(os.path.join(ROOT, "packaging/debian/tests/login")))
    assert said.count("ok - ") == 6 and "not ok" not in said, said


@tests.case("each login is a line in the journal")
def logged(box):
    lines = re.findall(r"ref=[a-z2-7]{13} account=gatetest .*verdict=\w+", box.journal())
    assert len(lines) >= 4, box.journal()


@tests.case("a reload takes up a new configuration, and keeps the old one where it has a mistake")
def reload(box):
    text = box.read("/etc/authgate/authgate.conf")
    for bad in (False, True):
        box.write("/etc/authgate/authgate.conf", text + ("nonsense = ;\n" if bad else "# changed\n"))
        box.run("systemctl", "reload", "authgated")
        word = "stays in force" if bad else "is in force"
        tap.poll(lambda word=word: word in box.journal(), 5, f"{word!r} in the journal")
    box.write("/etc/authgate/authgate.conf", text)
    assert serving(box), box.journal()


def count_under(box, least, *command):
    """Logins while the command disturbs the daemon: none may be refused."""
    said = box.run("python3", box.bring(os.path.join(HERE, "under_restarts.py")), USER, PASSWORD, *command)
    logins, disturbances, refused = map(int, said.split()[:3])
    assert refused == 0, f"{refused} of {logins} logins were refused: {said}\n{box.journal()}"
    assert logins >= 10 and disturbances >= least, f"only {logins} logins and {disturbances} disturbances"
    print(f"# {logins} logins during {disturbances} disturbances")
    gated = box.run("journalctl", "--no-pager", "-u", "authgated.service").count(f"account={USER} ")
    assert gated >= logins, f"{gated} of {logins} logins passed the gate"


@tests.case("restarts lose no login of the host's own Dovecot")
def restarts(box):
    box.run("useradd", "--no-create-home", USER)
    box.run("sh", "-c", f"echo '{USER}:{PASSWORD}' | chpasswd")
    box.write("/etc/dovecot/conf.d/auth-system.conf.ext", box.passdb())
    box.run("systemctl", "reload", "dovecot")
    count_under(box, 5, "systemctl", "restart", "authgated")


@tests.case("kills lose no login either")
def kills(box):
    count_under(box, 5, "sh", "-c", f"{KILL}; authgatectl status")


@tests.case("H8: 50 kills in a row disable neither the service nor its sockets")
def fifty(box):
    for _ in range(50):
        box.run("sh", "-c", f"{KILL}; authgatectl status")
    tap.poll(lambda: serving(box), 5, "the service")
    tap.same(active(box, "authgated.socket"), "active", "the sockets")


@tests.case("a key that was rotated is the one that systemd hands over at the next start")
def rotation(box):
    before = box.read("/etc/authgate/secret.key", "rb")
    box.run("authgatectl", "key", "rotate")
    assert box.read("/etc/authgate/secret.key", "rb") != before, "the key is the old one"
    tap.same(box.owner("/etc/authgate/secret.key"), "root:root 400", "the new key")
    box.run("systemctl", "restart", "authgated")
    assert re.search(r"store state +serving", box.run("authgatectl", "status")), box.run("authgatectl", "status")


@tests.case("a backup of the store goes where the daemon may write")
def backup(box):
    box.run("authgatectl", "store", "backup", "/var/lib/authgate/backup.db")
    tap.same(box.owner("/var/lib/authgate/backup.db"), "authgate:authgate 600", "the backup")
    box.run("rm", "/var/lib/authgate/backup.db")


@tests.case("a daemon that hangs is started anew by the watchdog")
def watchdog(box):
    box.run("sh", "-c", "mkdir -p /run/systemd/system/authgated.service.d && printf '[Service]\\nWatchdogSec=1s\\n' "
            "> /run/systemd/system/authgated.service.d/watchdog.conf && systemctl daemon-reload")
    box.run("systemctl", "restart", "authgated")
    before = pid_of(box)
    box.run("sh", "-c", f"kill -STOP {before}")
    tap.poll(lambda: pid_of(box) not in (before, "0"), 20, "another process")
    box.run("sh", "-c", "rm -r /run/systemd/system/authgated.service.d && systemctl daemon-reload")
    box.run("systemctl", "restart", "authgated")
    assert serving(box), box.journal()


@tests.case("a wrong configuration neither spins nor gives up: it serves once it is right again")
def wrong_configuration(box):
    text = box.read("/etc/authgate/authgate.conf")
    box.write("/etc/authgate/authgate.conf", "nonsense = ;\n")
    box.ask("systemctl", "restart", "authgated")
    box.ask("authgatectl", "--socket", "/run/authgate/admin.sock", "status", timeout=60)
    before, since = int(property_of(box, "authgated.service", "NRestarts")), time.monotonic()
    tap.poll(lambda: int(property_of(box, "authgated.service", "NRestarts")) >= before + 4, 20, "four more starts")
    took = time.monotonic() - since
    box.write("/etc/authgate/authgate.conf", text)
    assert took > 0.6, f"four starts took {took} s only"
    tap.poll(lambda: serving(box), 10, "the service")


@tests.case("the sockets for Postfix take one `enable` and one restart, and smtpd's user reaches them alone")
def postfix(box):
    text = box.read("/etc/authgate/authgate.conf")
    box.write("/etc/authgate/authgate.conf", ENFORCE_SOCKETS.sub(r"  \1", text))
    box.run("authgatectl", "check")
    box.run("systemctl", "enable", "authgated-postfix.socket")
    box.run("systemctl", "restart", "authgated.service")
    for name in ("gate.sock", "saslauthd"):
        tap.same(box.owner(f"{POSTFIX}/{name}"), "root:postfix 660", name)
    ask = ("import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(b'request=ask\\n"
           "protocol=1\\nuser=carol\\nservice=smtp\\nclient_address=127.0.0.1\\nmechanism=PLAIN\\n\\n'); "
           "print(s.recv(999).decode())")
    command = ["python3", "-c", ask, f"{POSTFIX}/gate.sock"]
    assert "verdict=continue" in box.run("setpriv", "--reuid=postfix", "--regid=postfix", "--clear-groups", *command)
    assert box.ask("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command).returncode != 0, "nobody"


@tests.case("upgrading under load loses no login, and Dovecot's workers load the new module")
def upgrading(box):
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        names = [box.bring(deb) for deb in next_build(PACKAGES, folder).values()]
    count_under(box, 1, "dpkg", "-i", "--force-confold", *names)
    assert "+next" in box.run("dpkg-query", "-W", "libpam-authgate"), "not upgraded"
    box.run("doveadm", "auth", "test", USER, PASSWORD)
    maps = box.run("sh", "-c", "cat /proc/*/maps 2>/dev/null || true")
    assert "pam_authgate.so" in maps, "no process has the module"
    old = [line for line in maps.splitlines() if "pam_authgate.so (deleted)" in line]
    assert not old, f"the old module is still loaded: {old}"


@tests.case("removing stops service and sockets; purging takes away what they left")
def removing(box):
    box.run("dpkg", "-r", "libsasl2-modules-authgate", "libpam-authgate", "authgate")
    assert active(box) != "active" and active(box, "authgated.socket") != "active", box.journal()
    box.run("test", "-e", "/etc/authgate/secret.key")
    assert box.ask("doveadm", "auth", "test", USER, PASSWORD).returncode != 0, "a login without the module went through"
    box.run("dpkg", "-P", "libsasl2-modules-authgate", "libpam-authgate", "authgate")
    assert "/etc/authgate" not in box.run("sh", "-c", "ls -d /etc/* /var/lib/*"), "/etc/authgate is left"


PACKAGES = build("deb")
with Box(PACKAGES) as the_box:
    the_box.boot()  # where nothing can be booted all of it is skipped
    tests.run(the_box)
