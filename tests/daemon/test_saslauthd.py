#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""saslauthd's protocol as the gate speaks it, against a stand-in for the real saslauthd: the join of ask and request,
what is relayed, what is refused and what gets no answer (THREATS M1, M2, M8, F2, F4, F5, B11)."""
import os
import subprocess
import sys
import time

from harness import descriptors, lab, tap
import sasl
from sasl import CLOSED

PASSWORDS = {"alice@example.test": "wonder", "bob@example.test": "builder", "carol@example.test": "19850412"}
ABROAD = "127.2.0.1"
TICK = 0.098  # seconds; the daemon's is 0.1 from when it had read the question
tests = tap.Tests()


class Scene:
    """The lab's daemon with a saslauthd socket, and what stands behind it."""

    def __init__(self, of_lab):
        self.lab = of_lab
        self.path = of_lab.path("saslauthd")
        self.upstream = sasl.Upstream(of_lab.path("mux"), PASSWORDS)
        self.configure()
        of_lab.start()
        self.settle()

    def configure(self, defaults='countries = { allow = [ "JP" ]; };', require_plugin="true", settings=""):
        self.lab.configure(
            defaults=defaults,
            settings=f'saslauthd = {{ upstream = "{self.upstream.path}"; require_plugin = {require_plugin}; }};'
                     + settings,
            sockets=f'{{ kind = "gate"; path = "{self.lab.socket}"; }}, '
                    f'{{ kind = "saslauthd"; path = "{self.path}"; seen_as = "{sasl.SEEN_AS}"; }}')

    def settle(self):
        """Waits until requests that nobody announced are refused for good: five seconds after a start."""
        tap.poll(lambda: sasl.check(self.path, "nobody", "x") == "NO", 40, "the first NO")

    def ask(self, **fields):
        return sasl.ask(self.lab.gate, **fields)

    def login(self, user, password, realm="", **fields):
        """An ask and the request that follows; the request's answer."""
        whole = f"{user}@{realm}" if realm else user
        tap.same(self.ask(user=whole, **fields).get("verdict"), "continue", "ask")
        return sasl.check(self.path, user, password, realm=realm)

    def good(self):
        """Fails the case unless an ordinary login goes through."""
        tap.same(self.login("alice", "wonder"), "OK", "an ordinary login")


@tests.rows([("a wrong password", {"password": "wunder"}), ("a wrong one from abroad", {"password": "wunder",
                                                                                       "client_address": ABROAD}),
             ("the right one from abroad", {"client_address": ABROAD})],
            lambda row: f"A10 {row[0]}: NO, and not before a tick has passed since the question")
def tick(scene, row):
    words = {"password": "wonder", **row[1]}
    password = words.pop("password")
    tap.same(scene.ask(user="alice", **words).get("verdict"), "continue", "ask")
    start = time.monotonic()
    tap.same(sasl.check(scene.path, "alice", password), "NO", "answer")
    assert time.monotonic() - start > TICK, "it came at once"


@tests.case("a right password is OK and a wrong one NO, each with one line in the log")
def right_and_wrong(scene):
    for password, answer, verdict in (("wonder", "OK", "verdict=accept"), ("wunder", "NO", "reason=password")):
        since = scene.lab.mark()
        tap.same(scene.login("alice", password), answer, password)
        line = scene.lab.line("account=alice", since)
        for word in ("service=smtp", "address=127.1.0.1", "country=JP", "mechanism=PLAIN", "credential=password",
                     verdict):
            assert word in line.split(), f"{word} is missing: {line}"
        tap.same(len(scene.lab.log(since).splitlines()), 1, "lines")


@tests.case("the later form with an address is understood; one that contradicts the ask joins nothing")
def later_form(scene):
    scene.ask()
    tap.same(sasl.check(scene.path, "alice", "wonder", address="127.1.0.1;4711"), "OK", "the same address")
    scene.ask()
    tap.same(sasl.check(scene.path, "alice", "wonder", address="127.2.0.1;4711"), "NO", "another address")
    scene.ask()
    tap.same(sasl.check(scene.path, "alice", "wonder", address=""), "OK", "an empty one")


