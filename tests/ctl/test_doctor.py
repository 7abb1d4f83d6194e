#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every finding of doctor: a host in which everything is right is clean, and for each row of doctor's tables there is a
broken configuration that brings exactly that finding, at the line which is wrong. The real doveconf and postconf read
what the test writes; nothing of the system's is touched (THREATS A18, A19, A20, B8, J5, M1)."""
import json
import os
import subprocess
import time

from harness import PROGRAM, admin_socket, configure, lab, says, tap
import dovecot_syntax as syntax
from tree import COMMON_AUTH, Tree

IMAP, OTHER, COMMON = "etc/pam.d/authgate-imap", "etc/pam.d/other", "etc/pam.d/common-auth"
CONF, DOVECOT = "etc/authgate/authgate.conf", "etc/dovecot/conf.d/10-auth.conf"
MAIN, MASTER, SMTPD = "etc/postfix/main.cf", "etc/postfix/master.cf", "etc/postfix/sasl/smtpd.conf"
DEFAULT, STORE, KEY = "etc/default/saslauthd", "var/lib/authgate/store.db", "etc/authgate/secret.key"
DATABASE, SOCKET = "var/lib/authgate/country.mmdb", "run/authgate/gate.sock"
BEGIN = "auth     [success=done ignore=ignore default=die]  pam_authgate.so defer\n"
COMMIT = "auth     required                                   pam_authgate.so commit\n"
ACCOUNT = "account  required                                   pam_authgate.so\n"
INCLUDE = "@include common-auth\n"
tests = tap.Tests()


# An smtpd without a chroot, and what it needs beside PAM's own socket.
UNCHROOTED = ("-       y       -       -       smtpd", "-       n       -       -       smtpd")
SMTPD_SOCKETS = """\
  { kind = "gate"; path = "/run/authgate/smtpd.sock"; group = "postfix"; mode = "0660";
    requests = [ "ask", "smtpd_access_policy" ]; services = [ "smtp" ]; },
  { kind = "saslauthd"; path = "/run/authgate/saslauthd"; group = "postfix"; mode = "0660"; },
"""


class Break:
    """One way to break the host, and what doctor must say of it."""

    def __init__(self, check, how, do, file, text=None):
        self.check = check
        self.how = how
        self.do = do      # breaks the tree
        self.file = file  # where the finding must point
        self.text = text  # what is in the line that it must point to; None: to no line

    def __repr__(self):
        return f"{self.check}: {self.how}"


def edit(file, old, new):
    return lambda tree: tree.edit(file, old, new)


def add(file, text):
    return lambda tree: tree.write(file, tree.read(file) + text)


def remove(file):
    return lambda tree: tree.remove(file)


def several(*steps):
    def do(tree):
        for step in steps:
            step(tree)
    return do


def age(file, days):
    def do(tree):
        then = time.time() - days * 86400
        os.utime(tree.path(file), (then, then))
    return do


def pam(old, new):
    """A change of the IMAP stack."""
    return edit(IMAP, old, new)


def instead(lines):
    """The password check's three lines replaced."""
    return pam(INCLUDE, lines)


BEGIN_WRONG = [("optional", "optional"), ("required", "required"), ("sufficient", "sufficient"),
               ("[default=ignore]", "[default=ignore]"), ("[success=ok ignore=ignore default=die]", "success=ok"),
               ("[success=done ignore=ignore default=bad]", "default=bad")]
# 2.4 caches what PAM says unless it is told not to, 2.3 where it is told to.
PAM_CACHED = edit(DOVECOT, syntax.ASKS, syntax.ASKS if syntax.MODERN else "args = cache_key=%u authgate-%s")
ENDING = edit(DOVECOT, syntax.ASKS, syntax.ASKS + "\n  result_failure = return-fail\n"
              "  result_internalfail = return-fail")
