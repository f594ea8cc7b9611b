# SPDX-License-Identifier: BSD-3-Clause
"""Builds compile every header alone, from a list that meson makes when it configures. This checks
that the list is still complete.
"""

SELF = "tests/tidy/checks/headers.py"
REMEDY = "meson setup --reconfigure BUILD"
UNDER = ("lib/", "app/", "tools/")


def headers(tree):
    return [path for path in tree.paths(".hpp") if path.startswith(UNDER)]


def problems(tree, compiled=None):
    if compiled is None:
        yield f"{SELF}: needs --compiled, the headers that this build compiles"
        return
    for path in headers(tree):
        if path not in compiled:
            yield f"{path}: new since meson configured this build ({REMEDY})"
    for path in compiled:
        if path not in tree.paths():
            yield f"{path}: gone since meson configured this build ({REMEDY})"
