#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Many AUTHs at once and one after another: each verdict uses its own client's address (THREATS M2), whatever a session
did before, and XCLIENT moves nobody but a proxy that Postfix trusts (C5)."""
import threading

from harness import AMERICA, JAPAN, REFUSED, house, tap

ROUNDS = 1000
HANDS = 8  # a refusal takes a tick
tests = tap.Tests()


def at_once(scene, rounds, *logins):
    """Tries each login so many times, by HANDS clients of its own, all at once; the sets of replies."""
    seen = [set() for _ in logins]

    def log_in(number, login):
        for _ in range(rounds // HANDS):
            seen[number].add(scene.login(**login).code)

    threads = [threading.Thread(target=log_in, args=row, daemon=True)
               for row in enumerate(logins) for _ in range(HANDS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive(), f"not done in time; replies until then: {seen}"
    return seen


@tests.case(f"M2 one account from a good and a bad address, {ROUNDS} times each and at once: no address is mixed up")
def two_addresses(scene):
    tap.same(at_once(scene, ROUNDS, {"source": JAPAN}, {"source": AMERICA}), [{235}, {REFUSED}], "replies")


@tests.case(f"M2 two accounts, one of them with a wrong password, {ROUNDS} times each and at once")
def two_accounts(scene):
    seen = at_once(scene, ROUNDS, {"user": "alice"}, {"user": "bob", "password": "wonder"},
                   {"user": "bob", "password": "builder", "mechanism": "LOGIN"})
    tap.same(seen, [{235}, {REFUSED}, {235}], "replies")


@tests.case("100 AUTHs in one session, a third of them given up by the client: each is judged for itself")
def many_in_one_session(scene):
    since = scene.lab.mark()
    with scene.postfix.session() as client:
        for number in range(100):
            if number % 3 == 0:
                tap.same(client.abort("PLAIN" if number % 2 else "LOGIN").code, 501, "an AUTH given up")
            else:
                attempt = client.auth("alice", f"wrong{number}", "PLAIN" if number % 2 else "LOGIN")
                tap.same(attempt.code, REFUSED, f"AUTH {number}")
        tap.same(client.auth("alice", "wonder").code, 235, "the right password")
    lines = scene.lab.lines("account=alice", since)
    tap.same((len(lines), len([line for line in lines if "verdict=accept" in line])), (67, 1), "lines")


@tests.case("an AUTH LOGIN given up after the name, then another account's: the first leaves nothing behind")
def given_up_halfway(scene):
    with scene.postfix.session() as client:
        for _ in range(5):
            client.command("AUTH LOGIN")
            tap.same(client.command("YWxpY2U=").code, 334, "the name")
            tap.same(client.command("*").code, 501, "given up")
        tap.same(client.auth("bob", "builder", "LOGIN").code, 235, "bob")


@tests.case("C5 XCLIENT from a proxy that Postfix trusts moves the client, from a stranger it is refused")
def xclient(scene):
    for real, claimed, allowed, code in (("127.1.0.66", "127.2.0.9", True, REFUSED), ("127.2.0.66", JAPAN, True, 235),
                                         ("127.2.0.7", JAPAN, False, REFUSED), (JAPAN, AMERICA, False, 235)):
        since = scene.lab.mark()
        with scene.postfix.session(real) as client:
            said = client.command(f"XCLIENT ADDR={claimed}")
            assert (said.code == 220) == allowed, said
            client.command("EHLO client.example.test")
            tap.same(client.auth("alice", "wonder").code, code, f"{real} as {claimed}")
        assert f"address={claimed if allowed else real}" in scene.line("account=alice", since)


@tests.case("an XCLIENT between two AUTHs of a session: the second is judged by the new address")
def xclient_between(scene):
    with scene.postfix.session("127.2.0.66") as client:
        tap.same(client.auth("alice", "wonder").code, REFUSED, "abroad")
        tap.same(client.command(f"XCLIENT ADDR={JAPAN}").code, 220, "XCLIENT")
        client.command("EHLO client.example.test")
        tap.same(client.auth("alice", "wonder").code, 235, "at home")


with house(None, extra="smtpd_authorized_xclient_hosts = 127.1.0.66 127.2.0.66") as of_this:
    tests.run(of_this)
