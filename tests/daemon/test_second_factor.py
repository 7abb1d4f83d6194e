#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Codes on the raw gate socket, as modules and attackers would use it: races for one code, guesses over hundreds of
connections, answers that were lost, restarts at the worst moment, accounts that are gone."""
import itertools
import os

from harness import AMERICA, JAPAN, gate, lab, resident, tap

import vault  # pylint: disable=wrong-import-order

tests = tap.Tests()
RACERS, ROUNDS = 8, 200
LEFT = 1000
GUESSES, CONNECTIONS = tap.rounds(1500, 10000), tap.rounds(60, 500)


class World:
    """The lab, its store and accounts that nobody has used yet."""

    def __init__(self, of_lab):
        self.lab = of_lab
        self.configure()
        vault.start(of_lab)
        self.names = (f"u{number}" for number in itertools.count())

    def configure(self, defaults="throttle = { passwords = 0; };", settings=""):
        self.lab.configure(defaults, vault.settings(self.lab) + settings, vault.sockets(self.lab))

    def again(self, *configuration):
        self.configure(*configuration)
        self.lab.reload("is in force")

    def fresh(self, **query):
        """An account and its phone."""
        name = next(self.names)
        return name, vault.enroll(self.lab, name, **query)

    def restart(self, how):
        self.lab.stop(how)
        vault.start(self.lab)

    def begin(self, connection, name, digits=None, address=JAPAN, **more):
        answer = connection.begin(user=name, digits=digits, client_address=address, **more)
        tap.same(words(answer), "continue", f"begin of {name}")
        return answer

    def login(self, name, digits=None, address=JAPAN, **more):
        """A whole login whose password is right, in words."""
        with self.lab.gate() as connection:
            answer = connection.begin(user=name, digits=digits, client_address=address, **more)
            if answer["verdict"] == "continue":
                answer = connection.commit(answer["ref"], name)
            return words(answer)


def words(answer):
    return answer["verdict"] + (f" {answer['reason']}" if "reason" in answer else "")


def race(world, name, digits, count=RACERS):
    """Commits of one code from as many networks, sent before any is answered: their verdicts."""
    connections = [world.lab.gate() for _ in range(count)]
    try:
        refs = [world.begin(one, name, digits, f"127.1.{number}.1")["ref"] for number, one in enumerate(connections)]
        for one, ref in zip(connections, refs):
            one.send(gate.encode({"request": "commit", "ref": ref, "user": name}))
        return [words(one.receive()) for one in connections]
    finally:
        for one in connections:
            one.close()


# ---- races

@tests.case(f"D3: {RACERS} racers for one code, {ROUNDS} rounds: exactly one gets in each time")
def codes_raced(world):
    for _ in range(ROUNDS):
        name, phone = world.fresh()
        got = race(world, name, phone.fresh())
        tap.same(sorted(got), ["accept"] + ["deny second-factor-reused"] * (RACERS - 1), "verdicts")


@tests.case("D10: racers for one recovery code: one gets in")
def recovery_raced(world):
    for _ in range(10):
        name, _ = world.fresh()
        code = vault.ask(world.lab, "recovery-codes-new", account=name)[0]["digits"]
        got = race(world, name, code)
        tap.same(got.count("accept"), 1, f"accepted of {got}")


@tests.case("B1: a code is one account's under each of its names and on each service")
def one_record(world):
    name, phone = world.fresh()
    code = phone.fresh()
    tap.same(world.login(name, code), "accept", name)
    for other in (name.upper(), name + "@example.test", name + "+tag"):
        tap.same(world.login(other, code, AMERICA, service="smtp"), "deny second-factor-reused", other)


@tests.case("connections from one network with one code are one use, however many")
def one_network(world):
    name, phone = world.fresh()
    code = phone.fresh()
    connections = [world.lab.gate() for _ in range(20)]
    refs = [world.begin(one, name, code)["ref"] for one in connections]
    for one, ref in zip(connections, refs):
        one.send(gate.encode({"request": "commit", "ref": ref, "user": name}))
    tap.same([one.receive()["verdict"] for one in connections], ["accept"] * 20, "verdicts")
    for one in connections:
        one.close()


# ---- guesses

@tests.case(f"D1: {GUESSES} codes over {CONNECTIONS} connections, the right one among them: ten are looked at")
def guessed(world):
    name, phone = world.fresh()
    right = phone.code()
    near = {phone.code(ahead) for ahead in range(-3, 4)}
    wrong = (code for code in (f"{number:06}" for number in range(1000000)) if code not in near)
    got = []
    for _ in range(GUESSES // CONNECTIONS):
        codes = [next(wrong) for _ in range(CONNECTIONS)]
        got += race_of_codes(world, name, codes)
    tap.same((got.count("deny second-factor-wrong"), got.count("deny second-factor-budget")), (10, len(got) - 10),
             "looked at, and not")
    tap.same(world.login(name, right), "deny second-factor-budget", "the right one")
    tap.same(world.login(name, right, AMERICA), "deny second-factor-budget", "the right one from elsewhere")


def race_of_codes(world, name, codes):
    connections = [world.lab.gate() for _ in codes]
    refs = [world.begin(one, name, code, AMERICA)["ref"] for one, code in zip(connections, codes)]
    for one, ref in zip(connections, refs):
        one.send(gate.encode({"request": "commit", "ref": ref, "user": name}))
    got = [words(one.receive()) for one in connections]
    for one in connections:
        one.close()
    return got


@tests.case("M9: a thousand tries with a wrong password and any code charge nothing")
def wrong_passwords(world):
    name, phone = world.fresh()
    for number in range(1000):
        with world.lab.gate() as connection:
            answer = world.begin(connection, name, f"{number:06}", AMERICA)
            connection.end(answer["ref"], "wrong", name)
    tap.same(vault.ask(world.lab, "account-show", account=name)[5]["value"], "0", "wrong codes")
    tap.same(world.login(name, phone.fresh()), "accept", "the owner")


@tests.case("one wrong code typed a hundred times is one: an old stored password shuts its owner out of nothing")
def same_wrong_code(world):
    name, phone = world.fresh()
    wrong = f"{(int(phone.code()) + 1) % 1000000:06}"
    for _ in range(100):
        tap.same(world.login(name, wrong), "deny second-factor-wrong", "the wrong code")
    tap.same(world.login(name, phone.fresh()), "accept", "the right one")


def guesses(world, name, digits, **query):
    """Tries that pretend to be a module whose password check fails: nothing, or not all, of the digits was cut."""
    for guess in digits:
        with world.lab.gate() as connection:
            answer = connection.begin(user=name, digits=guess, **query)
            tap.same(words(answer), "continue", f"begin of {name}")
            assert int(answer.get("code_length", "0")) < len(guess), answer
            connection.end(answer["ref"], "wrong", name)


def wrong_ones(phone, count):
    near = {phone.code(ahead) for ahead in range(-3, 4)}
    return itertools.islice((code for code in (f"{number:06}" for number in range(1000000)) if code not in near), count)


@tests.case("an exception for one service: who guesses codes there past the budget has no network remembered by one")
def guessed_where_none_is_due(world):
    exception = ('exceptions = ( { rule = "second-factor-missing"; service = "smtp"; until = "2099-01-01"; '
                 'reason = "scanner"; } );')
    world.again(exception + "throttle = { passwords = 0; };")
    for count, then in ((49, "accept"), (50, "deny second-factor-missing")):
        name, phone = world.fresh()
        guesses(world, name, wrong_ones(phone, count), service="smtp", client_address=AMERICA)
        since = world.lab.mark()
        tap.same(world.login(name, phone.fresh(), AMERICA, service="smtp"), "accept", "the code on smtp")
        tap.same(world.login(name, None, AMERICA), then, f"a bare password on imap after {count} guesses")
        if then != "accept":
            world.lab.line("service=smtp .*credential=totp verdict=accept "
                           "note=network-not-remembered-while-codes-are-being-guessed", since)
    world.again()


def ended_wrong_without_digits(world, name, _digits):
    with world.lab.gate() as connection:
        ref = world.begin(connection, name, None, AMERICA, service="smtp")["ref"]
        connection.end(ref, "wrong", name)


def ended_in_an_error(world, name, digits):
    with world.lab.gate() as connection:
        ref = world.begin(connection, name, digits, AMERICA, service="smtp")["ref"]
        connection.end(ref, "error", name)


def let_in(world, name, digits):
    tap.same(world.login(name, digits, AMERICA, service="smtp"), "accept", "a password that ends in digits")


@tests.case("no guess at a code: a wrong password without digits, one that nobody could check, a right one with digits")
def no_guesses(world):
    world.again('exceptions = ( { rule = "second-factor-missing"; service = "smtp"; until = "2099-01-01"; '
                'reason = "scanner"; } ); throttle = { passwords = 0; };')
    for attempt in (ended_wrong_without_digits, ended_in_an_error, let_in):
        name, phone = world.fresh()
        for digits in wrong_ones(phone, 60):
            attempt(world, name, digits)
        tap.same([world.login(name, phone.fresh(), AMERICA, service="smtp"), world.login(name, None, AMERICA)],
                 ["accept"] * 2, f"a code, and a bare password where it is remembered, after 60 {attempt.__name__}")
    world.again()


@tests.case("report mode: guesses from where nobody got in keep no code of the owner's from being remembered")
def guessed_in_report_mode(world):
    world.again('mode = "report"; throttle = { passwords = 1000; };')
    name, phone = world.fresh()
    tap.same(world.login(name), "accept", "a bare password, from home")
    guesses(world, name, wrong_ones(phone, 60), client_address=AMERICA)
    tap.same([world.login(name, phone.fresh()), world.login(name, phone.fresh(), AMERICA)], ["accept"] * 2, "codes")
    world.again()
    tap.same([world.login(name), world.login(name, None, AMERICA)], ["accept", "deny second-factor-missing"],
             "bare passwords once codes are due, from home and from the guesser's network")


@tests.case("recovery codes guessed behind the right password: none is taken after 500 wrong ones a day")
def recovery_guessed(world):
    for count, then in ((499, "accept"), (500, "deny second-factor-budget")):
        name, phone = world.fresh()
        codes = [record["digits"] for record in vault.ask(world.lab, "recovery-codes-new", account=name)
                 if "digits" in record]
        guesses(world, name, (f"98{code}" for code in wrong_ones(phone, count) if f"98{code}" not in codes),
                client_address=AMERICA)
        since = world.lab.mark()
        tap.same(world.login(name, codes[0], AMERICA), then, f"after {count}")
        if then != "accept":
            world.lab.line("reason=second-factor-budget note=recovery-codes-are-being-guessed", since)
            unused = vault.ask(world.lab, "account-show", account=name)
            assert any(record.get("key") == "recovery_codes" and record["value"].startswith("10") for record in unused)
            tap.same(world.login(name, phone.fresh(), AMERICA), "accept", "a code of the phone's")
            vault.ask(world.lab, "account-unlock", account=name)
            tap.same(world.login(name, codes[0], "127.4.0.1"), "accept", "once the administrator has unlocked it")


@tests.case("unlocked, an owner has the whole budget again: the next slip locks nothing, the next code is looked at")
def unlocked(world):
    world.again('stolen = { action = "lock"; }; throttle = { passwords = 0; };')
    name, phone = world.fresh()
    wrong = wrong_ones(phone, 100)
    for code in itertools.islice(wrong, 4):
        tap.same(world.login(name, code, AMERICA), "deny second-factor-wrong", "a wrong code")
    tap.poll(lambda: world.login(name, None, AMERICA) == "deny locked", 20, "the lock")
    vault.ask(world.lab, "account-unlock", account=name)
    since = world.lab.mark()
    tap.same(world.login(name, next(wrong)), "deny second-factor-wrong", "the owner's slip")
    tap.same(world.login(name, phone.fresh()), "accept", "the owner's code")
    assert "locked by the gate" not in world.lab.log()[since:], "locked again"
    world.again()
    for code in itertools.islice(wrong, 10):
        world.login(name, code, AMERICA)
    tap.same(world.login(name, phone.code(), AMERICA), "deny second-factor-budget", "over budget")
    shown = vault.ask(world.lab, "account-show", account=name)
    assert any("`account unlock` forgets them" in record.get("text", "") for record in shown), shown
    tap.same(vault.ask(world.lab, "account-unlock", account=name)[0]["record"], "unlocked", "not locked, over budget")
    tap.same(world.login(name, phone.fresh(), AMERICA), "accept", "afterwards")
    tap.same(vault.ask(world.lab, "account-unlock", account=name)[0]["record"], "error", "neither")


# ---- a code of another login's

@tests.case("a code is used up by a denied login too, and by one that went round the commit line")
def burnt(world):
    world.again('throttle = { passwords = 0; }; countries = { allow = [ "JP" ]; };')
    name, phone = world.fresh()
    code = phone.code()
    tap.same(world.login(name, code, AMERICA, defer="yes"), "deny country", "from abroad")
    tap.same(world.login(name, code), "deny second-factor-reused", "the same code at home")
    tap.same(world.login(name), "deny second-factor-missing", "nothing is remembered of it")
    name, phone = world.fresh()
    with world.lab.gate() as connection:
        answer = world.begin(connection, name, phone.code())
        connection.end(answer["ref"], "uncommitted", name)
    world.lab.line(f"critical:.*{name}@.*reason=uncommitted")
    tap.poll(lambda: world.login(name, phone.code()) == "deny second-factor-reused", 20, "the code's end")
    world.again()


@tests.case("an app password, a code and a wrong code in report mode: nothing is refused but the unknowable")
def report_mode(world):
    world.again('mode = "report"; throttle = { passwords = 0; };')
    name, phone = world.fresh()
    since = world.lab.mark()
    tap.same(world.login(name), "accept", "a bare password")
    world.lab.line("would=deny reason=second-factor-missing", since)
    for digits, cut in (("000000", "0"), (phone.code(), "6")):
        with world.lab.gate() as connection:
            tap.same(world.begin(connection, name, digits).get("code_length", "0"), cut, f"cut off {digits}")
    code = phone.fresh()
    since = world.lab.mark()
    tap.same([world.login(name, code), world.login(name, code, AMERICA)], ["accept"] * 2, "a code, and again elsewhere")
    world.lab.line("would=deny reason=second-factor-reused", since)
    world.again()


# ---- lost answers

def repeated(world, name, code, ref, address=JAPAN):
    """A module's second begin for a login whose answer it has lost, and its commit."""
    with world.lab.gate() as connection:
        answer = connection.begin(user=name, digits=code, client_address=address, ref=ref, code_length="6", begun="1")
        if answer["verdict"] != "continue":
            return words(answer)
        tap.same((answer["ref"], answer["code_length"]), (ref, "6"), "ref and cut")
        return words(connection.commit(ref, name))


