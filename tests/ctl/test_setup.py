#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""setup on a host as its distribution leaves it: the diff first, nothing written without a yes, copies of what was
there, nothing to do the second time, and doctor content afterwards. What it does not understand it refuses."""
import json
import os
import re
import resource
import signal
import stat
import subprocess

from harness import PROGRAM, admin_socket, configure, lab, says, tap
import dovecot_syntax as syntax
from tree import QUEUE, SERVICES, Tree

DOVECOT, SMTPD, CONF = "etc/dovecot/conf.d/10-auth.conf", "etc/postfix/sasl/smtpd.conf", "etc/authgate/authgate.conf"
DEFAULT, MAIN = "etc/default/saslauthd", "etc/postfix/main.cf"
STOCK_PASSDB = """\
passdb pam {
#  driver = pam
#  session = yes
#  service_name = dovecot
}
""" if syntax.MODERN else """\
passdb {
  driver = pam
  # [session=yes] [setcred=yes] [<service name>]
  #args = dovecot
}
"""
STOCK_DOVECOT = f"""\
# Dovecot's own passwords are the system's.
auth_mechanisms = plain login
{STOCK_PASSDB}{syntax.USERS}"""
STOCK_CONF = """\
# The list ) } is in this comment.
sockets = (
  { kind = "gate";  path = "/run/authgate/gate.sock"; owner = "root"; group = "root"; mode = "0600"; },
  { kind = "admin"; path = "/run/authgate/admin.sock"; }   # ours, "really" )
);
user = "authgate";
default_domain = "example.test";
defaults = {
  mode = "enforce";
};
"""
STOCK_SMTPD = "# smtpd\npwcheck_method: saslauthd\nmech_list: PLAIN LOGIN CRAM-MD5\n"
BOTH = ("--for", "dovecot,postfix")
tests = tap.Tests()


def stock(tree):
    """A host on which nobody has touched anything yet but to install the packages."""
    tree.reset()
    for service in SERVICES:
        tree.remove(f"etc/pam.d/authgate-{service}")
    tree.write(DOVECOT, STOCK_DOVECOT)
    tree.write(CONF, STOCK_CONF)
    tree.write(SMTPD, STOCK_SMTPD)
    tree.write(DEFAULT, 'MECHANISMS="pam"\nOPTIONS="-c -m /var/run/saslauthd"\n')
    os.chmod(tree.path(SMTPD), 0o640)
    os.chown(tree.path(SMTPD), 0, 4711)


def snapshot(tree):
    """Every file's text, by its name."""
    found = {}
    for folder, _, names in os.walk(tree.root):
        for name in names:
            path = os.path.join(folder, name)
            if stat.S_ISREG(os.lstat(path).st_mode):
                with open(path, encoding="utf-8") as file:
                    found[os.path.relpath(path, tree.root)] = file.read()
    return found


def setup(tree, *words, status=0, text="", **popen):
    done = tree.run("setup", *words, text=text, **popen)
    assert done.returncode == status, f"ended with {done.returncode}\n{done.stdout}{done.stderr}"
    return done


@tests.case("--dry-run shows a diff of each file and writes nothing")
def dry(tree):
    stock(tree)
    before = snapshot(tree)
    said = setup(tree, *BOTH, "--dry-run").stdout
    tap.same(snapshot(tree), before, "files")
    for name in (DOVECOT, SMTPD, CONF, DEFAULT):
        says(said, f"--- {tree.path(name)}\n+++ {tree.path(name)}\n@@ ")
    for service in SERVICES:
        says(said, f"--- /dev/null\n+++ {tree.path('etc/pam.d/authgate-' + service)}\n@@ -0,0 +1,")
    says(said, f" {syntax.PAM.splitlines()[-1]}\n+  {syntax.ASKS}\n", "nothing was written")


@tests.case("with a yes it writes, keeps owner and mode, and leaves a copy of what was there")
def written(tree):
    stock(tree)
    before = snapshot(tree)
    said = setup(tree, *BOTH, "--yes").stdout
    after = snapshot(tree)
    for name in (DOVECOT, SMTPD, CONF, DEFAULT):
        tap.same(after[name + ".before-authgate"], before[name], f"the copy of {name}")
        assert after[name] != before[name], f"{name} is as it was"
    status = os.stat(tree.path(SMTPD))
    tap.same((stat.S_IMODE(status.st_mode), status.st_gid), (0o640, 4711), "mode and group")
    copy = os.stat(tree.path(SMTPD + ".before-authgate"))
    tap.same((stat.S_IMODE(copy.st_mode), copy.st_gid), (0o640, 4711), "the copy's")
    tap.same([name for name in after if name.endswith(".new")], [], "files left over")
    says(said, "next: doveadm reload", "next: systemctl restart saslauthd", "then: authgatectl doctor")


