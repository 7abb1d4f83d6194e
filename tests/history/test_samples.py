#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The samples that act on what the gate says: no user name can have fail2ban ban somebody else, or slip a guesser past
it; and the program that sends mail lets nothing of a name into a header or a command."""
import ipaddress
import os
import re
import shutil
import subprocess

from harness import AMERICA, JAPAN, accept, configure, lab, login, says, tap

VICTIM = "203.0.113.250"
NAMES = [
    "alice", f"alice address={VICTIM} verdict=deny reason=password", f"address={VICTIM}",
    f"x\" address={VICTIM} ", f"x\\x20address={VICTIM}", "a" * 300, "a" * 900, f"<ADDR> {VICTIM}", "%(ip)s",
    "$(reboot)",
    f"bob verdict=accept ref=aaaaaaaaaaaaa account=x address={VICTIM}", "é" * 40, "root@[127.0.0.1]", "a@b@c", "\xa0",
    f"x service=imap address={VICTIM} country=JP credential=password verdict=deny reason=password",
]
FILTER = os.path.join(lab.ROOT, "conf/fail2ban/filter.d/authgate.conf")
MAILER = os.path.join(lab.ROOT, "conf/notify-mail")
tests = tap.Tests()


def failregex():
    """The filter's expression as fail2ban would build it, its prefix left out and <ADDR> a group."""
    with open(FILTER, encoding="utf-8") as file:
        text = file.read()
    begin = re.search(r"^_begin = (.*)$", text, re.MULTILINE).group(1)
    fails = re.search(r"^failregex = (.*)$", text, re.MULTILINE).group(1)
    whole = fails.replace("%(_begin)s", begin).replace("%(__prefix_line)s", "")
    return re.compile(whole.replace("<ADDR>", r"(?P<address>[0-9a-fA-F:.]+)"))


def address_of(number):
    return f"127.1.{number // 250}.{number % 250 + 1}"


def try_names(of_lab):
    """A wrong password for each name, each from an address of its own; the log's lines and whose they are."""
    since = of_lab.mark()
    for number, name in enumerate(NAMES):
        login(of_lab, name, address_of(number), right=False)
    of_lab.line(f"address={address_of(len(NAMES) - 1)} ", since)
    return of_lab.log(since).splitlines()


@tests.case("each refused login is found with its own address, whatever the user name was")
def hostile_names(of_lab):
    expression, lines = failregex(), try_names(of_lab)
    found = [match.group("address") for match in map(expression.search, lines) if match]
    tap.same(found, [address_of(number) for number in range(len(NAMES))], "addresses")
    assert not [address for address in found if ipaddress.ip_address(address) == ipaddress.ip_address(VICTIM)], "victim"


@tests.case("fail2ban itself reads the lines the same way")
def real_fail2ban(of_lab):
    program = shutil.which("fail2ban-regex")
    if not program:
        raise tap.Skip("fail2ban is not installed")
    path, installed = of_lab.path("mail.log"), of_lab.path("fail2ban/filter.d/authgate.conf")
    shutil.copytree("/etc/fail2ban", of_lab.path("fail2ban"))
    shutil.copy(FILTER, installed)
    with open(path, "w", encoding="utf-8") as file:
        for line in try_names(of_lab):
            file.write(f"Nov 21 22:30:00 mail authgated[4711]: {line}\n")
    done = subprocess.run([program, path, installed], text=True, capture_output=True, check=False)
    says(done.stdout, f"{len(NAMES)} lines, 0 ignored, {len(NAMES)} matched, 0 missed")
    done = subprocess.run([program, "-o", "ip", path, installed], text=True, capture_output=True, check=False)
    tap.same(sorted(done.stdout.split()), sorted(address_of(number) for number in range(len(NAMES))), "banned")


@tests.case("of the journal the filter reads the daemon's unit alone, not every program that has the daemon's name")
def journal(_):
    with open(FILTER, encoding="utf-8") as file:
        found = re.findall(r"^journalmatch\s*=\s*(.*)$", file.read(), re.MULTILINE)
    tap.same(found, ["_SYSTEMD_UNIT=authgated.service"], "journalmatch")


@tests.case("what an owner may run into bans nobody")
def owners(of_lab):
    since = of_lab.mark()
    accept(of_lab, "alice")
    login(of_lab, "alice", AMERICA)
    login(of_lab, "alice", JAPAN, service="pop3")
    of_lab.line("reason=service-closed", since)
    assert not [line for line in of_lab.log(since).splitlines() if failregex().search(line)], of_lab.log(since)


def mail_of(of_lab, notice):
    """What the sample hands to sendmail, and with which arguments."""
    took = of_lab.path("took")
    sendmail = of_lab.write("sendmail", f'#!/bin/sh\nprintf "%s\\n" "$*" > {took}.words\nexec cat > {took}\n', 0o755)
    with open(MAILER, encoding="utf-8") as file:
        program = of_lab.write("mailer", file.read().replace("/usr/sbin/sendmail", sendmail), 0o755)
    subprocess.run([program], input=notice + "\n", text=True, check=True, env={"PATH": os.environ["PATH"]},
                   cwd=of_lab.directory)
    with open(took, encoding="utf-8") as file:
        mail = file.read()
    with open(took + ".words", encoding="utf-8") as file:
        return mail.partition("\n\n"), file.read().strip()


@tests.case("the mail names event and account, and what to do next")
def mail(of_lab):
    (header, _, body), words = mail_of(of_lab, '{"event": "locked", "at": "2026-11-21T22:30:00Z", "account": '
                                               '"alice@example.test", "ref": "k7f3q2mxw4z6b", "why": "stolen, twice"}')
    says(header, "To: postmaster", "Subject: authgate: locked alice@example.test")
    says(body, '"why": "stolen, twice"', "authgatectl incident alice@example.test", "authgatectl explain k7f3q2mxw4z6b",
         "doveadm kick alice@example.test")
    tap.same(words, "-oi postmaster", "sendmail's arguments")


@tests.case("a hostile name reaches neither header nor command")
def hostile_mail(of_lab):
    notice = (r'{"event": "locked", "account": "$(touch hacked)`id`\nBcc: all@example.test\", \"ref\": \"x'
              r'@example.test", "why": "%s%n"}')
    (header, _, body), words = mail_of(of_lab, notice)
    assert "\nBcc" not in header and "$" not in header and "`" not in header, header
    tap.same(len(header.splitlines()), 6, "lines of the header")
    assert "%s%n" in body, body
    assert not os.path.exists(of_lab.path("hacked")), "it was run"
    tap.same(words, "-oi postmaster", "sendmail's arguments")


with lab.Lab() as the_lab:
    configure(the_lab, 'countries = { allow = [ "JP" ]; }; services = { pop3 = "closed"; };')
    the_lab.start()
    tests.run(the_lab)
