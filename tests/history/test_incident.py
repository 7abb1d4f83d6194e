#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""incident tells how an account was lost and what was done, as text, for programs and as one page that needs nothing
else."""
import html.parser
import os
import re
import sqlite3

from harness import (DAY, HOUR, JAPAN, NO, NOW, USAGE, configure, ctl, ctl_json, fill, history_path, lab, login_of,
                     says, tap)

tests = tap.Tests()
THIEF, OTHER_THIEF = "198.51.100.9", "203.0.113.77"
HOSTILE = "<script>alert(1)<b>\"'&"


def past():
    """A month at home; a thief guesses, is refused at the border, gets in by smtp, is locked out two hours later."""
    for day in range(30, 0, -1):
        yield login_of("alice", NOW - day * DAY, credential="totp")
        yield login_of("alice", NOW - day * DAY + HOUR, service="smtp")
    theft = NOW - 2 * DAY
    for guess in range(4):
        yield login_of("alice", theft + guess, address=THIEF, country="RU", verdict="deny", reason="password",
                       password="wrong")
    yield login_of("alice", theft + 60, address=THIEF, country="RU", verdict="deny", reason="country")
    for minute in range(30):
        yield login_of("alice", theft + 600 + minute * 60, address=OTHER_THIEF, country="NL", service="smtp")
    yield login_of("alice", theft + 2 * HOUR, address=OTHER_THIEF, country="NL", verdict="deny", reason="locked",
                   password="unknown", service="smtp")
    yield login_of(HOSTILE, NOW - DAY, service="<i>imap", mechanism="\"><img src=x>")


def lock(of_lab):
    """What the gate wrote when it locked the account: events have no line in fill's input."""
    with sqlite3.connect(history_path(of_lab)) as history:
        account = history.execute("SELECT id FROM accounts WHERE name = 'alice@example.test'").fetchone()[0]
        history.execute("INSERT OR IGNORE INTO words(word) VALUES('locked')")
        history.execute("INSERT INTO events(at, kind, account, ref, host, address, country, who, why, until) VALUES"
                        "(?, (SELECT id FROM words WHERE word = 'locked'), ?, 'k7f3q2mxw4z6b', 1, x'cb00714d', 365,"
                        " 'authgate', 'accepted from 3 countries within 24 h', ?)",
                        (NOW - 2 * DAY + 2 * HOUR - 60, account, NOW - DAY))


