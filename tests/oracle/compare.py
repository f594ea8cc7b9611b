#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Compares a ledger with what it must be, exactly, and prints every difference. Exit code 1 if
there is any."""

import argparse
import json
import sys
from pathlib import Path

from esc_oracle.comparison import BESIDE, differences, producer_differences, topic_differences


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ledger", metavar="LEDGER", help="JSON, as escd --ledger writes it")
    parser.add_argument(
        "expected", metavar="EXPECTED", help="JSON, as oracle.py or esc-replay writes it"
    )
    for name in BESIDE:
        option = "--allow-" + name.replace("_", "-")
        parser.add_argument(option, action="store_true", help=f"packets.{name} may be anything")
    parser.add_argument("--topics", action="store_true", help='compare "topics" too')
    parser.add_argument("--producers", action="store_true", help='compare "producers" too')
    options = parser.parse_args(arguments)
    try:
        actual, expected = (
            json.loads(Path(path).read_text()) for path in (options.ledger, options.expected)
        )
    except (OSError, ValueError) as error:
        print(f"compare: {error}", file=sys.stderr)
        return 2
    found = differences(
        actual, expected, [name for name in BESIDE if getattr(options, "allow_" + name)]
    )
    if options.topics:
        found += topic_differences(actual.get("topics", {}), expected.get("topics", {}))
    if options.producers:
        found += producer_differences(actual.get("producers", {}), expected.get("producers", {}))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
