#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""An administrator on call sees who is throttled, from where, why and until when, and ends it for one account and
network; without a store too."""
import time

from harness import NO, USAGE, configure, ctl, ctl_json, gate, lab, says, tap

tests = tap.Tests()
HOME, AWAY = "127.1.0.1", "127.1.7.1"


def guess(of_lab, account, count, address=HOME):
    for number in range(count):
        with of_lab.gate() as connection:
            answer = connection.begin(user=account, client_address=address)
            if answer["verdict"] == "continue":
                connection.send(gate.encode({"request": "end", "ref": answer["ref"], "user": account,
                                             "status": "wrong", "password_mark": f"{number:08x}"}))
                assert connection.closed()


def throttled(of_lab, account, address=HOME):
    with of_lab.gate() as connection:
        answer = connection.begin(user=account, client_address=address)
        if answer["verdict"] == "continue":
            connection.end(answer["ref"], "error", account)
        return (answer["verdict"], answer.get("reason")) == ("deny", "throttled")


def explained(of_lab, account, address=HOME, status=NO):
    said = ctl_json(of_lab, "explain", account, "--service", "imap", "--address", address, status=status)
    return said, [rule for rule in said["rules"] if rule["rule"] == "throttled"][0]


def soon(until):
    """Whether it is what is left of a window of fifteen minutes."""
    return 840 < until - time.time() <= 902


@tests.case("explain says why a login is throttled and until when")
def explain(of_lab):
    said, rule = explained(of_lab, "anna", status=0)
    assert "until" not in rule and "until" not in said, rule
    guess(of_lab, "anna", 5)
    assert throttled(of_lab, "anna"), "not throttled"
    said, rule = explained(of_lab, "anna")
    tap.same((said["reason"], said["why"]), ("throttled", "too many wrong passwords for the account from this network"),
             "the verdict")
    assert soon(said["until"]) and soon(rule["until"]), said
    text = ctl(of_lab, "explain", "anna", "--service", "imap", "--address", HOME, status=NO).stdout
    says(text, "DENIED by throttled: too many wrong passwords for the account from this network, until 20", "throttled")
    explained(of_lab, "anna", AWAY, status=0)


@tests.case("account show names the networks that it is throttled from, status how many throttles hold")
def show(of_lab):
    (one,) = ctl_json(of_lab, "account", "show", "Anna")["throttles"]
    assert soon(one.pop("until")), one
    tap.same(one, {"network": "127.1.0.0/24", "state": "passwords",
                   "why": "too many wrong passwords for the account from this network"}, "the throttle")
    says(ctl(of_lab, "account", "show", "anna").stdout, "THROTTLED", "from 127.1.0.0/24 until 20", "too many wrong")
    tap.same(ctl_json(of_lab, "account", "show", "berta")["throttles"], [], "another's")
    guess(of_lab, "carl", 5, AWAY)
    tap.same(ctl_json(of_lab, "status")["throttled_now"], 2, "throttles")


@tests.case("account unlock --address ends it there and nowhere else, and is in the log as the administrator's")
def unlock(of_lab):
    guess(of_lab, "anna", 5, AWAY)
    since = of_lab.mark()
    says(ctl(of_lab, "account", "unlock", "anna", "--address", HOME).stdout,
         "anna@example.test: no longer throttled from there")
    assert not throttled(of_lab, "anna") and throttled(of_lab, "anna", AWAY), "not there, or elsewhere too"
    tap.same(len(of_lab.lines("admin=throttle-end account=anna@example.test by=root network=127.1.0.0/24", since)), 1,
             "lines")
    tap.same([one["network"] for one in ctl_json(of_lab, "account", "show", "anna")["throttles"]], ["127.1.7.0/24"],
             "what is left")
    explained(of_lab, "anna", status=0)
    guess(of_lab, "anna", 4)
    assert not throttled(of_lab, "anna"), "what was forgotten counts again"
    guess(of_lab, "anna", 5)
    assert throttled(of_lab, "anna"), "guessing goes on for ever"


@tests.case("an account that is not throttled, and what is no address")
def not_so(of_lab):
    says(ctl(of_lab, "account", "unlock", "berta", "--address", HOME, status=NO).stderr,
         "the account is not throttled from there")
    ctl(of_lab, "account", "unlock", "berta", "--address", "home", status=USAGE)
    assert throttled(of_lab, "carl", AWAY), "others were freed"


with lab.Lab() as the_lab:
    configure(the_lab, 'countries = { allow = [ "JP" ]; }; throttle = { passwords = 5; window = "15m"; };')
    the_lab.start()
    tests.run(the_lab)
