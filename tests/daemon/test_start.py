#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""How authgated starts, what it refuses to start with, and what it gives up for good."""
import os
import signal
import pwd
import stat
import subprocess

from harness import accepted, lab, status_of, tap

tests = tap.Tests()


def gives_up(of_lab, *words, **start):
    """Fails the case unless authgated ends with status 2 and says each of the words; returns what it said."""
    status, said = of_lab.fails_to_start(**start)
    tap.same(status, 2, f"exit status ({said!r})")
    for word in words:
        assert word in said, f"{word!r} is not in what it said: {said!r}"
    return said


@tests.case("a mistake in the configuration ends the start with status 2 and is named with file and line")
def bad_configuration(of_lab):
    of_lab.configure(defaults='countries = {\n allow = [ "UK" ]; };')
    with open(of_lab.configuration, encoding="utf-8") as file:
        line = next(number for number, text in enumerate(file, 1) if "UK" in text)
    gives_up(of_lab, f"{of_lab.configuration}:{line}:", "GB")


@tests.case("every mistake is named, not the first alone")
def every_mistake(of_lab):
    of_lab.configure(defaults='contries = { };\n mode = "enforced";')
    said = gives_up(of_lab, "countries", "enforced")
    tap.same(len([line for line in said.splitlines() if of_lab.configuration + ":" in line]), 2, "mistakes named")


@tests.case("a configuration that does not parse ends the start with status 2 at its line")
def unparsable(of_lab):
    of_lab.write("authgate.conf", "# nothing\nsockets = ( { kind = ;\n")
    gives_up(of_lab, f"{of_lab.configuration}:2:")


@tests.case("a missing configuration ends the start with status 2")
def missing(of_lab):
    os.unlink(of_lab.configuration)
    gives_up(of_lab, of_lab.configuration)


@tests.case("a user that does not exist ends the start with status 2")
def no_such_user(of_lab):
    of_lab.configure(user="authgate-nobody-has-this-name")
    gives_up(of_lab, "there is no user authgate-nobody-has-this-name; create it", "`user`")


@tests.case("a socket's owner or group that does not exist ends the start with status 2, at the socket's line")
def no_such_owner(of_lab):
    nobody = "authgate-nobody-has-this-name"
    for key, what in [("owner", "user"), ("group", "group")]:
        of_lab.configure(sockets=f'{{ kind = "gate"; path = "{of_lab.socket}"; {key} = "{nobody}"; }}')
        with open(of_lab.configuration, encoding="utf-8") as file:
            line = next(number for number, text in enumerate(file, 1) if nobody in text)
        gives_up(of_lab, f"{of_lab.configuration}:{line}: there is no {what} {nobody}; create it", f"`{key}`")


@tests.case("a socket whose folder is missing ends the start with status 2")
def no_such_folder(of_lab):
    of_lab.configure(sockets=f'{{ kind = "gate"; path = "{of_lab.path("nowhere/gate.sock")}"; }}')
    gives_up(of_lab, "nowhere/gate.sock", "mkdir -p")


@tests.case("where the log is syslog, standard error says where to look for what is wrong")
def points_to_the_log(of_lab):
    of_lab.configure(sockets=f'{{ kind = "gate"; path = "{of_lab.path("nowhere/gate.sock")}"; }}',
                     settings='log = "syslog";')
    gives_up(of_lab, "not started", "the mail log")


@tests.case("a configuration that the daemon's user cannot read ends the start, not the first reload")
def unreadable_later(of_lab):
    of_lab.configure()
    os.chmod(of_lab.configuration, 0o600)
    gives_up(of_lab, of_lab.configuration)


@tests.case("an unknown argument is answered with the usage and status 2")
def usage(of_lab):
    run = subprocess.run([*of_lab.command, "--no-such-option"], capture_output=True, text=True, check=False)
    tap.same(run.returncode, 2, "exit status")
    assert "usage: authgated" in run.stderr, run.stderr


@tests.case("F11: inside a user namespace, where every peer looks alike, it refuses to start and says why")
def user_namespace(of_lab):
    of_lab.configure(user=None)
    apart = ["unshare", "--user", "--map-root-user"]
    if subprocess.run([*apart, "true"], check=False, stderr=subprocess.DEVNULL).returncode:
        raise tap.Skip("this kernel gives no user namespaces here")
    gives_up(of_lab, "namespace", command=[*apart, *of_lab.command])