@tests.case("a denial waits for the password, which is checked all the same: NO either way, and the reason is logged")
def deferred(scene):
    before = len(scene.upstream.heard)
    for password in ("wonder", "wrong"):
        since = scene.lab.mark()
        tap.same(scene.login("alice", password, client_address="127.2.0.1"), "NO", password)
        assert "reason=country" in scene.lab.line("account=alice", since)
    tap.same(len(scene.upstream.heard) - before, 2, "passwords checked")


@tests.case("the password goes upstream under the canonical name, with the domain as its realm")
def canonical(scene):
    for user, realm in (("alice", ""), ("Alice", ""), ("alice+news", ""), ("ALICE", "Example.TEST"),
                        ("alice+x", "example.test")):
        tap.same(scene.login(user, "wonder", realm=realm), "OK", f"{user}@{realm}")
        tap.same(scene.upstream.heard[-1], ("alice", "wonder", "smtp", "example.test"), "relayed")


@tests.case("M8 with a delimiter that users' names have, what follows it goes upstream too: smtpd goes on with it")
def divided(scene):
    scene.configure(settings='recipient_delimiter = "-";')
    scene.lab.reload("is in force")
    tap.same(scene.login("Alice-Jane", "wonder"), "NO", "alice's password, where alice-jane is nobody")
    tap.same(scene.upstream.heard[-1], ("alice-jane", "wonder", "smtp", "example.test"), "relayed")
    PASSWORDS["alice-jane@example.test"] = "marvel"
    for password, answer in (("wonder", "NO"), ("marvel", "OK")):
        since = scene.lab.mark()
        tap.same(scene.login("alice-jane", password, realm="Example.TEST"), answer, password)
        tap.same(scene.upstream.heard[-1], ("alice-jane", password, "smtp", "example.test"), "relayed")
        assert scene.lab.line("account=alice@example.test", since), "judged under another account"
    tap.same(scene.login("alice", "marvel"), "NO", "alice-jane's password for alice")
    tap.same(scene.ask(user="alice").get("verdict"), "continue", "ask")
    tap.same(sasl.check(scene.path, "alice-jane", "marvel"), "NO", "an ask about alice")
    scene.configure()
    scene.lab.reload("is in force")


@tests.case("M8 another domain's account goes upstream by its whole name: a back end that ignores realms finds nobody")
def other_domain(scene):
    scene.configure(settings='domains = [ "example.test", "example.net" ];')
    scene.lab.reload("is in force")
    PASSWORDS["alice@example.net"] = "another"
    tap.same(scene.login("Alice+x", "another", realm="example.net"), "OK", "the other alice")
    tap.same(scene.upstream.heard[-1], ("alice@example.net", "another", "smtp", ""), "relayed")
    tap.same(scene.login("alice", "wonder", realm="example.net"), "NO", "the default domain's password")
    scene.configure()
    scene.lab.reload("is in force")


@tests.case("digits at the end of a password are the password's own where no code is due")
def own_digits(scene):
    tap.same(scene.login("carol", "19850412"), "OK", "a date")
    tap.same(scene.upstream.heard[-1][1], "19850412", "relayed")


@tests.case("one ask joins one request, once")
def once(scene):
    scene.good()
    since = scene.lab.mark()
    tap.same(sasl.check(scene.path, "alice", "wonder"), "NO", "a second request")
    assert "reason=not-gated" in scene.lab.line("account=alice", since)


@tests.case("E7: without an ask, with another account's, or with one that replaced it, nothing joins")
def nothing_joins(scene):
    heard = len(scene.upstream.heard)
    tap.same(sasl.check(scene.path, "alice", "wonder"), "NO", "no ask")
    scene.ask(user="bob")
    tap.same(sasl.check(scene.path, "alice", "wonder"), "NO", "another's ask")
    tap.same(sasl.check(scene.path, "bob", "builder"), "NO", "after another's request")
    scene.ask(user="alice")
    scene.ask(user="bob")
    tap.same(sasl.check(scene.path, "alice", "wonder"), "NO", "a replaced ask")
    tap.same(len(scene.upstream.heard), heard, "passwords that went upstream")


