#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""authgatectl account edit with an editor that writes what a test says: only what parses is installed."""
import os
import stat
import subprocess

from harness import DONE, NO, PROGRAM, configure, ctl, lab, says, tap

from vault import NOBODY  # pylint: disable=wrong-import-order

GOOD = 'countries = { allow = [ "FR" ]; };\n'
OTHER = 'countries = { allow = [ "DE" ]; };\n'
BAD = "contries = 1;\n"
tests = tap.Tests()


def editor(of_lab, *texts, options=""):
    """An editor that writes one text after the other, the next each time that it is run; "KEEP" leaves the file alone,
    "FAIL" ends with 1. It notes what it was given."""
    for number, text in enumerate(texts):
        of_lab.write(f"text{number}", text)
    of_lab.write("turn", "0")
    script = f"""#!/usr/bin/python3
import shutil, sys
turn = open("{of_lab.path('turn')}").read()
open("{of_lab.path('turn')}", "w").write(str(int(turn) + 1))
shutil.copy(sys.argv[-1], "{of_lab.path('seen')}" + turn)
open("{of_lab.path('words')}", "w").write(repr(sys.argv[1:]))
text = open("{of_lab.path('text')}" + turn).read()
if text == "FAIL":
    sys.exit(1)
if text != "KEEP":
    open(sys.argv[-1], "w").write(text)
"""
    return {"EDITOR": of_lab.write("editor", script, 0o755) + options, "VISUAL": ""}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def clean(of_lab):
    """Fails the case where an edit left a file behind."""
    for folder, _, names in os.walk(of_lab.path("accounts")):
        assert not [name for name in names if name.startswith(".")], f"{folder}: {names}"


def edit(of_lab, account, *texts, status=DONE, answers="", options=""):
    return ctl(of_lab, "account", "edit", account, status=status, text=answers,
               environment=editor(of_lab, *texts, options=options))


@tests.case("a good text is installed with the file's owner and mode; the editor saw the old one")
def good(of_lab):
    path = of_lab.write("accounts/alice.conf", OTHER, 0o640)
    os.chown(path, NOBODY, 4321)
    says(edit(of_lab, "Alice", GOOD).stdout, path, "installed")
    tap.same(read(path), GOOD, "the file")
    tap.same(read(of_lab.path("seen0")), OTHER, "what the editor saw")
    status = os.stat(path)
    tap.same((stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid), (0o640, NOBODY, 4321), "mode and owner")
    os.chown(path, os.getuid(), os.getgid())
    clean(of_lab)


@tests.case("root does not edit in a folder of somebody else's, who could have led it anywhere")
def folder_of_another(of_lab):
    elsewhere = of_lab.path("elsewhere")
    os.mkdir(elsewhere)
    of_lab.write("accounts/alice.conf", OTHER)
    for path in (of_lab.configuration, of_lab.path("accounts")):
        os.chown(path, NOBODY, -1)
    os.symlink(elsewhere, of_lab.path("accounts/other.test"))  # as its owner may, while root is not looking
    for account in ("bob@other.test", "bob@third.test", "alice"):
        done = edit(of_lab, account, GOOD, status=NO)
        says(done.stderr, of_lab.path("accounts"), str(NOBODY))
    tap.same((os.listdir(elsewhere), read(of_lab.path("accounts/alice.conf"))), ([], OTHER), "what became of it")
    assert not os.path.exists(of_lab.path("accounts/third.test"))
    os.unlink(of_lab.path("accounts/other.test"))
    os.chown(of_lab.path("accounts"), 0, 0)
    edit(of_lab, "alice", GOOD)
    says(edit(of_lab, "bob@third.test", GOOD, status=NO).stderr, of_lab.path("accounts/third.test"), str(NOBODY))
    tap.same(os.listdir(of_lab.path("accounts/third.test")), [], "in a new folder, made for the main file's owner")
    os.chown(of_lab.path("accounts/third.test"), 0, NOBODY)
    os.chmod(of_lab.path("accounts/third.test"), 0o775)
    says(edit(of_lab, "bob@third.test", GOOD, status=NO).stderr, of_lab.path("accounts/third.test"), "chmod go-w")
    tap.same(os.listdir(of_lab.path("accounts/third.test")), [], "in a folder that a group may write to")
    os.rmdir(of_lab.path("accounts/third.test"))
    os.chown(of_lab.configuration, 0, 0)
    clean(of_lab)


