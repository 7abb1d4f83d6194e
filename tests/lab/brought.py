# SPDX-License-Identifier: BSD-2-Clause
"""What other users than root run, load or read of the tree, brought to where they may: the tree may lie in /root, which
nobody else enters. The one place that knows this; Lab.bring is its use for a lab."""
import os
import shutil


def bring(folder, path):
    """A copy of a file of the tree in `folder`, made at the first call for it: everybody may read and execute it. (By
    the modes: `folder` itself is to be one that others may enter.)"""
    place = os.path.join(folder, "brought")
    copy = os.path.join(place, os.path.basename(path))
    if not os.path.exists(copy):
        os.makedirs(place, exist_ok=True)
        os.chmod(place, 0o755)
        shutil.copyfile(path, copy)
        os.chmod(copy, 0o755)
    return copy
