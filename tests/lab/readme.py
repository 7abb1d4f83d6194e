# SPDX-License-Identifier: BSD-2-Clause
"""The configuration that README.md tells administrators to write, so that the tests run just that."""
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WAYS = "## Each way in, by hand"


def ways():
    """Each way's name, and its blocks: runs of indented lines, without their indentation."""
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        section = file.read().partition(WAYS + "\n")[2].partition("\n## ")[0]
    return {name: [re.sub(r"(?m)^    ", "", block) for block in re.findall(r"(?m)(?:^    .*\n?)+", text)]
            for name, text in re.findall(r"(?s)^\*\*(.+?)\*\*(.*?)(?=^\*\*|\Z)", section, re.MULTILINE)}


def way(name):
    return ways()[name]
