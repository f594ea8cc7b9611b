# SPDX-License-Identifier: BSD-3-Clause
"""esc-dlq, run as a user runs it."""

import subprocess

import harness

OK, DAMAGED, USAGE, NOT_REPLAYED = 0, 1, 2, 5


def dlq(*arguments: object, inside: str | None = None) -> subprocess.CompletedProcess[str]:
    prefix = ["ip", "netns", "exec", inside] if inside else []
    return subprocess.run(
        [*prefix, harness.binary("ESC_DLQ"), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
