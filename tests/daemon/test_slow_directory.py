#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Where the directory that knows the Unix groups is slow, a network that guesses one name after the other waits for its
own look-ups, and keeps nobody else from theirs."""
import contextlib
import os
import select

from harness import gate, lab, refused, tap

tests = tap.Tests()
GUESSING, ELSEWHERE = "127.1.9.9", "127.1.50.1"
THREADS, QUARTER = 4, 256  # the daemon's own numbers
FEW = 20


class World:
    """A daemon whose look-ups of held… wait for a byte each."""

    def __init__(self, of_lab):
        self.lab, self.names = of_lab, 0
        of_lab.write("groups/staff.conf", 'unix_group = "mail"; services = { pop3 = "closed"; };\n')
        of_lab.configure(settings='groups = [ "staff" ];')

    def __enter__(self):
        preload, path = os.path.join(lab.BUILD, "tests/daemon/held-nss.so"), self.lab.path("bytes")
        assert os.path.exists(preload), f"{preload} was not built"
        os.mkfifo(path)
        os.chmod(path, 0o644)
        self.pipe = os.open(path, os.O_RDWR)
        self.lab.start(env=lab.preloaded(self.lab.bring(preload), HELD_NSS=path))
        return self

    def __exit__(self, *_fault):
        """It waits for the look-ups that have begun."""
        self.let(1000)
        self.lab.stop()
        os.close(self.pipe)
        os.unlink(self.lab.path("bytes"))

    def begun(self, count):
        """So many look-ups wait for their byte."""
        links = f"/proc/{self.lab.daemon.pid}/fd"
        path = self.lab.path("bytes")
        tap.poll(lambda: sum(os.readlink(f"{links}/{name}") == path for name in os.listdir(links)) == count, 20,
                 "the look-ups")

    def let(self, count):
        """So many look-ups come to their end."""
        os.write(self.pipe, b"x" * count)

    def after_a_few(self, connection):
        """The answer on a connection, which comes once a few of the held look-ups have come to their end."""
        for _ in range(FEW):
            self.let(1)
            if readable([connection], 0.3):
                return connection.receive()
        raise AssertionError(f"no answer after {FEW} look-ups")

    def ask(self, user, address):
        """A connection whose begin waits for its answer."""
        connection = self.lab.gate()
        connection.send(gate.encode(gate.begin(user=user, client_address=address)))
        return connection

    def guess(self, stack, count):
        """A network's guesses, each of another name."""
        self.names += count
        return [stack.enter_context(self.ask(f"held{self.names - number:05}", GUESSING)) for number in range(count)]


def readable(connections, seconds):
    """Those with an answer, or with their end."""
    return select.select([connection.socket for connection in connections], [], [], seconds)[0]


@tests.case("an account that nobody has asked for yet waits for a few of another network's look-ups, not for all")
def turns(world):
    with world, contextlib.ExitStack() as stack:
        guesses = world.guess(stack, 200)
        with world.ask("daemon", ELSEWHERE) as other:
            tap.same(world.after_a_few(other)["verdict"], "continue", "the other network's login")
        world.let(200)
        tap.same([one.receive()["verdict"] for one in guesses], ["continue"] * 200, "the guesses' own answers")


@tests.case("SIGTERM ends a daemon whose look-ups hang, with status 0: nobody has to kill it before the next starts")
def hangs_at_the_end(world):
    with world, contextlib.ExitStack() as stack:
        world.guess(stack, THREADS + 1)
        world.begun(THREADS)
        tap.same(tap.swift(world.lab.stop, 5, "the end"), 0, "exit status")
        tap.same(len(world.lab.lines("still run")), 1, "lines that say so")


@tests.case("a look-up that has not begun is forgotten with its asker: the next login of that network waits for none")
def asker_gone(world):
    with world:
        with contextlib.ExitStack() as stack:
            world.guess(stack, 200)
        with world.ask("sys", GUESSING) as own:
            tap.same(world.after_a_few(own)["verdict"], "continue", "a login of the same network")


@tests.case("a network with a quarter of the queue gets no more of it for now; others do, and no account is marked")
def quarter(world):
    with world, contextlib.ExitStack() as stack:
        guesses = world.guess(stack, THREADS + QUARTER + 40)
        tap.poll(lambda: len(readable(guesses, 0)) >= 40, 20, "the answers of those too many")
        with world.ask("mail", ELSEWHERE) as other:
            tap.same(world.after_a_few(other)["verdict"], "continue", "a login from elsewhere")
        answered = [one.receive() for one in guesses if readable([one], 0)]
        told = [one for one in answered if one["verdict"] != "continue"]
        assert 40 <= len(told) <= 40 + THREADS, len(told)
        for one in told:
            refused(one, "unavailable", "later")


with lab.Lab() as the_lab:
    tests.run(World(the_lab))
