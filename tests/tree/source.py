# SPDX-License-Identifier: BSD-2-Clause
"""Reads the tree for the checks beside it: which files there are, what of a C file is code, where its functions lie.
Knows C as this project writes it (a function's closing brace stands alone in the first column)."""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lab"))

BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))


def files(folders, endings):
    """Paths below ROOT of the files in `folders` that end in one of `endings` (a tuple), in order."""
    found = []
    for folder in folders:
        for place, below, names in os.walk(os.path.join(ROOT, folder)):
            below[:] = sorted(name for name in below if name != "__pycache__")
            found += [os.path.relpath(os.path.join(place, name), ROOT) for name in sorted(names)
                      if name.endswith(endings)]
    return found


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


TOKEN = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)


def code(text):
    """A C text with comments and what stands between quotes blanked, line by line."""
    def blank(match):
        kept = re.sub(r"[^\n]", " ", match.group())
        return kept if match.group().startswith("/") else '"' + kept[1:-1] + '"'
    return TOKEN.sub(blank, text)


HEAD = re.compile(r"^(?!typedef|struct \w+ \{|enum|union)(\w[^;={}#]*?\b(\w+)\(([^;{}]*)\)) \{$", re.MULTILINE)


def functions(text):
    """(name, line, lines from name to closing brace, parameters) of each function that a C text defines."""
    plain = code(text)
    for head in HEAD.finditer(plain):
        end = plain.find("\n}", head.end())
        line = plain.count("\n", 0, head.start(2)) + 1
        lines = plain.count("\n", head.start(2), end + 1) + 1
        given = re.sub(r"\([^()]*\)", "", head.group(3)).strip()
        yield head.group(2), line, lines, 0 if given in ("", "void") else given.count(",") + 1
