#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""key rotate where another one is under way, where somebody else changes the key file, and where the daemon refuses the
new one or says nothing: the key file opens what the daemon has sealed at every moment, and no secret is lost."""
import contextlib
import os
import socket
import subprocess
import threading

from accounts import World
from harness import NO, PROGRAM, UNREACHABLE, admin_socket, ask, gate, lab, says, tap

tests = tap.Tests()


class Between(threading.Thread):
    """Stands between authgatectl and the daemon. `meanwhile[request](message)` is called when that request first comes;
    its answer is sent instead of the daemon's where there is one: b"" closes the connection without."""

    def __init__(self, of_lab, meanwhile):
        super().__init__(daemon=True)
        self.path, self.daemon_path = of_lab.path("between.sock"), admin_socket(of_lab)
        self.meanwhile, self.fault = dict(meanwhile), None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(8)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_fault):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.join()
        self.listener.close()
        os.unlink(self.path)

    def answer(self, question):
        act = self.meanwhile.pop(gate.decode(question)["request"], None)
        instead = act(question) if act is not None else None
        return self.forward(question) if instead is None else instead

    def forward(self, question):
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(self.daemon_path)
            link.sendall(question)
            data = b""
            while not data.endswith(b"record=end\n\n"):
                got = link.recv(65536)
                assert got, f"the daemon's answer has no end: {data!r}"
                data += got
        return data

    def serve(self, link):
        data = b""
        while not data.endswith(b"\n\n"):
            got = link.recv(65536)
            if not got:
                return
            data += got
        link.sendall(self.answer(data))

    def run(self):
        while True:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            with link:
                try:
                    self.serve(link)
                except Exception as fault:  # pylint: disable=broad-exception-caught
                    self.fault = fault


@contextlib.contextmanager
def between(world, **meanwhile):
    """The words that send authgatectl through the one between."""
    wanted = {word.replace("_", "-"): act for word, act in meanwhile.items()}
    with Between(world.lab, wanted) as middle:
        world.middle = middle
        yield ["--socket", middle.path]
        if middle.fault is not None:
            raise middle.fault
        tap.same(list(middle.meanwhile), [], "what was not asked")


def key(world):
    with open(world.lab.path("secret.key"), "rb") as file:
        return file.read()


def write_key(world, data, name="secret.key"):
    path = world.lab.path(name)
    with open(os.open(path + ".t", os.O_WRONLY | os.O_CREAT, 0o400), "wb") as file:
        file.write(data)
    os.rename(path + ".t", path)


def ask_key(world, request, data):
    return ask(world.lab, request=request, key_file=data.hex())[0]


def nothing_lost(world):
    """All secrets open now, after a restart, and under the key of a further rotation."""
    for _ in range(2):
        for name, phone in world.phones.items():
            tap.same(world.login(name, phone.fresh()), "accept", f"{name}'s code")
        world.restart(how=9)
    world.json("key", "rotate")
    tap.same(len(key(world)), 64, "the key file's length")
    for name, phone in world.phones.items():
        tap.same(world.login(name, phone.fresh()), "accept", f"{name}'s code after a rotation")
    tap.same(os.path.exists(world.lab.path("secret.key.new")), False, "a file that was left")


@tests.case("while one is under way a second one says so and changes nothing, whatever the first is doing")
def second(world):
    def refused(_question):
        before = key(world)
        says(world.ctl("key", "rotate", status=NO).stderr, "another key rotate is under way")
        tap.same(key(world), before, "the key file")
    world.phones = {name: world.phone(name) for name in ("alice", "bob", "carol")}
    with between(world, key_rotate=refused, key_use=refused, key_reseal=refused, key_retire=refused) as through:
        world.ctl(*through, "key", "rotate")
    tap.same(len(key(world)), 64, "the key file's length")
    nothing_lost(world)


@tests.case("six at once, four times over: each is done or says why not, and nothing is lost")
def crowd(world):
    for _ in range(4):
        command = [PROGRAM, "-c", world.lab.configuration, "key", "rotate"]
        with contextlib.ExitStack() as stack:
            six = [stack.enter_context(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                                        text=True)) for _ in range(6)]
            said = [one.communicate(timeout=60)[1] for one in six]
        assert any(one.returncode == 0 for one in six), said
        for one, text in zip(six, said):
            assert one.returncode == 0 or "another key rotate is under way" in text, (one.returncode, text)
    nothing_lost(world)


@tests.case("a key file that somebody else has changed meanwhile is not overwritten")
def changed(world):
    made = []

    def other_hand(question):
        """It takes no lock."""
        answer = world.middle.forward(question)
        made.append(bytes.fromhex(ask_key(world, "key-rotate", key(world))["key_file"]))
        write_key(world, made[0])
        tap.same(ask_key(world, "key-use", made[0])["value"], "2", "keys in use")
        return answer
    with between(world, key_rotate=other_hand) as through:
        said = world.ctl(*through, "key", "rotate", status=NO).stderr
    says(said, "was changed by somebody else meanwhile and is left as it is")
    tap.same(key(world), made[0], "the key file")
    nothing_lost(world)


@tests.case("a key file that the daemon refuses to use is put back as it was")
def refused(world):
    before, made = key(world), []

    def from_a_copy(_question):
        """A rotation that began at the same time from another copy of the file, with --file."""
        made.append(bytes.fromhex(ask_key(world, "key-rotate", before)["key_file"]))
        tap.same(len(key(world)), 96, "the key file with both keys")
        tap.same(ask_key(world, "key-use", made[0])["value"], "2", "keys in use")
    with between(world, key_use=from_a_copy) as through:
        said = world.ctl(*through, "key", "rotate", status=NO).stderr
    says(said, "not the key file that the daemon works with", "is again as it was before")
    tap.same(key(world), before, "the key file")
    tap.same(os.stat(world.lab.path("secret.key")).st_mode & 0o777, 0o400, "its mode")
    write_key(world, made[0])
    nothing_lost(world)


@tests.case("where the old key is to go and the daemon refuses the file without it, both stay there")
def retire_refused(world):
    no = gate.encode({"record": "error", "reason": "unavailable", "text": "not now"}) + gate.encode({"record": "end"})
    with between(world) as through:
        world.middle.meanwhile["key-retire"] = lambda _question: world.middle.meanwhile.update(
            {"key-use": lambda _question: no})
        says(world.ctl(*through, "key", "rotate", status=NO).stderr, "not now", "is again as it was before")
    tap.same(len(key(world)), 96, "the key file with both keys")
    nothing_lost(world)


@tests.case("a key file of which the daemon says nothing stays: the daemon may have sealed under it already")
def silence(world):
    def swallow(question):
        with gate.Gate(admin_socket(world.lab)) as connection:
            connection.send(question)
            tap.same(connection.receive()["value"], "2", "keys in use")
        world.phones["dave"] = world.phone("dave")
        return b""
    before = key(world)
    with between(world, key_use=swallow) as through:
        world.ctl(*through, "key", "rotate", status=UNREACHABLE)
    tap.same((len(key(world)), key(world)[32:64]), (96, before[:32]), "the key file with both keys")
    nothing_lost(world)


with lab.Lab() as the_lab:
    tests.run(World(the_lab))
