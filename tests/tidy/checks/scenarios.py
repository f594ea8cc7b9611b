# SPDX-License-Identifier: BSD-3-Clause
"""Every end-to-end test runs: each file of scenarios is named in tests/e2e/meson.build, by the
lists for what its tests need. A file that is missing there, or whose marked tests have no entry
of their own, would pass without having been run.
"""

import re

_MESON = "tests/e2e/meson.build"
_FILE = re.compile(r"tests/e2e/test_(\w+)\.py")
_CLASS = re.compile(r"^(?P<mark>@harness\.whole_machine\n)?class \w+\(.*\):\n", re.MULTILINE)
_TEST = re.compile(r"(?P<mark>^    @harness\.whole_machine\n)?^    def test_", re.MULTILINE)


def _needs(text):
    """Whether a file has tests that need one CPU, and ones that need the whole machine."""
    one = alone = False
    classes = list(_CLASS.finditer(text))
    ends = [found.start() for found in classes[1:]] + [len(text)]
    for found, end in zip(classes, ends, strict=True):
        for test in _TEST.finditer(text, found.end(), end):
            marked = bool(found["mark"] or test["mark"])
            one, alone = one or not marked, alone or marked
    return one, alone


def problems(tree):
    files = [path for path in tree.paths(".py", under="tests/e2e/") if _FILE.fullmatch(path)]
    if files:
        yield from _problems(tree, files)


def _problems(tree, files):
    listed = {}
    text = "".join(line + "\n" for line in tree.lines(_MESON))
    for name in ("e2e_on_one_cpu", "e2e_alone"):
        names = re.search(rf"^{name} = \[([^\]]*)\]", text, re.MULTILINE)
        if not names:
            yield f"{_MESON}: no list {name}"
            return
        listed[name] = set(re.findall(r"'(\w+)'", names[1]))
    for path in files:
        name_of_file = _FILE.fullmatch(path)[1]
        source = "".join(line + "\n" for line in tree.lines(path))
        for needed, name in zip(_needs(source), ("e2e_on_one_cpu", "e2e_alone"), strict=True):
            if needed != (name_of_file in listed[name]):
                wrong = "is missing from" if needed else "has no test for"
                yield f"{path}: {wrong} {name} in {_MESON}"
