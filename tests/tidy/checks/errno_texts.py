# SPDX-License-Identifier: BSD-3-Clause
"""Only base/errno_text.hpp says what an errno means: two threads may not call std::strerror, and a
second way would give one error two texts.
"""

import re

import cpp

FOLDERS = ("app/", "lib/", "tools/")
WRITER = "lib/base/errno_text.hpp"

ERRNO_TO_TEXT = re.compile(
    r"\b(?:strerror(?:_r|_l)?\s*\(|perror\s*\(|(?:generic|system)_category\(\)\s*\.\s*message\b)"
)


def problems(tree):
    for path in tree.paths(".hpp", ".cpp"):
        if not path.startswith(FOLDERS) or path == WRITER:
            continue
        code = cpp.code_only(tree.text(path))
        for match in ERRNO_TO_TEXT.finditer(code):
            line = code.count("\n", 0, match.start()) + 1
            yield f"{path}:{line}: base/errno_text.hpp says what an errno means, not {match[0]}"
