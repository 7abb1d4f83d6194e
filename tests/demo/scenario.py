# SPDX-License-Identifier: BSD-2-Clause
"""The demo's story: accounts, their policies and the acts, each a row of the table that is printed. To show something
more, add an account, its policy and a row."""
import datetime

PASSWORDS = {
    "alice": "correct horse",
    "carol": "on the train",
    "dave": "old habits",
    "erin": "wait and see",
    "frank": "room 204",
    "gina": "phone in hand",
    "heidi": "only reads",
    "ivan": "writes a lot",
}


class Act:
    """One login: who, from where, and how it is announced to end (`reason` None: any)."""

    def __init__(self, scene, who, source, accepted, reason="", **more):
        self.scene = scene
        self.who = who
        self.source = source
        self.accepted = accepted
        self.reason = reason
        self.password = more.get("password")
        self.typed = more.get("typed", "")  # behind the password: a "fresh" code, the "stored" one, a "recovery" code
        self.app_password = more.get("app_password")  # the service of the one that stands in the password's place
        self.service = more.get("service", "imap")
        self.by_doveadm = more.get("by_doveadm", False)
        self.daemon_away = more.get("daemon_away", False)
        self.mail_to = more.get("mail_to")  # whom a mail is sent to, once SMTP AUTH has let the client in


def defaults():
    return """
  countries = { allow = [ "JP" ]; };
  networks  = { denied = [ "127.1.66.0/24" ]; };
"""


def account_policies(today):
    """accounts/NAME.conf of those whose policy differs from the defaults."""
    before, after = today - datetime.timedelta(days=3), today + datetime.timedelta(days=4)
    later = today + datetime.timedelta(days=60)
    return {
        "carol": f'travel = ( {{ countries = [ "FR" ]; from = "{before}"; until = "{after}"; }} );\n',
        "dave": 'legacy_auth = { services = { imap = "deny"; }; };\n',
        "erin": 'mode = "report";\n',
        "frank": 'legacy_auth = { services = { imap = "deny"; }; };\n'
                 f'exceptions = ( {{ rule = "legacy-auth"; service = "imap"; until = "{later}"; '
                 'reason = "scanner in room 204"; } );\n',
        "heidi": 'legacy_auth = { services = { smtp = "deny"; }; };\n',
    }


LOOPBACK = [
    Act("at home", "alice", "127.1.0.1", True),
    Act("at home, mistyped", "alice", "127.1.0.1", False, "password", password="correct hrose"),
    Act("the stolen password, from abroad", "alice", "127.2.0.1", False, "country"),
    Act("a guess from abroad: told the same", "alice", "127.2.0.1", False, "country", password="123456"),
    Act("from a country next door", "alice", "127.3.0.1", False, "country"),
    Act("from a network in no country", "alice", "127.99.0.1", False, "country-unknown"),
    Act("at home, but from a denied network", "alice", "127.1.66.6", False, "network"),
    Act("on travel: France is open this week", "carol", "127.4.0.1", True),
    Act("on travel: but not the US", "carol", "127.2.0.1", False, "country"),
    Act("password-only IMAP is closed to him", "dave", "127.1.0.1", False, "legacy-auth"),
    Act("the same, with an exception and its end", "frank", "127.1.0.1", True),
    Act("report mode: let in, and written down", "erin", "127.2.0.1", True, "country"),
    Act("a name that tries to forge the log", "x ref=1", "127.1.0.1", False, "password", password="x"),
    Act("the daemon is away: nobody gets in", "alice", "127.1.0.1", False, None, daemon_away=True),
    Act("and back", "alice", "127.1.0.1", True),
]

# Gina has enrolled her phone: codes behind the password, in a mail client that stores what is typed.
SECOND_FACTOR = [
    Act("a bare password is not enough any more", "gina", "127.1.0.1", False, "second-factor-missing"),
    Act("password and code, typed as one word", "gina", "127.1.0.1", True, typed="fresh"),
    Act("the mail client, with what it stored", "gina", "127.1.0.1", True, typed="stored"),
    Act("the bare password, where a code was given", "gina", "127.1.0.7", True),
    Act("the stored string, in another network", "gina", "127.1.9.1", False, "second-factor-reused", typed="stored"),
    Act("a fresh code opens that network too", "gina", "127.1.9.1", True, typed="fresh"),
    Act("a wrong code behind the right password", "gina", "127.1.8.1", False, "second-factor-wrong", typed="wrong"),
    Act("an app password for IMAP, on IMAP", "gina", "127.1.5.1", True, app_password="imap"),
    Act("the same on POP3, which it is not for", "gina", "127.1.5.1", False, "app-password-scope", app_password="imap",
        service="pop3", by_doveadm=True),
    Act("the phone is lost: a recovery code", "gina", "127.1.6.1", True, typed="recovery"),
    Act("the recovery code once more", "gina", "127.1.7.1", False, "password", typed="recovery"),
]

# Ivan has a phone as well; Gina has got a second app password, for SMTP.
SUBMISSION = [
    Act("at home", "alice", "127.1.0.1", True, service="smtp"),
    Act("at home, mistyped", "alice", "127.1.0.1", False, "password", password="correct hrose", service="smtp"),
    Act("the stolen password, from abroad", "alice", "127.2.0.1", False, "country", service="smtp"),
    Act("a guess from abroad: told the same", "alice", "127.2.0.1", False, "country", password="123456",
        service="smtp"),
    Act("she may read her mail over IMAP …", "heidi", "127.1.0.1", True),
    Act("… but SMTP AUTH is closed to her", "heidi", "127.1.0.1", False, "legacy-auth", service="smtp"),
    Act("a bare password is not enough any more", "ivan", "127.1.0.1", False, "second-factor-missing", service="smtp"),
    Act("password and code, typed as one word", "ivan", "127.1.0.1", True, typed="fresh", service="smtp"),
    Act("the mail client, with what it stored", "ivan", "127.1.0.1", True, typed="stored", service="smtp"),
    Act("the stored string, in another network", "ivan", "127.1.9.1", False, "second-factor-reused", typed="stored",
        service="smtp"),
    Act("an app password for SMTP", "gina", "127.1.5.1", True, app_password="smtp", service="smtp"),
    Act("the one for IMAP, which SMTP is not", "gina", "127.1.5.1", False, "app-password-scope", app_password="imap",
        service="smtp"),
    Act("a mail: submitted, and delivered", "alice", "127.1.0.1", True, service="smtp", mail_to="carol"),
]

WORLD = [
    Act("a university in Tokyo", "alice", "133.11.0.1", True, by_doveadm=True),
    Act("IPv6 from Japan", "alice", "2001:200:0:8002::1", True, by_doveadm=True),
    Act("the same host as IPv4-mapped IPv6", "alice", "::ffff:133.11.0.1", True, by_doveadm=True),
    Act("a resolver in the US", "alice", "8.8.8.8", False, "country", by_doveadm=True),
    Act("a resolver on IPv6, in North America", "alice", "2001:4860:4860::8888", False, "country", by_doveadm=True),
    Act("a university in Berlin", "alice", "130.149.7.201", False, "country", by_doveadm=True),
    Act("a university in Beijing", "alice", "166.111.4.100", False, "country", by_doveadm=True),
    Act("on travel: a university in Paris", "carol", "134.157.0.129", True, by_doveadm=True),
    Act("nobody's address", "alice", "192.0.2.1", False, "country-unknown", by_doveadm=True),
]
