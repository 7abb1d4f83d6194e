#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every call of the plugin that can fail is made to fail, one after the other: no failure ever becomes a code on which
libsasl2 goes on (THREATS A1 for the plugin). A twin whose SASL_UNAVAIL is SASL_NOUSER shows that the sweep can fail."""
from standin import BADAUTH, CONTINUE, DENY, LATER, NOMECH, NOMEM, OK, PLANTED, PLUGIN, UNAVAIL, main, tap

tests = tap.Tests()
MOST = 60
SCRIPTS = {"goes on": CONTINUE, "denies": DENY, "cannot tell": LATER}
STEPS = ["pwcheck_method:=saslauthd", "saslauthd_path:=/run/authgate/saslauthd", "look=alice"]

# A try on a new connection makes these good; without a property or the method the gate is asked all the same, and told
# less, which it judges more strictly; without the lock the gate is asked once more.
HARMLESS = {"send", "recv", "poll", "getprop", "getopt", "mutex_lock"}


def sweep(host, gate, answer, mode, plugin=PLUGIN):
    """Makes the 1st, 2nd, … call fail until none does: (number, its name, the result) of each."""
    for number in range(1, MOST):
        gate.script(answer)
        result = host.run("authgate_timeout:=300ms", *STEPS, fault=f"{mode}:{number}", plugin=plugin)
        faults = result.all("fault")
        if not faults:
            return
        yield number, faults[0], result
    raise AssertionError("the calls do not come to an end")


def complaints(host, gate, answer, mode, plugin=PLUGIN):
    """What the sweep has to complain of, and what it swept."""
    found, swept = [], []
    for number, name, result in sweep(host, gate, answer, mode, plugin):
        swept.append(name)
        about = f"call {number} ({name}): {result.output!r}"
        if result.code != 0:
            found.append(f"ended with {result.code} at {about}")
        if name in ("malloc", "mutex_alloc"):
            if result.all("init") != [str(NOMEM)]:
                found.append(f"a plugin without its memory at {about}")
            continue
        code = result.looks[0]
        # The first getopt is for authgate_socket: a host that cannot tell its options has not asked for the gate.
        inert = code == NOMECH and name == "getopt" and "getopt" not in swept[:-1]
        let_go_on = code == OK and answer is CONTINUE and name in HARMLESS
        if code not in (BADAUTH, UNAVAIL) and not inert and not let_go_on:
            found.append(f"code {code} at {about}")
    return found, swept


@tests.rows([(name, mode) for name in SCRIPTS for mode in ("once", "from")],
            lambda row: f"A1 the gate {row[0]}, a call fails {'once' if row[1] == 'once' else 'from then on'}: "
                        "nobody goes on by it")
def every_call(host, gate, row):
    found, swept = complaints(host, gate, SCRIPTS[row[0]], row[1])
    assert not found, "\n".join(found)
    every = {"malloc", "mutex_alloc", "getopt", "getprop", "socket", "connect", "send", "poll", "recv"}
    assert every <= set(swept), f"not swept: {every - set(swept)}"


@tests.case("A1 a lasting failure lets nobody go on once the gate is to be asked")
def lasting(host, gate):
    for _, name, result in sweep(host, gate, CONTINUE, "from"):
        if name in ("socket", "connect", "send", "poll", "recv"):
            tap.same(result.looks, [UNAVAIL], name)


@tests.case("the sweep finds the fault planted in a twin of the plugin")
def planted(host, gate):
    found, _ = complaints(host, gate, CONTINUE, "from", PLANTED)
    assert found, "the planted fault was not found"


if __name__ == "__main__":
    main(tests)
