#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""`authgated --create-store --exit` makes the store and its key and serves nobody; a daemon that was never root finds
its key where systemd puts credentials."""
import os
import pwd
import shutil
import stat
import subprocess

from harness import accepted, lab, tap

NOBODY = pwd.getpwnam("nobody")
tests = tap.Tests()


def prepare(of_lab):
    """A folder of the daemon's user for the store, and a configuration that names store and key."""
    folder = of_lab.path("state")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder, mode=0o700)
    os.chown(folder, NOBODY.pw_uid, NOBODY.pw_gid)
    if os.path.exists(of_lab.path("secret.key")):
        os.unlink(of_lab.path("secret.key"))
    of_lab.configure(settings=f'store = "sqlite:{folder}/store.db"; secret_key_file = "{of_lab.path("secret.key")}";')
    return folder


def run(of_lab, *options):
    return subprocess.run([*of_lab.command, *options], capture_output=True, text=True, check=False, timeout=30)


def create(of_lab):
    made = run(of_lab, "--create-store", "--exit")
    tap.same(made.returncode, 0, f"exit status ({made.stderr!r})")


@tests.case("--create-store --exit makes the key with the rights it was started with and the store as `user`")
def makes_both(of_lab):
    folder = prepare(of_lab)
    create(of_lab)
    key, store = os.stat(of_lab.path("secret.key")), os.stat(os.path.join(folder, "store.db"))
    tap.same((key.st_uid, stat.S_IMODE(key.st_mode)), (os.getuid(), 0o400), "owner and mode of the key")
    tap.same((store.st_uid, stat.S_IMODE(store.st_mode)), (NOBODY.pw_uid, 0o600), "owner and mode of the store")
    assert not os.path.exists(of_lab.socket), "it made a socket"


@tests.case("what is there already is left as it is")
def leaves_alone(of_lab):
    folder = prepare(of_lab)
    create(of_lab)
    with open(of_lab.path("secret.key"), "rb") as file:
        before = file.read()
    seal = sorted(os.listdir(folder))
    create(of_lab)
    with open(of_lab.path("secret.key"), "rb") as file:
        assert file.read() == before, "the key was made again"
    tap.same(sorted(os.listdir(folder)), seal, "the store's files")


@tests.case("a store that a daemon serves is left to it")
def beside_a_daemon(of_lab):
    prepare(of_lab)
    create(of_lab)
    of_lab.start()
    made = run(of_lab, "--create-store", "--exit")
    tap.same(made.returncode, 2, "exit status")
    assert "in use" in made.stderr, made.stderr
    accepted(of_lab)
    of_lab.stop()


@tests.case("a store that cannot be made ends it with status 2 and is named")
def cannot(of_lab):
    folder = prepare(of_lab)
    os.chown(folder, 0, 0)
    made = run(of_lab, "--create-store", "--exit")
    tap.same(made.returncode, 2, "exit status")
    assert folder in made.stderr, made.stderr


@tests.case("--exit alone is a wrong use")
def alone(of_lab):
    tap.same(run(of_lab, "--exit").returncode, 2, "exit status")


def as_nobody(of_lab, key):
    """Starts the daemon as systemd would: as its user from the start, the key in a folder of its own."""
    credentials = of_lab.path("credentials")
    os.makedirs(credentials, mode=0o700, exist_ok=True)
    with open(os.path.join(credentials, "secret.key"), "wb") as file:
        file.write(key)
    os.chmod(os.path.join(credentials, "secret.key"), 0o440)
    for path in (credentials, os.path.join(credentials, "secret.key")):
        os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
    os.chown(of_lab.directory, NOBODY.pw_uid, NOBODY.pw_gid)
    return ["setpriv", f"--reuid={NOBODY.pw_uid}", f"--regid={NOBODY.pw_gid}", "--clear-groups", "env",
            f"CREDENTIALS_DIRECTORY={credentials}", *of_lab.command]


@tests.case("the credential secret.key is read where the key file itself cannot be")
def credential(of_lab):
    prepare(of_lab)
    create(of_lab)
    with open(of_lab.path("secret.key"), "rb") as file:
        key = file.read()
    status, said = of_lab.fails_to_start(command=[*as_nobody(of_lab, key)[:4], *of_lab.command])
    tap.same(status, 2, "exit status without the credential")
    assert "secret.key" in said, said
    of_lab.start(command=as_nobody(of_lab, key))
    accepted(of_lab)
    of_lab.stop()


@tests.case("a credential that is no key ends the start")
def bad_credential(of_lab):
    prepare(of_lab)
    create(of_lab)
    status, said = of_lab.fails_to_start(command=as_nobody(of_lab, b"short"))
    tap.same(status, 2, "exit status")
    assert "credential" in said, said


with lab.Lab() as the_lab:
    tests.run(the_lab)
