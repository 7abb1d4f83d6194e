#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# time-limit: 600
"""What explain says is what happens: 10,000 random policies and logins, each asked of the gate socket as a login and of
the admin socket as a question. Verdict, reason and what would be denied in report mode must be the same. SEED=N repeats
a run, LOGINS=N changes their number."""
import datetime
import os
import random
import shutil

from harness import admin_socket, configure, gate, lab, tap

LOGINS = int(os.environ.get("LOGINS", "10000"))
WORLDS = 20
SEED = int(os.environ.get("SEED", str(random.randrange(10 ** 9))))
COUNTRIES = ["JP", "US", "CN", "FR", "DE", "GB", "KR"]
CONTINENTS = {"continent:AS": {"JP", "CN", "KR"}, "continent:EU": {"FR", "DE", "GB"}}
NETWORKS = ["127.1.0.0/16", "127.2.0.0/24", "127.4.0.1/32", "2001:db8:1::/48", "loopback", "private", "10.0.0.0/8"]
ADDRESSES = ["127.1.0.1", "127.2.0.1", "127.2.1.1", "127.3.0.1", "127.4.0.1", "127.5.0.1", "127.11.0.1", "127.14.0.1",
             "127.0.0.1", "10.1.2.3", "::1", "2001:db8:1::5", "2001:db8:2::5", "2001:db8:ff::1", "::ffff:127.4.0.1",
             None]
SERVICES = ["imap", "pop3", "smtp", "submission", "sieve", "managesieve", "doveadm", "lmtp", "nntp"]
MECHANISMS = [None, None, "PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"]
RULES = ["service-closed", "mechanism", "network", "country", "country-unknown", "legacy-auth", "second-factor-missing"]
tests = tap.Tests()


class Writer:
    """Writes random policies that the parser takes."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def some(self, among, most=3):
        return self.random.sample(among, self.random.randint(1, most))

    def chance(self, share):
        return self.random.random() < share

    def day(self, near=40):
        """A day, never today's neighbour: midnight may pass while the test runs."""
        days = self.random.choice([-1, 1]) * self.random.randint(2, near)
        return datetime.date.today() + datetime.timedelta(days=days)

    @staticmethod
    def words(words):
        return "[ " + ", ".join(f'"{word}"' for word in words) + " ]"

    def countries(self):
        allowed = self.some(COUNTRIES + list(CONTINENTS), 4)
        taken = set(allowed).union(*(CONTINENTS[word] for word in allowed if word in CONTINENTS))
        keys = [f"allow = {self.words(allowed)};"] if self.chance(0.7) else []
        left = [code for code in COUNTRIES if code not in taken]
        if left and self.chance(0.4):
            keys.append(f"deny = {self.words(self.some(left, min(2, len(left))))};")
        if self.chance(0.4):
            keys.append(f'unknown = "{self.random.choice(["allow", "report", "deny"])}";')
        return f"countries = {{ {' '.join(keys)} }};" if keys else ""

    def networks(self):
        keys = [f"{key} = {self.words(self.some(NETWORKS, 2))};" for key in ("trusted", "denied", "proxies")
                if self.chance(0.25)]
        return f"networks = {{ {' '.join(keys)} }};" if keys else ""

    def travel(self):
        first, last = sorted([self.day(), self.day()])
        where = self.words(self.some(COUNTRIES))
        return f'travel = ( {{ countries = {where}; from = "{first}"; until = "{last}"; }} );'

    def legacy_auth(self):
        keys = []
        if self.chance(0.5):
            keys.append(f'default = "{self.random.choice(["allow", "report", "deny"])}";')
        if self.chance(0.5):
            keys.append('services = { ' + " ".join(f'{service} = "{self.random.choice(["allow", "report", "deny"])}";'
                                                   for service in self.some(["imap", "smtp", "pop3"])) + " };")
        if self.chance(0.4):
            keys.append(f"mechanisms = {self.words(self.some(['CRAM-MD5', 'LOGIN', 'PLAIN'], 2))};")
        if self.chance(0.4):
            keys.append(f'from = "{self.day()}";')
            if self.chance(0.5):
                lasting = self.random.choice([1, 4])
                keys.append(f'brownouts = ( {{ at = "{self.day(3)}T00:00"; lasting = "{lasting}d"; }} );')
        return f"legacy_auth = {{ {' '.join(keys)} }};" if keys else ""

    def second_factor(self):
        keys = [f'totp = "{self.random.choice(["enrolled", "required", "off"])}";']
        if self.chance(0.3):
            keys.append(f'from = "{self.day()}";')
        if self.chance(0.3):
            keys.append('trusted_networks = "skip";')
        return f"second_factor = {{ {' '.join(keys)} }};"

    def modes(self):
        return "modes = { " + " ".join(f'{rule} = "{self.random.choice(["enforce", "report", "off"])}";'
                                       for rule in self.some(RULES, 2)) + " };"

    def exceptions(self):
        until = datetime.date.today() + datetime.timedelta(days=self.random.choice([-2, 9]))
        service = f'service = "{self.random.choice(["imap", "smtp"])}"; ' if self.chance(0.5) else ""
        return (f'exceptions = ( {{ rule = "{self.random.choice(RULES)}"; {service}until = "{until}"; '
                'reason = "a test"; } );')

    def policy(self, share):
        parts = [(0.25 * share, lambda: f'mode = "{self.random.choice(["enforce", "report", "off"])}";'),
                 (0.9 * share, self.countries), (0.5 * share, self.networks), (0.4 * share, self.travel),
                 (0.3 * share, lambda: 'services = { %s = "closed"; };' % self.random.choice(["imap", "pop3", "smtp"])),
                 (0.6 * share, self.legacy_auth), (0.25 * share, self.second_factor), (0.25 * share, self.modes),
                 (0.3 * share, self.exceptions)]
        return "\n".join(make() for chance, make in parts if self.chance(chance)) + "\n"


