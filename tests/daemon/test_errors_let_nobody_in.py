#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""I3: no key of the configuration turns an error into a login that is let in. Each key of keys.c at its laxest, against
each thing that can fail while a login is judged; `mode`, `modes` and `exceptions` alone, which say that a rule does not
hold, are another matter. A key that is not in the tables here fails the test."""
import os
import re

from harness import JAPAN, lab, tap

import vault  # pylint: disable=wrong-import-order

tests = tap.Tests()
NOT_HOLDING = {"mode", "modes", "exceptions"}
# What every configuration of the lab says, and what names the things that fail.
STANDING = {"sockets", "user", "default_domain", "recipient_delimiter", "groups", "country_database", "store",
            "secret_key_file"}
HOST = {
    "log": 'log = "stderr";', "domains": 'domains = [ "example.test", "other.test" ];',
    "services_known": 'services_known = [ "webmail" ];', "timezone": 'timezone = "UTC";',
    "history": 'history = "sqlite:{path}/store/history.db";', "raw_for": 'raw_for = "1d";',
    "account_exists": 'account_exists = "none";', "saslauthd.upstream": 'saslauthd = {{ upstream = "/nowhere"; }};',
    "saslauthd.require_plugin": "saslauthd = {{ require_plugin = false; }};",
    "postfix_policy.require_login": "postfix_policy = {{ require_login = false; }};", "notify": 'notify = "/bin/true";',
}
POLICY = {
    "countries.allow": 'countries = { allow = [ "JP", "US", "FR" ]; };',
    "countries.deny": 'countries = { deny = [ "CN" ]; };',
    "countries.unknown": 'countries = { unknown = "allow"; };',
    "travel": 'travel = ( { countries = [ "US" ]; from = "2020-01-01"; until = "2099-01-01"; } );',
    "networks.trusted": 'networks = { trusted = [ "127.0.0.0/8" ]; };',
    "networks.denied": 'networks = { denied = [ "192.0.2.0/24" ]; };',
    "networks.proxies": 'networks = { proxies = [ "127.0.0.0/8" ]; };', "services": 'services = { imap = "open"; };',
    "legacy_auth.default": 'legacy_auth = { default = "allow"; };',
    "legacy_auth.services": 'legacy_auth = { services = { imap = "allow"; }; };',
    "legacy_auth.mechanisms": 'legacy_auth = { mechanisms = [ "CRAM-MD5" ]; };',
    "legacy_auth.from": 'legacy_auth = { from = "2099-01-01"; };',
    "legacy_auth.brownouts": 'legacy_auth = { from = "2099-01-01"; brownouts = ( { at = "2098-01-01T00:00"; '
                             'lasting = "1h"; } ); };',
    "second_factor.totp": 'second_factor = { totp = "off"; };',
    "second_factor.from": 'second_factor = { from = "2099-01-01"; };',
    "second_factor.app_passwords": "second_factor = { app_passwords = true; };",
    "second_factor.remember": 'second_factor = { remember = "366d"; };',
    "second_factor.window": "second_factor = { window = 10; };",
    "second_factor.trusted_networks": 'second_factor = { trusted_networks = "skip"; }; '
                                      'networks = { trusted = [ "127.0.0.0/8" ]; };',
    "throttle.passwords": "throttle = { passwords = 0; };", "throttle.window": 'throttle = { window = "1s"; };',
    "compromise.countries": "compromise = { countries = 50; };",
    "compromise.window": 'compromise = { window = "1m"; };',
    "compromise.action": 'compromise = { action = "report"; };', "compromise.for": 'compromise = { for = "1m"; };',
    "stolen.action": 'stolen = { action = "report"; };', "stolen.for": 'stolen = { for = "1m"; };',
}
# Where a key says that what fails is not asked at all.
NOT_ASKED = {("no country database", "networks.trusted"), ("no country database", "second_factor.trusted_networks"),
             ("no word whether the account exists", "account_exists"),
             ("no word whether the account exists", "second_factor.app_passwords")}


class World:
    """The lab, and an account for each thing that can fail."""

    def __init__(self, of_lab):
        self.lab = of_lab
        of_lab.write("accounts/anna.conf", 'countries = { allow = [ "JP" ]; };\n')
        of_lab.write("accounts/berta.conf", 'second_factor = { totp = "required"; };\n')
        of_lab.write("groups/staff.conf", 'members = [ "anna", "berta", "carl", "dora" ];\n')
        self.exists = of_lab.write("exists", "#!/bin/sh\nexit 0\n", 0o755)
        self.configure()
        vault.start(of_lab)
        self.phone = vault.enroll(of_lab, "berta")
        self.shown = vault.ask(of_lab, "app-password-add", account="dora", services="imap")[0]["app_password"]

    def configure(self, defaults="", settings=""):
        exists = "" if "account_exists" in settings else f'account_exists = "{self.exists}";'
        always = f'{vault.settings(self.lab)} {exists} groups = [ "staff" ];'
        self.lab.configure(defaults, f"{always} {settings}", vault.sockets(self.lab))

    def verdict(self, name):
        """A login whose password is right."""
        more = {"berta": {"digits": self.phone.code()}, "dora": {"app_password": self.shown.replace("-", "")}}
        with self.lab.gate() as connection:
            answer = connection.begin(user=name, client_address=JAPAN, **more.get(name, {}))
            if answer["verdict"] == "continue":
                answer = connection.commit(answer["ref"], name)
            return answer["verdict"]

    # What can fail

    def no_database(self):
        os.rename(self.lab.path("country.mmdb"), self.lab.path("country.away"))

    def no_store(self):
        os.rename(self.lab.path("store/store.db"), self.lab.path("store/store.away"))

    def no_policy(self):
        self.lab.write("accounts/carl.conf", 'countries = { allow = [ "XQ\n')

    def no_existence(self):
        self.lab.write("exists", "#!/bin/sh\nexit 9\n", 0o755)

    def whole(self):
        """Everything is there again."""
        for name in ("country.mmdb", "store/store.db"):
            away = self.lab.path(name.rpartition(".")[0] + ".away")
            if os.path.exists(away):
                os.rename(away, self.lab.path(name))
        self.lab.write("exists", "#!/bin/sh\nexit 0\n", 0o755)
        if os.path.exists(self.lab.path("accounts/carl.conf")):
            os.unlink(self.lab.path("accounts/carl.conf"))


FAILURES = [("no country database", "anna", World.no_database), ("no store", "berta", World.no_store),
            ("no policy that can be read", "carl", World.no_policy),
            ("no word whether the account exists", "dora", World.no_existence)]


@tests.case("every key is in the tables of this test")
def complete(_world):
    with open(os.path.join(lab.ROOT, "module/policy/keys.c"), encoding="utf-8") as file:
        named = set(re.findall(r"^    (?:HOST|POLICY)\(\w+, \"([\w.]+)\"", file.read(), re.MULTILINE))
    tap.same(named, NOT_HOLDING | STANDING | set(HOST) | set(POLICY), "the keys")


@tests.case("with nothing failing each account gets in")
def control(world):
    tap.same([world.verdict(name) for _, name, _ in FAILURES], ["accept"] * 4, "verdicts")


@tests.rows(FAILURES, lambda row: f"I3: with {row[0]}, no key lets its account in")
def failing(world, row):
    what, name, break_it = row
    world.lab.stop()
    break_it(world)
    world.configure()
    world.lab.start()
    tap.same(world.verdict(name), "later", "the verdict with no key at all")
    let_in = []
    for key in [*HOST, *POLICY]:
        world.configure(POLICY.get(key, ""), HOST.get(key, "").format(path=world.lab.directory))
        world.lab.reload("is in force")
        if (what, key) not in NOT_ASKED and world.verdict(name) == "accept":
            let_in.append(key)
    world.lab.stop()
    world.whole()
    world.configure()
    world.lab.start()
    tap.same(let_in, [], "keys that let it in")


with lab.Lab() as the_lab:
    tests.run(World(the_lab))
