# SPDX-License-Identifier: BSD-2-Clause
"""What `make bench` measures and what is to be reached: one Group for each part of the product, with its rows (the
words that the driver reads, scenario.h) and its figures. places.py makes what the words name; nothing is run here."""
import places

PAM_WORKERS, GATE_WORKERS = (1, 8, 32), (1, 2, 8, 32)
FLOOR = ("pam_permit alone (the floor)", "floor", "pam", PAM_WORKERS, "PAMD floor alice HOME allow")
FLOOR_1 = FLOOR[:3] + ((1,),) + FLOOR[4:]


def at_most(bound):
    return f"at most {bound:g}", lambda value: value <= bound


def exactly(bound):
    return f"exactly {bound:g}", lambda value: value == bound


def at_least(bound):
    return f"at least {bound:g}", lambda value: value >= bound


class Group:
    """A row is what the table calls it, its name here, kind, numbers of workers, and the kind's words; a figure is its
    sentence, the measure of the results by (name, workers), and its bound."""

    def __init__(self, title, prepare, rows, figures):
        self.title, self.prepare, self.rows, self.figures = title, prepare, rows, figures


def p50(results, one, other, workers=1):
    return results[one, workers].p50 / results[other, workers].p50


def of_codes(results):
    """The rows of ours with codes, whatever the store and the number of workers."""
    return [result for key, result in results.items() if key[0] in ("code", "code-few", "code-many")]


def used_up(results):
    """Codes that the stores say were used up, for each login that was accepted."""
    return results["used"] / sum(row.logins - row.wrong for row in of_codes(results))


RULES = places.RULES
GATE = Group("The gate: country, without a store", places.gate, [
    FLOOR,
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
    ("Dovecot over pam_permit", "dovecot", "dovecot", (16,), "AUTH floor alice HOME secret allow"),
    ("Dovecot over pam_authgate, allowed", "dovecot-yes", "dovecot", (16,), "AUTH gated alice HOME secret allow"),
], [
    ("allowed, p50 to the floor's", lambda r: p50(r, "allowed", "floor"), at_most(2)),
    ("the shipped lines, p50 to theirs without ours", lambda r: p50(r, "shipped", "shipped-floor"), at_most(2)),
    ("denied after the password, p50 to the floor's", lambda r: p50(r, "denied", "floor"), at_most(1.6)),
    ("denied before it, p50 to the floor's", lambda r: p50(r, "at-once", "floor"), at_most(1.6)),
    ("8 workers, allowed, p99 to the floor's", lambda r: r["allowed", 8].p99 / r["floor", 8].p99, at_most(1.2)),
    ("32 workers, allowed, p99 to the floor's", lambda r: r["allowed", 32].p99 / r["floor", 32].p99, at_most(1.2)),
    ("the daemon alone, 8 clients, logins a second", lambda r: r["pair", 8].rate, at_least(25000)),
    ("the daemon alone, 1 client, p50 of a begin in µs", lambda r: r["begin", 1].p50, at_most(30)),
    ("Dovecot's auth socket, rate to pam_permit's", lambda r: r["dovecot-yes", 16].rate / r["dovecot", 16].rate,
     at_least(2 / 3)),
    ("the daemon's memory with the real database in MiB", lambda r: r["memory"], at_most(40)),
])

FILES = Group("Policies: an account file for each login", places.files, [
    FLOOR_1,
    ("pam_authgate, 1,000 account files", "pam-few", "draw", (1,), "PAMD few HOME FEW DOMAINS"),
    ("pam_authgate, 1,000,000 account files", "pam-many", "draw", (1,), "PAMD many HOME MANY DOMAINS"),
    ("connect, begin, commit; 1,000 account files", "few", "spread", (1, 8), "SOCKET-FEW HOME FEW DOMAINS"),
    ("connect, begin, commit; 1,000,000 account files", "many", "spread", (1, 8), "SOCKET-MANY HOME MANY DOMAINS"),
], [
    ("1,000,000 account files to 1,000, a login's p50", lambda r: p50(r, "pam-many", "pam-few"), at_most(1.3)),
    ("the same, the daemon alone", lambda r: p50(r, "many", "few"), at_most(1.3)),
])

