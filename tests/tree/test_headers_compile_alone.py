#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Each header in module/ compiles alone, and twice: it includes what it needs and guards itself."""
import os
import subprocess

import source
import tap

FLAGS = os.environ.get("CHECK_CFLAGS", "-std=c17 -D_GNU_SOURCE -Wall -Wextra").split()
tests = tap.Tests()


@tests.rows(source.files(["module"], (".h",)), lambda path: f"{path} compiles alone")
def alone(path):
    include = f'#include "{os.path.relpath(path, "module")}"\n'
    compiler = subprocess.run([os.environ.get("CC", "cc"), *FLAGS, "-Imodule", "-Werror", "-fsyntax-only", "-xc", "-"],
                              input=include * 2 + "extern int no_empty_unit;\n", cwd=source.ROOT, text=True,
                              capture_output=True, check=False)
    assert compiler.returncode == 0, compiler.stderr


tests.run()