@tests.case("an ask that is judged at once makes an earlier one join nothing")
def judged_replaces(scene):
    scene.ask()
    tap.same(scene.ask(mechanism="CRAM-MD5")["verdict"], "continue", "CRAM-MD5")
    tap.same(sasl.check(scene.path, "alice", "wonder"), "NO", "the request")


ASKER = """
import sys
sys.path.insert(0, sys.argv[1])
import gate, sasl
print(sasl.ask(lambda: gate.Gate(sys.argv[2]))["verdict"], flush=True)
sys.stdin.readline()
"""


@tests.case("another process's ask joins nothing, though it is about the same account")
def other_process(scene):
    with subprocess.Popen([sys.executable, "-c", ASKER, os.path.join(lab.ROOT, "tests/lab"), scene.lab.socket],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as asker:
        tap.same(asker.stdout.readline().strip(), "continue", "its ask")
        tap.same(sasl.check(scene.path, "alice", "wonder"), "NO", "our request")
        asker.stdin.close()


@tests.case("E7: without require_plugin a request that nobody announced is judged, its address unknown or as it says")
def plugin_not_required(scene):
    scene.configure(require_plugin="false")
    scene.lab.reload("is in force")
    since = scene.lab.mark()
    tap.same(sasl.check(scene.path, "alice", "wonder", address="127.1.0.9;1"), "OK", "an address at home")
    tap.same(sasl.check(scene.path, "alice", "wonder", address="127.2.0.9;1"), "NO", "an address abroad")
    tap.same(sasl.check(scene.path, "alice", "wonder"), "NO", "no address")
    lines = [line.split() for line in scene.lab.lines("account=alice", since)]
    assert "address=127.1.0.9" in lines[0] and "reason=country" in lines[1] and "reason=country-unknown" in lines[2]
    scene.configure()
    scene.lab.reload("is in force")


@tests.case("why saslauthd gave no answer is logged once for each change, without what was asked and said")
def upstream_told(scene):
    def told(since):
        return [line.partition(path)[2] for line in scene.lab.log(since).splitlines() if path in line]
    path, start = f"saslauthd at {scene.upstream.path}", scene.lab.mark()
    for say, why in (("close", "closed the connection"), (b"\0\6XXgrin", "neither OK nor NO")):
        since, scene.upstream.say = scene.lab.mark(), say
        tap.same([scene.login("alice", "wonder") for _ in range(3)], [CLOSED] * 3, f"answers to {say!r}")
        tap.same([why in line for line in told(since)], [True], f"lines after {say!r}: {told(since)}")
    since, scene.upstream.say = scene.lab.mark(), None
    scene.good()
    scene.good()
    tap.same([line.strip() for line in told(since)], ["answers again"], "lines")
    since, scene.upstream.say = scene.lab.mark(), "close"
    tap.same(scene.login("alice", "wonder"), CLOSED, "answer")
    scene.upstream.say = None
    scene.good()
    tap.same(told(since), [], "lines within the same minute")
    assert "wonder" not in scene.lab.log(start) and "grin" not in scene.lab.log(start), "what was asked or said"


@tests.rows([("silence", 25), ("close", 8), (b"\0\1O", 8), (b"\0\2XX", 8), (b"\xff\xff" + b"OK" * 600, 8),
             (b"\0\2OKmore", 8), (b"\0\4OK", 8)], lambda row: f"upstream says {row[0]!r:.20}: no answer, in time")
def upstream_trouble(scene, row):
    say, seconds = row
    since = scene.lab.mark()
    scene.upstream.say = say
    start = time.monotonic()
    tap.same(scene.login("alice", "wonder"), CLOSED, "answer")
    assert time.monotonic() - start < seconds, "too late"
    scene.upstream.say = None
    assert "reason=password-error" in scene.lab.line("account=alice", since)
    if say == "silence":
        scene.lab.line(f"saslauthd at {scene.upstream.path} gave no whole answer in time", since)
    scene.good()


@tests.case("nobody upstream: no answer, and the log says that the password could not be checked")
def upstream_away(scene):
    since = scene.lab.mark()
    scene.upstream.stop()
    tap.same([scene.login("alice", "wonder") for _ in range(2)], [CLOSED] * 2, "answers")
    assert "reason=password-error" in scene.lab.line("account=alice", since)
    why = f"saslauthd cannot be asked at {scene.upstream.path}: No such file or directory"
    tap.same(scene.lab.log(since).count(why), 1, "lines that say why")
    scene.upstream.start()
    scene.good()
    scene.lab.line(f"saslauthd at {scene.upstream.path} answers again", since)
    scene.upstream.stop()
    there, since = scene.upstream.path, scene.lab.mark()
    scene.upstream.path += "-elsewhere"
    scene.configure()
    scene.lab.reload("is in force")
    tap.same(scene.login("alice", "wonder"), CLOSED, "answer")
    scene.lab.line(f"saslauthd cannot be asked at {scene.upstream.path}: No such", since)  # in the same minute
    scene.upstream.path = there
    scene.configure()
    scene.lab.reload("is in force")
    scene.upstream.start()
    scene.good()


@tests.case("a client that goes away while its password is checked counts as nothing, and costs nothing")
def client_leaves(scene):
    before = descriptors(scene.lab.daemon.pid)
    since = scene.lab.mark()
    scene.upstream.say = "silence"
    scene.upstream.release(b"")
    for number in range(1, 21):
        scene.ask()
        with sasl.Client(scene.path) as client:
            client.send(sasl.counted("alice", "wrong", "smtp", ""))
            tap.poll(lambda number=number: len(scene.upstream.waiting) == number, 20, "a relay")
    tap.poll(lambda: len(scene.lab.lines("reason=password-error", since)) == 20, 20, "20 lines")
    tap.poll(lambda: descriptors(scene.lab.daemon.pid) <= before, 20, "the descriptors of before")
    scene.upstream.say = None
    scene.upstream.release(b"")
    scene.good()


MALFORMED = [
    ("no name", ("", "wonder", "smtp", "")),
    ("no password", ("alice", "", "smtp", "")),
    ("no service", ("alice", "wonder", "", "")),
    ("a NUL in the name", (b"alice\0root", "wonder", "smtp", "")),
    ("a NUL in the password", ("alice", b"wonder\0", "smtp", "")),
    ("a NUL in the service", ("alice", "wonder", b"smtp\0imap", "")),
    ("a NUL in the realm", ("alice", "wonder", "smtp", b"example.test\0")),
    ("a control character in the name", (b"al\nice", "wonder", "smtp", "")),
    ("invalid UTF-8 in the name", (b"al\xffice", "wonder", "smtp", "")),
    ("an unserved form of domain", ("alice", "wonder", "smtp", "..")),
    ("two @", ("alice@evil", "wonder", "smtp", "example.test")),
    ("a name of 1025 bytes", ("a" * 1025, "wonder", "smtp", "")),
    ("a name of 4000 bytes", ("a" * 4000, "wonder", "smtp", "")),
    ("a realm of 4000 bytes", ("alice", "wonder", "smtp", "a" * 4000)),
    ("a service of 65 bytes", ("alice", "wonder", "s" * 65, "")),
    ("a name of 1000 bytes with a realm of 1000", ("a" * 1000, "wonder", "smtp", "a" * 1000)),
]


@tests.rows(MALFORMED, lambda row: f"{row[0]}: NO, and one line in the log")
def malformed(scene, row):
    since = scene.lab.mark()
    heard = len(scene.upstream.heard)
    tap.same(sasl.check(scene.path, *row[1][:3], realm=row[1][3]), "NO", "answer")
    assert "reason=malformed" in scene.lab.line("verdict=deny", since)
    tap.same(len(scene.upstream.heard), heard, "passwords that went upstream")


@tests.case("F2 each length off by one: no OK, and a request that does not become whole is closed")
def off_by_one(scene):
    words = [b"alice", b"wonder", b"smtp", b"example.test", b"127.1.0.1;4711"]
    clients = []
    for count in (4, 5):
        for place in range(count):
            for change in (-1, 1):
                parts = [len(word).to_bytes(2, "big") + word for word in words[:count]]
                parts[place] = (len(words[place]) + change).to_bytes(2, "big") + words[place]
                scene.ask(user="alice@example.test")
                client = sasl.Client(scene.path)
                client.send(b"".join(parts))
                clients.append((client, f"{count} strings, length {place} {change:+d}"))
    start = time.monotonic()
    for client, about in clients:
        with client:
            assert client.answer() in (CLOSED, "NO"), about
    assert time.monotonic() - start < 8, "not when a message's two seconds are over"
    scene.good()


@tests.case("F2 lengths that promise more than a request can have, and bytes after a whole one: closed")
def too_long(scene):
    for data in (b"\xff\xff" + b"a" * 9000, sasl.counted("alice", "w" * 8000, "smtp", "", "x" * 500),
                 sasl.counted("alice", "wonder", "smtp", "", "127.1.0.1;4711") + b"more"):
        scene.ask()
        with sasl.Client(scene.path) as client:
            client.send(data)
            assert client.answer() in (CLOSED, "NO"), f"{data[:20]!r}"
    scene.good()


@tests.case("B11 passwords of every length reach upstream whole, or nobody gets in")
def password_lengths(scene):
    for length in (1, 255, 256, 257, 1023, 1024, 1025, 4096, 7000):
        PASSWORDS["alice@example.test"] = "x" * length
        tap.same(scene.login("alice", "x" * length), "OK", f"{length} bytes")
        tap.same(scene.login("alice", "x" * (length - 1) + "y"), "NO", f"{length} bytes, the last one wrong")
    PASSWORDS["alice@example.test"] = "wonder"


@tests.case("F5 a client that leaves after any byte costs no descriptor")
def leaves_anywhere(scene):
    before = descriptors(scene.lab.daemon.pid)
    request = sasl.counted("alice", "wonder", "smtp", "example.test")
    for length in list(range(len(request))) * tap.rounds(1, 250):
        with sasl.Client(scene.path) as client:
            client.send(request[:length])
    tap.poll(lambda: descriptors(scene.lab.daemon.pid) <= before, 20, "the descriptors of before")
    scene.good()


@tests.case("a request in pieces is put together")
def pieces(scene):
    request = sasl.counted("alice", "wonder", "smtp", "example.test")
    scene.ask(user="alice@example.test")
    with sasl.Client(scene.path) as client:
        for byte in request:
            client.send(bytes([byte]))
        tap.same(client.answer(), "OK", "answer")


@tests.case("just after a start a request that nobody announced gets no answer: the ask may have been another daemon's")
def just_started(scene):
    scene.lab.restart()
    since = scene.lab.mark()
    tap.same(sasl.check(scene.path, "alice", "wonder"), CLOSED, "answer")
    line = scene.lab.line("account=alice", since)
    assert "verdict=later" in line and "reason=unavailable" in line, line
    scene.good()
    scene.settle()


@tests.case("a throttled account is told to try again, before its password is checked: no answer here, later to an ask")
def throttled(scene):
    scene.configure(defaults="throttle = { passwords = 3; };")
    scene.lab.reload("is in force")
    heard = len(scene.upstream.heard)
    for number in range(3):
        tap.same(scene.login("bob", f"wrong {number}!"), "NO", "a wrong password")
    tap.same(scene.login("bob", "builder"), CLOSED, "the right one")
    tap.same(len(scene.upstream.heard) - heard, 3, "passwords checked")
    answer = scene.ask(user="bob", mechanism="CRAM-MD5")
    tap.same((answer["verdict"], answer["reason"]), ("later", "throttled"), "an ask")
    scene.configure()
    scene.lab.reload("is in force")


@tests.case("K3 no password is in the log, whatever became of it")
def no_password_in_log(scene):
    for word in ("wonder", "wunder", "builder", "19850412", "x" * 20):
        tap.same(scene.lab.lines(word), [], f"lines with {word}")


with lab.Lab() as of_this:
    tests.run(Scene(of_this))
