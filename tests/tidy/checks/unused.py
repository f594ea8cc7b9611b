# SPDX-License-Identifier: BSD-3-Clause
"""No file that nobody uses: each header is included by another file, each .cpp named by a
meson.build, each Python module imported or run, each page linked to, each script and each other
file named somewhere. "Named" is judged by words: a file whose name is built while a program runs
has to stand in EXCUSED, with the reason. A script without an ending is an everyday word ("test",
"run"), so its folder has to stand before it.
"""

import posixpath
import re

import cpp

HEADERS = (".hpp", ".h")
# Tools find these by their names.
FOUND_BY_TOOLS = {
    ".clang-format",
    ".clang-tidy",
    ".editorconfig",
    ".gitignore",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "__init__.py",
    "meson.build",
    "meson_options.txt",
}
# path, or folder/ -> who uses it.
EXCUSED = {
    ".ci/": "the machine that tests every change runs what is there",
    "drivers-cfg/": "whoever sets a port up; tests/tidy/test_profiles.py reads all of them",
}

LINK = re.compile(r"\]\((?P<target>[^)#\s]+)")
IMPORT = re.compile(
    r"^\s*(?:from\s+(?P<package>[.\w]+)\s+import\s+\(?(?P<names>[\w ,\n]+)"
    r"|import\s+(?P<plain>[.\w, ]+))",
    re.MULTILINE,
)
WORD = re.compile(r"[\w.+@-]+")
PATH = re.compile(r"(?P<folder>[\w.-]+)/(?P<name>[\w-]+)(?![\w/-]|\.\w)")
QUOTED = re.compile(r"'([^'\n]+)'")
# 'test_' + name + '.py' in a meson.build: the name is one of its words.
JOINED = re.compile(r"(?:'(?P<before>[^'\n]*)'\s*\+\s*)?\b\w+\s*\+\s*'(?P<after>[^'\n]*\.\w+)'")

ASSIGNED = re.compile(r"^(?P<name>\w+)\s*=\s*'(?P<folder>[^'\n]+)'", re.MULTILINE)
UNDER = re.compile(r"\b(?P<name>\w+)\s*/\s*'(?P<file>[^'\n]+)'")


def problems(tree, excused=None):
    excused = EXCUSED if excused is None else excused
    users = _Users(tree)
    needed = set()
    for path in tree.paths():
        what = _missing(tree, users, path)
        if what is None:
            continue
        excuse = next((known for known in excused if _covers(known, path)), None)
        if excuse is None:
            yield f"{path}: {what}"
        else:
            needed.add(excuse)
    for path in sorted(set(excused) - needed):
        yield f"{path}: is excused in tests/tidy/checks/unused.py and needs no excuse"


def _covers(known, path):
    return path == known or (known.endswith("/") and path.startswith(known))


def _missing(tree, users, path):
    """What should use the file and does not, or None."""
    if posixpath.basename(path) in FOUND_BY_TOOLS:
        return None
    if path.endswith(HEADERS):
        return None if path in users.included else "no other file includes it"
    if path.endswith(".cpp"):
        return None if path in users.built else "no meson.build names it"
    if path.endswith(".md"):
        return None if path in users.linked else "no page links to it"
    if path.endswith(".py"):
        used = path in users.built or users.imports(path) or users.names(path)
        return None if used else "nobody imports or runs it"
    return None if users.names(path) else "no other file names it"


class _Users:
    """Who uses what, read once."""

    def __init__(self, tree):
        self.included, self.linked, self.built = set(), set(), set()
        self.modules, self.words = {}, {}
        known, scripts = set(tree.paths()), tree.scripts()
        for path in known:
            text = tree.text(path)
            if path.endswith((".cpp", *HEADERS)):
                self.included |= _included(known, path, text)
            elif path.endswith(".md"):
                self.linked |= _linked(path, text)
            elif path.endswith(".py") or scripts.get(path) == "python":
                for module in _imported(text):
                    self.modules.setdefault(module, set()).add(path)
            elif posixpath.basename(path) == "meson.build":
                self.built |= _built(path, text)
                for word in QUOTED.findall(text):  # unittest is given modules, not files
                    self.modules.setdefault(word, set()).add(path)
            for word in set(WORD.findall(text)):
                self.words.setdefault(word.strip("."), set()).add(path)
            for named in PATH.finditer(text):
                self.words.setdefault(named[0], set()).add(path)

    def imports(self, path):
        module = posixpath.basename(path).removesuffix(".py")
        return bool(self.modules.get(module, set()) - {path})

    def names(self, path):
        name = posixpath.basename(path)
        if "." not in name:
            name = "/".join(path.split("/")[-2:])
        return bool(self.words.get(name, set()) - {path})


def _included(known, path, text):
    """Our headers that it includes: looked for as seen from its folder, from the top and from lib/,
    and where there is none, in every folder.
    """
    found = set()
    for _, name in cpp.includes(text):
        name = name.strip('<>"')
        near = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
        for header in (near, name, "lib/" + name):
            if header in known:
                found.add(header)
                break
        else:
            found |= {header for header in known if header.endswith("/" + name)}
    return found - {path}


def _imported(text):
    """The last names of the modules that it imports."""
    for match in IMPORT.finditer(text):
        for name in re.split(r"[,\s]+", match["plain"] or match["names"]):
            yield name.split(".")[-1]
        if match["package"]:
            yield match["package"].split(".")[-1]


def _linked(page, text):
    """What the page links to, but not itself."""
    folder = posixpath.dirname(page)
    targets = (posixpath.join(folder, link["target"]) for link in LINK.finditer(text))
    return {posixpath.normpath(target) for target in targets} - {page}


def _built(path, text):
    """The files that a meson.build names, and those whose names it puts together."""
    words = QUOTED.findall(text)
    names = set(words)
    for joint in JOINED.finditer(text):
        names |= {(joint["before"] or "") + word + joint["after"] for word in words}
    folders = {match["name"]: match["folder"] for match in ASSIGNED.finditer(text)}
    for match in UNDER.finditer(text):
        names.add(posixpath.join(folders.get(match["name"], ""), match["file"]))
    return {posixpath.normpath(posixpath.join(posixpath.dirname(path), name)) for name in names}
