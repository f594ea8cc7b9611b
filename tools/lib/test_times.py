#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Prints where the time of tools/test went: a Markdown table of seconds, with a column a build.

Reads a folder of its logs: BUILD.json (one JSON object for each test) and `times` (lines "BUILD
build|test SECONDS", by the clock). What tests took is added up by suite, though they ran side by
side: their sum is more than the line "tests, by the clock".
"""

import argparse
import json
import os
import sys
from collections import defaultdict

CLOCK = {"build": "compiling", "test": "tests, by the clock"}


def read_suites(path):
    """suite -> seconds of its tests, from one build's log."""
    seconds = defaultdict(float)
    with open(path, encoding="utf-8") as log:
        for line in filter(str.strip, log):
            test = json.loads(line)
            seconds[test["name"].split(" / ")[-1].split("/")[0]] += test["duration"]
    return seconds


def read_times(path):
    """(build, "build" or "test") -> seconds, and the builds in their order."""
    times, builds = {}, []
    with open(path, encoding="utf-8") as file:
        for build, what, seconds in map(str.split, file):
            times[build, what] = float(seconds)
            builds += [build] if build not in builds else []
    return times, builds


def table(folder):
    """The lines of the table. Raises OSError and ValueError."""
    times, builds = read_times(os.path.join(folder, "times"))
    suites = {}
    for build in builds:
        log = os.path.join(folder, f"{build}.json")
        suites[build] = read_suites(log) if os.path.exists(log) else {}

    rows = {name: [times.get((build, what)) for build in builds] for what, name in CLOCK.items()}
    whole = defaultdict(float)
    for of_build in suites.values():
        for name, seconds in of_build.items():
            whole[name] += seconds
    for name in sorted(whole, key=whole.get, reverse=True):
        rows[f"`{name}`"] = [suites[build].get(name) for build in builds]

    yield f"| seconds | {' | '.join(builds)} | all |"
    yield f"|---|{'--:|' * (len(builds) + 1)}"
    for name, figures in rows.items():
        cells = ["" if figure is None else f"{figure:.0f}" for figure in figures]
        total = sum(figure for figure in figures if figure is not None)
        yield f"| {name} | {' | '.join(cells)} | {total:.0f} |"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="where the logs are")
    options = parser.parse_args(arguments)
    try:
        print("\n".join(table(options.folder)))
    except (OSError, ValueError, KeyError) as error:
        print(f"error: no times in {options.folder}: {error!r}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
