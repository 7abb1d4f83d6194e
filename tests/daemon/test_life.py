#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The daemon over time: reload, drain, stall, exhaustion, and nothing that grows (THREATS F5, F7, H1, H4, H7, H9)."""
import concurrent.futures
import os
import resource
import signal
import socket
import time

from harness import AMERICA, JAPAN, accepted, descriptors, gate, lab, login, refused, resident, tap

tests = tap.Tests()
RESTARTS, REFUSALS = tap.rounds(10, 200), tap.rounds(5000, 100000)
HANG_UPS = tap.rounds(12, 1100)  # at each of some 95 places


def good_configuration(of_lab):
    of_lab.configure()
    of_lab.reload("is in force")


@tests.case("SIGHUP: a good configuration holds from the next login on")
def reload_good(of_lab):
    refused(login(of_lab, client_address=AMERICA), "country")
    of_lab.configure('countries = { allow = [ "US" ]; };')
    of_lab.reload("is in force")
    accepted(of_lab, client_address=AMERICA)
    refused(login(of_lab, client_address=JAPAN), "country")
    good_configuration(of_lab)


@tests.case("SIGHUP: a bad configuration is named with file and line, and the old one stays in force")
def reload_bad(of_lab):
    for bad in ('countries = { allow = [ "XQ" ]; };', "mode = 3;", 'countries = { allow = "JP"'):
        of_lab.configure(bad)
        since = of_lab.mark()
        of_lab.reload("stays in force")
        of_lab.line(f"{of_lab.configuration}:[0-9]+:", since)
        accepted(of_lab)
        refused(login(of_lab, client_address=AMERICA), "country")
    os.unlink(of_lab.configuration)
    of_lab.reload("stays in force")
    accepted(of_lab)
    good_configuration(of_lab)


@tests.case("SIGHUP: what only a restart can change is named, each time, and holds as it was")
def reload_standing(of_lab):
    needs = "has changed, which needs a restart"
    for key, value in (("history", f"sqlite:{of_lab.path('other.db')}"), ("raw_for", "3d")):
        of_lab.configure(settings=f'{key} = "{value}";')
        for _ in range(2):
            since = of_lab.mark()
            of_lab.reload("is in force")
            tap.same([line.split("`")[1] for line in of_lab.lines(needs, since)], [key], "named")
        accepted(of_lab)
        assert not os.path.exists(of_lab.path("other.db")), "the other history was made"
    since = of_lab.mark()
    good_configuration(of_lab)
    tap.same(of_lab.lines(needs, since), [], "named after all is as it was")


@tests.case("a login under way when the configuration changes keeps the verdict that it was given")
def reload_amid(of_lab):
    with of_lab.gate() as connection:
        answer = connection.begin()
        of_lab.configure('countries = { allow = [ "US" ]; };')
        of_lab.reload("is in force")
        tap.same(connection.commit(answer["ref"])["verdict"], "accept", "commit")
    good_configuration(of_lab)


@tests.case("a hundred reloads under load lose no login")
def reload_storm(of_lab):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        def some(_):
            return [login(of_lab)["verdict"] for _ in range(200)]
        running = [pool.submit(some, number) for number in range(4)]
        for _ in range(100):
            os.kill(of_lab.daemon.pid, signal.SIGHUP)
            accepted(of_lab)
        verdicts = {verdict for future in running for verdict in future.result()}
    tap.same(verdicts, {"accept"}, "verdicts")


@tests.case("the country database is swapped while it serves; a bad one is refused and the old one kept")
def country_database(of_lab):
    of_lab.make_country_database("127.1.0.0/16=US", "127.2.0.0/16=JP")
    of_lab.reload("country database .* is in use")
    accepted(of_lab, client_address=AMERICA)
    refused(login(of_lab, client_address=JAPAN), "country")
    for bad in (b"", b"no database", open(of_lab.path("country.mmdb"), "rb").read()[:-700]):
        with open(of_lab.path("country.mmdb"), "wb") as file:
            file.write(bad)
        of_lab.reload("country database .* is not used")
        accepted(of_lab, client_address=AMERICA)
    os.unlink(of_lab.path("country.mmdb"))
    of_lab.reload("country database .* is not used")
    accepted(of_lab, client_address=AMERICA)
    of_lab.make_country_database()
    of_lab.reload("country database .* is in use")
    accepted(of_lab)