@tests.case("a second daemon does not take the first one's socket")
def second_daemon(of_lab):
    of_lab.configure()
    of_lab.start()
    gives_up(of_lab, of_lab.socket)
    accepted(of_lab)
    of_lab.stop()


@tests.case("of two daemons that start at once one serves and the other gives up")
def both_at_once(of_lab):
    of_lab.configure()
    shots = [of_lab.path("shot1"), of_lab.path("shot2")]
    for shot in shots:
        os.mkfifo(shot)
    for _ in range(tap.rounds(40, 1000)):
        pair = [lab.Program(["/bin/sh", "-c", 'read -r word < "$0"; exec "$@"', shot, *of_lab.command],
                            of_lab.path("authgated.log")) for shot in shots]
        try:
            for held in [open(shot, "wb") for shot in shots]:  # both shells wait for a word
                held.close()
            tap.poll(lambda pair=pair: not all(one.running() for one in pair), 20, "the end of one of them")
            tap.poll(lambda: os.path.exists(of_lab.socket), 20, "a socket")
            with of_lab.gate() as connection:
                tap.same(connection.begin()["verdict"], "continue", "a login")
            tap.same(sorted(one.running() for one in pair), [False, True], "which of them run")
        finally:
            statuses = [one.end(signal.SIGKILL) for one in pair]
        tap.same(sorted(statuses), [-signal.SIGKILL, 2], "exit statuses")


@tests.case("started as root it becomes `user` for good, without a capability or a group left")
def privileges(of_lab):
    of_lab.configure(user="nobody")
    of_lab.start()
    status = status_of(of_lab.daemon.pid)
    user = pwd.getpwnam("nobody")
    tap.same(status["Uid"].split(), [str(user.pw_uid)] * 4, "user ids")
    tap.same(status["Gid"].split(), [str(user.pw_gid)] * 4, "group ids")
    tap.same(status["Groups"].split(), [str(user.pw_gid)], "groups")
    tap.same([int(status[which], 16) for which in ("CapPrm", "CapEff", "CapInh", "CapAmb")], [0] * 4, "capabilities")
    of_lab.stop()


@tests.case("L3: its memory is nobody else's: no core file, no debugger, no look at its environment")
def memory(of_lab):
    of_lab.start()
    pid = of_lab.daemon.pid
    tap.same(os.stat(f"/proc/{pid}/environ").st_uid, 0, "owner of /proc/PID/environ, root where dumpable is 0")
    with open(f"/proc/{pid}/limits", encoding="utf-8") as file:
        core = next(line for line in file if line.startswith("Max core file size"))
    tap.same(core.split()[4:6], ["0", "0"], "core file size, soft and hard")
    of_lab.stop()


@tests.case("its socket has the owner, group and mode of the configuration from the first moment on")
def socket_mode(of_lab):
    of_lab.configure(sockets=f'{{ kind = "gate"; path = "{of_lab.socket}"; owner = "daemon"; group = "mail"; '
                             'mode = "0660"; }')
    of_lab.start()
    seen = os.stat(of_lab.socket)
    tap.same((stat.S_IMODE(seen.st_mode), seen.st_uid), (0o660, pwd.getpwnam("daemon").pw_uid), "mode and owner")
    of_lab.stop()


@tests.case("H5: every descriptor that it holds closes in a child")
def close_on_exec(of_lab):
    of_lab.configure()
    of_lab.start()
    pid = of_lab.daemon.pid
    with of_lab.gate() as connection:
        connection.begin()
        kept = []
        for descriptor in filter(lambda number: int(number) > 2, os.listdir(f"/proc/{pid}/fd")):
            with open(f"/proc/{pid}/fdinfo/{descriptor}", encoding="utf-8") as file:
                flags = next(int(line.split()[1], 8) for line in file if line.startswith("flags:"))
            if not flags & os.O_CLOEXEC:
                kept.append(os.readlink(f"/proc/{pid}/fd/{descriptor}"))
        tap.same(kept, [], "descriptors that a child would inherit")
    tap.same(lab.descendants(pid), [pid], "processes of the daemon")
    of_lab.stop()


with lab.Lab() as the_lab:
    tests.run(the_lab)