NOT_CACHED = edit(DOVECOT, syntax.ASKS, syntax.ASKS + "\n  use_cache = no")
CACHE = add(DOVECOT, "auth_cache_size = 10M\n")
COMMIT_WRONG = ["optional", "sufficient", "[default=ignore]", "[default=ok]", "[auth_err=ignore default=bad]"]
BREAKS = [
    # PAM: files
    Break("pam-file", "a service of Dovecot's without a file", remove(IMAP), DOVECOT, syntax.ASKS),
    Break("pam-file", "the service of Postfix's logins without a file", remove("etc/pam.d/authgate-smtp"), DOVECOT,
          syntax.ASKS),
    Break("pam-other", "other as Debian ships it",
          lambda tree: tree.write(OTHER, "# fall back\n@include common-auth\n@include common-account\n"), OTHER,
          "@include common-auth"),
    Break("pam-other", "other that lets everybody in",
          lambda tree: tree.write(OTHER, "auth required pam_permit.so\naccount required pam_permit.so\n"), OTHER,
          "auth"),
    # PAM: lines that are missing
    Break("pam-not-gated", "a service without a line of ours",
          lambda tree: tree.write(IMAP, "@include common-auth\n@include common-account\n"), IMAP),
    Break("pam-begin-line", "no first line", pam(BEGIN, ""), IMAP),
    Break("pam-commit-line", "no commit line", pam(COMMIT, ""), IMAP, "pam_authgate.so defer"),
    Break("pam-account-line", "no account line", pam(ACCOUNT, ""), IMAP),
    Break("pam-no-password", "no password module", instead(""), IMAP, "pam_authgate.so defer"),
    Break("pam-no-password", "pam_permit alone", instead("auth required pam_permit.so\n"), IMAP,
          "pam_authgate.so defer"),
    # PAM: wrong control words, wrong places
    *[Break("pam-control", f"the first line behind {control}",
            pam("[success=done ignore=ignore default=die]", control), IMAP, "pam_authgate.so defer")
      for control, _ in BEGIN_WRONG],
    *[Break("pam-control", f"the commit line behind {control}", pam(COMMIT, f"auth {control} pam_authgate.so commit\n"),
            IMAP, "pam_authgate.so commit") for control in COMMIT_WRONG],
    Break("pam-control", "the account line behind sufficient",
          pam(ACCOUNT, "account sufficient pam_authgate.so\n"), IMAP, "account sufficient"),
    Break("pam-control", "the account line behind optional",
          pam(ACCOUNT, "account optional pam_authgate.so\n"), IMAP, "account optional"),
    Break("pam-nested", "our lines in a substack",
          several(lambda tree: tree.write("etc/pam.d/gate", tree.read(IMAP)),
                  lambda tree: tree.write(IMAP, "auth substack gate\naccount include gate\n")),
          "etc/pam.d/gate", "pam_authgate.so defer"),
    Break("pam-order", "the commit line first", several(pam(COMMIT, ""), pam(BEGIN, COMMIT + BEGIN)), IMAP,
          "pam_authgate.so commit"),
    Break("pam-order", "the password before the first line", pam(BEGIN + INCLUDE, INCLUDE + BEGIN), IMAP,
          "pam_authgate.so defer"),
    Break("pam-order", "the password behind the commit line", pam(INCLUDE + COMMIT, COMMIT + INCLUDE), IMAP,
          "pam_authgate.so commit"),
    Break("pam-defer", "no defer", pam("pam_authgate.so defer", "pam_authgate.so"), IMAP, "default=die"),
    # PAM: what the stack makes of answers
    Break("pam-wrong-enters", "an optional password module",
          instead("auth optional pam_unix.so\nauth required pam_permit.so\n"), IMAP, "optional pam_unix.so"),
    Break("pam-wrong-enters", "a password module behind [default=ignore]",
          instead("auth [default=ignore] pam_unix.so\nauth required pam_permit.so\n"), IMAP, "pam_unix.so"),
    Break("pam-wrong-enters", "a sufficient password module without pam_deny behind it",
          instead("auth sufficient pam_unix.so\nauth required pam_permit.so\n"), IMAP, "sufficient pam_unix.so"),
    Break("pam-wrong-enters", "a jump over pam_deny whatever comes",
          edit(COMMON, "success=1 default=ignore", "default=1"), COMMON, "pam_unix.so"),
    Break("pam-wrong-commits", "a required password module", instead("auth required pam_unix.so\n"), IMAP,
          "required pam_unix.so"),
    Break("pam-wrong-commits", "a substack", instead("auth substack common-auth\n"), IMAP, "substack"),
    Break("pam-denial-lost", "a line that ends the stack before the commit line",
          instead("auth [success=done default=die] pam_unix.so\n"), IMAP, "pam_unix.so"),
    Break("pam-account-skipped", "an account line above ours that ends the phase",
          pam(ACCOUNT, "account [success=done default=ignore] pam_unix.so\n" + ACCOUNT), IMAP, "account [success=done"),
    Break("pam-nobody", "a right password that never becomes a success",
          instead("auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n"), IMAP,
          "pam_authgate.so commit"),
    Break("pam-nobody", "sufficient in an include ends the stack before the commit line",
          edit(COMMON, COMMON_AUTH, "auth sufficient pam_unix.so\nauth requisite pam_deny.so\n"), COMMON, "sufficient"),
    # PAM: the rest
    Break("pam-arguments", "an argument that the module does not know",
          pam("pam_authgate.so defer", "pam_authgate.so defer nullok"), IMAP, "nullok"),
    Break("pam-arguments", "a socket of nobody",
          pam("pam_authgate.so commit", "pam_authgate.so commit socket=/run/gate.sock"), IMAP, "socket="),
    Break("pam-module", "the module is not installed", remove("lib/x86_64-linux-gnu/security/pam_authgate.so"), IMAP,
          "pam_authgate.so defer"),
    Break("pam-broken", "a control field that is none", instead("auth [succes=1] pam_unix.so\n"), IMAP, "[succes=1]"),
    Break("pam-broken", "an include of nothing", instead("@include comon-auth\n"), IMAP, "comon"),
    # Dovecot
    Break("dovecot-unread", "a file that Dovecot cannot read", add(DOVECOT, "auth_mechanism = plain\n"),
          "etc/dovecot/dovecot.conf"),
    Break("dovecot-passdb-beside", "a passwd-file behind PAM", add(DOVECOT, syntax.passwd_file("/etc/dovecot/users")),
          DOVECOT, "passwd-file"),
    Break("dovecot-passdb-beside", "a passwd-file before PAM",
          edit(DOVECOT, syntax.PAM, syntax.passwd_file("/etc/dovecot/users") + syntax.PAM), DOVECOT, "passwd-file"),
    Break("dovecot-passdb-beside", "a passdb by a name of its own",
          add(DOVECOT, syntax.passwd_file("/etc/dovecot/users", name="others")), DOVECOT, "driver = passwd-file"),
    Break("dovecot-passdb-beside", "a passdb in a file that is included",
          lambda tree: tree.write("etc/dovecot/conf.d/20-more.conf", "\n" + syntax.OPEN),
          "etc/dovecot/conf.d/20-more.conf", "static"),
    Break("dovecot-passdb-beside", "a passdb of one protocol's",
          add(DOVECOT, "protocol pop3 {\n" + syntax.OPEN + "}\n"), DOVECOT, "static"),
    Break("dovecot-passdb-beside", "a PAM that ends the search by its refusals alone, and not when it cannot tell",
          several(edit(DOVECOT, syntax.ASKS, syntax.ASKS + "\n  result_failure = return-fail"),
                  add(DOVECOT, syntax.OPEN)), DOVECOT, "static"),
    Break("dovecot-passdb-beside", "a protocol's own passdb, asked before a PAM that ends the search",
          several(ENDING, add(DOVECOT, "protocol pop3 {\n" + syntax.OPEN + "}\n")), DOVECOT, "static"),
    *[Break("dovecot-results", f"a passdb whose {result} is {word}",
            edit(DOVECOT, syntax.ASKS, syntax.ASKS + f"\n  {result} = {word}"), DOVECOT, result)
      for result, word in (("result_failure", "return-ok"), ("result_internalfail", "continue-ok"))],
    Break("dovecot-results", "a deny passdb that lets in whom it does not have",
          edit(DOVECOT, syntax.PAM, syntax.passwd_file("/etc/deny", "deny = yes", "result_failure = return-ok",
                                                       name="denied") + syntax.PAM), DOVECOT, "return-ok"),
    Break("dovecot-domain", "names without their domain, of which two are served", several(
        edit(CONF, "default_domain =", 'domains = [ "example.test", "example.org" ];\ndefault_domain ='),
        add(DOVECOT, f"auth_username_format = {syntax.LOCAL_PART}\n")), DOVECOT, "auth_username_format"),
    Break("dovecot-master", "master users",
          edit(DOVECOT, syntax.PAM, "auth_master_user_separator = *\n" +
               syntax.passwd_file("/etc/dovecot/masters", "master = yes") + syntax.PAM), DOVECOT, "master = yes"),
    Break("dovecot-cache", "the authentication cache", several(PAM_CACHED, CACHE), DOVECOT, "auth_cache_size"),
    Break("dovecot-cache", "an authentication cache that PAM need not be in", CACHE, DOVECOT, "auth_cache_size"),
    Break("dovecot-cache", "one protocol's authentication cache",
          several(PAM_CACHED, add(DOVECOT, "protocol imap {\n  auth_cache_size = 10M\n}\n")), DOVECOT,
          "auth_cache_size"),
    Break("dovecot-mechanisms", "CRAM-MD5", edit(DOVECOT, "plain login", "plain login cram-md5"), DOVECOT, "cram-md5"),
    Break("dovecot-mechanisms", "GSSAPI", edit(DOVECOT, "plain login", "gssapi plain"), DOVECOT, "gssapi"),
    Break("dovecot-service-name", "no service of ours", edit(DOVECOT, f"  {syntax.ASKS}\n", ""), DOVECOT, "passdb"),
    Break("dovecot-service-name", "one service for all", edit(DOVECOT, syntax.OURS, "authgate-imap"), DOVECOT,
          "authgate-imap"),
    Break("dovecot-service-name", "the variable of another version of Dovecot",
          edit(DOVECOT, syntax.OURS, "authgate-%s" if syntax.MODERN else "authgate-%{protocol}"), DOVECOT, "authgate-"),
    Break("pam-file", "a service name that Dovecot makes up", edit(DOVECOT, "authgate-%", "authgate-mail-%"), DOVECOT,
          "authgate-mail-%"),
    Break("dovecot-trusted", "everybody is trusted", add(DOVECOT, "login_trusted_networks = 0.0.0.0/0\n"), DOVECOT,
          "login_trusted_networks"),
    Break("dovecot-trusted", "every host is a proxy", add(DOVECOT, "haproxy_trusted_networks = 192.0.2.7 ::/0\n"),
          DOVECOT, "haproxy_trusted_networks"),
    # Postfix
    Break("postfix-unread", "a file that Postfix cannot read",
          lambda tree: tree.program("postconf", "echo 'postconf: fatal: broken' >&2; exit 1\n"), "etc/postfix"),
    Break("postfix-anonymous", "anonymous mechanisms", add(MAIN, "smtpd_sasl_security_options =\n"), MAIN,
          "smtpd_sasl_security_options"),
    Break("postfix-submission", "a submission port without AUTH",
          edit(MASTER, "  -o syslog_name", "  -o smtpd_sasl_auth_enable=no\n  -o syslog_name"), MASTER,
          "smtpd_sasl_auth_enable=no"),
    Break("postfix-submission", "a submission port that takes mail from anybody",
          edit(MASTER, "permit_sasl_authenticated,reject\n", "permit_sasl_authenticated,reject_unauth_destination\n"),
          MASTER, "reject_unauth_destination"),
    Break("postfix-xclient", "XCLIENT for all", add(MAIN, "smtpd_authorized_xclient_hosts = 0.0.0.0/0\n"), MAIN,
          "xclient"),
    Break("postfix-policy", "no policy service",
          edit(MAIN, "  check_policy_service unix:/run/authgate/gate.sock,\n", ""), MAIN, "smtpd_relay_restrictions"),
    # libsasl2
    Break("sasl-conf", "no smtpd.conf", remove(SMTPD), SMTPD),
    *[Break("sasl-pwcheck", f"pwcheck_method {method}", edit(SMTPD, "method: saslauthd", f"method: {method}"), SMTPD,
            "pwcheck_method") for method in ("saslauthd auxprop", "auxprop saslauthd", "alwaystrue")],
    Break("sasl-pwcheck", "no pwcheck_method", edit(SMTPD, "pwcheck_method: saslauthd\n", ""), SMTPD),
    Break("sasl-saslauthd-path", "the real saslauthd", edit(SMTPD, "/run/authgate/saslauthd", "/run/saslauthd/mux"),
          SMTPD, "saslauthd_path"),
    Break("sasl-saslauthd-path", "no saslauthd_path", edit(SMTPD, "saslauthd_path: /run/authgate/saslauthd\n", ""),
          SMTPD),
    Break("sasl-plugin", "another plugin", edit(SMTPD, "auxprop_plugin: authgate", "auxprop_plugin: authgat"), SMTPD,
          "auxprop_plugin"),
    Break("sasl-plugin", "no plugin", edit(SMTPD, "auxprop_plugin: authgate\n", ""), SMTPD),
    Break("sasl-plugin-socket", "no socket for the plugin",
          edit(SMTPD, "authgate_socket: /run/authgate/gate.sock\n", ""), SMTPD),
    Break("sasl-plugin-file", "the plugin is not installed", remove("usr/lib/x86_64-linux-gnu/sasl2/libauthgate.so"),
          SMTPD),
    Break("sasl-mechanisms", "DIGEST-MD5", edit(SMTPD, "PLAIN LOGIN", "PLAIN LOGIN DIGEST-MD5"), SMTPD, "mech_list"),
    Break("sasl-mechanisms", "CRAM-MD5 beside saslauthd", edit(SMTPD, "PLAIN LOGIN", "PLAIN CRAM-MD5"), SMTPD,
          "mech_list"),
    Break("sasl-mechanisms", "no mech_list", edit(SMTPD, "mech_list: PLAIN LOGIN\n", ""), SMTPD),
    Break("sasl-socket", "no socket in the chroot", remove("var/spool/postfix/run/authgate/gate.sock"), SMTPD,
          "authgate_socket"),
    Break("sasl-socket", "no saslauthd socket outside the chroot", edit(MASTER, *UNCHROOTED), SMTPD, "saslauthd_path"),
    Break("sasl-socket", "without a chroot, PAM's socket", edit(MASTER, *UNCHROOTED), SMTPD, "authgate_socket"),
    Break("sasl-socket", "a socket in the chroot for the daemon's own group",
          edit(CONF, 'gate.sock"; group = "postfix"', 'gate.sock"'), SMTPD, "authgate_socket"),
    Break("postfix-policy", "without a chroot, PAM's socket as policy service",
          several(edit(MASTER, *UNCHROOTED), edit(CONF, "sockets = (\n", "sockets = (\n" + SMTPD_SOCKETS)), MAIN,
          "smtpd_relay_restrictions"),
    Break("sasl-auxprop", "libsasl2 checks passwords", edit(SMTPD, "method: saslauthd", "method: auxprop"), SMTPD,
          "pwcheck_method"),
    # saslauthd
    Break("saslauthd-cache", "its cache, in its options", edit(DEFAULT, '"-m', '"-c -m'), DEFAULT, "OPTIONS"),
    Break("saslauthd-cache", "its cache, in RHEL's flags",
          lambda tree: tree.write("etc/sysconfig/saslauthd", "SOCKETDIR=/run/saslauthd\nMECH=pam\nFLAGS=-rc\n"),
          "etc/sysconfig/saslauthd", "FLAGS"),
    Break("saslauthd-cache", "its cache, in a running process",
          lambda tree: tree.write("proc/4711/cmdline", "/usr/sbin/saslauthd\0-a\0pam\0-cm\0/run/saslauthd\0"),
          "proc/4711/cmdline"),
    Break("saslauthd-pam", "no PAM service for it", remove("etc/pam.d/smtp"), "etc/pam.d/smtp"),
    Break("saslauthd-pam", "a PAM service that asks the gate again",
          lambda tree: tree.write("etc/pam.d/smtp", "# saslauthd\n" + tree.read(IMAP)), "etc/pam.d/smtp",
          "pam_authgate.so defer"),
    Break("saslauthd-delay", "pam_unix waits after wrong passwords",
          lambda tree: tree.write("etc/pam.d/smtp", "@include common-auth\n@include common-account\n"),
          "etc/pam.d/common-auth", "pam_unix"),
    Break("saslauthd-delay", "so does pam_faildelay",
          lambda tree: tree.write("etc/pam.d/smtp", "auth optional pam_faildelay.so delay=3000000\n" +
                                  tree.read("etc/pam.d/smtp")), "etc/pam.d/smtp", "pam_faildelay"),
    Break("saslauthd-upstream", "no socket of its own", remove("run/saslauthd/mux"), CONF),
    Break("saslauthd-upstream", "a folder that the gate's user may not enter",
          lambda tree: os.chmod(tree.path("run/saslauthd"), 0o710), CONF),
    Break("saslauthd-upstream", "a socket that it may not write to",
          lambda tree: os.chmod(tree.path("run/saslauthd/mux"), 0o755), CONF),
    # the gate itself
    Break("configuration", "a mistake", edit(CONF, "mode = ", "mod = "), CONF, "mod = "),
    Break("socket-missing", "no gate socket", remove(SOCKET), CONF, '"/run/authgate/gate.sock"'),
    Break("socket-mode", "a socket for everybody", edit(CONF, '"0600"', '"0666"'), CONF, "0666"),
    Break("require-plugin", "logins without the plugin",
          edit(CONF, "defaults = {", "saslauthd = { require_plugin = false; };\ndefaults = {"), CONF),
    Break("country-missing", "no country database", remove(DATABASE), DATABASE),
    Break("country-missing", "an empty country database", lambda tree: tree.write(DATABASE, ""), DATABASE),
    Break("country-old", "a country database of last quarter", age(DATABASE, 92), DATABASE),
    Break("store-missing", "no store", remove(STORE), STORE),
    Break("store-missing", "no key", remove(KEY), KEY),
    Break("store-owner", "a store that others may read", lambda tree: os.chmod(tree.path(STORE), 0o640), STORE),
    Break("store-owner", "a store of somebody else's", lambda tree: os.chown(tree.path(STORE), 65534, -1), STORE),
    Break("store-owner", "a history that others may read",
          lambda tree: os.chmod(tree.path("var/lib/authgate/history.db"), 0o604), "var/lib/authgate/history.db"),
    Break("key-owner", "a key that others may read", lambda tree: os.chmod(tree.path(KEY), 0o440), KEY),
    Break("key-owner", "a key that is a link",
          lambda tree: os.rename(tree.path(KEY), tree.path("k")) or os.symlink(tree.path("k"), tree.path(KEY)), KEY),
    Break("clock", "a clock of its own", lambda tree: tree.clock("no"), None),
    Break("mode", "report mode", edit(CONF, '"enforce"', '"report"'), CONF, '"report"'),
]
# What only Dovecot 2.4 can be told.
MODERN_BREAKS = [
    Break("dovecot-passdb-beside", "the driver said for every passdb",
          several(edit(DOVECOT, syntax.PAM, "passdb_driver = static\n" + syntax.PAM + "  driver = pam\n"),
                  add(DOVECOT, "passdb others {\n  static_password = secret\n}\n")), DOVECOT, "passdb_driver"),
    *[Break("dovecot-passdb-beside", f"a PAM that is not asked about every login, by {what}", several(
        edit(DOVECOT, syntax.ASKS, syntax.ASKS + "\n  result_failure = return-fail\n"
             "  result_internalfail = return-fail" + inside),
        add(DOVECOT, outside + syntax.OPEN)), DOVECOT, "static")
      for what, inside, outside in (
          ("a list of its own", "\n  mechanisms_filter {\n    plain = yes\n  }", ""),
          ("a group's", "\n  @which = some",
           "group @which some {\n  passdb_mechanisms_filter {\n    plain = yes\n  }\n}\n"),
          ("one for every passdb", "", "passdb_mechanisms_filter {\n  plain = yes\n}\n"))],
    Break("dovecot-master", "master users by a group",
          add(DOVECOT, syntax.passwd_file("/etc/dovecot/masters", "@who = masters") +
              "group @who masters {\n  passdb_master = yes\n}\n"), DOVECOT, "passdb_master = yes"),
    Break("dovecot-cache", "a group's authentication cache",
          add(DOVECOT, "@fast = logins\ngroup @fast logins {\n  auth_cache_size = 10M\n}\n"), DOVECOT,
          "auth_cache_size"),
    Break("dovecot-cache", "a cache that only another passdb is kept out of",
          several(CACHE, add(DOVECOT, syntax.passwd_file("/etc/deny", "deny = yes", "use_cache = no"))), DOVECOT,
          "auth_cache_size"),
    Break("dovecot-cache", "a cache that PAM is kept out of, but for one protocol",
          several(NOT_CACHED, CACHE, add(DOVECOT, "protocol imap {\n  passdb pam {\n    use_cache = yes\n  }\n}\n")),
          DOVECOT, "auth_cache_size"),
    Break("dovecot-cache", "a cache that every passdb is kept out of, but for one protocol",
          several(CACHE, add(DOVECOT, "passdb_use_cache = no\nprotocol imap {\n  passdb_use_cache = yes\n}\n")),
          DOVECOT, "auth_cache_size"),
    Break("dovecot-mechanisms", "a list of mechanisms as a section",
          edit(DOVECOT, " = plain login\n", " {\n  plain = yes\n  oauthbearer = yes\n}\n"), DOVECOT, "oauthbearer"),
    Break("dovecot-trusted", "a list of networks as a section",
          add(DOVECOT, "login_trusted_networks {\n  192.0.2.7 = yes\n  ::/0 = yes\n}\n"), DOVECOT, "::/0"),
    Break("dovecot-service-name", "one service said for every PAM passdb",
          edit(DOVECOT, syntax.ASKS, "\n}\npassdb_pam {\n  service_name = mail"), DOVECOT, "service_name = mail"),
    Break("dovecot-service-name", "another service for one protocol",
          add(DOVECOT, "protocol imap {\n  passdb_pam_service_name = dovecot\n}\n"), DOVECOT, "= dovecot"),
    Break("dovecot-service-name", "another protocol's service for one protocol",
          add(DOVECOT, "protocol imap {\n  passdb pam {\n    service_name = authgate-pop3\n  }\n}\n"), DOVECOT,
          "authgate-pop3"),
    Break("pam-file", "a service for one protocol without a file",
          add(DOVECOT, "protocol imap {\n  passdb_pam_service_name = authgate-mail-%{protocol}\n}\n"), DOVECOT,
          "authgate-mail-"),
]
if syntax.MODERN:
    BREAKS += MODERN_BREAKS


