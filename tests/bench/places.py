# SPDX-License-Identifier: BSD-2-Clause
"""Makes what the rows of `make bench` are measured on: daemons of their own, PAM services, account files, enrolled
accounts, mail servers. One function for each group; it returns a Place. All of it goes when the group has ended."""
import base64
import os
import re
import shutil
import subprocess
import sys
import time
import types

import lab as lab_module
import mailserver
import postfix
import stack as stack_module
import tap
import vault

HOME, ABROAD = "127.1.0.1", "127.3.0.1"
RULES = 10000
DOMAINS = 1000
PRIVATE = "private"  # what BENCH_NAMESPACE says where mounts are our own

# What a service's stack is. MODULE is ours; pam_permit alone is the floor, and stands for the password check. The lines
# that are shipped load pam_deny besides, so they have a floor of their own.
GATED = """\
auth     [success=done ignore=ignore default=die]  MODULE{defer}
auth     required                                  pam_permit.so
auth     required                                  MODULE commit
account  required                                  MODULE
"""
DEFERRED = GATED.format(defer=" defer")
PASSWORD_LINES = """\
auth     [success=1 default=ignore]                pam_permit.so
auth     requisite                                 pam_deny.so
auth     required                                  pam_permit.so
"""
GEOIP = """\
auth     required  pam_permit.so
account  required  pam_geoip.so system_file=RULES-{rules} geoip_db=DATABASE
"""
FLOOR = "auth required pam_permit.so\naccount required pam_permit.so\n"
OATH = "auth required pam_oath.so usersfile=USERS-{users} digits=6 window=100\n"
GOOGLE = ("auth required pam_google_authenticator.so secret=GOOGLE/${USER} user=root no_strict_owner forward_pass\n"
          "account required pam_permit.so\n")
YESCRYPT = "auth required pam_pwdfile.so pwdfile=PASSWORDS nodelay\naccount required pam_permit.so\n"


class Place:
    """What the words of the rows stand for, the daemons' pids, kinds and rows that cannot be measured here, what to
    measure or say afterwards (called with the results)."""

    def __init__(self, words, pids=(), without=(), afterwards=None):
        self.words = {"HOME": HOME, "ABROAD": ABROAD, **words}
        self.pids, self.without = [str(pid) for pid in pids], without
        self.afterwards = afterwards or (lambda results: None)


def say(text):
    print(text, file=sys.stderr, flush=True)


def write_stacks(lab, stacks):
    """The services' files in a folder of the lab's; `stacks` is text, or text and the lab whose daemon it asks."""
    for name, given in stacks.items():
        text, of_lab = given if isinstance(given, tuple) else (given, lab)
        text = text.replace("MODULE", f"{lab_module.BUILD}/pam_authgate.so socket={of_lab.socket} service=imap")
        for word, path in (("RULES", "rules"), ("DATABASE", "country.mmdb"), ("USERS", "users"), ("GOOGLE", "google"),
                           ("PASSWORDS", "passwords")):
            text = text.replace(word, lab.path(path))
        lab.write(f"pam.d/{name}", text)
        lab.write(f"pam.d/bench-{name}", text)
    lab.write("pam.d/other", "# bare: this file is read at every start of a transaction\n")
    return lab.path("pam.d")


# ---- gate ----

def start_dovecot(lab, pam_directory):
    """Dovecot in front of the same stacks; its auth socket."""
    subprocess.run(["mount", "--bind", pam_directory, "/etc/pam.d"], check=True)
    lab.cleanup.callback(subprocess.run, ["umount", "/etc/pam.d"], check=False)
    mailserver.Dovecot(lab, types.SimpleNamespace(name="bench"))
    return lab.path("dovecot/run/auth-client")


def resident(pid):
    """MiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1)) / 1024


def measure_memory(lab, results):
    """The daemon's memory with the real country database."""
    cache = os.path.join(lab_module.BUILD, "country-db")
    fetched = subprocess.run([os.path.join(lab_module.ROOT, "tests/lab/fetch-country-db"), cache],
                             capture_output=True, text=True, check=False)
    if fetched.returncode != 0:
        say(fetched.stderr.strip())
        return
    lab.stop()
    shutil.copy(fetched.stdout.strip(), lab.path("country.mmdb"))
    lab.start()
    results["memory"] = resident(lab.daemon.pid)


