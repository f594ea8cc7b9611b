# SPDX-License-Identifier: BSD-3-Clause
"""The links between pages work: relative links lead to a file, anchors exist, and every page of
docs/ can be reached.
"""

import posixpath
import re

FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"!?\[[^\]\n]*\]\((?P<target>[^)\s]+)(?:\s+\"[^\"]*\")?\)")
REFERENCE = re.compile(r"^\[[^\]\n]+\]:\s*(?P<target>\S+)", re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(?P<title>.+?)\s*#*$", re.MULTILINE)
INDEXES = ("README.md", "docs/README.md")


def problems(tree):
    known = set(tree.paths())
    folders = {posixpath.dirname(path) for path in known}
    folders |= {parent for folder in folders for parent in _parents(folder)}
    linked = set()
    for page in tree.paths(".md"):
        for line, target in _links(tree.text(page)):
            if re.match(r"[a-z][a-z0-9+.-]*:", target):
                continue
            name, _, anchor = target.partition("#")
            path = (
                posixpath.normpath(posixpath.join(posixpath.dirname(page), name)) if name else page
            )
            if page in INDEXES:
                linked.add(path)
            if path not in known and path not in folders:
                yield f"{page}:{line}: the link {target} leads nowhere"
            elif anchor and path.endswith(".md") and anchor not in _anchors(tree.text(path)):
                yield f"{page}:{line}: {path} has no heading #{anchor}"
    for page in tree.paths(".md", under="docs/"):
        if page not in linked and page not in INDEXES:
            yield f"{page}: neither README.md nor docs/README.md links to it"


def _parents(folder):
    while folder:
        yield folder
        folder = posixpath.dirname(folder)


def _links(text):
    def blank(match):
        return "\n" * match[0].count("\n")

    plain = CODE.sub("", FENCE.sub(blank, text))
    for pattern in (LINK, REFERENCE):
        for match in pattern.finditer(plain):
            yield plain.count("\n", 0, match.start()) + 1, match["target"]


def _anchors(text):
    """The anchor of a heading, as the usual hosts make it: lower case, without punctuation, blanks
    as hyphens.
    """
    for match in HEADING.finditer(FENCE.sub("", text)):
        yield re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", match["title"].lower()))