@tests.case("a host in which everything is right is clean: exit status 0, and no note")
def clean(tree):
    tree.reset()
    tap.same(tree.doctor(socket_path=admin_socket(tree.lab)), [], "findings")
    done = tree.run("doctor", socket_path=admin_socket(tree.lab))
    tap.same(done.returncode, 0, "exit status")
    says(done.stdout, "nothing was found that lets a login pass the gate by")


def mend(tree):
    tree.reset()
    tree.clock("yes")
    if os.path.exists(os.path.join(tree.programs, "postconf")):
        tree.no_program("postconf")


def describe(finding):
    return f"{finding.get('file')}:{finding.get('line')}: {finding['what']} [{finding['check']}]"


@tests.rows(BREAKS, repr)
def found(tree, row):
    mend(tree)
    # The daemon that the lab runs has a country database of its own, so where the files' one counts it is left out.
    running = None if row.check.startswith("country") else admin_socket(tree.lab)
    row.do(tree)
    expected = tree.path(row.file) if row.file else None
    number = tree.line(row.file, row.text) if row.text else None
    findings = tree.doctor(socket_path=running)
    match = [finding for finding in findings if finding["check"] == row.check and finding.get("file") == expected
             and finding.get("line") == number]
    assert match, f"no finding {row.check} at {expected}:{number}, but\n" + "\n".join(map(describe, findings))
    assert match[0]["what"], "it does not say what"
    if row.check not in ("pam-broken",):
        assert match[0].get("fix"), "it does not say how to put it right"