def gate(enter):
    lab = enter(lab_module.Lab())
    lab.write("rules-1", "alice * allow JP, *\n* * deny *\n")
    many = "".join(f"user{number} * allow JP, *\n" for number in range(RULES - 1))
    lab.write(f"rules-{RULES}", f"{many}alice * allow JP, *\n* * deny *\n")
    folder = write_stacks(lab, {
        "floor": FLOOR, "gated": DEFERRED, "at-once": GATED.format(defer=""),
        "shipped-floor": PASSWORD_LINES + "account required pam_permit.so\n",
        "shipped": re.sub("auth .* pam_permit.so\n", PASSWORD_LINES, DEFERRED),
        "geoip-1": GEOIP.format(rules=1), f"geoip-{RULES}": GEOIP.format(rules=RULES)})
    lab.start()
    words = {"PAMD": folder, "SOCKET": lab.socket}
    without = ()
    if os.environ.get("BENCH_NAMESPACE") == PRIVATE:
        words["AUTH"] = start_dovecot(lab, folder)
    else:
        say("Dovecot is left out: this process may not have mounts of its own")
        without = ("dovecot",)
    return Place(words, [lab.daemon.pid], without, lambda results: measure_memory(lab, results))


# ---- files ----

def make_account_files(lab, count):
    """Account files in as many folders as there are domains; those of a domain are one file under many names, so that
    a million take no gigabytes."""
    for domain in range(min(DOMAINS, count)):
        folder = lab.path(f"accounts/d{domain:03}.test")
        os.makedirs(folder)
        first = os.path.join(folder, f"user{domain:06}.conf")
        with open(first, "w", encoding="ascii") as file:
            file.write('countries = { allow = [ "JP", "US" ]; };\nmode = "enforce";\n')
        at = os.open(folder, os.O_RDONLY)
        for number in range(domain + DOMAINS, count, DOMAINS):
            os.link(first, f"user{number:06}.conf", dst_dir_fd=at)
        os.close(at)


def files(enter):
    words, pids, stacks = {"DOMAINS": str(DOMAINS)}, [], {"floor": FLOOR}
    domains = ", ".join(['"example.test"', *(f'"d{number:03}.test"' for number in range(DOMAINS))])
    for name, count in (("FEW", 1000), ("MANY", 1000000)):
        lab = enter(lab_module.Lab())
        lab.cleanup.callback(subprocess.run, ["rm", "-rf", lab.path("accounts")], check=False)
        start = time.monotonic()
        make_account_files(lab, count)
        made = time.monotonic()
        lab.configure(settings=f"domains = [ {domains} ];")
        lab.start()
        say(f"{count:,} account files made in {made - start:.1f} s; the daemon served "
            f"{time.monotonic() - made:.2f} s after it was started")
        words.update({name: str(count), f"SOCKET-{name}": lab.socket})
        pids.append(lab.daemon.pid)
        stacks[name.lower()] = (DEFERRED, lab)
    return Place({"PAMD": write_stacks(lab, stacks), **words}, pids)


# ---- codes ----

def secret(number):
    """As the driver has it."""
    return f"bench secret {number:07}".encode()


def enrol(lab, count):
    """A daemon with a store in which so many accounts are enrolled."""
    lab.configure(settings=vault.settings(lab))
    vault.start(lab)
    lab.stop()
    start = time.monotonic()
    subprocess.run([f"{lab_module.BUILD}/tests/bench/enrol", lab.path("secret.key"), lab.path("store/store.db"),
                    str(count)], check=True)
    if os.getuid() == 0:
        for name in os.listdir(lab.path("store")):
            os.chown(lab.path(f"store/{name}"), vault.NOBODY, vault.NOBODY)
    made = time.monotonic()
    vault.start(lab)
    size = os.path.getsize(lab.path("store/store.db")) / 1024 ** 2
    say(f"{count:,} accounts enrolled in {made - start:.1f} s: {size:.1f} MiB on disk, "
        f"{resident(lab.daemon.pid):.0f} MiB of memory at the start")


def write_oath_users(lab, name, count):
    lab.write(f"users-{name}", "".join(f"HOTP/E u{number:07} + {secret(number).hex()}\n" for number in range(count)),
              0o600)


def write_google_files(lab, count):
    os.makedirs(lab.path("google"), 0o700)
    for number in range(count):
        with open(lab.path(f"google/u{number:07}"), "w", encoding="ascii",
                  opener=lambda path, flags: os.open(path, flags, 0o400)) as file:
            file.write(base64.b32encode(secret(number)).decode() + '\n" DISALLOW_REUSE\n" WINDOW_SIZE 3\n" TOTP_AUTH\n')


def start_empty_gate(lab):
    """A gate that looks at nothing: its socket and its process."""
    path = lab.path("empty.sock")
    process = subprocess.Popen([f"{lab_module.BUILD}/tests/bench/empty-gate", path])
    lab.cleanup.callback(process.wait)
    lab.cleanup.callback(process.kill)
    tap.poll(lambda: os.path.exists(path), 10, "the empty gate's socket")
    return types.SimpleNamespace(socket=path, pid=process.pid)


