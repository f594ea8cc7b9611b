# SPDX-License-Identifier: BSD-3-Clause
"""The form of source files: their length, their columns, `#pragma once`, no leftovers, programs
that are executable.
"""

import re

MAX_LINES = 499
MAX_COLUMNS = 100
LEFTOVERS = [
    (re.compile(r"(?<![\w.$}~-])/(?:work|home|root|Users)/\w"), "a path of one machine"),
    (
        re.compile(r"\b(?:issues?|tickets?|PRs?) ?#?\d+\b|(?<!&)#\d+\b(?![-\w;])"),
        "a number of a tracker",
    ),
    (re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b"), "an unfinished piece of work"),
    (re.compile(r"^(?:<<<<<<<|>>>>>>>) ", re.MULTILINE), "a conflict mark"),
]
PROSE = (".md",)
SOURCE = (".cpp", ".hpp", ".py", ".sh")
# Not checked: this check and its samples contain what they look for.
SPELLS_LEFTOVERS = ("tests/tidy/",)


def problems(tree):
    scripts = tree.scripts()
    for path in tree.paths():
        text = tree.text(path)
        if path.endswith(SOURCE) or path in scripts:
            yield from _size(path, tree.lines(path))
        if path.endswith((".hpp", ".h")) and not re.search(r"^#pragma once$", text, re.MULTILINE):
            yield f"{path}:1: a header without #pragma once"
        if path in scripts and path not in tree.executable:
            yield f"{path}:1: starts with #! and cannot be executed (chmod +x)"
        if not path.startswith(SPELLS_LEFTOVERS):
            yield from _leftovers(path, text)
        if text and not text.endswith("\n"):
            yield f"{path}: the last line does not end"


def _size(path, lines):
    if len(lines) > MAX_LINES:
        yield f"{path}:{len(lines)}: {len(lines)} lines, more than {MAX_LINES}: a file is one idea"
    for number, line in enumerate(lines, start=1):
        if len(line) > MAX_COLUMNS and "://" not in line:
            yield f"{path}:{number}: {len(line)} columns, more than {MAX_COLUMNS}"
        if line != line.rstrip():
            yield f"{path}:{number}: blanks at the end of the line"
        if "\t" in line:
            yield f"{path}:{number}: a tab"


def _leftovers(path, text):
    for pattern, what in LEFTOVERS:
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield f"{path}:{line}: {what}: {match[0].strip()}"