class Page(html.parser.HTMLParser):
    """What is in the page: tags with their attributes, and the text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def page_of(of_lab, account):
    path = of_lab.path("incident.html")
    ctl(of_lab, "incident", account, "--html", path)
    with open(path, encoding="utf-8") as file:
        return file.read()


@tests.case("the first wrong address and the first success are found, and what came of them")
def firsts(of_lab):
    story = ctl_json(of_lab, "incident", "alice", "--since", "40d")
    first, success = story["first_unusual"], story["first_unusual_success"]
    tap.same((first["at"], first["where"]), (NOW - 2 * DAY, f"{THIEF} (RU) by imap"), "first wrong address")
    tap.same((success["at"], success["where"]), (NOW - 2 * DAY + 600, f"{OTHER_THIEF} (NL) by smtp"), "first success")
    tap.same((story["accepted"], story["accepted_from_unusual_places"], story["refused"]), (90, 30, 6), "sums")


@tests.case("every place is listed, the unusual ones first")
def places(of_lab):
    listed = ctl_json(of_lab, "incident", "alice", "--since", "40d")["places"]
    tap.same([(place["country"], place["addresses"], place["unusual"]) for place in listed],
             [("RU", THIEF, True), ("NL", OTHER_THIEF, True), ("JP", JAPAN, False)], "places")
    russia, holland, japan = listed
    tap.same((russia["accepted"], russia["refused"], russia["refused_with_right_password"]), (0, 5, 1), "RU")
    tap.same((holland["accepted"], holland["services"]), (30, "smtp"), "NL")
    tap.same(sorted(japan["services"].split(", ")), ["imap", "smtp"], "services at home")


@tests.case("the timeline says what was done, by whom, until when")
def timeline(of_lab):
    moments = ctl_json(of_lab, "incident", "alice", "--since", "40d")["moments"]
    tap.same([moment["at"] for moment in moments], sorted(moment["at"] for moment in moments), "order")
    locked = [moment for moment in moments if moment["what"] == "locked"]
    tap.same(len(locked), 1, "locks")
    says(locked[0]["why"], "accepted from 3 countries within 24 h", "by authgate", "until 20")
    text = ctl(of_lab, "incident", "alice", "--since", "40d").stdout
    says(text, "first login from an unusual place", THIEF, "first success from one", OTHER_THIEF, "where from", "RU",
         "NL", "JP", "what happened", "refused", "with the right password", "locked", "accepted from 3 countries")


@tests.case("--since and --until narrow it, and an account without a history has an empty story")
def narrowed(of_lab):
    story = ctl_json(of_lab, "incident", "alice", "--since", "12h")
    assert "first_unusual" not in story and len(story["places"]) <= 1, story
    says(ctl(of_lab, "incident", "nobody-at-all").stdout, "no login that the history knows")
    ctl(of_lab, "incident", status=USAGE)
    nowhere = of_lab.path("no/such/folder.html")
    says(ctl(of_lab, "incident", "alice", "--html", nowhere, status=NO).stderr, "No such file")


@tests.case("a page is for nobody else, replaces an older one whole, and is written through no link")
def written(of_lab):
    path, link, other = (of_lab.path(name) for name in ("page.html", "link.html", "other.html"))
    of_lab.write("page.html", "an older page")
    of_lab.write("other.html", "another file")
    os.symlink(other, link)
    ctl(of_lab, "incident", "alice", "--html", path)
    tap.same(oct(os.stat(path).st_mode & 0o777), "0o600", "the page's mode")
    says(ctl(of_lab, "incident", "alice", "--html", link, status=NO).stderr, "symbolic link")
    with open(other, encoding="utf-8") as file:
        tap.same(file.read(), "another file", "where the link leads")
    says(ctl(of_lab, "incident", "alice", "--html", "/dev/fd/1").stdout, "</html>")
    says(ctl(of_lab, "incident", "alice", "--html", "/dev/full", status=NO).stderr, "could not be written")
    tap.same([name for name in os.listdir(of_lab.directory) if name.endswith(".new")], [], "what is left behind")


@tests.case("it is headed by the account's one name, and says what was typed where that is another")
def headed(of_lab):
    head = ctl(of_lab, "incident", "ALICE+x").stdout.splitlines()
    assert re.match(r"alice@example\.test, 20.* to 20", head[0]), head
    tap.same(head[1:3], ["asked for as ALICE+x", ""], "the lines below")
    head = ctl(of_lab, "incident", "alice@example.test").stdout.splitlines()
    tap.same((head[0].split(",")[0], head[1]), ("alice@example.test", ""), "the same name")
    says(ctl(of_lab, "incident", "Nobody-at-all").stdout, "nobody-at-all@example.test, ",
         "asked for as Nobody-at-all\n")
    head = ctl(of_lab, "incident", "a@b@c").stdout.splitlines()
    tap.same((head[0].split(",")[0], head[1]), ("a@b@c", ""), "a name that no account can have")
    story = ctl_json(of_lab, "incident", "ALICE+x")
    tap.same((story["account"], story["asked"]), ("alice@example.test", "ALICE+x"), "JSON")


@tests.case("the page has the chart, the tables and nothing from outside: no script, no link, no image")
def page(of_lab):
    text = page_of(of_lab, "alice")
    read = Page(text)
    names = {tag for tag, _ in read.tags}
    assert {"svg", "rect", "table", "h1"} <= names, names
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "form", "a", "base"}, names
    for tag, attributes in read.tags:
        assert not {"src", "href", "srcset", "action"} & set(attributes), (tag, attributes)
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
    assert not re.search(r"https?:|url\(|@import", text), "something from outside"
    says(read.text, "Logins of alice@example.test", "asked for as alice", "First login from an unusual place", THIEF,
         "First success from one", OTHER_THIEF, "Logins over time by country", "RU", "NL", "JP", "Where from",
         "Timeline", "locked", "authgate")


@tests.case("what a client typed is text on the page, never markup")
def hostile(of_lab):
    read = Page(page_of(of_lab, HOSTILE))
    assert not {tag for tag, _ in read.tags} & {"script", "i" * 2, "img"}, "markup"
    says(read.text, "<script>alert(1)<b>")
    assert "<i>imap" in read.text, read.text


with lab.Lab() as the_lab:
    configure(the_lab, "")
    fill(the_lab, past())
    lock(the_lab)
    the_lab.start()
    tests.run(the_lab)