def codes(enter):
    labs = {}
    for name, count in (("code-few", 1000), ("code", 50000), ("code-many", 1000000)):
        labs[name] = enter(lab_module.Lab())
        enrol(labs[name], count)
    lab = labs["code"]
    for name, count in (("10", 10), ("1000", 1000), ("10000", 10000), ("stack", 10000)):
        write_oath_users(lab, name, count)
    write_google_files(lab, 20000)
    lab.write("rules-all", "* * allow JP, *\n* * deny *\n")
    accounts = "account required pam_permit.so\n"
    stacks = {f"oath-{count}": OATH.format(users=count) + accounts for count in (10, 1000, 10000)}
    geoip = GEOIP.format(rules="all").partition("\n")[2]
    empty = start_empty_gate(lab)
    stacks |= {name: (DEFERRED, of_lab) for name, of_lab in (*labs.items(), ("empty", empty))}
    stacks |= {"floor": FLOOR, "google": GOOGLE, "stack": OATH.format(users="stack") + geoip}
    folder = write_stacks(lab, stacks)

    def afterwards(results):
        """What the stores have come to, and how many codes they say were used up."""
        results["used"] = 0
        for name, of_lab in labs.items():
            size = sum(os.path.getsize(of_lab.path(f"store/{file}")) for file in os.listdir(of_lab.path("store")))
            say(f"{name}: {size >> 20} MiB on disk with the log, {resident(of_lab.daemon.pid):.0f} MiB of memory")
            of_lab.stop()
            with vault.opened(of_lab) as store:
                results["used"] += store.execute("SELECT count(*) FROM memory WHERE kind = 1").fetchone()[0]
    pids = [empty.pid, *(of_lab.daemon.pid for of_lab in labs.values())]
    return Place({"PAMD": folder}, pids, afterwards=afterwards)


# ---- throttle ----

def try_wrong_passwords(lab, count):
    for number in range(count):
        with lab.gate() as connection:
            answer = connection.begin(user="thief", client_address=HOME)
            connection.send(f"request=end\nref={answer['ref']}\nuser=thief\npassword_mark={number:08x}\n"
                            "status=wrong\n\n".encode())
    def refused():
        with lab.gate() as connection:
            return connection.begin(user="thief", client_address=HOME).get("reason") == "throttled"
    tap.poll(refused, 5, "a throttled account")


def fill_networks(lab, count):
    start = time.monotonic()
    subprocess.run([f"{lab_module.BUILD}/tests/bench/driver", "300000", "1"], stdout=subprocess.DEVNULL, check=True,
                   input=f"fill wrong 6 {lab.socket} 0 {count}\n", text=True)
    say(f"{count:,} networks with a wrong password in {time.monotonic() - start:.0f} s: "
        f"{resident(lab.daemon.pid):.0f} MiB of memory")


def throttle(enter):
    labs = {"throttled": enter(lab_module.Lab()), "throttled-many": enter(lab_module.Lab())}
    for lab in labs.values():
        lab.configure('throttle = { passwords = 5; window = "1d"; };')
        lab.start()
    fill_networks(labs["throttled-many"], 1000000)
    for lab in labs.values():
        try_wrong_passwords(lab, 5)
    lab = labs["throttled"]
    lab.write("passwords", f"alice:{stack_module.password_hash('correct horse', stack_module.YESCRYPT)}\n", 0o600)
    folder = write_stacks(lab, {"floor": FLOOR, "yescrypt": YESCRYPT,
                                **{name: (DEFERRED, of_lab) for name, of_lab in labs.items()}})
    return Place({"PAMD": folder}, [of_lab.daemon.pid for of_lab in labs.values()])


# ---- smtp ----

def smtp(enter):
    accounts = {"alice@example.test": "wonder"}
    plain, gated = enter(lab_module.Lab()), enter(lab_module.Lab())
    behind = {lab: postfix.Saslauthd(lab, accounts) for lab in (plain, gated)}
    inside = "/run/saslauthd/mux"
    postfix.make_queue(plain)
    os.makedirs(os.path.dirname(postfix.inside(plain, inside)))
    os.link(behind[plain].path, postfix.inside(plain, inside))
    gated.configure(sockets=postfix.sockets(gated), settings=f'saslauthd = {{ upstream = "{behind[gated].path}"; }};')
    gated.start()
    without_us = {"auxprop_plugin": None, "authgate_socket": None}
    plain_conf = postfix.smtpd_conf(saslauthd_path=inside, **without_us)
    servers = [postfix.Postfix(plain, plain_conf, plugin=False),
               postfix.Postfix(gated, postfix.smtpd_conf())]
    return Place({"PORT": str(servers[0].port), "PORT-GATED": str(servers[1].port)}, [gated.daemon.pid])
