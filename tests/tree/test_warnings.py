#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Neither the compiler that builds nor, where it is there, clang has a warning about any C file."""
import os
import shutil
import subprocess

import source
import tap

FLAGS = os.environ.get("CHECK_CFLAGS", "-std=c17 -D_GNU_SOURCE -Wall -Wextra").split()
compilers = [os.environ.get("CC", "cc")]
if shutil.which("clang") and "clang" not in compilers[0]:
    compilers.append("clang")
files = source.files(["module", "tests"], (".c",))
folders = sorted({os.path.dirname(path) for path in files})
tests = tap.Tests()


@tests.rows([(compiler, folder) for compiler in compilers for folder in folders],
            lambda row: f"{row[0]} has no warning about {row[1]}")
def no_warning(row):
    compiler, folder = row
    command = [compiler, *FLAGS, "-DAUTHGATE_VERSION=\"check\"", "-DHAVE_LIBSYSTEMD", "-Imodule", "-Itests",
               "-Itests/unit", "-Werror", "-fsyntax-only", *(path for path in files if os.path.dirname(path) == folder)]
    run = subprocess.run(command, cwd=source.ROOT, text=True, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr


tests.run()
