#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The order begin, commit, end: nothing but the login's own connection, ref and user gets an answer that lets in
(THREATS F9, M3)."""
import random
import signal

from harness import AMERICA, JAPAN, accepted, gate, lab, refused, settled, tap

OTHER_REF = "abcdefghijkl2"
tests = tap.Tests()
ORDERS = tap.rounds(2000, 100000)


def opened(of_lab, **fields):
    """A connection with a begun login, and its ref."""
    connection = of_lab.gate()
    answer = connection.begin(**fields)
    tap.same(answer["verdict"], "continue", "begin")
    return connection, answer["ref"]


def only_refusal(connection, ref, user="alice"):
    """Fails the case unless a commit is denied and the connection closed."""
    refused(connection.commit(ref, user), "malformed")
    assert connection.closed(), "the connection stays open"


@tests.case("begin, then commit: accepted, with one line in the log")
def ordinary(of_lab):
    since = settled(of_lab)
    connection, ref = opened(of_lab)
    with connection:
        answer = connection.commit(ref)
        tap.same((answer["verdict"], answer.get("reason"), answer["ref"]), ("accept", None, ref), "commit")
    line = of_lab.line(f"ref={ref}", since)
    for word in ("account=alice@example.test", "service=imap", "address=127.1.0.1", "country=JP", "credential=password",
                 "verdict=accept"):
        assert word in line.split(), f"{word} is missing: {line}"
    of_lab.restart()
    tap.same(len(of_lab.lines(f"ref={ref}")), 1, "lines of this login")


@tests.case("a begin is answered with a ref, a code length and a key for marks")
def answer_of_begin(of_lab):
    with of_lab.gate() as connection:
        answer = connection.begin()
        tap.same(sorted(answer), ["code_length", "mark_key", "ref", "verdict"], "fields")
        tap.same((len(answer["ref"]), len(answer["mark_key"]), answer["code_length"]), (13, 32, "0"), "their form")


@tests.case("a commit before any begin")
def no_begin(of_lab):
    with of_lab.gate() as connection:
        only_refusal(connection, OTHER_REF)


@tests.case("a commit with a guessed ref")
def guessed(of_lab):
    connection, _ = opened(of_lab)
    with connection:
        only_refusal(connection, OTHER_REF)


@tests.case("a commit with another connection's ref")
def another_connection(of_lab):
    first, ref = opened(of_lab)
    with first, of_lab.gate() as second:
        only_refusal(second, ref)
        third, _ = opened(of_lab)
        with third:
            only_refusal(third, ref)
        tap.same(first.commit(ref)["verdict"], "accept", "the ref's own connection")


@tests.case("a commit for another user")
def another_user(of_lab):
    connection, ref = opened(of_lab)
    with connection:
        only_refusal(connection, ref, "bob")


@tests.case("a commit for the same account in another spelling is the same account's")
def another_spelling(of_lab):
    connection, ref = opened(of_lab)
    with connection:
        tap.same(connection.commit(ref, "ALICE+x@Example.Test")["verdict"], "accept", "verdict")


@tests.case("a second commit")
def twice(of_lab):
    connection, ref = opened(of_lab)
    with connection:
        connection.commit(ref)
        only_refusal(connection, ref)


@tests.case("a commit after the begin was denied")
def after_denial(of_lab):
    with of_lab.gate() as connection:
        answer = connection.begin(client_address=AMERICA)
        refused(answer, "country")
        only_refusal(connection, answer["ref"])


@tests.case("a commit after end")
def after_end(of_lab):
    connection, ref = opened(of_lab)
    with connection:
        connection.end(ref, "wrong")
        answer = connection.try_out(gate.encode({"request": "commit", "ref": ref, "user": "alice"}))
        assert answer is None, f"answered: {answer}"
    accepted(of_lab)


@tests.case("a second begin on one connection")
def two_begins(of_lab):
    connection, _ = opened(of_lab)
    with connection:
        refused(connection.begin(user="bob"), "malformed")
        assert connection.closed(), "the connection stays open"


@tests.case("a deferred denial stays one, whatever is committed")
def deferred(of_lab):
    since = settled(of_lab)
    with of_lab.gate() as connection:
        answer = connection.begin(client_address=AMERICA, defer="yes")
        refused(answer, "country", "continue")
        refused(connection.commit(answer["ref"]), "country")
    line = of_lab.line(f"ref={answer['ref']}", since)
    assert "verdict=deny" in line and "reason=country" in line, line


ENDS = [("wrong", "reason=password$"), ("error", "reason=password-error$"), ("uncommitted", "reason=uncommitted$")]


@tests.rows(ENDS, lambda row: f"end with status {row[0]} is logged as {row[1][7:-1]}")
def ended(of_lab, row):
    since = settled(of_lab)
    connection, ref = opened(of_lab)
    with connection:
        connection.end(ref, row[0])
        line = of_lab.line(f"ref={ref} .*verdict=deny {row[1]}", since)
    tap.same(line.startswith("critical: "), row[0] == "uncommitted", f"critical ({line})")


@tests.case("an accepted login that is not used after all says so in a line of its own")
def withdrawn(of_lab):
    since = settled(of_lab)
    connection, ref = opened(of_lab)
    with connection:
        connection.commit(ref)
        connection.end(ref, "withdrawn")
        of_lab.line(f"ref={ref} .*note=", since)


@tests.case("an end with a status that does not exist is no end, and is logged as malformed")
def unknown_status(of_lab):
    since = settled(of_lab)
    connection, ref = opened(of_lab)
    with connection:
        connection.end(ref, "good")
        refused(connection.receive(), "malformed")
    of_lab.line("reason=malformed", since)


@tests.case("a connection that ends after begin counts as a wrong password, once")
def gone(of_lab):
    since = settled(of_lab)
    connection, ref = opened(of_lab)
    connection.close()
    of_lab.line(f"ref={ref} .*verdict=deny reason=password$", since)
    connection, ref = opened(of_lab)
    connection.commit(ref)
    connection.close()
    accepted(of_lab)
    tap.same(len(of_lab.lines("reason=password", since)), 1, "wrong passwords")


def repeat(ref, **fields):
    return gate.begin(ref=ref, code_length="0", begun="1", **fields)


@tests.case("a login goes on with its ref after the daemon was killed between begin and commit")
def resumed(of_lab):
    connection, ref = opened(of_lab)
    of_lab.restart(signal.SIGKILL)
    assert connection.closed(), "the old connection lives"
    connection.close()
    with of_lab.gate() as again:
        answer = again.call(repeat(ref))
        tap.same((answer["verdict"], answer["ref"]), ("continue", ref), "the repeated begin")
        tap.same(again.commit(ref)["verdict"], "accept", "commit")


@tests.case("a settled ref with the same facts is answered the same and logged once; with others it is denied")
def settled_ref(of_lab):
    connection, ref = opened(of_lab)
    with connection:
        connection.commit(ref)
    with of_lab.gate() as again:
        tap.same(again.call(repeat(ref))["verdict"], "continue", "the repeated begin")
        tap.same(again.commit(ref)["verdict"], "accept", "the repeated commit")
    tap.same(len(of_lab.lines(f"ref={ref}")), 1, "lines of this login")
    for other in ({"user": "bob"}, {"client_address": "127.1.0.2"}, {"service": "pop3"}, {"digits": "123456"}):
        with of_lab.gate() as stranger:
            refused(stranger.call(repeat(ref, **other)), "malformed")


@tests.case("a settled ref is not answered where the same letters stand in other fields")
def shifted_facts(of_lab):
    connection, ref = opened(of_lab, mechanism="LOGIN")
    with connection:
        tap.same(connection.commit(ref)["verdict"], "accept", "commit")
    with of_lab.gate() as stranger:
        refused(stranger.call(repeat(ref, service="imap127.1.0.1LOGIN", client_address=None)), "malformed")
    with of_lab.gate() as again:
        tap.same(again.call(repeat(ref, mechanism="LOGIN"))["verdict"], "continue", "the repeated begin")


@tests.case("a ref under way with other facts is denied, and the login under way goes on")
def stolen_ref(of_lab):
    connection, ref = opened(of_lab)
    with connection, of_lab.gate() as stranger:
        refused(stranger.call(repeat(ref, user="bob")), "malformed")
        tap.same(connection.commit(ref)["verdict"], "accept", "the login under way")


@tests.case("a login begun again under its ref goes on there: what becomes of its first connection says nothing")
def moved(of_lab):
    connection, ref = opened(of_lab)
    with of_lab.gate() as again:
        tap.same(again.call(repeat(ref))["verdict"], "continue", "the repeated begin")
        connection.close()
        tap.same(settled(of_lab) > 0 and of_lab.lines(f"ref={ref}"), [], "lines of this login before its commit")
        tap.same(again.commit(ref)["verdict"], "accept", "commit")
    tap.same(len(of_lab.lines(f"ref={ref}")), 1, "lines of this login")


class Line:
    """One connection of a random order: the login that is under way on it, and whether it may still be let in."""

    def __init__(self, of_lab):
        self.lab = of_lab
        self.connection, self.user, self.ref = of_lab.gate(), None, None
        self.good = False

    def anew(self):
        self.connection.close()
        self.__init__(self.lab)

    def begin(self, user, address):
        fresh = self.user is None
        answer = self.connection.begin(user=user, client_address=address, defer="yes")
        tap.same((answer or {}).get("verdict"), "continue" if fresh else "deny", "a begin's verdict")
        if not fresh:
            self.anew()
            return None
        self.user, self.ref, self.good = user, answer["ref"], address == JAPAN
        return self.ref

    def commit(self, ref, user):
        own = (ref, user) == (self.ref, self.user)
        due = own and self.good
        request = {"request": "commit", "ref": ref, "user": user}
        answer = self.connection.call(request) if own else self.connection.try_out(gate.encode(request))
        tap.same((answer or {}).get("verdict") == "accept", due, f"accepted ({answer}, {ref} of {user})")
        self.anew()
        return due

    def end(self, ref, user, status):
        self.connection.end(ref, status, user)
        self.anew()


@tests.case(f"F9: {ORDERS} requests in random order on four connections: accept is for the login begun on its own")
def random_orders(of_lab):
    seed = random.randrange(10 ** 9)
    dice, lines, refs, let_in = random.Random(seed), [Line(of_lab) for _ in range(4)], [OTHER_REF], 0
    tap.comment(f"seed {seed}")
    for _ in range(ORDERS):
        line, user = dice.choice(lines), dice.choice(["alice", "bob"])
        own = line.ref is not None and dice.random() < 0.5
        ref, user = (line.ref, line.user) if own else (dice.choice(refs), user)
        what = dice.random()
        if what < 0.5:
            refs = (refs + [line.begin(user, dice.choice([JAPAN, AMERICA])) or OTHER_REF])[-6:]
        elif what < 0.9:
            let_in += line.commit(ref, user)
        else:
            line.end(ref, user, dice.choice(["wrong", "error"]))
    for line in lines:
        line.connection.close()
    assert ORDERS / 50 < let_in < ORDERS / 4, f"{let_in} let in"


with lab.Lab() as the_lab:
    the_lab.start()
    tests.run(the_lab)