@tests.case("what it wrote is what was meant, line by line")
def lines(tree):
    stock(tree)
    setup(tree, *BOTH, "--yes")
    tap.same(tree.read(DOVECOT),
             STOCK_DOVECOT.replace(syntax.PAM, f"{syntax.PAM}  {syntax.ASKS}\n"), DOVECOT)
    tap.same(tree.read(SMTPD), "# smtpd\npwcheck_method: saslauthd\nmech_list: PLAIN LOGIN\n"
             "saslauthd_path: /run/authgate/saslauthd\nauxprop_plugin: authgate\n"
             "authgate_socket: /run/authgate/gate.sock\n", SMTPD)
    tap.same(tree.read(DEFAULT), 'MECHANISMS="pam"\nOPTIONS="-m /var/run/saslauthd"\n', DEFAULT)
    assert tree.read(CONF).startswith(STOCK_CONF.split("   # ours")[0] + ",\n  { kind = "), tree.read(CONF)
    for path in ("/var/spool/postfix/run/authgate/gate.sock", "/var/spool/postfix/run/authgate/saslauthd"):
        assert f'path = "{path}"' in tree.read(CONF), f"no {path} in\n{tree.read(CONF)}"
    checked = subprocess.run([PROGRAM, "-c", tree.path(CONF), "check"], capture_output=True, text=True, check=False)
    tap.same(checked.returncode, 0, f"check says {checked.stderr}")


@tests.case("the PAM services are the shipped ones, comments aside")
def services(tree):
    stock(tree)
    setup(tree, "--for", "dovecot", "--yes")
    for service in SERVICES:
        with open(os.path.join(lab.ROOT, "conf/pam.d/debian", f"authgate-{service}"), encoding="utf-8") as file:
            shipped = re.sub(r"(?m)^#.*\n", "", file.read())
        tap.same(re.sub(r"(?m)^#.*\n", "", tree.read(f"etc/pam.d/authgate-{service}")), shipped, service)


@tests.case("on RHEL the PAM services are RHEL's")
def rhel(tree):
    stock(tree)
    tree.remove("etc/pam.d/common-auth")
    tree.write("etc/pam.d/password-auth", "auth required pam_unix.so\naccount required pam_unix.so\n")
    setup(tree, "--for", "dovecot", "--yes")
    with open(os.path.join(lab.ROOT, "conf/pam.d/rhel/authgate-imap"), encoding="utf-8") as file:
        shipped = re.sub(r"(?m)^#.*\n", "", file.read())
    tap.same(re.sub(r"(?m)^#.*\n", "", tree.read("etc/pam.d/authgate-imap")), shipped, "authgate-imap")


@tests.case("the second time there is nothing to change")
def idempotent(tree):
    stock(tree)
    setup(tree, *BOTH, "--yes")
    before = snapshot(tree)
    says(setup(tree, *BOTH, "--yes").stdout, "nothing to change")
    tap.same(snapshot(tree), before, "files")


@tests.case("where no server is chosen, or Postfix has nothing to do with Cyrus SASL, it says so")
def nothing(tree):
    stock(tree)
    says(tree.run("setup").stdout, "nothing to change", "no server was chosen: --for")
    tree.edit(MAIN, "smtpd_sasl_type = cyrus", "smtpd_sasl_type = dovecot\nsmtpd_sasl_path = private/auth")
    says(setup(tree, "--for", "postfix", "--dry-run").stdout, "nothing to change", "no passwords by Cyrus SASL")


@tests.case("doctor has nothing left to say but a note about main.cf")
def doctor(tree):
    stock(tree)
    tree.edit(MAIN, "  check_policy_service unix:/run/authgate/gate.sock,\n", "")
    assert tree.doctor(socket_path=admin_socket(tree.lab)), "doctor finds nothing on a host without the gate"
    setup(tree, *BOTH, "--yes")
    found = tree.doctor(socket_path=admin_socket(tree.lab))
    tap.same({finding["check"] for finding in found}, {"postfix-policy"}, f"{found}")


@tests.case("people are asked which servers, and once more before anything is written")
def asked(tree):
    stock(tree)
    before = snapshot(tree)
    for answers in ("n\nn\n", "y\ny\nn\n", "y\ny\n", "\n\n\n", ""):
        done = setup(tree, text=answers)
        tap.same(snapshot(tree), before, f"files after {answers!r}")
        says(done.stderr, "Dovecot is here", "Postfix is here, and checks passwords by Cyrus SASL")
    setup(tree, text="y\nn\ny\n")
    after = snapshot(tree)
    assert after[DOVECOT] != before[DOVECOT] and after[SMTPD] == before[SMTPD], "the answers were not heeded"


