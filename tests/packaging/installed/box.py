# SPDX-License-Identifier: BSD-2-Clause
"""A small Debian in a folder, for what packages do to a host: debootstrapped once a build folder, then seen through an
overlay, so that every test starts from the same. Its programs run in it by chroot; `boot` starts systemd in it as
process 1, in a container without a network. Mounts live in a namespace of this process and end with it."""
import contextlib
import ctypes
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "lab"))

import tap  # pylint: disable=wrong-import-position

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x00020000, 0x4000, 0x40000
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8", "TERM": "dumb",
               "DEBIAN_FRONTEND": "noninteractive"}
MAIL_HOST = ["dbus", "dovecot-core", "dovecot-imapd", "libsasl2-modules", "postfix", "python3", "sasl2-bin", "systemd",
             "systemd-sysv"]
PASSDB = {"2.3": "passdb {\n driver = pam\n args = authgate-%s\n}\nuserdb {\n driver = passwd\n}\n",
          "2.4": "passdb pam {\n service_name = authgate-%{protocol}\n}\nuserdb passwd {\n}\n"}
BOOT_SECONDS = 60
NO_BASE = []  # why none can be made: it is not tried again for each test
os.environ["PATH"] += ":/usr/sbin:/sbin"  # where debootstrap and others are, also for whoever has them not in sight
__all__ = ["BUILD", "Box", "ROOT", "build", "debs", "fields", "next_build", "open_text", "run", "tap"]


def run(*command, **more):
    """Runs a program that must succeed; what it printed."""
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **more)
    assert done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{done.stdout}"
    return done.stdout


# ---- packages ----

