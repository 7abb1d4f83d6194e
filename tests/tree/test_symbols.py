#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What was built exports and needs no more than it may: a module in a network-facing process shows its entry points
alone and brings no library along; everything is position-independent, with read-only relocations and no executable
stack."""
import os
import subprocess

import source
import tap

PAM = {"pam_sm_authenticate", "pam_sm_setcred", "pam_sm_acct_mgmt"}
SASL = {"sasl_auxprop_plug_init"}
LIBC = {"libc.so.6", "libpthread.so.0", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
MODULES = {"pam_authgate.so": (PAM, LIBC | {"libpam.so.0"}), "libauthgate.so": (SASL, LIBC | {"libsasl2.so.2"})}
PROGRAMS = ["authgated", "authgatectl"]
BUILT = [name for name in MODULES if os.path.exists(os.path.join(source.BUILD, name))]
tests = tap.Tests()


def path_of(name):
    return os.path.join(source.BUILD, name)


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def needed(path):
    dynamic = output("readelf", "-dW", path).splitlines()
    return {line.split("[")[1].rstrip("]") for line in dynamic if "(NEEDED)" in line}


def exported(path):
    return {line.split()[-1].split("@")[0] for line in output("nm", "-D", "--defined-only", path).splitlines()
            if line.split()[-2] != "A"}


@tests.rows(BUILT, lambda name: f"{name} exports its entry points only")
def exports(name):
    tap.same(exported(path_of(name)), MODULES[name][0], "exported")


@tests.rows(BUILT, lambda name: f"{name} brings no library along")
def needs(name):
    assert needed(path_of(name)) <= MODULES[name][1], f"needs {needed(path_of(name))}"


@tests.rows([*PROGRAMS, "pam_authgate.so"], lambda name: f"{name} is hardened")
def hardened(name):
    header, dynamic = output("readelf", "-hlW", path_of(name)), output("readelf", "-dW", path_of(name))
    assert "DYN (" in header, "not position-independent"
    assert "GNU_RELRO" in header, "relocations stay writable"
    assert "BIND_NOW" in dynamic or "NOW" in dynamic, "symbols are bound late"
    stack = next(line for line in header.splitlines() if "GNU_STACK" in line)
    assert " RWE " not in stack, "executable stack"


tests.run()
