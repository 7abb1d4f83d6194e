#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""`make bench`: what the gate costs, beside what else there is, in one run. Every figure is a ratio to the floor (a PAM
transaction of pam_permit alone) measured in turns with it, because machines differ and drift. Runs in a mount namespace
of its own where /etc/pam.d is the benchmark's; touches nothing of the system's. BENCH_SECONDS (default 1) is how long
each row is measured. Exit status 1 only where a login ended otherwise than it should have."""
import os
import re
import shutil
import subprocess
import sys
import types

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

import lab as lab_module  # pylint: disable=wrong-import-position
import mailserver         # pylint: disable=wrong-import-position

HOME, ABROAD = "127.1.0.1", "127.3.0.1"
SLICES = 10
RULES = 10000
PAM_WORKERS, GATE_WORKERS, DOVECOT_WORKERS = (1, 8, 32), (1, 2, 8, 32), (16,)

# What a service's stack is. MODULE is ours; pam_permit alone is the floor, and stands for the password check. The lines
# that are shipped load pam_deny besides, so they have a floor of their own.
GATED = """\
auth     [success=done ignore=ignore default=die]  MODULE{defer}
auth     required                                  pam_permit.so
auth     required                                  MODULE commit
account  required                                  MODULE
"""
PASSWORD_LINES = """\
auth     [success=1 default=ignore]                pam_permit.so
auth     requisite                                 pam_deny.so
auth     required                                  pam_permit.so
"""
GEOIP = """\
auth     required  pam_permit.so
account  required  pam_geoip.so system_file={rules} geoip_db={database}
"""
STACKS = {
    "floor": "auth required pam_permit.so\naccount required pam_permit.so\n",
    "gated": GATED.format(defer=" defer"),
    "at-once": GATED.format(defer=""),
    "shipped-floor": PASSWORD_LINES + "account required pam_permit.so\n",
    "shipped": re.sub("auth .* pam_permit.so\n", PASSWORD_LINES, GATED.format(defer=" defer")),
    "geoip-1": GEOIP.format(rules="RULES-1", database="DATABASE"),
    f"geoip-{RULES}": GEOIP.format(rules=f"RULES-{RULES}", database="DATABASE"),
}

# The rows: what the table calls it, its name here, kind, numbers of workers, and the kind's words (scenario.h).
ROWS = [
    ("pam_permit alone (the floor)", "floor", "pam", PAM_WORKERS, "PAMD floor alice HOME allow"),
    ("pam_authgate, allowed", "allowed", "pam", PAM_WORKERS, "PAMD gated alice HOME allow"),
    ("pam_authgate, denied after the password", "denied", "pam", PAM_WORKERS, "PAMD gated alice ABROAD deny"),
    ("pam_authgate, denied before it", "at-once", "pam", PAM_WORKERS, "PAMD at-once alice ABROAD deny"),
    ("the shipped lines without ours", "shipped-floor", "pam", (1,), "PAMD shipped-floor alice HOME allow"),
    ("the shipped lines, allowed", "shipped", "pam", (1,), "PAMD shipped alice HOME allow"),
    ("pam_geoip, 1 rule, allowed", "geoip-1", "pam", PAM_WORKERS, "PAMD geoip-1 alice HOME allow"),
    (f"pam_geoip, {RULES} rules, allowed", "geoip", "pam", PAM_WORKERS, f"PAMD geoip-{RULES} alice HOME allow"),
    (f"pam_geoip, {RULES} rules, denied", "geoip-no", "pam", PAM_WORKERS, f"PAMD geoip-{RULES} alice ABROAD deny"),
    ("the daemon alone: connect, begin, commit", "pair", "pair", GATE_WORKERS, "SOCKET alice HOME"),
    ("the daemon alone: one begin", "begin", "begin", GATE_WORKERS, "SOCKET alice HOME"),
    ("Dovecot over pam_permit", "dovecot", "dovecot", DOVECOT_WORKERS, "AUTH floor alice HOME secret allow"),
    ("Dovecot over pam_authgate, allowed", "dovecot-yes", "dovecot", DOVECOT_WORKERS,
     "AUTH gated alice HOME secret allow"),
]


class Result:
    """A measured row."""

    def __init__(self, words):
        self.name, self.workers = words[0], int(words[1])
        self.logins, self.wrong = int(words[2]), int(words[3])
        self.p50, self.p99, self.worst = (int(word) / 1000 for word in words[4:7])
        self.rate = float(words[7])
        self.cpu, self.daemon_cpu = float(words[8]) / 1000, float(words[9]) / 1000


# What is to be reached: the sentence, which rows, the measure and its bound.
def at_most(bound):
    return f"at most {bound:g}", lambda value: value <= bound


def at_least(bound):
    return f"at least {bound:g}", lambda value: value >= bound


FIGURES = [
    ("allowed, p50 to the floor's", lambda r: r["allowed", 1].p50 / r["floor", 1].p50, at_most(2)),
    ("the shipped lines, p50 to theirs without ours",
     lambda r: r["shipped", 1].p50 / r["shipped-floor", 1].p50, at_most(2)),
    ("denied after the password, p50 to the floor's", lambda r: r["denied", 1].p50 / r["floor", 1].p50, at_most(1.6)),
    ("denied before it, p50 to the floor's", lambda r: r["at-once", 1].p50 / r["floor", 1].p50, at_most(1.6)),
    ("8 workers, allowed, p99 to the floor's", lambda r: r["allowed", 8].p99 / r["floor", 8].p99, at_most(1.2)),
    ("32 workers, allowed, p99 to the floor's", lambda r: r["allowed", 32].p99 / r["floor", 32].p99, at_most(1.2)),
    ("the daemon alone, 8 clients, logins a second", lambda r: r["pair", 8].rate, at_least(25000)),
    ("the daemon alone, 1 client, p50 of a begin in µs", lambda r: r["begin", 1].p50, at_most(30)),
    ("Dovecot's auth socket, rate to pam_permit's",
     lambda r: r["dovecot-yes", 16].rate / r["dovecot", 16].rate, at_least(2 / 3)),
    ("the daemon's memory with the real database in MiB", lambda r: r["memory"], at_most(40)),
]


def private_namespace():
    """Runs this program again where mounts are its own; False where that is not allowed."""
    if os.environ.get("BENCH_NAMESPACE"):
        return os.environ["BENCH_NAMESPACE"] == "private"
    private = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0
    os.environ["BENCH_NAMESPACE"] = "private" if private else "shared"
    if private:
        os.execvp("unshare", ["unshare", "-m", "--propagation", "private", sys.executable, os.path.abspath(__file__)])
    return False


def write_stacks(lab):
    """The services' files, and the rules of pam_geoip."""
    lab.write("rules-1", "alice * allow JP, *\n* * deny *\n")
    many = "".join(f"user{number} * allow JP, *\n" for number in range(RULES - 1))
    lab.write(f"rules-{RULES}", f"{many}alice * allow JP, *\n* * deny *\n")
    module = f"{lab_module.BUILD}/pam_authgate.so socket={lab.socket} service=imap"
    for name, text in STACKS.items():
        text = text.replace("MODULE", module).replace("RULES", lab.path("rules"))
        text = text.replace("DATABASE", lab.path("country.mmdb"))
        lab.write(f"pam.d/{name}", text)
        lab.write(f"pam.d/bench-{name}", text)
    lab.write("pam.d/other", "# bare: this file is read at every start of a transaction\n")
    return lab.path("pam.d")


