#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Enrolment by authgatectl against a real daemon: QR codes that another program reads, secrets that hold once a code is
confirmed, clocks that are off, and secrets of other programs taken over. Logins are raw ones on the gate socket."""
import fcntl
import json
import os
import pty
import stat
import struct
import subprocess
import termios

from harness import (NO, PROGRAM, UNREACHABLE, USAGE, admin_socket, ask, configure, ctl, ctl_json, gate, lab, says,
                     shifted, tap, vault)

DAY_OF_STEPS = 2880
tests = tap.Tests()
PASSWORD_ONLY = {"client_address": "127.1.0.1"}
HEX = "3132333435363738393031323334353637383930"  # RFC 6238's secret
BASE32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


def login(of_lab, account, digits=None, address="127.1.0.1", **more):
    """A raw login whose password is right: the words of its verdict."""
    with of_lab.gate() as connection:
        answer = connection.begin(user=account, digits=digits, client_address=address, **more)
        if answer["verdict"] == "continue":
            answer = connection.commit(answer["ref"], account)
        return answer["verdict"] + (f" {answer['reason']}" if "reason" in answer else "")


def enroll(world, account):
    """A phone with the secret that was just made."""
    return vault.Phone(ctl_json(world.lab, "totp", "enroll", account)["uri"], world.clock)


def enrolled(world, account):
    """A phone whose secret holds."""
    phone = enroll(world, account)
    ctl(world.lab, "totp", "confirm", account, phone.fresh())
    return phone


class World:
    """The lab, and the clock that its daemon goes by."""

    def __init__(self, of_lab):
        self.lab = of_lab
        self.clock = shifted.Clock(of_lab)
        configure(of_lab, "", vault.settings(of_lab) + ' groups = [ "staff" ]; domains = [ "example.test" ];')
        of_lab.write("groups/staff.conf", 'members = [ "s1", "s2@example.test", "s3", "S1+tag" ];\n')
        of_lab.write("accounts/wide.conf", "second_factor = { window = 3; };\n")
        vault.start(of_lab, env=self.clock.environment)


# ---- enrolment

@tests.case("the QR code on the terminal, as SVG and as PNG is the URI, says zbarimg")
def qr_codes(world):
    shown = ctl(world.lab, "totp", "enroll", "anna").stdout
    uri = next(line.strip() for line in shown.splitlines() if "otpauth://" in line)
    tap.same(vault.read_terminal(world.lab, shown), uri, "the terminal's code")
    svg, png = world.lab.path("anna.svg"), world.lab.path("anna.png")
    uri = ctl_json(world.lab, "totp", "enroll", "anna", "--svg", svg, "--png", png, "--issuer", "Uni & Söhne")["uri"]
    with open(svg, encoding="utf-8") as file:
        tap.same(vault.read_svg(world.lab, file.read()), uri, "the SVG's code")
    tap.same(vault.read_image(png), uri, "the PNG's code")
    tap.same(vault.Phone(uri).issuer, "Uni & Söhne", "the issuer")
    for path in (svg, png):
        tap.same(stat.S_IMODE(os.stat(path).st_mode), 0o600, f"the mode of {path}")


def on_terminal(world, columns):
    """What `totp enroll anna` prints on a terminal of so many columns."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    program = subprocess.Popen([PROGRAM, "-c", world.lab.configuration, "totp", "enroll", "anna"], stdout=slave,
                               env={**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm"})
    os.close(slave)
    shown = b""
    try:
        while data := os.read(master, 65536):
            shown += data
    except OSError:  # the end of a terminal
        pass
    os.close(master)
    tap.same(program.wait(), 0, "exit status")
    return shown.decode().replace("\r\n", "\n")


@tests.case("on a terminal it is black on white whatever the terminal's colours are, and fits 80 columns")
def on_a_terminal(world):
    text = on_terminal(world, 80)
    codes = [line for line in text.splitlines() if "█" in line]
    assert codes and all(line.startswith("\033[0;1;97;40m") and line.endswith("\033[0m") for line in codes), text
    assert all(len(line) - 16 <= 80 for line in codes), "too wide"
    assert vault.read_terminal(world.lab, text).startswith("otpauth://"), text


@tests.case("a terminal too narrow for it is told so, instead of a code that nothing can scan")
def narrow(world):
    text = on_terminal(world, 40)
    says(text, "this terminal 40", "--svg", "otpauth://")
    assert "█" not in text, text


@tests.case("a file that is there is not overwritten, and no secret is made for it")
def no_overwriting(world):
    path = world.lab.write("there.svg", "precious")
    phone = enroll(world, "berta")
    says(ctl(world.lab, "totp", "enroll", "berta", "--svg", path, status=NO).stderr, "not overwritten")
    with open(path, encoding="utf-8") as file:
        tap.same(file.read(), "precious", "what was there")
    ctl(world.lab, "totp", "confirm", "berta", phone.fresh())


@tests.case("oathtool, a program that is not ours, makes the same codes")
def oathtool(world):
    phone = enroll(world, "oath")
    phone.calm()
    moment = f"@{int((phone.step()) * 30)}"
    made = subprocess.run(["oathtool", "--totp", "-b", "--now", moment, phone.text], capture_output=True, text=True,
                          check=True).stdout.strip()
    ctl(world.lab, "totp", "confirm", "oath", made)


@tests.case("until a code is confirmed nothing is asked for; from then on a bare password is refused")
def pending(world):
    phone = enroll(world, "carl")
    tap.same(login(world.lab, "carl"), "accept", "before")
    tap.same(ctl_json(world.lab, "account", "show", "carl")["second_factor"]["totp"], "pending", "as shown")
    says(ctl(world.lab, "totp", "confirm", "carl", phone.fresh()).stdout, "carl@example.test: confirmed")
    tap.same(login(world.lab, "carl"), "deny second-factor-missing", "after")
    tap.same(ctl_json(world.lab, "account", "show", "carl")["second_factor"]["totp"], "confirmed", "as shown")


@tests.case("the code that confirmed is used up; the next one logs in")
def confirming_code(world):
    phone = enroll(world, "dora")
    code = phone.fresh()
    ctl(world.lab, "totp", "confirm", "dora", code)
    tap.same(login(world.lab, "dora", code), "deny second-factor-reused", "the code that confirmed")
    tap.same(login(world.lab, "dora", phone.fresh()), "accept", "the next")


@tests.case("an enrolment is confirmed once, and by its own secret's codes alone")
def own_codes(world):
    first = enroll(world, "emil")
    second = enroll(world, "emil")
    code = first.fresh()
    while code in day_of(second):
        second = enroll(world, "emil")
    refused = ctl(world.lab, "totp", "confirm", "emil", code, status=NO)
    says(refused.stderr, "no code of the secret")
    ctl(world.lab, "totp", "confirm", "emil", second.fresh())
    says(ctl(world.lab, "totp", "confirm", "emil", second.fresh(), status=NO).stderr, "no secret waits")
    says(ctl(world.lab, "totp", "confirm", "nobody", "123456", status=NO).stderr, "no secret waits")


@tests.rows([(-1, "30 s behind"), (0, "right"), (1, "30 s ahead")], lambda row: f"a clock that is {row[1]}: taken")
def small_drift(world, row):
    ahead, words = row
    phone = enroll(world, "frida")
    phone.calm()
    says(ctl(world.lab, "totp", "confirm", "frida", phone.code(ahead)).stdout, words)


def day_of(phone):
    """All codes that the phone shows within a day: another's code is one of them once in some 170 tries."""
    return {phone.code(step) for step in range(-DAY_OF_STEPS, DAY_OF_STEPS + 1)}


def alone(make, ahead):
    """A phone whose codes so many steps and 6,000 ahead are those of no nearer step: one in some hundred has others."""
    while True:
        phone = make()
        phone.calm()
        near = {phone.code(step) for step in range(1 - abs(ahead), abs(ahead))}
        if phone.code(ahead) not in near and phone.code(6000) not in day_of(phone):
            return phone


@tests.rows([(-20, "10 min 0 s behind"), (7, "3 min 30 s ahead"), (-2000, "1000 min 0 s behind")],
            lambda row: f"a clock that is {row[1]}: refused, and said")
def large_drift(world, row):
    ahead, words = row
    phone = alone(lambda: enroll(world, "gerd"), ahead)
    says(ctl(world.lab, "totp", "confirm", "gerd", phone.code(ahead), status=NO).stderr, "clock", words)
    says(ctl(world.lab, "totp", "confirm", "gerd", phone.code(6000), status=NO).stderr, "no code of the secret")
    tap.same(login(world.lab, "gerd"), "accept", "an account that is not enrolled")


@tests.case("the account's own window counts")
def own_window(world):
    phone = enroll(world, "wide")
    phone.calm()
    tap.same(ctl_json(world.lab, "totp", "confirm", "wide", phone.code(-3))["clock_off"], -90, "seconds off")


@tests.case("a new secret takes the old one's place when it is confirmed, and ends what was remembered")
def again(world):
    old = enrolled(world, "hans")
    tap.same(login(world.lab, "hans", old.fresh()), "accept", "the old secret")
    tap.same(login(world.lab, "hans"), "accept", "a bare password from where a code was given")
    new = enroll(world, "hans")
    tap.same(login(world.lab, "hans", old.fresh(), "127.2.0.1"), "accept", "the old secret, meanwhile")
    ctl(world.lab, "totp", "confirm", "hans", new.fresh())
    tap.same(login(world.lab, "hans"), "deny second-factor-missing", "a bare password from there, afterwards")
    tap.same(login(world.lab, "hans", old.fresh()), "deny second-factor-wrong", "the old secret, afterwards")
    tap.same(login(world.lab, "hans", new.fresh()), "accept", "the new secret")


@tests.case("disable ends it: a bare password is enough again")
def disable(world):
    phone = enrolled(world, "ida")
    tap.same(login(world.lab, "ida"), "deny second-factor-missing", "before")
    says(ctl(world.lab, "totp", "disable", "ida").stdout, "ida@example.test")
    tap.same(login(world.lab, "ida"), "accept", "after")
    tap.same(login(world.lab, "ida", phone.fresh()), "accept", "a code is no code any more")
    says(ctl(world.lab, "totp", "disable", "ida", status=NO).stderr, "no secret")


# ---- import

IMPORTS = [("uri", vault.uri_of("Imp1@EXAMPLE.test", vault.secret_for("1"), issuer="Old"), [], ["imp1"]),
           ("uri", vault.uri_of("imp2", vault.secret_for("2"), algorithm="SHA256", digits=8, period=60), [], ["imp2"]),
           ("base32", "gezd gnbv gy3t qojq gezd gnbv gy3t qojq", ["--account", "imp3"], ["imp3"]),
           ("hex", HEX, ["--account", "imp4"], ["imp4"]),
           ("users", f"# a comment\nHOTP/T30/6\timp5\t-\t{HEX}\n\nHOTP/T30/8 imp6 - {HEX}\n", [], ["imp5", "imp6"]),
           ("google", f'{BASE32}\n" RATE_LIMIT 3 30\n" TOTP_AUTH\n11223344\n55667788\n', ["--account", "imp7"],
            ["imp7"])]
PHONES = {"imp1": vault.uri_of("x", vault.secret_for("1")),
          "imp2": vault.uri_of("x", vault.secret_for("2"), algorithm="SHA256", digits=8, period=60),
          **{f"imp{number}": f"otpauth://totp/x?secret={BASE32}" for number in (3, 4, 5, 7)},
          "imp6": f"otpauth://totp/x?secret={BASE32}&digits=8"}


@tests.rows(IMPORTS, lambda row: f"{row[0]} is taken over from standard input, for {', '.join(row[3])}")
def imports(world, row):
    form, text, words, accounts = row
    done = ctl(world.lab, "totp", "import", "--format", form, *words, "-", text=text)
    says(done.stdout, "imported")
    for account in accounts:
        phone = vault.Phone(PHONES[account], world.clock)
        tap.same(login(world.lab, account), "deny second-factor-missing", f"{account} with a bare password")
        tap.same(login(world.lab, account, phone.fresh()), "accept", f"{account} with a code")


@tests.case("what it is need not be said where it can be told; recovery codes come along and serve once each")
def guessed(world):
    path = world.lab.write("google", IMPORTS[5][1], 0o600)
    said = ctl_json(world.lab, "totp", "import", "--account", "imp8", path)
    tap.same(said["accounts"], [{"account": "imp8@example.test", "recovery_codes": 2}], "accounts")
    tries = [("11223344", "127.9.0.1"), ("11223344", "127.10.0.1"), ("55667788", "127.10.0.1")]
    tap.same([login(world.lab, "imp8", code, address) for code, address in tries],
             ["accept", "deny second-factor-wrong", "accept"], "recovery codes")
    ctl(world.lab, "totp", "import", "-", text=vault.uri_of("imp9"))
    ctl(world.lab, "totp", "import", "-", text=f"HOTP/T30 imp9 - {HEX}\n")
    says(ctl(world.lab, "totp", "import", "-", text=BASE32, status=USAGE).stderr, "--format")


@tests.case("each line that cannot be taken is named, the others are taken")
def bad_lines(world):
    lines = ["HOTP/T30 good1 - " + HEX, "HOTP evil1 - " + HEX, "HOTP/T30 evil2 1234 " + HEX, "HOTP/T30 evil3 - 313233",
             "HOTP/T30 evil/4 - " + HEX, "rubbish", "HOTP/T30 good2 - " + HEX[:32]]
    path = world.lab.write("users", "\n".join(lines), 0o600)
    done = ctl(world.lab, "totp", "import", "--format", "users", path, status=NO)
    says(done.stderr, f"{path}:2: event based", f"{path}:3: has a PIN", f"{path}:4: a secret under 128",
         f"{path}:5: it names no account", f"{path}:6: not of this format",
         f"{path}:7: good2@example.test: a secret under 160")
    says(done.stdout, "2 accounts imported, 5 not")
    said = ctl_json(world.lab, "totp", "import", "--format", "users", path, status=NO)
    tap.same((said["imported"], [mistake["where"].rpartition(":")[2] for mistake in said["mistakes"]]),
             (2, ["2", "3", "4", "5", "6"]), "imported, and lines with mistakes")
    assert HEX not in done.stderr + json.dumps(said), "a secret in a complaint"


@tests.case("what an import pushes out is said: another secret that held, and one of the same file is a mistake")
def pushed_out(world):
    first, second, third = (vault.uri_of(name, vault.secret_for(name + "'s")) for name in ("two1", "two2", "two3"))
    said = ctl(world.lab, "totp", "import", "-", text=f"{first}\n{second}\n")
    tap.same((said.stdout, said.stderr), ("2 accounts imported\n", ""), "two accounts with one each")
    said = ctl(world.lab, "totp", "import", "-", text=first)
    tap.same(said.stderr, "", "the same once more")
    other = vault.uri_of("two1@example.test", vault.secret_for("another"))
    said = ctl(world.lab, "totp", "import", "-", text=other)
    says(said.stderr, "two1@example.test: in the place of another secret, whose codes hold no more")
    path = world.lab.write("twice", f"{third}\n{first}\n{other}\n{other}\n", 0o600)
    said = ctl(world.lab, "totp", "import", path, status=NO)
    says(said.stderr, f"{path}:2: two1@example.test: in the place", f"{path}:3: two1@example.test: in the place")
    tap.same(said.stdout, "3 accounts imported, 1 not\n", "what was counted")
    said = ctl_json(world.lab, "totp", "import", path, status=NO)
    tap.same([mistake["where"] for mistake in said["mistakes"]], [f"{path}:3"], "where, as JSON")
    phone = vault.Phone(other, world.clock)
    tap.same(login(world.lab, "two1", phone.fresh()), "accept", "a code of the last one")


@tests.case("a new secret says how many recovery codes of before go on holding")
def codes_of_before(world):
    phone = enroll(world, "oldcodes")
    said = ctl(world.lab, "totp", "confirm", "oldcodes", phone.fresh())
    assert "recovery" not in said.stdout, said.stdout
    codes = ctl_json(world.lab, "recovery-codes", "new", "oldcodes")
    tap.same(login(world.lab, "oldcodes", codes["codes"][0]), "accept", "one of them")
    said = ctl(world.lab, "totp", "confirm", "oldcodes", enroll(world, "oldcodes").fresh())
    says(said.stdout, "Its 9 unused recovery codes of before go on holding")
    tap.same(login(world.lab, "oldcodes", codes["codes"][1]), "accept", "another")
    said = ctl_json(world.lab, "totp", "confirm", "oldcodes", enroll(world, "oldcodes").fresh())
    tap.same(said["recovery_codes"], 8, "as JSON")


@tests.case("a secret under 128 bits, one for two accounts, or a file that is none are refused")
def refused_imports(world):
    for text, words in ((HEX[:30], "128 bits"), (f"{HEX}\n{HEX}", "one secret")):
        refused = ctl(world.lab, "totp", "import", "--format", "hex", "--account", "x", "-", text=text, status=NO)
        says(refused.stderr, words)
    ctl(world.lab, "totp", "import", "--format", "hex", "-", text=HEX, status=USAGE)
    ctl(world.lab, "totp", "import", "--format", "uri", world.lab.path("not there"), status=NO)
    ctl(world.lab, "totp", "import", "--format", "uri", "-", text="otpauth://totp/a\0b", status=NO)
    ctl(world.lab, "totp", "import", "--format", "uri", "-", text="", status=NO)
    ctl(world.lab, "totp", "import", "--format", "morse", "-", text=HEX, status=USAGE)


@tests.case("the same secret imported again: a used code stays used, and the networks are forgotten")
def same_again(world):
    uri = vault.uri_of("twice", vault.secret_for("twice"))
    phone = vault.Phone(uri, world.clock)
    ctl(world.lab, "totp", "import", "-", text=uri)
    code = phone.fresh()
    tap.same(login(world.lab, "twice", code), "accept", "the code")
    ctl(world.lab, "totp", "import", "-", text=uri)
    tap.same(login(world.lab, "twice"), "deny second-factor-missing", "a bare password")
    tap.same(login(world.lab, "twice", code), "deny second-factor-reused", "the code again")
    tap.same(login(world.lab, "twice", phone.fresh()), "accept", "the next code")


@tests.case("the same secret imported in the midst of a login: the login's code counts, and once")
def same_again_in_the_midst(world):
    uri = vault.uri_of("midst", vault.secret_for("midst"))
    phone = vault.Phone(uri, world.clock)
    ctl(world.lab, "totp", "import", "-", text=uri)
    code = phone.fresh()
    with world.lab.gate() as connection:
        ref = connection.begin(user="midst", digits=code, client_address="127.1.0.1")["ref"]
        ctl(world.lab, "totp", "import", "-", text=uri)
        tap.same(connection.commit(ref, "midst")["verdict"], "accept", "the login that was under way")
    tap.same(login(world.lab, "midst", code, "127.1.9.1"), "deny second-factor-reused", "the code from elsewhere")
    ctl(world.lab, "totp", "import", "-", text=uri)
    tap.same(login(world.lab, "midst", code, "127.1.9.1"), "deny second-factor-reused", "the code after an import")


@tests.case("the same secret imported after it was disabled, or after another: a used code stays used, the next opens")
def same_after_another(world):
    uri, other = (vault.uri_of("again", vault.secret_for(name)) for name in ("again", "other"))
    phone = vault.Phone(uri, world.clock)
    ctl(world.lab, "totp", "import", "-", text=uri)
    for between in (["disable", "again"], ["import", "-"]):
        code = phone.fresh()
        tap.same(login(world.lab, "again", code), "accept", f"a code before {between[0]}")
        ctl(world.lab, "totp", *between, text=other)
        ctl(world.lab, "totp", "import", "-", text=uri)
        tap.same(login(world.lab, "again", code), "deny second-factor-reused", f"the code after {between[0]}")
    tap.same(login(world.lab, "again", phone.fresh()), "accept", "the next code")


@tests.case("an enrolled secret that was disabled and is brought back from the phone: likewise")
def enrolled_again(world):
    uri = ctl_json(world.lab, "totp", "enroll", "back")["uri"]
    phone = vault.Phone(uri, world.clock)
    ctl(world.lab, "totp", "confirm", "back", phone.fresh())
    code = phone.fresh()
    tap.same(login(world.lab, "back", code), "accept", "a code")
    ctl(world.lab, "totp", "disable", "back")
    tap.same(login(world.lab, "back"), "accept", "a bare password meanwhile")
    ctl(world.lab, "totp", "import", "--account", "back", "-", text=uri)
    tap.same(login(world.lab, "back", code), "deny second-factor-reused", "the code again")
    tap.same(login(world.lab, "back", phone.fresh()), "accept", "the next code")


@tests.case("the same secret imported for longer codes: they hold, and the time of a used one stays used")
def same_again_with_longer_codes(world):
    secret = vault.secret_for("longer")
    phone = vault.Phone(vault.uri_of("longer", secret), world.clock)
    ctl(world.lab, "totp", "import", "-", text=vault.uri_of("longer", secret))
    tap.same(login(world.lab, "longer", phone.fresh()), "accept", "six digits")
    ctl(world.lab, "totp", "import", "-", text=vault.uri_of("longer", secret, digits=8))
    phone.digits = 8
    same_time = vault.code_of(secret, phone.used, 8)
    tap.same(login(world.lab, "longer", same_time), "deny second-factor-reused", "eight digits of the same time")
    tap.same(login(world.lab, "longer", phone.fresh()), "accept", "the next eight digits")


@tests.case("the same secret imported over a last step that was set back: refused, until it was disabled")
def same_again_over_a_step_set_back(world):
    uri = vault.uri_of("setback", vault.secret_for("setback"))
    phone = vault.Phone(uri, world.clock)
    ctl(world.lab, "totp", "import", "-", text=uri)
    tap.same(login(world.lab, "setback", phone.fresh()), "accept", "the code")
    world.lab.stop()
    with vault.opened(world.lab) as store:
        store.execute("UPDATE memory SET made = 1 WHERE account LIKE 'setback%' AND kind = 0")
    vault.start(world.lab, env=world.clock.environment)
    says(ctl(world.lab, "totp", "import", "-", text=uri, status=NO).stderr, "damaged")
    ctl(world.lab, "totp", "disable", "setback")
    ctl(world.lab, "totp", "import", "-", text=uri)
    tap.same(login(world.lab, "setback", phone.fresh()), "accept", "a code after all")


# ---- a group at once

@tests.case("a group's sheets: one page each, nobody else's to read, with a code that zbarimg reads")
def sheets(world):
    folder = world.lab.path("sheets")
    done = ctl(world.lab, "totp", "enroll", "--all", "staff", "--out", folder, "--issuer", "<b>&")
    says(done.stdout, f"3 sheets in {folder}")
    tap.same(sorted(os.listdir(folder)), [f"s{n}@example.test.html" for n in (1, 2, 3)], "files")
    tap.same(stat.S_IMODE(os.stat(folder).st_mode), 0o700, "the folder's mode")
    for number in (1, 2, 3):
        page = read_sheet(folder, number)
        phone = vault.Phone(vault.read_svg(world.lab, page), world.clock)
        assert phone.text in page.replace(" ", "") and f"s{number}@example.test" in page, "what is to be typed"
        assert "<script" not in page and "http:" not in page.replace("http://www.w3.org", ""), "something is loaded"
        ctl(world.lab, "totp", "confirm", f"s{number}", phone.fresh())
        tap.same(login(world.lab, f"s{number}", phone.fresh()), "accept", "its code")


def read_sheet(folder, number):
    path = os.path.join(folder, f"s{number}@example.test.html")
    tap.same(stat.S_IMODE(os.stat(path).st_mode), 0o600, "the sheet's mode")
    with open(path, encoding="utf-8") as file:
        return file.read()


@tests.case("called again it goes on where it stopped: sheets that are there stay valid")
def sheets_again(world):
    folder = world.lab.path("sheets2")
    for number in (1, 2, 3):
        ctl(world.lab, "account", "forget", f"s{number}")
    ctl(world.lab, "totp", "enroll", "--all", "staff", "--out", folder)
    phone = vault.Phone(vault.read_svg(world.lab, read_sheet(folder, 1)), world.clock)
    os.unlink(os.path.join(folder, "s2@example.test.html"))
    confirmed = vault.Phone(vault.read_svg(world.lab, read_sheet(folder, 3)), world.clock)
    ctl(world.lab, "totp", "confirm", "s3", confirmed.fresh())
    said = ctl_json(world.lab, "totp", "enroll", "--all", "staff", "--out", folder)
    tap.same((said["made"], said["kept"], said["failed"]), (1, 2, 0), "made, kept, failed")
    ctl(world.lab, "totp", "confirm", "s1", phone.fresh())
    read_sheet(folder, 2)


@tests.case("a group that is none, or half of the options, is refused")
def sheets_refused(world):
    ctl(world.lab, "totp", "enroll", "--all", "nobody", "--out", world.lab.path("x"), status=NO)
    folder = world.lab.path("of-others")
    os.mkdir(folder)
    for owner, mode in ((vault.NOBODY, 0o700), (0, 0o777)):  # who could put sheets of their own there
        os.chown(folder, owner, owner)
        os.chmod(folder, mode)
        says(ctl(world.lab, "totp", "enroll", "--all", "staff", "--out", folder, status=NO).stderr, folder, "others")
        tap.same(os.listdir(folder), [], "sheets in it")
    ctl(world.lab, "totp", "enroll", "--all", "staff", status=USAGE)
    ctl(world.lab, "totp", "enroll", "--out", world.lab.path("x"), status=USAGE)
    ctl(world.lab, "totp", "enroll", "anna", "--all", "staff", "--out", world.lab.path("x"), status=USAGE)


# ---- everything else

@tests.case("names are brought to their one form, and what is no name is refused")
def names(world):
    tap.same(ctl_json(world.lab, "totp", "enroll", "ANNA+x")["account"], "anna@example.test", "the account")
    says(ctl(world.lab, "totp", "enroll", "a/b", status=NO).stderr, "no account name")
    says(ctl(world.lab, "totp", "enroll", "a@elsewhere.test", status=NO).stderr, "not served")


@tests.case("usage is 2; no daemon is 3; no store configured is 1")
def statuses(world):
    for words in (["enroll"], ["enroll", "a", "b"], ["confirm", "a"], ["confirm", "a", "12x456"], ["disable"],
                  ["import"], ["enroll", "a", "--svgg", "x"], ["enroll", "a", "--issuer", "x" * 200]):
        ctl(world.lab, "totp", *words, status=USAGE)
    ctl(world.lab, "--socket", world.lab.path("no.sock"), "totp", "enroll", "anna", status=UNREACHABLE)
    with lab.Lab() as other:
        configure(other, "")
        other.start()
        says(ctl(other, "totp", "enroll", "anna", status=NO).stderr, "no store is configured")


@tests.case("whoever leaves before the answer is over harms nobody, and hostile questions are refused")
def leaving(world):
    for _ in range(30):
        with gate.Gate(admin_socket(world.lab)) as connection:
            connection.send(gate.encode({"request": "totp-enroll", "account": "anna"}))
    for fields in ({"request": "totp-import", "format": "uri", "seed": "%zz"},
                   {"request": "totp-import", "format": "google", "seed": "%"},
                   {"request": "totp-import", "account": "a"},
                   {"request": "totp-confirm", "account": "anna", "digits": "1" * 9}, {"request": "totp-confirm"},
                   {"request": "totp-import", "format": "uri", "seed": "%00"}):
        records = ask(world.lab, **fields)
        tap.same(records[-1]["record"], "error", f"the answer to {fields}")
    enroll(world, "anna")


@tests.case("the log names who changed what, and no secret of all that was made here")
def logged(world):
    phone = enrolled(world, "zoe")
    log = world.lab.log()
    says(log, "admin=totp-confirm account=zoe@example.test by=root")
    for secret in (phone.text, HEX, BASE32, "otpauth", "11223344", phone.secret.hex()):
        assert secret not in log, f"{secret} is in the log"
    assert "tampered" not in log and "changed by somebody" not in log, log


with lab.Lab() as the_lab:
    tests.run(World(the_lab))
