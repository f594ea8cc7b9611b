#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs one check over the repository: prints every breach, and exits with 1 if there is any, 77
if it cannot be done here.
"""

import argparse
import importlib
import inspect
import os
import shutil
import sys

import tree

HERE = os.path.dirname(os.path.abspath(__file__))
SKIPPED = 77


def main():
    names = sorted(
        name[:-3]
        for name in os.listdir(os.path.join(HERE, "checks"))
        if name.endswith(".py") and name != "__init__.py"
    )
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("check", choices=names)
    parser.add_argument("--root", default=os.path.dirname(os.path.dirname(HERE)))
    parser.add_argument("--compiled", nargs="*", help="for `headers`: those this build compiles")
    options = parser.parse_args()

    check = importlib.import_module(f"checks.{options.check}")
    needed = getattr(check, "NEEDS", None)
    if needed and not shutil.which(needed):
        print(f"SKIP: {needed} is not installed")
        return SKIPPED
    taken = inspect.signature(check.problems).parameters
    known = {name: value for name, value in vars(options).items() if name in taken}
    found = list(check.problems(tree.load(options.root), **known))
    for problem in found:
        print(problem)
    print(f"{options.check}: {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