@contextlib.contextmanager
def alone(what):
    """Keeps other tests from making the same thing meanwhile."""
    os.makedirs(BUILD, exist_ok=True)
    with open(os.path.join(BUILD, f".{what}.lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(target, place="packages"):
    """`make deb` or `make rpm` into a folder of its own, unless the same sources have been built there; that folder."""
    folder = os.path.join(BUILD, place, target)
    marker = os.path.join(folder, ".built")
    with alone(place):  # both targets pack the sources in the same place first
        tarball = run("make", "-s", "-C", ROOT, "--no-print-directory", "dist", f"BUILD={folder}-sources").split()[-1]
        with open(tarball, "rb") as file:
            sources = hashlib.sha256(file.read()).hexdigest()
        if not os.path.exists(marker) or open_text(marker) != sources:
            run("make", "-C", ROOT, "--no-print-directory", target, f"BUILD={os.path.dirname(folder)}")
            with open(marker, "w", encoding="ascii") as file:
                file.write(sources)
    return folder


def open_text(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def debs(folder):
    """The packages in a folder by name, without those with debugging symbols."""
    return {name.split("_")[0]: os.path.join(folder, name) for name in sorted(os.listdir(folder))
            if name.endswith(".deb") and "-dbgsym" not in name}


def fields(deb, *names):
    return run("dpkg-deb", "-f", deb, *names).strip()


def next_build(folder, into):
    """The same packages as if the next version had been built."""
    made = {}
    for name, deb in debs(folder).items():
        tree, version = os.path.join(into, name), fields(deb, "Version") + "+next"
        run("dpkg-deb", "-R", deb, tree)
        control = os.path.join(tree, "DEBIAN/control")
        with open(control, encoding="utf-8") as file:
            text = file.read()
        with open(control, "w", encoding="utf-8") as file:
            file.write(text.replace(f"Version: {fields(deb, 'Version')}\n", f"Version: {version}\n"))
        made[name] = os.path.join(into, f"{name}_next.deb")
        run("dpkg-deb", "--root-owner-group", "-b", tree, made[name])
        shutil.rmtree(tree)
    return made


# ---- the base ----

def mirror():
    """The archive that apt uses here, and its suite."""
    with open("/etc/os-release", encoding="utf-8") as file:
        suite = next(line.split("=")[1].strip() for line in file if line.startswith("VERSION_CODENAME="))
    known = run("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Identifier: Packages")
    for line in known.splitlines():
        place, _, release = line.rpartition(" ")
        if release == suite:
            return place, suite
    raise tap.Skip(f"apt knows no archive for {suite}: not Debian?")


def first_choices(folder):
    """The packages that ours depend on: of alternatives the first."""
    wanted = set()
    for deb in debs(folder).values():
        for alternatives in fields(deb, "Depends").split(","):
            name = alternatives.split("|")[0].split("(")[0].strip()
            if name and name not in debs(folder):
                wanted.add(name)
    return sorted(wanted)


def base(folder):
    """The folder with the Debian that the packages in `folder` are installed into; made where it is not there yet."""
    wanted = sorted({*MAIL_HOST, *first_choices(folder)})
    place = os.path.join(BUILD, "debian")
    marker = os.path.join(place, ".made")
    if os.path.exists(marker) and open_text(marker).split() == wanted:
        return place
    if NO_BASE:
        raise tap.Skip(NO_BASE[0])
    shutil.rmtree(place, ignore_errors=True)
    archive, suite = mirror()
    made = subprocess.run(["debootstrap", "--variant=minbase", f"--include={','.join(wanted)}", suite, place, archive],
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if made.returncode != 0:
        NO_BASE.append(f"no Debian can be made here: {' '.join(made.stdout.split()[-60:])}")
        raise tap.Skip(NO_BASE[0])
    shutil.rmtree(os.path.join(place, "var/cache/apt"))
    os.makedirs(os.path.join(place, "var/cache/apt/archives/partial"))
    with open(marker, "w", encoding="utf-8") as file:
        file.write(" ".join(wanted))
    return place


# ---- one box ----

def own_mounts():
    """From here on this process's mounts are its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) or libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None):
        raise tap.Skip(f"no mount namespace here: {os.strerror(ctypes.get_errno())}")


class Box:
    """The Debian and what was started in it. Use as `with Box(folder) as box:`."""

    def __init__(self, folder):
        self.packages = debs(folder)
        self.cleanup = contextlib.ExitStack()
        self.container = None
        own_mounts()
        with alone("debian"):
            lower = base(folder)
        self.place = tempfile.mkdtemp(prefix="authgate-box-")
        self.cleanup.callback(shutil.rmtree, self.place, ignore_errors=True)
        self.root = os.path.join(self.place, "root")
        run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", self.place)
        self.cleanup.callback(run, "umount", "-l", self.place)
        for name in ("root", "upper", "work"):
            os.mkdir(os.path.join(self.place, name))
        run("mount", "-t", "overlay", "overlay", "-o",
            f"lowerdir={lower},upperdir={self.place}/upper,workdir={self.place}/work", self.root)
        self.cleanup.callback(run, "umount", "-R", "-l", self.root)
        run("mount", "-t", "proc", "proc", self.path("/proc"))

    def __enter__(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda number, _frame: sys.exit(128 + number))
        return self

    def __exit__(self, *fault):
        return self.cleanup.__exit__(*fault)

    # Files

    def path(self, name):
        return os.path.join(self.root, name.lstrip("/"))

    def exists(self, name):
        return os.path.lexists(self.path(name))

    def read(self, name, mode="r"):
        with open(self.path(name), mode, encoding=None if "b" in mode else "utf-8") as file:
            return file.read()

    def write(self, name, text, mode=0o644):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), mode)

    def owner(self, name):
        """user:group mode of a file, by the box's own names."""
        return self.run("stat", "-c", "%U:%G %a", name).strip()

    def bring(self, path):
        """Copies a file in; its name there."""
        there = "/opt/" + os.path.basename(path)
        shutil.copy(path, self.path(there))
        return there

    # Programs

    def way_in(self):
        if self.container:
            return ["nsenter", "-t", str(self.container), "-m", "-p", "-n", "-u", "-i", "-C"]
        return ["chroot", self.root]

    def ask(self, *command, **more):
        """Runs a program in the box, however it ends."""
        return subprocess.run([*self.way_in(), *command], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=ENVIRONMENT, cwd="/", check=False, **more)

    def run(self, *command):
        """Runs a program in the box that must succeed; what it printed."""
        done = self.ask(*command)
        assert done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{done.stdout}\n{self.journal()}"
        return done.stdout

    def install(self, packages=None):
        names = [self.bring(deb) for deb in (packages or self.packages).values()]
        return self.run("dpkg", "-i", "--force-confold", *names)

    def passdb(self):
        """The lines by which the box's Dovecot asks the gate."""
        return PASSDB["2.3" if self.run("dovecot", "--version").startswith("2.3") else "2.4"]

    # systemd

    def journal(self):
        if not self.container:
            return ""
        return self.ask("journalctl", "--no-pager", "-n", "40", "-u", "authgated.service").stdout

    def boot(self):
        """Starts systemd as process 1 of a container, and waits until it has started everything."""
        if not shutil.which("systemd-nspawn"):
            raise tap.Skip("no systemd-nspawn here")
        run("umount", self.path("/proc"))  # it brings its own
        log = os.path.join(self.place, "boot.log")
        with open(log, "wb") as output:
            nspawn = subprocess.Popen(["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network",
                                       "-M", f"authgate{os.getpid()}", "-D", self.root, "-b", "--console=read-only"],
                                      stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        self.cleanup.callback(self.power_off, nspawn)
        try:
            self.container = tap.poll(lambda: leader(nspawn), BOOT_SECONDS, "process 1")
            tap.poll(lambda: self.ask("systemctl", "is-system-running").stdout.strip() in ("running", "degraded"),
                     BOOT_SECONDS, "systemd's start")
        except AssertionError as fault:
            with open(log, encoding="utf-8", errors="replace") as file:
                raise tap.Skip(f"no container can be booted here: {fault}; {file.read()[-300:]!r}") from None

    def power_off(self, nspawn):
        self.container = None
        nspawn.terminate()
        try:
            nspawn.wait(20)
        except subprocess.TimeoutExpired:
            nspawn.kill()
            nspawn.wait()


def leader(nspawn):
    """The container's process 1, nspawn's only child once it has come so far."""
    assert nspawn.poll() is None, "systemd-nspawn ended"
    with open(f"/proc/{nspawn.pid}/task/{nspawn.pid}/children", encoding="ascii") as file:
        children = file.read().split()
    for child in children:
        with open(f"/proc/{child}/comm", encoding="utf-8") as file:
            if file.read().strip() == "systemd":
                return int(child)
    return None
