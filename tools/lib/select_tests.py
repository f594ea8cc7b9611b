#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Lists tests of a meson build directory: those that are wanted there and belong to a suite that
was asked for.

Prints one a line: their names, or with --targets the ninja targets of their executables.
"""

import argparse
import json
import os
import subprocess
import sys


def chosen(tests, wanted, asked):
    """Of meson's tests those whose name or one of whose suites is in `wanted`, and that have a
    suite in `asked`; an empty set stands for any.
    """
    for test in tests:
        suites = {suite.split(":")[-1] for suite in test["suite"]}
        if (not wanted or wanted & (suites | {test["name"]})) and (not asked or asked & suites):
            yield test


def targets(tests, directory):
    """What ninja has to build for them: every part of their commands that lies in the build
    directory. A program that tests/one_cpu.py runs is named relative to it.
    """
    root = os.path.abspath(directory)
    for test in tests:
        words = [os.path.normpath(word) for word in test["cmd"]]
        for before, word in zip([None, *words], words):
            if word.startswith(root + os.sep):
                yield word[len(root) + 1 :]
            elif before == root and not os.path.isabs(word):
                yield word


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory")
    parser.add_argument("--want", action="append", default=[], metavar="SUITE_OR_NAME")
    parser.add_argument("--asked", action="append", default=[], metavar="SUITE")
    parser.add_argument("--targets", action="store_true")
    options = parser.parse_args()

    listing = subprocess.run(
        ["meson", "introspect", "--tests", options.directory], check=True, stdout=subprocess.PIPE
    )
    tests = list(chosen(json.loads(listing.stdout), set(options.want), set(options.asked)))
    lines = (
        targets(tests, options.directory) if options.targets else (test["name"] for test in tests)
    )
    for line in dict.fromkeys(lines):
        print(line)


if __name__ == "__main__":
    sys.exit(main())
