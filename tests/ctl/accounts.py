# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of accounts' verbs share: a world with a store, accounts with phones, and raw logins whose password is
right."""
from harness import configure, ctl, ctl_json, shifted, tap, vault

HOME, HOME_TOO, AWAY, ABROAD = "127.1.0.1", "127.1.0.99", "127.1.9.1", "127.2.0.1"


class World:
    """The lab, its daemon, and the clock that the daemon goes by."""

    def __init__(self, of_lab, defaults="", settings=""):
        self.lab = of_lab
        self.clock = shifted.Clock(of_lab)
        self.settings = settings
        self.configure(defaults)
        vault.start(of_lab, env=self.clock.environment)

    def configure(self, defaults):
        configure(self.lab, defaults, vault.settings(self.lab) + self.settings)

    def again(self, defaults):
        """Another configuration, in force."""
        self.configure(defaults)
        self.lab.reload("is in force")

    def restart(self, **how):
        self.lab.stop(**how)
        return vault.start(self.lab, env=self.clock.environment)

    def ctl(self, *words, **how):
        return ctl(self.lab, *words, **how)

    def json(self, *words, **how):
        return ctl_json(self.lab, *words, **how)

    def phone(self, account):
        """An account's phone, with a secret that holds already."""
        uri = vault.uri_of(account, vault.secret_for(account))
        ctl(self.lab, "totp", "import", "-", text=uri)
        return vault.Phone(uri, self.clock)

    def login(self, account, digits=None, address=HOME, **more):
        """A raw login whose password is right: the words of its verdict."""
        with self.lab.gate() as connection:
            answer = connection.begin(user=account, digits=digits, client_address=address, **more)
            if answer["verdict"] == "continue":
                answer = connection.commit(answer["ref"], account)
            return answer["verdict"] + (f" {answer['reason']}" if "reason" in answer else "")

    def app_login(self, account, shown, address=HOME, service="imap"):
        """A raw login by an app password; where that does not settle it, the password check refuses what was typed."""
        with self.lab.gate() as connection:
            answer = connection.begin(user=account, client_address=address, service=service,
                                      app_password=shown.replace("-", ""))
            return answer["verdict"] + (f" {answer['reason']}" if "reason" in answer else "")

    def logins(self, account, expected, *tries):
        """Fails the case unless each try (digits, address) ends as expected."""
        tap.same([self.login(account, *one) for one in tries], expected, "logins")
