#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Whoever is refused whatever he types must not learn from the throttle that a password was right (THREATS A10): each
row is tried once with a right and once with a wrong password, from networks that are otherwise alike, and what a client
is told must be the same to the last try."""
import itertools

from harness import AMERICA, JAPAN, gate, lab, tap
import sasl
import vault

tests = tap.Tests()
PASSWORDS = {"alice@example.test": "wonder"}
LIMIT = 5
hosts = (f"{number}.1" for number in itertools.count(20))


class Scene:
    """A daemon that throttles; two accounts that one country is open to, one of them enrolled."""

    def __init__(self, of_lab):
        self.lab = of_lab
        self.path = of_lab.path("saslauthd")
        self.upstream = sasl.Upstream(of_lab.path("mux"), PASSWORDS)
        of_lab.configure(
            f'countries = {{ allow = [ "JP" ]; }}; throttle = {{ passwords = {LIMIT}; }};',
            vault.settings(of_lab) + f'saslauthd = {{ upstream = "{self.upstream.path}"; }};',
            f'{vault.sockets(of_lab)}, '
            f'{{ kind = "saslauthd"; path = "{self.path}"; seen_as = "{sasl.SEEN_AS}"; }}')
        vault.start(of_lab)
        self.phone = vault.enroll(of_lab, "erin")
        tap.poll(lambda: sasl.check(self.path, "nobody", "x") == "NO", 40, "requests that nobody announced refused")

    def network(self, country):
        """An address in the country, in a network that nobody has come from."""
        return ".".join(country.split(".")[:2]) + "." + next(hosts)

    def typed(self, name, address, mark, right, digits=None):
        """One try on the gate socket as a deferring module makes it; whether the password was checked at all."""
        with self.lab.gate() as connection:
            answer = connection.begin(user=name, client_address=address, defer="yes", digits=digits)
            if answer["verdict"] != "continue":
                return answer["reason"]
            question = {"user": name, "ref": answer["ref"], "password_mark": mark}
            more = {"request": "commit"} if right else {"request": "end", "status": "wrong"}
            connection.send(gate.encode({**question, **more}))
            if right:
                tap.same(connection.receive()["verdict"], "deny", mark)
            else:
                assert connection.closed(), mark
            return "checked"

    def mailed(self, address, password):
        """One try over the saslauthd socket; what smtpd is told."""
        tap.same(sasl.ask(self.lab.gate, user="alice", client_address=address)["verdict"], "continue", "ask")
        return sasl.check(self.path, "alice", password)


def marks(number):
    return [f"{mark:08x}" for mark in range(1, number + 1)]


@tests.case("a fifth password that is right, from the wrong country, is followed by what follows a wrong one")
def wrong_country(scene):
    told = {}
    for right in (False, True):
        address = scene.network(AMERICA)
        told[right] = [scene.typed("alice", address, mark, False) for mark in marks(LIMIT - 1)]
        told[right] += [scene.typed("alice", address, mark, of_this) for mark, of_this in
                        (("000000aa", right), ("00000001", False))]
    tap.same(told[True], told[False], "told after a right one and after a wrong one")
    tap.same(told[True][-1], "throttled", "in the end")


@tests.case("the owner's own success does not give it away either")
def owner_known(scene):
    with scene.lab.gate() as connection:
        ref = connection.begin(user="alice", client_address=JAPAN)["ref"]
        tap.same(connection.commit(ref, "alice", "000000aa")["verdict"], "accept", "the owner")
    address = scene.network(AMERICA)
    told = [scene.typed("alice", address, mark, mark == "000000aa") for mark in marks(LIMIT - 1) + ["000000aa"]]
    tap.same(told + [scene.typed("alice", address, "00000001", False)], ["checked"] * LIMIT + ["throttled"], "told")


@tests.case("a right password without its code, too")
def no_code(scene):
    address = scene.network(JAPAN)
    told = [scene.typed("erin", address, mark, mark == "000000aa") for mark in marks(LIMIT - 1) + ["000000aa"]]
    tap.same(told + [scene.typed("erin", address, "00000001", False)], ["checked"] * LIMIT + ["throttled"], "told")


@tests.case("one wrong code after the other is throttled behind a right password as behind a wrong one")
def codes(scene):
    near = {scene.phone.code(ahead) for ahead in range(-3, 4)}
    wrong = [code for code in (f"{number:06}" for number in range(500000, 500040)) if code not in near][:LIMIT + 1]
    for right in (False, True):
        address = scene.network(JAPAN)
        told = [scene.typed("erin", address, "000000aa", right, code) for code in wrong]
        tap.same(told, ["checked"] * LIMIT + ["throttled"], f"told where the password was right: {right}")


@tests.case("on the saslauthd socket a right password from the wrong country counts as well")
def mail(scene):
    told = {}
    for candidate in ("guess", "wonder"):
        address = scene.network(AMERICA)
        told[candidate] = [scene.mailed(address, password) for password in ("g1", "g2", "g3", "g4", candidate, "g1")]
    tap.same(told["wonder"], told["guess"], "told after a right one and after a wrong one")
    tap.same(told["wonder"], ["NO"] * LIMIT + [sasl.CLOSED], "told")


@tests.case("an app password that is none for the service is throttled like any word; one that is one is not")
def app_password(scene):
    made = vault.ask(scene.lab, "app-password-add", account="alice", services="imap", name="phone")[0]["app_password"]
    address = scene.network(JAPAN)
    for mark in marks(LIMIT):
        tap.same(scene.typed("alice", address, mark, False), "checked", mark)
    told = []
    for service, typed in (("smtp", made), ("smtp", "abcd" * 4), ("imap", made)):
        with scene.lab.gate() as connection:
            answer = connection.begin(user="alice", client_address=address, service=service,
                                      app_password=typed.replace("-", ""), defer="yes")
            told.append(answer.get("reason", answer["verdict"]))
    tap.same(told, ["throttled", "throttled", "accept"], "told to an app password elsewhere, to none, to one in place")


@tests.case("a phone that repeats its right password where it is denied is not throttled")
def one_phone(scene):
    address = scene.network(AMERICA)
    told = [scene.typed("alice", address, "000000aa", True) for _ in range(4 * LIMIT)]
    tap.same(told, ["checked"] * 4 * LIMIT, "told")


@tests.case("nor is one that does so by way of the saslauthd socket")
def one_mailing_phone(scene):
    address = scene.network(AMERICA)
    tap.same([scene.mailed(address, "wonder") for _ in range(2 * LIMIT)], ["NO"] * 2 * LIMIT, "told")


if __name__ == "__main__":
    with lab.Lab() as the_lab:
        tests.run(Scene(the_lab))