@tests.rows([(several(PAM_CACHED, CACHE), "answers"), (CACHE, "answers" if syntax.MODERN else "would")],
            lambda row: f"an authentication cache: whether it answers or would is said ({row[1]})")
def cache_answers(tree, row):
    mend(tree)
    row[0](tree)
    whats = [finding["what"] for finding in tree.doctor() if finding["check"] == "dovecot-cache"]
    assert len(whats) == 1 and row[1] in whats[0], whats


@tests.case("no daemon: found, and looked at all the same")
def away(tree):
    mend(tree)
    findings = tree.doctor()
    tap.same([finding["check"] for finding in findings], ["daemon"], "findings")


@tests.case("every row of doctor's tables has a broken configuration here, or a trial in test_doctor_trials.py")
def complete(tree):
    rows = json.loads(subprocess.run([PROGRAM, "doctor", "--list", "--json"], capture_output=True, text=True,
                                     check=True).stdout)
    known = {row["check"] for row in rows}
    tap.same(len(known), len(rows), "different names")
    broken = {row.check for row in BREAKS} | {"daemon", "secrets-closed"}  # this one: test_restored_keys.py
    tap.same(known - broken - {name for name in known if name.startswith("trial-")}, set(), "rows without a test")
    tap.same(broken - known, set(), "tests without a row")
    tap.same({row["weight"] for row in rows}, {"note", "outage", "weak", "bypass"}, "weights")
    assert all(row["help"] for row in rows), "a row without help"


