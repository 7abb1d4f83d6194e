#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Where a second factor, a lock or an app password might be got round: softened rules, proxies, orders between
begin and commit, accounts that are gone. On the raw gate socket."""
import itertools
import os

from harness import AMERICA, JAPAN, gate, lab, tap

import vault  # pylint: disable=wrong-import-order

tests = tap.Tests()
OPEN = "throttle = { passwords = 0; };"
names = (f"edge{number}" for number in itertools.count())


def configure(of_lab, defaults="", settings=""):
    of_lab.configure(OPEN + defaults, vault.settings(of_lab) + settings, vault.sockets(of_lab))


def again(of_lab, defaults="", settings=""):
    configure(of_lab, defaults, settings)
    of_lab.reload("is in force")


def words(answer):
    return answer["verdict"] + (f" {answer['reason']}" if "reason" in answer else "")


def login(of_lab, name, digits=None, address=JAPAN, **more):
    """A whole login whose password is right, in words."""
    with of_lab.gate() as connection:
        answer = connection.begin(user=name, digits=digits, client_address=address, **more)
        if answer["verdict"] == "continue":
            answer = connection.commit(answer["ref"], name)
        return words(answer)


@tests.case("a code that proved nothing is a bare password, where that is refused")
def softened_code(of_lab):
    name = next(names)
    phone = vault.enroll(of_lab, name)
    again(of_lab, 'legacy_auth = { default = "deny"; }; second_factor = { from = "2036-01-01"; };')
    code = phone.fresh()
    tap.same(login(of_lab, name, code), "accept", "the code, where it was typed first")
    tap.same(login(of_lab, name, code, AMERICA), "deny legacy-auth", "the same code from elsewhere")
    tap.same(login(of_lab, name, None, AMERICA), "deny legacy-auth", "no code")
    again(of_lab, 'legacy_auth = { default = "deny"; }; modes = { second-factor-wrong = "report"; };')
    wrong = f"{(int(phone.code()) + 500000) % 1000000:06}"
    tap.same(login(of_lab, name, wrong, "127.4.0.1"), "deny legacy-auth", "any six digits")
    again(of_lab)


@tests.case("wrong codes that are only reported are worth no more than none: six digits of any kind open nothing")
def softened_wrong_code(of_lab):
    name = next(names)
    phone = vault.enroll(of_lab, name)
    again(of_lab, 'modes = { second-factor-wrong = "report"; second-factor-budget = "report"; };')
    for number in range(12):
        wrong = f"{(int(phone.code()) + 500000 + number) % 1000000:06}"
        tap.same(login(of_lab, name, wrong), "deny second-factor-missing", f"wrong code {number}")
    again(of_lab, 'modes = { second-factor-wrong = "report"; second-factor-missing = "report"; };')
    tap.same([login(of_lab, name), login(of_lab, name, phone.fresh())], ["accept", "deny second-factor-budget"],
             "where none is due; the budget is enforced")
    again(of_lab)


@tests.case("a code that was wrong stays wrong when it comes true: guesses that are repeated at each step win nothing")
def wrong_for_good(of_lab):
    name = next(names)
    phone = vault.enroll(of_lab, name)
    early = phone.code(ahead=4)
    tap.same(login(of_lab, name, early), "deny second-factor-wrong", "a code of two minutes ahead")
    again(of_lab, "second_factor = { window = 8; };")
    tap.same(login(of_lab, name, early), "deny second-factor-wrong", "the same within the window")
    tap.same(login(of_lab, name, phone.code(ahead=5)), "accept", "another one")
    again(of_lab)


@tests.case("a code given through NAT64 is remembered for the IPv4 network behind it, not for all of them")
def translated(of_lab):
    name = next(names)
    phone = vault.enroll(of_lab, name)
    tap.same(login(of_lab, name, phone.fresh(), "64:ff9b::192.0.2.1"), "accept", "a code")
    tap.same(login(of_lab, name, None, "64:ff9b::192.0.2.77"), "accept", "a bare password from the same network")
    tap.same(login(of_lab, name, None, "64:ff9b::198.51.100.1"), "deny second-factor-missing", "from another one")


@tests.case("what one user of a proxy typed is remembered for nobody behind it")
def proxied(of_lab):
    name = next(names)
    phone = vault.enroll(of_lab, name)
    again(of_lab, f'networks = {{ proxies = [ "{AMERICA}/32" ]; }};')
    code = phone.fresh()
    tap.same(login(of_lab, name, code, AMERICA), "accept", "a code through the proxy")
    tap.same(login(of_lab, name, None, AMERICA), "deny second-factor-missing", "a bare password through it")
    again(of_lab)
    tap.same(login(of_lab, name, None, AMERICA), "deny second-factor-missing", "once it is no proxy any more")


@tests.case("a lock that comes between begin and commit is not softened by report mode")
def locked_meanwhile(of_lab):
    name = next(names)
    again(of_lab, 'mode = "report";')
    with of_lab.gate() as connection:
        answer = connection.begin(user=name, client_address=JAPAN)
        tap.same(words(answer), "continue", "begin")
        vault.ask(of_lab, "account-lock", account=name, text="left the company")
        tap.same(words(connection.commit(answer["ref"], name)), "deny locked", "commit")
    tap.same(login(of_lab, name), "deny locked", "the next login")
    again(of_lab)


@tests.case("M10: an app password of an account that is gone opens nothing, in report mode neither")
def gone(of_lab):
    name = next(names)
    made = vault.ask(of_lab, "app-password-add", account=name, services="imap", name="phone")[0]
    password = made["app_password"].replace("-", "")
    tap.same(login(of_lab, name, app_password=password), "accept", "while it is there")
    again(of_lab, 'mode = "report";', 'account_exists = "/bin/false";')
    tap.same(login(of_lab, name, app_password=password), "deny locked", "gone")
    again(of_lab, "", 'account_exists = "/bin/true";')
    tap.same(login(of_lab, name, app_password=password), "accept", "back")
    again(of_lab)


def waiting_at(path):
    """The other end of a pipe that somebody waits to read from; None while nobody does."""
    try:
        return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return None


@tests.case("an app password that is revoked, or locked by hand, while its account is looked for opens nothing")
def taken_back_meanwhile(of_lab):
    path = of_lab.path("look")
    os.mkfifo(path)
    os.chmod(path, 0o666)
    program = of_lab.write("slowly", f"#!/bin/sh\nread -r word < {path}\n", 0o755)
    again(of_lab, 'mode = "report";', f'account_exists = "{program}";')
    steps = {"accept": None, "deny app-password-scope": {"request": "app-password-revoke", "name": "phone"},
             "deny locked": {"request": "account-lock", "text": "left the company"}}
    for verdict, step in steps.items():
        name = next(names)
        made = vault.ask(of_lab, "app-password-add", account=name, services="imap", name="phone")[0]
        with of_lab.gate() as connection:
            connection.send(gate.encode(gate.begin(user=name, app_password=made["app_password"].replace("-", ""))))
            look = tap.poll(lambda: waiting_at(path), 20, "the look for the account")
            if step:
                vault.ask(of_lab, account=name, **step)
            os.write(look, b"there\n")
            os.close(look)
            tap.same(words(connection.receive()), verdict, "begin")
    again(of_lab)


@tests.case("a store that is lost between begin and commit lets nobody in, and the same code may be tried again")
def lost_meanwhile(of_lab):
    name, other = next(names), next(names)
    phone = vault.enroll(of_lab, name)
    code = phone.fresh()
    store = of_lab.path("store/store.db")
    with of_lab.gate() as coded, of_lab.gate() as bare:
        refs = [coded.begin(user=name, digits=code)["ref"], bare.begin(user=other)["ref"]]
        os.rename(store, f"{store}.away")
        tap.same([words(coded.commit(refs[0], name)), words(bare.commit(refs[1], other))], ["later unavailable"] * 2,
                 "commits")
    os.rename(f"{store}.away", store)
    with of_lab.gate() as again:
        repeated = gate.begin(user=name, digits=code, ref=refs[0], code_length="6", begun="1")
        tap.same(words(again.call(repeated)), "continue", "the same begin, once it is back")
        tap.same(words(again.commit(refs[0], name)), "accept", "its commit")
    tap.same(login(of_lab, other), "accept", "another login")


@tests.case("an app password in a country that is refused is a right one, and stolen")
def misplaced(of_lab):
    name = next(names)
    vault.enroll(of_lab, name)
    made = vault.ask(of_lab, "app-password-add", account=name, services="imap", name="phone")[0]
    password = made["app_password"].replace("-", "")
    again(of_lab, 'countries = { allow = [ "JP" ]; }; stolen = { action = "lock"; };')
    with of_lab.gate() as connection:
        answer = connection.begin(user=name, client_address=AMERICA, app_password=password, digits="234567",
                                  defer="yes")
        tap.same((words(answer), answer["code_length"]), ("continue country", "0"), "begin; its digits are its own")
    tap.poll(lambda: login(of_lab, name, app_password=password) == "deny locked", 20, "locked at home")
    again(of_lab)


@tests.case("an app password opens no name that may be somebody else's: who is let in as mary-jane is perhaps not mary")
def divided_name(of_lab):
    name = next(names)
    doubtful = 'recipient_delimiter = "-";'
    again(of_lab, "", 'account_exists = "/bin/true";')
    made = vault.ask(of_lab, "app-password-add", account=name, services="imap", name="phone")[0]
    password = made["app_password"].replace("-", "")
    tap.same(login(of_lab, f"{name}+jane", app_password=password), "accept", "a part of the account's own")
    for mode in ("enforce", "report", "off"):
        again(of_lab, f'mode = "{mode}"; modes = {{ app-password-scope = "{mode}"; }};', doubtful)
        for own in (name, name.upper(), f"{name}@Example.TEST"):
            tap.same(login(of_lab, own, app_password=password), "accept", f"{own}, {mode}")
        for divided in (f"{name}-jane", f"{name.upper()}-", f"{name}-jane@example.test"):
            since = of_lab.mark()
            tap.same(login(of_lab, divided, app_password=password), "deny app-password-scope", f"{divided}, {mode}")
            line = of_lab.line("ref=", since).split()
            for word in (f"account={name}@example.test", "credential=app-password",
                         "note=app-password-under-a-name-with-a-recipient-delimiter"):
                assert word in line, f"{word} is missing: {line}"
            tap.same(login(of_lab, divided, app_password=password, defer="yes"), "deny app-password-scope", divided)
    again(of_lab, "", f'account_exists = "/bin/false"; {doubtful}')
    tap.same(login(of_lab, f"{name}-jane", app_password=password), "deny app-password-scope", "it opens nothing anyway")
    again(of_lab)


@tests.case("a commit under another name, that may be somebody else's, is none of this login")
def divided_commit(of_lab):
    name = next(names)
    again(of_lab, "", 'recipient_delimiter = "-";')
    with of_lab.gate() as connection:
        answer = connection.begin(user=name, client_address=JAPAN)
        tap.same(words(connection.commit(answer["ref"], f"{name}-jane")), "deny malformed", "commit")
    again(of_lab)


@tests.case("an app password whose end looks like a code is an app password")
def digits_at_its_end(of_lab):
    name = next(names)
    vault.enroll(of_lab, name)
    made = vault.ask(of_lab, "app-password-add", account=name, services="imap", name="phone")[0]
    password = made["app_password"].replace("-", "")
    tap.same(login(of_lab, name, "234567", app_password=password), "accept", "with digits beside it")


@tests.case("only who converses can have a code judged")
def asked_with_digits(of_lab):
    name = next(names)
    vault.enroll(of_lab, name)
    with of_lab.gate() as connection:
        connection.send(gate.encode({"request": "ask", "protocol": "1", "user": name, "service": "smtp",
                                     "digits": "000000", "client_address": AMERICA, "mechanism": "CRAM-MD5"}))
        tap.same(words(connection.receive()), "deny second-factor-missing", "ask")


with lab.Lab() as the_lab:
    configure(the_lab)
    vault.start(the_lab)
    tests.run(the_lab)
