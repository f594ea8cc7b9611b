# SPDX-License-Identifier: BSD-3-Clause
"""Every header compiles alone. Most are shown to by a source that includes it before anything else;
builds compile each of the others in a file of its own, from a list that meson makes when it
configures. This checks that the list is still complete.
"""

import os
import re

FIRST = re.compile(r'^#include ("[^"]+"|<[^>]+>)', re.MULTILINE)
SELF = "tests/tidy/checks/headers.py"
REMEDY = "meson setup --reconfigure BUILD"
UNDER = ("lib/", "app/", "tools/")


def included_first(tree):
    """The headers that a source includes before anything else."""
    found = set()
    for source in tree.paths(".cpp"):
        first = FIRST.search(tree.text(source))
        if not source.startswith(UNDER) or first is None or first[1][0] == "<":
            continue
        name = first[1].strip('"')
        folders = ("lib", "", "tools", os.path.dirname(source))
        found |= {os.path.join(folder, name) for folder in folders}
    return found


def headers(tree):
    """Those that nothing else shows to compile alone."""
    shown = included_first(tree)
    return [path for path in tree.paths(".hpp") if path.startswith(UNDER) and path not in shown]


def problems(tree, compiled=None):
    if compiled is None:
        yield f"{SELF}: needs --compiled, the headers that this build compiles"
        return
    for path in headers(tree):
        if path not in compiled:
            yield f"{path}: not among those that this build compiles alone ({REMEDY})"
    for path in compiled:
        if path not in headers(tree):
            yield f"{path}: no longer to be compiled alone ({REMEDY})"
