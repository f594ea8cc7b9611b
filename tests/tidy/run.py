#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs checks over the repository and prints every problem. Exits with 1 if there is a problem,
with 77 if none of the checks can be done here.
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
NEED_A_BUILD = {"headers"}


def main():
    names = sorted(
        name[:-3]
        for name in os.listdir(os.path.join(HERE, "checks"))
        if name.endswith(".py") and name != "__init__.py"
    )
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checks", metavar="check", nargs="*", help=", ".join(names))
    parser.add_argument("--quick", action="store_true", help="every check that needs no build")
    parser.add_argument("--root", default=os.path.dirname(os.path.dirname(HERE)))
    parser.add_argument("--compiled", nargs="*", help="for `headers`: those this build compiles")
    options = parser.parse_args()
    checks = [name for name in names if name not in NEED_A_BUILD] if options.quick else []
    checks += [name for name in options.checks if name not in checks]
    if not checks:
        parser.error("no check is named")
    if set(checks) - set(names):
        parser.error(f"no such check: {', '.join(sorted(set(checks) - set(names)))}")

    sources = tree.load(options.root)
    # A list and not a generator, so that every check runs.
    statuses = [run(name, sources, options) for name in checks]
    return 1 if 1 in statuses else min(statuses)


def run(name, sources, options):
    """The status of one check."""
    check = importlib.import_module(f"checks.{name}")
    needed = getattr(check, "NEEDS", None)
    if needed and not shutil.which(needed):
        print(f"SKIP: {name}: {needed} is not installed")
        return SKIPPED
    taken = inspect.signature(check.problems).parameters
    known = {name: value for name, value in vars(options).items() if name in taken}
    found = list(check.problems(sources, **known))
    for problem in found:
        print(problem)
    print(f"{name}: {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