@tests.case("a bad text is not installed: the mistake is shown under the file's own name, exit 1")
def bad(of_lab):
    path = of_lab.write("accounts/alice.conf", OTHER)
    done = edit(of_lab, "alice", BAD, status=NO, answers="x\n")
    says(done.stderr, f"{path}:1", "countries", "What now?")
    assert ".new" not in done.stderr, done.stderr
    tap.same(read(path), OTHER, "the file")
    clean(of_lab)


@tests.case("editing again goes on with the bad text, and the good one is installed in the end")
def again(of_lab):
    path = of_lab.write("accounts/alice.conf", OTHER)
    edit(of_lab, "alice", BAD, BAD, GOOD, answers="e\nwhat?\ne\n")
    tap.same(read(of_lab.path("seen1")), BAD, "what the editor saw the second time")
    tap.same(read(path), GOOD, "the file")
    clean(of_lab)


@tests.case("an end of input at the question installs nothing")
def silence(of_lab):
    path = of_lab.write("accounts/alice.conf", OTHER)
    edit(of_lab, "alice", BAD, status=NO)
    tap.same(read(path), OTHER, "the file")


@tests.case("an unchanged text is left as it is, the same file")
def unchanged(of_lab):
    path = of_lab.write("accounts/alice.conf", OTHER)
    before = os.stat(path)
    says(edit(of_lab, "alice", "KEEP").stdout, "unchanged")
    tap.same((os.stat(path).st_ino, os.stat(path).st_mtime_ns), (before.st_ino, before.st_mtime_ns), "the file")
    clean(of_lab)


@tests.case("an editor that fails, or is not there, installs nothing")
def failing(of_lab):
    path = of_lab.write("accounts/alice.conf", OTHER)
    says(edit(of_lab, "alice", "FAIL", status=NO).stderr, "editor", "failed")
    ctl(of_lab, "account", "edit", "alice", status=NO, environment={"EDITOR": "/nonexistent/editor", "VISUAL": ""})
    tap.same(read(path), OTHER, "the file")
    clean(of_lab)


@tests.case("an editor with options; no shell looks at them")
def options(of_lab):
    of_lab.write("accounts/alice.conf", OTHER)
    edit(of_lab, "alice", GOOD, options=f"  --wait  $(touch {of_lab.path('shell')})")
    words = read(of_lab.path("words"))
    says(words, "['--wait', '$(touch',", of_lab.path("accounts/.alice.conf.edit"))
    assert not os.path.exists(of_lab.path("shell")), "a shell ran"


@tests.case("a first policy: a new file with the main file's mode, of the default domain and of another")
def first(of_lab):
    os.chmod(of_lab.configuration, 0o640)
    for account, name in [("newbie", "accounts/newbie.conf"), ("x.y@other.test", "accounts/other.test/x.y.conf")]:
        edit(of_lab, account, GOOD)
        tap.same(read(of_lab.path(name)), GOOD, name)
        tap.same(stat.S_IMODE(os.stat(of_lab.path(name)).st_mode), 0o640, f"mode of {name}")
    says(read(of_lab.path("seen0")), "# The policy of x.y@other.test")
    os.chmod(of_lab.configuration, 0o644)
    clean(of_lab)


@tests.case("leaving the first policy as it is offered makes no file")
def offered(of_lab):
    says(edit(of_lab, "offered", "KEEP").stdout, "not made")
    assert not os.path.exists(of_lab.path("accounts/offered.conf")), "a file of a comment alone"
    ctl(of_lab, "check")


