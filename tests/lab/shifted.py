# SPDX-License-Identifier: BSD-2-Clause
"""A daemon whose clocks a test moves forward: `environment` is for Lab.start."""
import mmap
import os
import struct

import lab as lab_module


class Clock:
    """Starts as it is."""

    def __init__(self, lab):
        preload = os.path.join(lab_module.BUILD, "tests/lab/clock-shift.so")
        assert os.path.exists(preload), f"{preload} was not built"  # the loader itself goes on without it
        path = lab.write("clock", "\0" * 8)
        with open(path, "r+b") as file:
            self.shift = mmap.mmap(file.fileno(), 8)
        self.milliseconds = 0
        self.environment = lab_module.preloaded(lab.bring(preload), CLOCK_SHIFT=path)

    def forward(self, seconds):
        self.milliseconds += int(seconds * 1000)
        self.shift[:] = struct.pack("=q", self.milliseconds)