@tests.case("a changed country database is noticed without a signal")
def country_database_noticed(of_lab):
    since = of_lab.mark()
    of_lab.make_country_database("127.1.0.0/16=US")
    of_lab.line("country database .* is in use", since, seconds=15)
    refused(login(of_lab, client_address=JAPAN), "country")
    of_lab.make_country_database()
    of_lab.reload("country database .* is in use")


@tests.case("without any country database a country rule cannot judge: later, unavailable")
def no_country_database(of_lab):
    of_lab.stop()
    os.unlink(of_lab.path("country.mmdb"))
    of_lab.start()
    refused(login(of_lab), "unavailable", "later")
    of_lab.make_country_database()
    of_lab.reload("country database .* is in use")
    accepted(of_lab)


@tests.case("SIGTERM: the login under way is finished, a new one finds nobody, status 0")
def drain(of_lab):
    since = of_lab.mark()
    with of_lab.gate() as connection:
        answer = connection.begin()
        os.kill(of_lab.daemon.pid, signal.SIGTERM)
        of_lab.line("stopping", since)
        try:
            of_lab.gate().close()
            raise AssertionError("a new connection was taken")
        except (ConnectionRefusedError, FileNotFoundError):
            pass
        tap.same(connection.commit(answer["ref"])["verdict"], "accept", "commit")
    tap.same(of_lab.daemon.process.wait(20), 0, "exit status")
    of_lab.daemon = None
    of_lab.start()


def stop_with_an_open_login(of_lab):
    """The exit status, and what was logged of the login."""
    of_lab.start()
    since = of_lab.mark()
    with of_lab.gate() as connection:
        ref = connection.begin()["ref"]
        return of_lab.stop(), of_lab.lines(f"ref={ref}", since)


@tests.case("SIGTERM: a login that is still open at the end is no wrong password, and nobody waits for it long")
def drain_open(of_lab):
    of_lab.stop()
    ended = tap.swift(lambda: stop_with_an_open_login(of_lab), 3, "a start and a drain of one second")
    tap.same(ended, (0, []), "exit status, and lines of the open login")
    of_lab.start()


@tests.case("SIGTERM: a module that hangs up meanwhile has tried no wrong password")
def drain_hang_up(of_lab):
    since = of_lab.mark()
    with of_lab.gate() as connection, of_lab.gate() as other:
        answer = connection.begin()
        other.begin()
        os.kill(of_lab.daemon.pid, signal.SIGTERM)
        of_lab.line("stopping", since)
    tap.same(of_lab.daemon.process.wait(20), 0, "exit status")
    tap.same(of_lab.lines(f"ref={answer['ref']}", since), [], "lines of the open login")
    of_lab.daemon = None
    of_lab.start()


@tests.case("SIGTERM: what had connected before it is answered")
def drain_backlog(of_lab):
    os.kill(of_lab.daemon.pid, signal.SIGSTOP)
    waiting = [of_lab.gate() for _ in range(20)]
    for connection in waiting:
        connection.send(gate.encode(gate.begin(defer="yes", client_address=AMERICA)))
    os.kill(of_lab.daemon.pid, signal.SIGTERM)
    os.kill(of_lab.daemon.pid, signal.SIGCONT)
    for connection in waiting:
        refused(connection.receive(), "country", "continue")
        connection.close()
    tap.same(of_lab.daemon.process.wait(20), 0, "exit status")
    of_lab.daemon = None
    of_lab.start()


def persistent_login(of_lab, number):
    """One login the way a module does it: it tries again while nobody listens, and goes on with its ref."""
    deadline = time.monotonic() + 30
    begun = None
    while time.monotonic() < deadline:
        try:
            with of_lab.gate() as connection:
                fields = {"user": f"user{number}"}
                if begun:
                    fields.update(ref=begun, code_length="0", begun="0")
                answer = connection.call(gate.begin(**fields))
                if answer is None:
                    continue
                begun = answer["ref"]
                answer = connection.commit(begun, fields["user"])
                if answer is not None:
                    return answer["verdict"]
        except OSError:
            pass
        tap.tick()
    return "gave up"


