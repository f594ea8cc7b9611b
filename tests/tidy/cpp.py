# SPDX-License-Identifier: BSD-3-Clause
"""Reads as little of C++ as is needed to look at code without its comments and literals."""

import re

TOKEN = re.compile(
    r"""
      (?P<comment>//[^\n]*|/\*.*?\*/)
    | (?P<raw>R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)")
    | (?P<string>"(?:\\.|[^"\\\n])*")
    | (?P<char>(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+')
    """,
    re.VERBOSE | re.DOTALL,
)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?P<name><[^>\n]+>|"[^"\n]+")', re.MULTILINE)


def code_only(text):
    """The text without the contents of comments and literals; line numbers stay the same."""

    def blank(match):
        newlines = "\n" * match[0].count("\n")
        if match["comment"]:
            return " " + newlines
        return ("''" if match["char"] else '""') + newlines

    # An #include's name looks like a string: keep those lines.
    keep = {match.start(): match[0] for match in INCLUDE.finditer(text)}
    blanked = TOKEN.sub(blank, INCLUDE.sub(lambda match: "\x00" + str(match.start()), text))
    return re.sub(r"\x00(\d+)", lambda match: keep[int(match[1])], blanked)


def includes(text):
    """[(line, name)] of its #include lines, names with their brackets or quotes."""
    code = code_only(text)
    return [(code.count("\n", 0, m.start("name")) + 1, m["name"]) for m in INCLUDE.finditer(code)]
