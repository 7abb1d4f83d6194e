#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The measures of STYLE: how a file opens and how long it may be, how long functions are, how many parameters they
take. Function lengths are judged over module/ as a whole, their ceiling for each."""
import re
import statistics

import source
import tap

FILE_LINES = 600
LINE_WIDTH = 120
LONGEST = 80
NINE_IN_TEN = 50
MEDIAN = 20
PARAMETERS = 5
SPDX = "SPDX-License-Identifier: BSD-2-Clause"
tests = tap.Tests()
c_files = source.files(["module", "tests"], (".c", ".h"))
scripts = source.files(["tests"], (".py", ".pl", ".sh", "/run", "/deps"))
manuals = source.files(["module", "conf", "packaging"], (".1", ".5", ".7", ".8"))


def none(found):
    assert not found, "\n".join(found)


@tests.case("every file names its licence at its top")
def licence():
    none([path for path in c_files + scripts + manuals + ["Makefile"]
          if SPDX not in "".join(source.read(path).splitlines(True)[:2])])


@tests.case("every C file says at its top what it is for")
def opening():
    found = []
    for path in c_files:
        lines = [line for line in source.read(path).splitlines()[1:] if not line.startswith("/* links:")]
        if not lines or not re.match(r"/\* .{20}", lines[0]):
            found.append(path)
    none(found)


@tests.case(f"no file has over {FILE_LINES} lines, no line over {LINE_WIDTH} characters, none ends in a blank")
def measures():
    found = []
    for path in c_files + scripts:
        lines = source.read(path).splitlines()
        if len(lines) > FILE_LINES:
            found.append(f"{path}: {len(lines)} lines")
        found += [f"{path}:{number}: {len(line)} characters" for number, line in enumerate(lines, 1)
                  if len(line.expandtabs(8)) > LINE_WIDTH and not line.startswith("/* links:")]
        found += [f"{path}:{number}: ends in a blank" for number, line in enumerate(lines, 1) if line != line.rstrip()]
    none(found)


every = [(path, *function) for path in c_files for function in source.functions(source.read(path))]


@tests.case(f"no function has over {LONGEST} lines or {PARAMETERS} parameters")
def ceilings():
    none([f"{path}:{line}: {name} has {lines} lines and {parameters} parameters"
          for path, name, line, lines, parameters in every
          if lines > LONGEST or (parameters > PARAMETERS and path.startswith("module/"))])


@tests.case(f"functions are short: median at most {MEDIAN} lines, nine in ten under {NINE_IN_TEN}")
def lengths():
    lengths_found = sorted(lines for path, _, _, lines, _ in every if path.startswith("module/"))
    assert len(lengths_found) > 50, f"only {len(lengths_found)} functions were recognised"
    median, tenth = statistics.median(lengths_found), lengths_found[len(lengths_found) * 9 // 10]
    assert median <= MEDIAN and tenth < NINE_IN_TEN, f"median {median}, nine in ten up to {tenth}"
    print(f"# {len(lengths_found)} functions, median {median} lines, nine in ten up to {tenth}, "
          f"longest {lengths_found[-1]}")


@tests.case("nothing is left for later")
def later():
    mark = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    none([f"{path}:{number}" for path in c_files + scripts + manuals
          for number, line in enumerate(source.read(path).splitlines(), 1) if mark.search(line)])


tests.run()