# What is there, and what becomes of it.
OPTIONS = [("session = yes\n  service_name = dovecot\n  max_requests = 3",
            "session = yes\n  service_name = authgate-%{protocol}\n  max_requests = 3"),
           ("passdb_pam_service_name = dovecot", "passdb_pam_service_name = authgate-%{protocol}")
           ] if syntax.MODERN else [("args = session=yes dovecot", "args = session=yes authgate-%s")]


@tests.rows(OPTIONS, lambda row: f"other options of the PAM passdb stay, another service goes, and the cache is "
            f"switched off: {row[0]!r}")
def options(tree, row):
    stock(tree)
    for text, after in (row, (row[1], row[1])):
        tree.write(DOVECOT, f"auth_cache_size = 10 M # fast\n{syntax.PAM}  {text}\n}}\n")
        setup(tree, "--for", "dovecot", "--yes")
        tap.same(tree.read(DOVECOT), f"auth_cache_size = 0\n{syntax.PAM}  {after}\n}}\n", DOVECOT)


@tests.case("a cache that PAM is kept out of stays (2.4); in 2.3 there is no such word")
def kept_cache(tree):
    stock(tree)
    before = f"auth_cache_size = 10 M # fast\n{syntax.PAM}  {syntax.ASKS}\n" + \
             ("  use_cache = no\n}\n" if syntax.MODERN else "}\n")
    tree.write(DOVECOT, before)
    setup(tree, "--for", "dovecot", "--yes")
    after = before if syntax.MODERN else before.replace("10 M # fast", "0")
    tap.same(tree.read(DOVECOT), after, DOVECOT)


MODERN_SERVICES = {
    "a service said for every PAM passdb stays, and is not asked": (
        "passdb_pam_service_name = mail\npassdb pam {\n}\n",
        "passdb_pam_service_name = mail\npassdb pam {\n  service_name = authgate-%{protocol}\n}\n"),
    "ours said for every PAM passdb is enough": (
        "passdb_pam {\n  service_name = authgate-%{protocol}\n}\npassdb pam {\n}\n",) * 2,
    "a passdb by a name of its own": (
        "passdb system {\n  driver = pam\n}\n",
        "passdb system {\n  driver = pam\n  passdb_pam_service_name = authgate-%{protocol}\n}\n"),
}


@tests.rows(sorted(MODERN_SERVICES) if syntax.MODERN else [], lambda name: f"Dovecot 2.4: {name}")
def modern(tree, name):
    before, after = MODERN_SERVICES[name]
    stock(tree)
    tree.write(DOVECOT, before)
    setup(tree, "--for", "dovecot", "--yes")
    tap.same(tree.read(DOVECOT), after, DOVECOT)
    found = tree.doctor(socket_path=admin_socket(tree.lab))
    tap.same([row for row in found if row["check"].startswith("dovecot")], [], "doctor's findings")


def unchroot(tree):
    tree.edit("etc/postfix/master.cf", "-       y       -       -       smtpd", "-       n       -       -       smtpd")


@tests.case("a Postfix without smtpd.conf gets one; one without a chroot gets sockets of its own outside")
def fresh(tree):
    stock(tree)
    tree.remove(SMTPD)
    unchroot(tree)
    said = setup(tree, "--for", "postfix", "--yes").stdout
    says(tree.read(SMTPD), "pwcheck_method: saslauthd\n", "authgate_socket: /run/authgate/smtpd.sock\n")
    says(tree.read(CONF), 'path = "/run/authgate/smtpd.sock"; group = "postfix"', 'path = "/run/authgate/saslauthd"')
    assert QUEUE not in tree.read(CONF), tree.read(CONF)
    says(said, "unchrooted.conf", "check_policy_service unix:/run/authgate/smtpd.sock")
    with open(os.path.join(lab.ROOT, "packaging/systemd/unchrooted.conf"), encoding="utf-8") as file:
        made = re.findall(r"(?m)^ListenStream=(/.*)$", file.read())
    for path in made:
        says(tree.read(CONF), f'path = "{path}"')
        tree.make_socket(path.lstrip("/"))
    for name in (MAIN, "etc/postfix/master.cf"):
        tree.edit(name, "/run/authgate/gate.sock", "/run/authgate/smtpd.sock")
    setup(tree, "--for", "dovecot", "--yes")
    tap.same(tree.doctor(socket_path=admin_socket(tree.lab)), [], "doctor's findings")


@tests.case("smtpds with a chroot and without one cannot share an smtpd.conf: refused, with nothing written")
def mixed(tree):
    stock(tree)
    tree.edit("etc/postfix/master.cf", "submission inet  n       -       y", "submission inet  n       -       n")
    before = snapshot(tree)
    says(setup(tree, "--for", "postfix", "--yes", status=1).stdout, "refused: ", "master.cf: some smtpds are chrooted")
    tap.same(snapshot(tree), before, "files")


