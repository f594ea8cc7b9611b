# SPDX-License-Identifier: BSD-3-Clause
"""Only lib/cli/standard_output.hpp writes to standard output, because it notices a failure."""

import re

import cpp

FOLDERS = ("app/", "lib/", "tools/")
WRITER = ("lib/cli/standard_output.cpp",)

WAYS = re.compile(
    r"\bstd::(?:w?cout|print(?:ln)?)\b|\bSTDOUT_FILENO\b|\bstdout\b"
    r"|(?<![\w:])(?:std::)?(?:v?printf|puts|putchar|perror_unlocked)\s*\("
    r"|\bfmt::print(?:ln)?\s*\(\s*\"|\bstdout_(?:color_)?sink_(?:mt|st)\b"
    r"|(?<![\w])v?dprintf\s*\(\s*1\b|(?<![\w.>])write\s*\(\s*1\s*,"
)


def problems(tree):
    for path in tree.paths(".hpp", ".cpp"):
        if not path.startswith(FOLDERS) or path in WRITER:
            continue
        code = cpp.code_only(tree.text(path))
        for match in WAYS.finditer(code):
            line = code.count("\n", 0, match.start()) + 1
            yield (
                f"{path}:{line}: standard output is written by cli/standard_output.hpp, "
                f"not by {match[0].strip()}"
            )
