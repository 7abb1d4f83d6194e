#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""SMTP AUTH through a real, chrooted Postfix: the same thief over SMTP. A stolen password is noticed behind saslauthd,
a sprayer is stopped before it, and the history tells both."""
import importlib.util
import os

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def harness_of(area):
    """Two areas' harnesses have one name."""
    specification = importlib.util.spec_from_file_location(f"{area}_harness", os.path.join(TESTS, area, "harness.py"))
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


smtp, history = harness_of("postfix"), harness_of("history")

STAFF = {f"staff{number}@example.test": "Winter" for number in range(40)}
DEFAULTS = 'countries = { allow = [ "JP" ]; }; throttle = { passwords = 5; window = "15m"; };'
tests = history.tap.Tests()


class House(smtp.House):
    """A Postfix whose gate keeps a history."""

    def configure(self, defaults=DEFAULTS, settings=""):
        admin = f'{{ kind = "admin"; path = "{self.lab.path("admin.sock")}"; }}'
        self.lab.configure(defaults, f'saslauthd = {{ upstream = "{self.upstream}"; }}; '
                                     f'history = "sqlite:{history.history_path(self.lab)}"; {settings}',
                           f"{smtp.postfix.sockets(self.lab, self.seen_as)}, {admin}")


@tests.case("a stolen password gets the reply of a wrong one, and is reported with its service")
def stolen(house):
    replies = [house.login(password=password, source=smtp.AMERICA).code for password in ("wonder", "x")]
    history.tap.same(replies, [smtp.REFUSED] * 2, "replies")
    rows = history.ctl_json(house.lab, "report", "stolen")
    history.tap.same([(row["account"], row["country"], row["count"]) for row in rows],
                     [("alice@example.test", "US", 1)], "report")
    logins = [row for row in history.ctl_json(house.lab, "log", "--account", "alice") if "verdict" in row]
    history.tap.same([(row["service"], row["mechanism"], row["password"]) for row in logins],
                     [("smtp", "PLAIN", "right"), ("smtp", "PLAIN", "wrong")], "log")
    house.gets(235)


@tests.case("report legacy names the bare password over SMTP and where it came from")
def legacy(house):
    row = [row for row in history.ctl_json(house.lab, "report", "legacy") if row["account"].startswith("alice")][0]
    history.tap.same((row["service"], row["network"], row["country"]), ("smtp", "127.1.0.0/24", "JP"), "row")


@tests.case("a network that sprays is asked to come back later, before saslauthd sees the password")
def spraying(house):
    source = "127.1.60.9"
    codes = [house.login(user=name, password="Summer", source=source).code for name in STAFF]
    history.tap.same(codes[:30], [smtp.REFUSED] * 30, "the first thirty")
    history.tap.same(set(codes[30:]), {smtp.TEMPORARY}, "the others")
    house.gets(235, source="127.1.61.9")


with smtp.lab.Lab() as the_lab:
    behind = smtp.sasl.Upstream(the_lab.path("mux"), {**smtp.ACCOUNTS, **STAFF})
    the_house = House(the_lab, behind.path)
    the_house.settle()
    tests.run(the_house)