@tests.case("a saslauthd that listens in the chroot is found")
def upstream(tree):
    stock(tree)
    tree.remove("run/saslauthd/mux")
    tree.make_socket(f"{QUEUE}/var/run/saslauthd/mux")
    setup(tree, "--for", "postfix", "--yes")
    says(tree.read(CONF), 'saslauthd = { upstream = "/var/spool/postfix/var/run/saslauthd/mux"; };')
    tap.same({row["check"] for row in tree.doctor() if row["check"].startswith("saslauthd")}, set(), "findings")


REFUSED = {
    "a passwd-file passdb": (DOVECOT, STOCK_PASSDB, syntax.passwd_file("/etc/dovecot/users"), "passwd-file"),
    "a second passdb": (DOVECOT, "userdb", syntax.passdb("pam", name="more") + "userdb", "beside another"),
    "libsasl2 with auxprop": (SMTPD, "method: saslauthd", "method: auxprop", "pwcheck_method is auxprop"),
    "sockets in another file": (CONF, STOCK_CONF, '@include "main.inc"\n', "add by hand"),
    "a configuration with mistakes": (CONF, "mode =", "mod =", "authgatectl check"),
    "a Dovecot that cannot be read": (DOVECOT, "auth_mechanisms", "auth_mechanism", "Dovecot:"),
}
if syntax.MODERN:
    REFUSED["a passdb written by its path"] = (DOVECOT, STOCK_PASSDB, "passdb/pam/session = yes\n", "by hand")


@tests.rows(sorted(REFUSED), lambda name: f"refused, with nothing written: {name}")
def refused(tree, name):
    file, old, new, word = REFUSED[name]
    stock(tree)
    tree.write("etc/authgate/main.inc", STOCK_CONF)
    tree.edit(file, old, new)
    before = snapshot(tree)
    says(setup(tree, *BOTH, "--yes", status=1).stdout, "refused: ", word, "nothing was written")
    tap.same(snapshot(tree), before, "files")


@tests.case("where Dovecot cannot read the result, everything is put back")
def undone(tree):
    stock(tree)
    before = snapshot(tree)
    tree.program("doveconf", f"grep -q authgate- {tree.path(DOVECOT)} && {{ echo broken >&2; exit 89; }}\n"
                 "PATH=/usr/bin:/usr/sbin exec doveconf \"$@\"\n")
    done = setup(tree, "--for", "dovecot", "--yes", status=1)
    tree.no_program("doveconf")
    says(done.stderr, "broken: everything was put back")
    tap.same(snapshot(tree), before, "files, without any copy")


@tests.case("a file that cannot be written takes the others back with it")
def half(tree):
    stock(tree)
    before = snapshot(tree)
    os.makedirs(tree.path("etc/authgate/.authgate.conf.new"))  # where the new text is staged
    done = setup(tree, *BOTH, "--yes", status=1)
    os.rmdir(tree.path("etc/authgate/.authgate.conf.new"))
    says(done.stderr, "cannot create", ".authgate.conf.new")
    tap.same(snapshot(tree), before, "files, without any copy")


def small_files():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50000, 50000))


@tests.case("where there is no room for all of a file or its copy, no half of either is left, and nothing is changed")
def no_room(tree):
    for size in (49999, 60000):  # one that is too long with what comes to it, and one whose copy is
        stock(tree)
        tree.write(CONF, STOCK_CONF + "#" * (size - len(STOCK_CONF)))
        before = snapshot(tree)
        done = setup(tree, *BOTH, "--yes", status=1, preexec_fn=small_files)
        says(done.stderr, "cannot write", "authgate.conf", "File too large")
        tap.same(snapshot(tree), before, "files")


@tests.case("programs get the plan and what became of it as JSON")
def as_json(tree):
    stock(tree)
    plan = json.loads(setup(tree, *BOTH, "--json", "--dry-run").stdout)
    tap.same((plan["written"], len(plan["changes"]), plan["refusals"]), (False, 10, []), "plan")
    done = json.loads(setup(tree, *BOTH, "--json", "--yes").stdout)
    tap.same(done["written"], True, "written")
    tap.same(json.loads(setup(tree, *BOTH, "--json").stdout)["changes"], [], "changes the second time")


@tests.case("wrong command lines")
def usage(tree):
    stock(tree)
    for words in (["--for", "sendmail"], ["--for", ""], ["operand"], ["--json"], ["--yess"]):
        setup(tree, *words, status=2)


with lab.Lab() as the_lab:
    configure(the_lab, "")
    the_lab.start()
    tests.run(Tree(the_lab))
