# SPDX-License-Identifier: BSD-3-Clause
"""main() of each program first makes sure that a write past the limit on file sizes is an error
that the program sees, not a signal that kills it.
"""

import re

_MAIN = re.compile(r"^int main\(.*\{$", re.MULTILINE)
_IGNORES = ("let_oversized_writes_fail()", "ignore_stray_signals()")


def problems(tree):
    for path in tree.paths(".cpp"):
        if not path.startswith(("app/", "tools/")):
            continue
        text = tree.text(path)
        found = _MAIN.search(text)
        if found is None or any(call in text[found.end() :] for call in _IGNORES):
            continue
        line = text.count("\n", 0, found.start()) + 1
        yield f"{path}:{line}: main() does not call let_oversized_writes_fail()"
