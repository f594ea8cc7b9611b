# SPDX-License-Identifier: BSD-3-Clause
"""Only lib/base/number.hpp reads numbers from text, and only lib/cli/options.hpp reads them from a
command line, so that "nan", "-1" or " 1" is accepted nowhere.
"""

import re

import cpp

FOLDERS = ("app/", "lib/", "tools/")
READER = ("lib/base/number.cpp",)
OPTIONS = ("lib/cli/options.cpp", "lib/cli/options.hpp")

TEXT_TO_NUMBER = re.compile(
    r"\b(?:sto(?:i|l|ll|ul|ull|f|d|ld)|ato(?:i|l|ll|f)|strto(?:l|ll|ul|ull|f|d|ld|imax|umax)"
    r"|[fsv]*scanf|from_chars|i?stringstream|ispanstream|lexical_cast|strptime)\b"
)
PAST_THE_OPTIONS = re.compile(
    r"\bCLI::(?:Range|PositiveNumber|NonNegativeNumber|Number|TypeValidator|Bound|IsMember"
    r"|detail::\w+)\b"
    r"|(?:\.|->)\s*(?:add_option(?:_function)?|add_flag_function)\b"
    r"|\bapp\.parse\b"
)


def problems(tree):
    for path in tree.paths(".hpp", ".cpp"):
        if not path.startswith(FOLDERS):
            continue
        code = cpp.code_only(tree.text(path))
        if path not in READER:
            yield from _found(path, code, TEXT_TO_NUMBER, "numbers are read by base/number.hpp")
        if path not in OPTIONS:
            yield from _found(path, code, PAST_THE_OPTIONS, "options are made by cli/options.hpp")


def _found(path, code, pattern, why):
    for match in pattern.finditer(code):
        line = code.count("\n", 0, match.start()) + 1
        yield f"{path}:{line}: {why}, not by {match[0].strip()}"