@tests.case(f"H1: {RESTARTS} restarts under load, by SIGTERM and by SIGKILL, lose no login that tries again")
def restarts(of_lab):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        logins = [pool.submit(persistent_login, of_lab, number) for number in range(200 * RESTARTS)]
        for turn in range(RESTARTS):
            of_lab.restart(signal.SIGTERM if turn % 2 else signal.SIGKILL)
        verdicts = {future.result() for future in logins}
    tap.same(verdicts, {"accept"}, "verdicts")


@tests.case("a stalled daemon serves again when it goes on")
def stalled(of_lab):
    os.kill(of_lab.daemon.pid, signal.SIGSTOP)
    with of_lab.gate() as connection:
        connection.send(gate.encode(gate.begin()))
        connection.socket.settimeout(0.3)
        try:
            connection.receive()
            raise AssertionError("a stopped process answered")
        except TimeoutError:
            pass
    os.kill(of_lab.daemon.pid, signal.SIGCONT)
    accepted(of_lab)


@tests.case("F5: clients that hang up at every byte of a conversation leave no descriptor and no memory behind")
def hang_up(of_lab):
    begin = gate.encode(gate.begin())
    accepted(of_lab)
    before, memory = descriptors(of_lab.daemon.pid), None
    for turn in range(HANG_UPS):
        for length in range(len(begin)):
            with of_lab.gate() as connection:
                connection.send(begin[:length])
        for length in range(0, 60, 7):
            with of_lab.gate() as connection:
                ref = connection.begin()["ref"]
                connection.send(gate.encode({"request": "commit", "ref": ref, "user": "alice"})[:length])
        if turn == HANG_UPS // 4:
            accepted(of_lab)
            memory = resident(of_lab.daemon.pid)
    accepted(of_lab)
    tap.poll(lambda: descriptors(of_lab.daemon.pid) <= before, 20, "all descriptors closed")
    if not os.environ.get("SANITIZE"):
        grown = resident(of_lab.daemon.pid) - memory
        assert grown < 1024, f"{grown} KiB more"


@tests.case(f"H4: {REFUSALS} refused logins leave no descriptor behind")
def refusals(of_lab):
    accepted(of_lab)
    before = descriptors(of_lab.daemon.pid)
    for number in range(REFUSALS):
        with of_lab.gate() as connection:
            connection.begin(user=f"user{number}", client_address=AMERICA)
    accepted(of_lab)
    tap.poll(lambda: descriptors(of_lab.daemon.pid) <= before, 20, "all descriptors closed")


def processor_time(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@tests.case("H4: with 64 descriptors it neither ends nor spins, and serves again when clients have gone")
def few_descriptors(of_lab):
    of_lab.stop()
    of_lab.start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
    pid = of_lab.daemon.pid
    crowd = []
    for _ in range(150):
        connection = socket.socket(socket.AF_UNIX)
        connection.setblocking(False)
        try:
            connection.connect(of_lab.socket)
        except BlockingIOError:
            pass
        crowd.append(connection)
    used, start = processor_time(pid), time.monotonic()
    tap.poll(lambda: time.monotonic() - start > 1, 20, "a second")
    assert processor_time(pid) - used < 0.3, "it spins"
    assert of_lab.daemon.running(), f"it ended: {of_lab.log()[-500:]}"
    for connection in crowd:
        connection.close()
    tap.poll(lambda: serves(of_lab), 20, "service again")
    of_lab.stop()
    of_lab.start()


def serves(of_lab):
    try:
        return login(of_lab)["verdict"] == "accept"
    except (OSError, TypeError):
        return False


@tests.case("four thousand idle connections are taken and given up again")
def crowd_of_one(of_lab):
    crowd = []
    try:
        for _ in range(4200):
            crowd.append(of_lab.gate())
        assert of_lab.daemon.running(), "it ended"
    except OSError:
        pass
    finally:
        for connection in crowd:
            connection.close()
    tap.poll(lambda: serves(of_lab), 20, "service again")


resource.setrlimit(resource.RLIMIT_NOFILE, (8192, max(8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
with lab.Lab() as the_lab:
    the_lab.start()
    tests.run(the_lab)