@tests.case("M4, F10: the same ref again is accepted once more and uses nothing; another ref with the code is refused")
def lost_answer(world):
    for how in (None, 15, 9):
        name, phone = world.fresh()
        code = phone.fresh()
        with world.lab.gate() as connection:
            ref = world.begin(connection, name, code)["ref"]
            tap.same(connection.commit(ref, name)["verdict"], "accept", "the commit")
        if how:
            world.restart(how)
        tap.same(repeated(world, name, code, ref), "accept", f"the same ref again, after {how}")
        tap.same(repeated(world, name, code, "aaaaaaaaaaaaa", AMERICA), "deny second-factor-reused", "another ref")
        assert repeated(world, name, code, ref, AMERICA).startswith("deny"), "the ref from elsewhere"


@tests.case("M3: a daemon that is replaced between begin and commit: the login goes through, once")
def between(world):
    for how in (15, 9):
        name, phone = world.fresh()
        code = phone.fresh()
        connection = world.lab.gate()
        ref = world.begin(connection, name, code)["ref"]
        world.restart(how)
        connection.close()
        tap.same(repeated(world, name, code, ref), "accept", f"after {how}")
        tap.same(world.login(name, code, AMERICA), "deny second-factor-reused", "the code afterwards")


@tests.case("a module that dies while the store is told: the code is used, nothing else happens")
def gone(world):
    for _ in range(20):
        name, phone = world.fresh()
        code = phone.fresh()
        connection = world.lab.gate()
        ref = world.begin(connection, name, code)["ref"]
        connection.send(gate.encode({"request": "commit", "ref": ref, "user": name}))
        connection.close()
        tap.poll(lambda name=name, code=code: world.login(name, code, AMERICA) == "deny second-factor-reused", 20,
                 "the code's end")
        assert world.lab.daemon.running(), world.lab.log()