GOOD = {
    "RHEL's stack": instead("auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n"
                            "auth required pam_permit.so\n"),
    "unix, then sssd": instead("auth [success=2 default=ignore] pam_unix.so\n"
                               "auth [success=1 default=ignore] pam_sss.so use_first_pass\n"
                               "auth requisite pam_deny.so\nauth required pam_permit.so\n"),
    "faillock around the check": edit(COMMON, COMMON_AUTH, "auth required pam_faillock.so preauth\n" + COMMON_AUTH),
    "include instead of @include": instead("auth include common-auth\n"),
    "a requisite commit line": pam(COMMIT, "auth requisite pam_authgate.so commit\n"),
    "a module of a name that nobody knows": instead("auth [success=1 default=ignore] pam_homegrown.so\n"
                                                    "auth requisite pam_deny.so\nauth required pam_permit.so\n"),
    "a deny passdb and one that ends the search": several(
        ENDING,
        edit(DOVECOT, syntax.PAM, syntax.passwd_file("/etc/deny", "deny = yes", name="denied") + syntax.PAM),
        add(DOVECOT, syntax.passwd_file("/etc/dovecot/users"))),
    "more options for the PAM passdb":
        edit(DOVECOT, syntax.ASKS, syntax.ASKS + "\n  session = yes\n  max_requests = 3\n  failure_show_msg = yes"
             if syntax.MODERN else "args = session=yes max_requests=3 failure_show_msg=yes authgate-%s"),
    "a passdb before PAM that adds fields and decides nothing": edit(
        DOVECOT, syntax.PAM, syntax.passwd_file("/etc/dovecot/users", "result_success = continue") + syntax.PAM),
    "names without their domain, of which one is served":
        add(DOVECOT, f"auth_username_format = {syntax.LOCAL_PART}\n"),
    "names with their domain put behind them": several(
        edit(CONF, "default_domain =", 'domains = [ "example.test", "example.org" ];\ndefault_domain ='),
        add(DOVECOT, f"auth_username_format = {syntax.LOCAL_PART}@example.test\n")),
    "proxies that are named": add(DOVECOT, "login_trusted_networks = 192.0.2.7 2001:db8::/64\n"),
    "mail clients' restrictions": edit(MASTER, "smtpd_relay_restrictions=permit_sasl_authenticated,reject",
                                       "smtpd_client_restrictions=permit_mynetworks,permit_sasl_authenticated,reject"),
    "an smtpd without a chroot": several(
        edit(MASTER, *UNCHROOTED),
        *[edit(file, "/run/authgate/gate.sock", "/run/authgate/smtpd.sock") for file in (MASTER, MAIN, SMTPD)],
        *[lambda tree, name=name: tree.make_socket(f"run/authgate/{name}") for name in ("smtpd.sock", "saslauthd")],
        edit(CONF, "sockets = (\n", "sockets = (\n" + SMTPD_SOCKETS)),
    "a saslauthd for its group, which the gate's user is in": several(
        lambda tree: os.chmod(tree.path("run/saslauthd"), 0o710),
        lambda tree: os.chown(tree.path("run/saslauthd"), 0, 45),
        lambda tree: tree.write("etc/group", "root:x:0:\nsasl:x:45:cyrus,authgate\n")),
    "a saslauthd that nobody uses, with its cache": several(
        lambda tree: tree.write(DEFAULT, 'OPTIONS="-c -m /var/run/saslauthd"\n'),
        edit(MAIN, "smtpd_sasl_type = cyrus", "smtpd_sasl_type = dovecot\nsmtpd_sasl_path = private/auth"),
        edit(CONF, '  { kind = "saslauthd"; path = "/var/spool/postfix/run/authgate/saslauthd"; group = "postfix"; '
             'mode = "0660";\n    seen_as = "/run/authgate/saslauthd"; },\n', "")),
}
MODERN_GOOD = {
    "the service said for every PAM passdb":
        edit(DOVECOT, "passdb pam {\n  service_name", "passdb pam {\n}\npassdb_pam {\n  service_name"),
    "the service said for every passdb of any kind":
        edit(DOVECOT, f"passdb pam {{\n  {syntax.ASKS}\n}}", f"passdb_pam_{syntax.ASKS}\npassdb pam {{\n}}"),
    "a passdb by a name of its own":
        edit(DOVECOT, "passdb pam {\n  service_name", "passdb \"the system\" {\n  driver = pam\n  pam_service_name"),
    "a protocol's own service, which is ours":
        add(DOVECOT, "protocol imap {\n  passdb_pam_service_name = authgate-imap\n}\n"),
    "a protocol's own options for the passdb":
        add(DOVECOT, "protocol imap {\n  passdb pam {\n    session = yes\n  }\n}\n"),
    "an end of the search said for every passdb, and a deny passdb by a group": several(
        edit(DOVECOT, syntax.PAM, "passdb_result_failure = return-fail\npassdb_result_internalfail = return-fail\n"
             "passdb denied {\n  driver = passwd-file\n  passwd_file_path = /etc/deny\n  @what = deny\n}\n"
             "group @what deny {\n  passdb_deny = yes\n}\n" + syntax.PAM),
        add(DOVECOT, syntax.OPEN)),
    "a cache that PAM is kept out of": several(NOT_CACHED, CACHE),
    "a cache that every passdb is kept out of": several(CACHE, add(DOVECOT, "passdb_use_cache = no\n")),
    "a cache that every PAM passdb is kept out of, one protocol's too": several(
        CACHE, add(DOVECOT, "passdb_pam {\n  passdb_use_cache = no\n}\n"
                            "protocol imap {\n  passdb pam {\n    session = yes\n  }\n}\n")),
    "a cache that one group is kept out of": several(
        edit(DOVECOT, syntax.ASKS, syntax.ASKS + "\n  @how = fresh"), CACHE,
        add(DOVECOT, "group @how fresh {\n  passdb_use_cache = no\n}\n")),
    "lists as sections": several(
        edit(DOVECOT, "auth_mechanisms = plain login\n", "auth_mechanisms {\n  plain = yes\n  login = yes\n}\n"),
        add(DOVECOT, "login_trusted_networks {\n  192.0.2.7 = yes\n}\n")),
}
OLD_GOOD = {
    "a static passdb that authenticates nobody":
        edit(DOVECOT, syntax.PAM, syntax.passdb("static", "args = foo=bar noauthenticate=y") + syntax.PAM),
}
GOOD.update(MODERN_GOOD if syntax.MODERN else OLD_GOOD)


