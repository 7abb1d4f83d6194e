#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""README.md tells nothing that is not so: its ways in are the files that are shipped and that the tests run, its
policies are without a mistake, and what it points to is there."""
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

import lab  # pylint: disable=wrong-import-position
import postfix  # pylint: disable=wrong-import-position
import readme  # pylint: disable=wrong-import-position
import tap  # pylint: disable=wrong-import-position

tests = tap.Tests()


def text_of_readme():
    with open(os.path.join(readme.ROOT, "README.md"), encoding="utf-8") as file:
        return file.read()


def lines_of(blocks):
    return [line for block in blocks for line in block.splitlines() if line]


@tests.rows(sorted(readme.ways()), lambda name: f"{name}: under ten lines")
def short(name):
    assert 1 <= len(lines_of(readme.way(name))) < 10, readme.way(name)


@tests.rows([("Postfix with Cyrus SASL and saslauthd", "smtpd"), ("Postfix with Cyrus SASL alone", "smtpd-auxprop")],
            lambda row: f"{row[0]}: conf/postfix/{row[1]}.conf, which the tests run")
def smtpd_conf(row):
    told = dict(re.split(r":\s*", line, maxsplit=1) for line in readme.way(row[0])[0].splitlines())
    tap.same(told, postfix.smtpd_conf(row[1]), "options")


def sound(path, *files):
    """Fails the case unless authgatectl finds no mistake; users and groups may be another host's."""
    made = subprocess.run([os.path.join(lab.BUILD, "authgatectl"), "-c", path, "check", "--json", *files],
                          capture_output=True, text=True, check=False)
    mistakes = [row for row in json.loads(made.stdout)["mistakes"] if " on this host; " not in row["what"]]
    tap.same((made.returncode, mistakes), (0, []), "authgatectl check")


@tests.case("its line about saslauthd is good configuration with the two sockets that authgate.conf has as comments")
def sockets():
    with open(os.path.join(readme.ROOT, "conf/authgate.conf"), encoding="utf-8") as file:
        shipped = file.read()
    whole = re.sub(r"(?m)^  # (?=, \{|    )", "  ", shipped)
    tap.same((whole.count('kind = "saslauthd"'), whole.count("\n  , {")), (1, 2), "saslauthd sockets, comments")
    with lab.Lab() as of_lab:
        sound(of_lab.write("whole.conf", whole + readme.way("Postfix with Cyrus SASL and saslauthd")[1]))


@tests.case("its recipes are policies without a mistake")
def recipes():
    section = text_of_readme().partition("## Five recipes\n")[2].partition("\n## ")[0]
    blocks = [block for block in re.findall(r"(?m)(?:^    \S.*\n?(?:^     .*\n?)*)+", section)
              if not block.strip().startswith("authgatectl")]
    assert len(blocks) >= 6, blocks
    with lab.Lab() as of_lab:
        with open(os.path.join(readme.ROOT, "conf/authgate.conf"), encoding="utf-8") as file:
            shipped = file.read()
        settings, _, defaults = shipped.partition("defaults = {")
        for block in blocks:
            whole = block.strip().startswith("defaults")
            path = of_lab.write("authgate.conf", settings + (block if whole else "defaults = {" + defaults))
            sound(path, *([] if whole else [of_lab.write("accounts/alice.conf", block)]))


@tests.case("what it links to is there")
def links():
    targets = re.findall(r"\]\(([^):#]+)\)", text_of_readme())
    assert len(targets) >= 2, targets
    for target in targets:
        assert os.path.exists(os.path.join(readme.ROOT, target)), target


@tests.case("the manuals and make targets that it names are there")
def named():
    text = text_of_readme()
    with open(os.path.join(readme.ROOT, "Makefile"), encoding="utf-8") as file:
        rules = file.read()
    for folder, name in (("tests", "tests.mk"), ("packaging", "packaging.mk")):
        with open(os.path.join(readme.ROOT, folder, name), encoding="utf-8") as file:
            rules += file.read()
    targets = set(re.findall(r"(?:`|^    )make ([a-z][a-z-]*)", text, re.MULTILINE))
    assert len(targets) > 5, targets
    for target in targets:
        assert re.search(rf"(?m)^([a-z -]* )?{target}( [a-z -]*)?:", rules), f"no target {target}"
    manuals = set(re.findall(r"\b([a-z_-]*authgate[a-z_.-]*)\((\d)\)", text))
    assert len(manuals) >= 7, manuals
    found = {name for _, _, names in os.walk(os.path.join(readme.ROOT, "module")) for name in names}
    for name, section in manuals:
        assert f"{name}.{section}" in found, f"no manual {name}({section})"


tests.run()