@tests.case(f"{LEFT} modules that die while the store is told leave no memory behind")
def many_gone(world):
    def die(name, times):
        for _ in range(times):
            with world.lab.gate() as connection:
                ref = world.begin(connection, name)["ref"]
                connection.send(gate.encode({"request": "commit", "ref": ref, "user": name}))
        tap.same(world.login(name), "accept", "an ordinary login")

    name = next(world.names)
    die(name, LEFT)
    before = resident(world.lab.daemon.pid)
    die(name, LEFT)
    grown = resident(world.lab.daemon.pid) - before
    assert lab.SANITIZED or grown < LEFT // 4, f"{grown} KiB more for {LEFT} logins"


# ---- accounts that are gone

@tests.case("M10: an app password asks whether its account still exists; no answer is no login")
def leavers(world):
    asked = world.lab.path("asked")
    program = world.lab.write("exists", f'#!/bin/sh\necho "$1" >> {asked}\ncase $1 in left*) exit 1;; odd*) exit 9;; '
                              f'mute*) kill -9 $$;; hang*) sleep 600 & echo $! > {asked}.child; wait;; esac\n', 0o755)
    world.lab.write("asked.child", "")
    os.chmod(f"{asked}.child", 0o666)
    with open(asked, "w", encoding="utf-8"):
        os.chmod(asked, 0o666)
    world.again("throttle = { passwords = 0; };", f' account_exists = "{program}";')
    expected = {"here": "accept", "left": "deny locked", "odd": "later unavailable", "mute": "later unavailable"}
    for _ in range(2):
        for name, verdict in expected.items():
            shown = vault.ask(world.lab, "app-password-add", account=name, services="imap")[0]["app_password"]
            tap.same(world.login(name, app_password=shown), verdict, f"{name}'s login")
    shown = vault.ask(world.lab, "app-password-add", account="hang", services="imap")[0]["app_password"]
    tap.same(world.login("hang", app_password=shown), "later unavailable", "a program that gives no answer")
    with open(f"{asked}.child", encoding="utf-8") as file:
        child = int(file.read())
    tap.poll(lambda: not lab.alive(child), 20, "the end of what the program had started")
    os.chmod(program, 0o775)
    shown = vault.ask(world.lab, "app-password-add", account="other", services="imap")[0]["app_password"]
    since = world.lab.mark()
    tap.same(world.login("other", app_password=shown), "later unavailable", "a program that others can change")
    world.lab.line("can be changed by others", since)
    os.chmod(program, 0o755)
    with open(asked, encoding="utf-8") as file:
        counted = [line.strip() for line in file]
    tap.same([counted.count(f"{name}@example.test") for name in ("here", "left")], [1, 1], "asked; answers are kept")
    tap.same(world.login("left"), "accept", "a bare password, which the back end refuses by itself")
    world.again()


# ---- explain

@tests.case("explain and login agree about accounts with and without a secret, remembered, locked")
def explained(world):
    name, phone = world.fresh()
    tap.same(world.login(name, phone.fresh()), "accept", "a code")
    accounts = [next(world.names), name, world.fresh()[0]]
    locked, _ = world.fresh()
    vault.ask(world.lab, "account-lock", account=locked, text="x")
    for defaults in ("", 'second_factor = { totp = "required"; };', 'second_factor = { totp = "off"; };',
                     'legacy_auth = { default = "deny"; };', 'mode = "report";'):
        world.again(defaults)
        for account, address in itertools.product([*accounts, locked], [JAPAN, AMERICA]):
            with world.lab.gate() as connection:
                answer = connection.begin(user=account, client_address=address)
            said = [record for record in vault.ask(world.lab, "explain", account=account, service="imap",
                                                   client_address=address) if record["record"] == "verdict"][0]
            tap.same(words(said), words(answer), f"{account} from {address} with {defaults}")
    world.again()


with lab.Lab() as the_lab:
    tests.run(World(the_lab))