def build(of_lab, writer, number, accounts):
    """A world: the main file, a domain's, two groups and the accounts' files. Its accounts' names."""
    names = [f"w{number}n{account}" for account in range(accounts)]
    for folder in ("accounts", "domains", "groups"):
        shutil.rmtree(of_lab.path(folder), ignore_errors=True)
    configure(of_lab, writer.policy(0.6),
              'groups = [ "staff", "students" ]; domains = [ "example.test", "other.test" ];')
    of_lab.write("domains/other.test.conf", writer.policy(0.5))
    for group in ("staff", "students"):
        members = writer.random.sample(names, len(names) // 3)
        of_lab.write(f"groups/{group}.conf", f"members = {writer.words(members)};\n" + writer.policy(0.3))
    for name in names:
        if writer.chance(0.6):
            folder = writer.random.choice(["", "", "other.test/"])
            text = "countries = {\n" if writer.chance(0.02) else writer.policy(0.7)
            of_lab.write(f"accounts/{folder}{name}.conf", text)
    return names


def random_login(writer, name):
    login = {"user": name + writer.random.choice(["", "", "@example.test", "@other.test", "+tag"]),
             "service": writer.random.choice(SERVICES), "client_address": writer.random.choice(ADDRESSES),
             "mechanism": writer.random.choice(MECHANISMS)}
    return {key: value for key, value in login.items() if value is not None}


def log_in(of_lab, login):
    """(verdict, reason) of a real login at its begin, and its ref."""
    with of_lab.gate() as connection:
        answer = connection.call({"request": "begin", "protocol": "1", **login})
        if answer["verdict"] == "continue":
            tap.same(connection.commit(answer["ref"], login["user"])["verdict"], "accept", f"the commit of {login}")
        return (answer["verdict"], answer.get("reason")), answer["ref"]


def explain(connection, login):
    """(verdict, reason) by explain, and which rule would deny."""
    connection.send(gate.encode({"request": "explain", "account": login["user"],
                                 **{key: value for key, value in login.items() if key != "user"}}))
    while True:
        record = connection.receive()
        if record["record"] == "verdict":
            said = (record["verdict"], record.get("reason")), record.get("value")
        elif record["record"] == "error":
            said = record, None
        elif record["record"] == "end":
            return said


def reported(of_lab, last, since):
    """What the log says would have been denied, by ref. Waits for the line of the last login's ref."""
    of_lab.line(f"ref={last}", since)
    found = {}
    for line in of_lab.lines(r"\bref=", since):
        words = dict(word.split("=", 1) for word in line.split() if "=" in word)
        if "would" in words:
            found[words["ref"]] = words["reason"]
    return found


def live(of_lab, writer, number, logins):
    """One world's logins, each asked both ways; how many got each verdict."""
    names = build(of_lab, writer, number, logins)
    since = of_lab.mark()
    of_lab.start()
    counts = {}
    asked = []
    with gate.Gate(admin_socket(of_lab)) as admin:
        for name in names:
            login = random_login(writer, name)
            real, ref = log_in(of_lab, login)
            said, would = explain(admin, login)
            assert real == said, f"{login}: the login gets {real}, explain says {said}\n{policies(of_lab, name)}"
            asked.append((login, ref, would, real[0]))
            counts[real] = counts.get(real, 0) + 1
    seen = reported(of_lab, asked[-1][1], since)
    for login, ref, would, verdict in asked:
        if verdict == "continue":
            tap.same(seen.get(ref), would, f"what would be denied of {login} by log and explain")
            counts["would"] = counts.get("would", 0) + (would is not None)
    of_lab.stop()
    return counts


def policies(of_lab, name):
    """The files that concern an account, for a failure."""
    text = ""
    for path in [f"accounts/{name}.conf", f"accounts/other.test/{name}.conf", "authgate.conf"]:
        if os.path.exists(of_lab.path(path)):
            with open(of_lab.path(path), encoding="utf-8") as file:
                text += f"{path}:\n{file.read()}\n"
    return text


@tests.case(f"{LOGINS} random logins under random policies: explain and the login agree")
def agree():
    print(f"# SEED={SEED}")
    writer = Writer(SEED)
    counts = {}
    with lab.Lab() as of_lab:
        for number in range(WORLDS):
            for verdict, count in live(of_lab, writer, number, LOGINS // WORLDS).items():
                counts[verdict] = counts.get(verdict, 0) + count
    for verdict, count in sorted(counts.items(), key=str):
        print(f"# {verdict}: {count}")
    missing = [rule for rule in RULES + ["unavailable"] if not any(rule in verdict for verdict in counts)]
    assert not missing or LOGINS < 5000, f"never the verdict: {missing}"


tests.run()