def start_dovecot(lab, pam_directory):
    """Dovecot in front of the same stacks; its auth socket, or None."""
    subprocess.run(["mount", "--bind", pam_directory, "/etc/pam.d"], check=True)
    mailserver.Dovecot(lab, types.SimpleNamespace(name="bench"))
    return lab.path("dovecot/run/auth-client")


def table(places, left_out):
    """The driver's input."""
    lines = []
    for _title, name, kind, workers, words in ROWS:
        if kind in left_out:
            continue
        filled = [places.get(word, word) for word in words.split()]
        lines += [" ".join([name, kind, str(count), *filled]) for count in workers]
    return "\n".join(lines) + "\n"


def measure(lab, text):
    slice_length = round(float(os.environ.get("BENCH_SECONDS", "1")) * 1000 / SLICES)
    driver = subprocess.run([f"{lab_module.BUILD}/tests/bench/driver", str(slice_length), str(SLICES),
                             str(lab.daemon.pid)], input=text, stdout=subprocess.PIPE, text=True, check=True)
    results = [Result(line.split()) for line in driver.stdout.splitlines()]
    return {(result.name, result.workers): result for result in results}


def memory(lab):
    """The daemon's resident MiB with the real country database, or None, and why."""
    cache = os.path.join(lab_module.BUILD, "country-db")
    fetched = subprocess.run([os.path.join(lab_module.ROOT, "tests/lab/fetch-country-db"), cache],
                             capture_output=True, text=True, check=False)
    if fetched.returncode != 0:
        print(fetched.stderr.strip(), file=sys.stderr)
        return None
    lab.stop()
    shutil.copy(fetched.stdout.strip(), lab.path("country.mmdb"))
    lab.start()
    with open(f"/proc/{lab.daemon.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1)) / 1024


def print_machine():
    busy = os.getloadavg()[0]
    print(f"{os.cpu_count()} processors; load {busy:.1f} at the start"
          + (": too busy for the absolute figures to mean much\n" if busy > 0.7 else "\n"))


def print_table(results):
    print(f"{'':45} workers  logins/s  p50 µs  p99 µs  ×floor: rate    p50   p99  CPU µs of them, daemon  wrong")
    for title, name, kind, workers, _words in ROWS:
        for count in workers:
            result, floor = results.get((name, count)), results.get(("floor", count))
            if result is None:
                continue
            ratios = (f"{result.rate / floor.rate:12.2f}{result.p50 / floor.p50:7.2f}{result.p99 / floor.p99:6.2f}"
                      if kind == "pam" else " " * 25)
            print(f"{title:45} {count:7}  {result.rate:8,.0f}  {result.p50:6,.0f}  {result.p99:6,.0f}  {ratios}"
                  f"  {result.cpu:14,.0f} {result.daemon_cpu:7,.0f}  {result.wrong:5}")
            title = ""


def print_figures(results):
    print("\nTo be reached:")
    for sentence, value_of, (bound, reached) in FIGURES:
        try:
            value = value_of(results)
            print(f"  {sentence:50} {value:10,.2f}  {bound:16} {'reached' if reached(value) else 'MISSED'}")
        except KeyError:
            print(f"  {sentence:50} {'':10}  {bound:16} not measured")


def main():
    private = private_namespace()
    print_machine()
    with lab_module.Lab() as lab:
        places = {"PAMD": write_stacks(lab), "SOCKET": lab.socket, "HOME": HOME, "ABROAD": ABROAD}
        lab.start()
        if private:
            places["AUTH"] = start_dovecot(lab, places["PAMD"])
        else:
            print("Dovecot is left out: this process may not have mounts of its own", file=sys.stderr)
        results = measure(lab, table(places, () if private else ("dovecot",)))
        resident = memory(lab)
        if resident is not None:
            results["memory"] = resident
        print_table({key: result for key, result in results.items() if key != "memory"})
        print_figures(results)
        wrong = sum(result.wrong for key, result in results.items() if key != "memory")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
