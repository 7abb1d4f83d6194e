# SPDX-License-Identifier: BSD-2-Clause
"""How the Dovecot that is installed here wants its configuration written, for the trees that doctor and setup look at:
2.3 has passdbs without a name and their settings in `args`, 2.4 has a name for each and a setting for each thing."""
from harness import lab  # pylint: disable=unused-import  # finds the folder of what comes next
import mailserver

MODERN = mailserver.version() != "2.3"
HEAD = "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n" if MODERN else ""
SERVICE = "service_name" if MODERN else "args"
OURS = "authgate-%{protocol}" if MODERN else "authgate-%s"
ASKS = f"{SERVICE} = {OURS}"
LOCAL_PART = "%{user | username | lower}" if MODERN else "%Ln"


def passdb(driver, *lines, name=None):
    """A passdb; `lines` are the same in both versions."""
    first = [f"  driver = {driver}"] if name or not MODERN else []
    return "\n".join([f"passdb {name or driver} {{" if MODERN else "passdb {", *first,
                      *(f"  {line}" for line in lines), "}\n"])


def passwd_file(path, *lines, name=None):
    where = "passwd_file_path" if MODERN else "args"
    return passdb("passwd-file", f"{where} = {path}", *lines, name=name)


# Lets everybody in.
OPEN = passdb("static", *(["fields {", "  nopassword = yes", "}"] if MODERN else ["args = nopassword=y"]))
PAM = passdb("pam").removesuffix("}\n")  # up to its settings
USERS = "userdb passwd {\n}\n" if MODERN else "userdb {\n  driver = passwd\n}\n"
