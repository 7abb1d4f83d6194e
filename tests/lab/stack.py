# SPDX-License-Identifier: BSD-2-Clause
"""The shipped PAM stack made private to a lab: the same lines in the same order, with our module from the build, the
lab's socket, and pam_pwdfile over throw-away accounts where the shipped file includes the host's password check. Adds
nothing to /etc but /etc/pam.d/authgate-labPIDxN-SERVICE, and takes it away again."""
import ctypes
import os
import re

import lab as lab_module

# Where the host's own stack stands in the shipped file.
PASSWORD_CHECK = """\
{hook}auth     [success=1 default=ignore]                pam_pwdfile.so pwdfile={passwords} nodelay
auth     requisite                                 pam_deny.so
auth     required                                  pam_permit.so
"""
ACCOUNT_CHECK = "account  required                                  pam_permit.so\n"
HOOK = "auth     [default=ignore]                          pam_exec.so quiet {script}\n"
FAST = "$6$rounds=1000$"  # for tests; a demo uses what Debian uses
YESCRYPT = "$y$"


def password_hash(password, kind=FAST):
    crypt = ctypes.CDLL("libcrypt.so.1")
    crypt.crypt.restype = crypt.crypt_gensalt.restype = ctypes.c_char_p
    crypt.crypt_gensalt.argtypes = [ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p, ctypes.c_int]
    salt = crypt.crypt_gensalt(kind.encode(), 0, None, 0) if kind == YESCRYPT else kind.encode() + b"authgatelab$"
    made = crypt.crypt(password.encode(), salt)
    assert made and not made.startswith(b"*"), f"libcrypt knows no {kind}"
    return made.decode()


class Stack:
    """The lab's accounts, and PAM service files in front of them."""

    def __init__(self, lab, accounts, kind=FAST, services=("imap",), arguments="", hook=False, edit=None):
        self.lab = lab
        self.name = f"authgate-{lab.name}"
        lines = [f"{name}:{password_hash(word, kind)}\n" for name, word in accounts.items()]
        lab.write("passwords", "".join(lines), 0o600)
        hook_line = HOOK.format(script=self.write_hook()) if hook else ""
        for service in services:
            self.install(service, arguments, hook_line, edit)

    def install(self, service, arguments, hook_line, edit):
        with open(os.path.join(lab_module.ROOT, "conf/pam.d/debian", f"authgate-{service}"), encoding="utf-8") as file:
            text = file.read()
        path = f"/etc/pam.d/{self.name}-{service}"
        self.lab.cleanup.callback(remove, path)
        made = self.adapt(text, service, arguments, hook_line)
        with open(path, "w", encoding="utf-8") as file:
            file.write(edit(made) if edit else made)

    def adapt(self, text, service, arguments, hook_line):
        module = self.lab.bring(os.path.join(lab_module.HOST_MODULES, "pam_authgate.so"))
        ours = f"{module} socket={self.lab.socket} service={service} {arguments}".rstrip()
        text = re.sub(r"(?<!\S)pam_authgate\.so(?!\S)", ours, text)
        check = PASSWORD_CHECK.format(hook=hook_line, passwords=self.lab.path("passwords"))
        text, auths = re.subn(r"^@include common-auth\n", check, text, flags=re.MULTILINE)
        text, accounts = re.subn(r"^@include common-account\n", ACCOUNT_CHECK, text, flags=re.MULTILINE)
        text, sessions = re.subn(r"(?m)^session .*common-session$", "session  required  pam_permit.so", text)
        replaced = (auths, accounts, sessions) == (1, 1, 1)
        assert replaced and "\n@include" not in text, f"the shipped stack has changed:\n{text}"
        return text

    # The hook stands just before the password check: it counts how often that is reached, and can hold it up.

    def write_hook(self):
        return self.lab.write("password-check", f"""#!/bin/sh
echo reached >> {self.lab.path('checks')}
if [ -p {self.lab.path('hold')} ]; then read -r _ < {self.lab.path('hold')}; fi
""", 0o755)

    def checks(self):
        """How often the password check was reached."""
        try:
            with open(self.lab.path("checks"), encoding="utf-8") as file:
                return len(file.readlines())
        except FileNotFoundError:
            return 0

    def hold(self):
        """From now on every password check waits until it is released."""
        os.mkfifo(self.lab.path("hold"))

    def release(self):
        """Lets one waiting password check go on; later ones do not wait."""
        descriptor = os.open(self.lab.path("hold"), os.O_RDWR)
        os.unlink(self.lab.path("hold"))
        os.write(descriptor, b"go on\n")
        self.lab.cleanup.callback(os.close, descriptor)


def remove(path):
    if os.path.exists(path):
        os.unlink(path)