@tests.case("a second editor of the same account is turned away, one of another account is not")
def locked(of_lab):
    path = of_lab.write("accounts/alice.conf", OTHER)
    of_lab.write("accounts/bob.conf", OTHER)
    os.mkfifo(of_lab.path("wait"))
    script = f'#!/bin/sh\necho ready > "{of_lab.path("ready")}"\nread line < "{of_lab.path("wait")}"\n'
    environment = {**os.environ, "EDITOR": of_lab.write("waiting", script, 0o755), "VISUAL": ""}
    with subprocess.Popen([PROGRAM, "-c", of_lab.configuration, "account", "edit", "alice"], env=environment,
                          stdout=subprocess.DEVNULL, preexec_fn=lab.die_with_parent) as holder:
        tap.poll(lambda: os.path.exists(of_lab.path("ready")), 20, "the first editor's start")
        says(edit(of_lab, "alice", GOOD, status=NO).stderr, "is being edited by somebody else")
        edit(of_lab, "bob", GOOD)
        with open(of_lab.path("wait"), "w", encoding="utf-8") as fifo:
            fifo.write("\n")
        tap.same(holder.wait(10), DONE, "the first one's exit status")
    tap.same(read(path), OTHER, "the file")
    edit(of_lab, "alice", GOOD)
    clean(of_lab)


@tests.case("an interrupt typed in the editor does not end the edit")
def interrupted(of_lab):
    path = of_lab.write("accounts/alice.conf", OTHER)
    script = f'#!/bin/sh\nkill -INT $PPID\nkill -QUIT $PPID\nprintf \'%s\' \'{GOOD}\' > "$1"\n'
    ctl(of_lab, "account", "edit", "alice", environment={"EDITOR": of_lab.write("rude", script, 0o755), "VISUAL": ""})
    tap.same(read(path), GOOD, "the file")
    clean(of_lab)


@tests.case("what a killed edit left behind harms neither check nor the next edit")
def leftovers(of_lab):
    path = of_lab.write("accounts/alice.conf", OTHER)
    for ending in ("edit", "new", "lock"):
        of_lab.write(f"accounts/.alice.conf.{ending}", BAD)
    ctl(of_lab, "check")
    edit(of_lab, "alice", GOOD)
    tap.same((read(path), read(of_lab.path("seen0"))), (GOOD, OTHER), "the file, and what the editor saw")
    clean(of_lab)


@tests.case("a file that somebody changed meanwhile is not overwritten, and the text is kept")
def meanwhile(of_lab):
    path = of_lab.write("accounts/alice.conf", OTHER)
    theirs = 'mode = "report";\n'
    script = f'#!/bin/sh\nprintf \'%s\' \'{GOOD}\' > "$1"\nprintf \'%s\' \'{theirs}\' > "{path}"\n'
    environment = {"EDITOR": of_lab.write("rude", script, 0o755), "VISUAL": ""}
    says(ctl(of_lab, "account", "edit", "alice", status=NO, environment=environment).stderr, "changed by somebody else",
         ".alice.conf.edit")
    tap.same(read(path), theirs, "the file")
    tap.same(read(of_lab.path("accounts/.alice.conf.edit")), GOOD, "the kept text")
    edit(of_lab, "alice", GOOD)
    clean(of_lab)


@tests.case("a text that cannot be staged, for it is too long or the disk is full, is kept")
def not_staged(of_lab):
    path = of_lab.write("accounts/alice.conf", OTHER)
    long = GOOD + "# long\n" * 200000
    says(edit(of_lab, "alice", long, status=NO).stderr, "cannot write", "your text is in", ".alice.conf.edit")
    tap.same(read(path), OTHER, "the file")
    tap.same(read(of_lab.path("accounts/.alice.conf.edit")), long, "the kept text")
    edit(of_lab, "alice", GOOD)
    clean(of_lab)


@tests.case("names that no account can have, and files that are links, are not edited")
def refused(of_lab):
    for name in ["../authgate", "alice@..", "a/b", "alice@elsewhere.test"]:
        edit(of_lab, name, GOOD, status=NO)
    os.symlink(of_lab.configuration, of_lab.path("accounts/link.conf"))
    edit(of_lab, "link", GOOD, status=NO)
    os.unlink(of_lab.path("accounts/link.conf"))
    clean(of_lab)


with lab.Lab() as the_lab:
    configure(the_lab, settings='domains = [ "example.test", "other.test", "third.test" ];')
    tests.run(the_lab)
