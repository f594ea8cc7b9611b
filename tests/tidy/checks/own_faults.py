# SPDX-License-Identifier: BSD-3-Clause
"""A test causes its fault itself, at a place that it chooses. No test sets a limit on memory,
because what a limit leaves depends on the allocator, on the page size and on what ran before;
tests/e2e/failing_allocation.py makes chosen allocations fail instead.
"""

import re

_LEANS_ON_THE_MACHINE = re.compile(r"\bRLIMIT_(?:AS|DATA|RSS|STACK)\b")


def problems(tree):
    for path in tree.paths(".py", ".cpp", ".hpp", ".sh", under="tests/"):
        if path.startswith("tests/tidy/"):
            continue
        for number, line in enumerate(tree.lines(path), start=1):
            if found := _LEANS_ON_THE_MACHINE.search(line):
                yield f"{path}:{number}: {found[0]}: what it leaves depends on the machine"
