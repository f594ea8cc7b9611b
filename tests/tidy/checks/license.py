# SPDX-License-Identifier: BSD-3-Clause
"""Every source file names the licence it is under, in its first line or right after `#!`, as
SPDX asks: whoever takes one file away takes its licence along.
"""

LINE = "SPDX-License-Identifier: BSD-3-Clause"
SOURCE = (".cpp", ".hpp", ".h", ".c", ".py", ".sh", ".build", ".toml", ".service", ".supp", ".in")


def problems(tree):
    if "LICENSE" not in tree.paths():
        yield "LICENSE: is not there"
    for path in tree.paths():
        text = tree.text(path)
        if not text.startswith("#!") and not path.endswith(SOURCE):
            continue
        if not any(line.endswith(LINE) for line in text.split("\n", 2)[:2]):
            yield f"{path}:1: does not say {LINE}"
