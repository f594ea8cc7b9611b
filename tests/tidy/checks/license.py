# SPDX-License-Identifier: BSD-3-Clause
"""Every file names the licence it is under, in its first line or right after `#!`, as SPDX asks:
whoever takes one file away takes its licence along.
"""

LINE = "SPDX-License-Identifier: BSD-3-Clause"
# Pages for people; and inputs of tests, whose bytes are what is tested.
WITHOUT = (".md", "LICENSE", ".gitignore")
DATA = ("tests/fuzz/corpus/", "tests/vectors/")


def problems(tree):
    if "LICENSE" not in tree.paths():
        yield "LICENSE: is not there"
    for path in tree.paths():
        if path.endswith(WITHOUT) or path.startswith(DATA):
            continue
        if not any(line.endswith(LINE) for line in tree.text(path).split("\n", 2)[:2]):
            yield f"{path}:1: does not say {LINE}"