CODES = Group("Second factors: country, TOTP and store, each code used once", places.codes, [
    FLOOR,
    ("pam_authgate with a gate that looks at nothing", "empty", "pam", PAM_WORKERS, "PAMD empty alice HOME allow"),
    ("pam_authgate, password+code, 50,000 enrolled", "code", "code", PAM_WORKERS, "PAMD code HOME 1 50000 totp"),
    ("pam_authgate, password+code, 1,000 enrolled", "code-few", "code", (1,), "PAMD code-few HOME 0 1000 totp"),
    ("pam_authgate, password+code, 1,000,000 enrolled", "code-many", "code", (1, 8, 32),
     "PAMD code-many HOME 2 1000000 totp"),
    ("pam_oath, 10 users", "oath-10", "code", (1,), "PAMD oath-10 HOME 3 10 hotp"),
    ("pam_oath, 1,000 users", "oath-1000", "code", (1,), "PAMD oath-1000 HOME 4 1000 hotp"),
    ("pam_oath, 10,000 users", "oath-10000", "code", PAM_WORKERS, "PAMD oath-10000 HOME 5 10000 hotp"),
    ("pam_google_authenticator, reuse refused", "google", "code", PAM_WORKERS, "PAMD google HOME 6 20000 totp"),
    ("pam_geoip and pam_oath, 10,000 users", "stack", "code", (1, 32), "PAMD stack HOME 7 10000 hotp"),
], [
    ("password+code, p50 to the floor's", lambda r: p50(r, "code", "floor"), at_most(3.5)),
    ("valid codes refused", lambda r: sum(row.wrong for row in of_codes(r)), exactly(0)),
    ("codes used up for each login that was accepted", used_up, exactly(1)),
    ("8 workers, logins a second", lambda r: r["code", 8].rate, at_least(6000)),
    ("32 workers, logins a second", lambda r: r["code", 32].rate, at_least(6000)),
    ("32 workers to 8, logins a second", lambda r: r["code", 32].rate / r["code", 8].rate, at_least(0.95)),
    ("8 workers, CPU of a login with the daemon's, µs", lambda r: r["code", 8].all_cpu, at_most(200)),
    ("32 workers, CPU of a login with the daemon's, µs", lambda r: r["code", 32].all_cpu, at_most(200)),
    ("the same, of the floor", lambda r: r["floor", 32].all_cpu, ("for comparison", None)),
    ("the same, with a gate that looks at nothing", lambda r: r["empty", 32].all_cpu, ("for comparison", None)),
    ("1,000,000 enrolled to 1,000, p50", lambda r: p50(r, "code-many", "code-few"), at_most(1.1)),
])

THROTTLE = Group("Throttling: refused before the password check", places.throttle, [
    FLOOR_1,
    ("pam_authgate, throttled", "throttled", "pam", (1, 8), "PAMD throttled thief HOME deny"),
    ("pam_authgate, throttled, 1,000,000 networks", "throttled-many", "pam", (1, 8),
     "PAMD throttled-many thief HOME deny"),
    ("pam_pwdfile, a yescrypt hash", "yescrypt", "pam", (1,), "PAMD yescrypt alice HOME allow"),
], [
    ("throttled to a yescrypt check, p50", lambda r: p50(r, "throttled", "yescrypt"), at_most(0.01)),
    ("the same, 1,000,000 tracked networks", lambda r: p50(r, "throttled-many", "yescrypt"), at_most(0.01)),
])

SMTP = Group("Postfix: SMTP AUTH, a session for each login", places.smtp, [
    ("Postfix over saslauthd", "smtp", "smtp", (16,), "PORT HOME alice@example.test wonder"),
    ("Postfix over the gate and saslauthd", "smtp-gated", "smtp", (16,), "PORT-GATED HOME alice@example.test wonder"),
], [
    ("SMTP AUTH, rate with the gate to that without", lambda r: r["smtp-gated", 16].rate / r["smtp", 16].rate,
     ("for comparison", None)),
])

GROUPS = {"gate": GATE, "files": FILES, "codes": CODES, "throttle": THROTTLE, "smtp": SMTP}