@tests.rows(sorted(GOOD), lambda name: f"right in another way: {name}")
def right(tree, name):
    mend(tree)
    GOOD[name](tree)
    tap.same([describe(finding) for finding in tree.doctor(socket_path=admin_socket(tree.lab))], [], "findings")


@tests.case("neither Dovecot nor Postfix: nothing is said of them")
def nothing_there(tree):
    mend(tree)
    tree.remove("etc/dovecot/dovecot.conf")
    tree.remove(MASTER)
    tap.same(tree.doctor(socket_path=admin_socket(tree.lab)), [], "findings")


@tests.case("people read file:line, the weight, what is wrong and the fix, the worst first")
def text(tree):
    mend(tree)
    tree.clock("no")
    tree.edit(IMAP, COMMIT, "")
    done = tree.run("doctor", socket_path=admin_socket(tree.lab))
    tap.same(done.returncode, 1, "exit status")
    number = tree.line(IMAP, "defer")
    says(done.stdout, f"{tree.path(IMAP)}:{number}: bypass: the commit line is missing", "[pam-commit-line]",
         "    fix: behind the password check: auth required pam_authgate.so commit", "weak: the clock", "2 findings")


@tests.case("hostile bytes in a file reach no terminal")
def hostile(tree):
    mend(tree)
    tree.edit(IMAP, INCLUDE, "auth [\x1b[2J=1] pam_unix.so\n" + INCLUDE)
    done = tree.run("doctor", socket_path=admin_socket(tree.lab))
    assert "\x1b" not in done.stdout and "\\x1b" in done.stdout, repr(done.stdout)


@tests.case("a notes-only host is clean: exit status 0")
def notes(tree):
    mend(tree)
    tree.edit(CONF, '"enforce"', '"report"')
    done = tree.run("doctor", socket_path=admin_socket(tree.lab))
    tap.same(done.returncode, 0, "exit status")
    says(done.stdout, f"{tree.path(CONF)}:{tree.line(CONF, 'report')}: note: the gate refuses nobody yet", "1 note")


@tests.case("wrong command lines")
def usage(tree):
    for words in (["operand"], ["--frobnicate"], ["--account"]):
        tap.same(subprocess.run([PROGRAM, "doctor", *words], capture_output=True, check=False).returncode, 2, words)
    tap.same(tree.run("doctor").returncode, 1, "exit status")


with lab.Lab() as the_lab:
    configure(the_lab, "")
    the_lab.start()
    tests.run(Tree(the_lab))
