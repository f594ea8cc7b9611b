# SPDX-License-Identifier: BSD-3-Clause
"""Makes allocations fail where the test says, independent of how much memory this machine has."""

import os
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import harness


class FailingAllocation:
    """For an escd that is started with `environment`. Not under sanitizers, which have allocators
    of their own.
    """

    def __init__(self, directory: Path, least_bytes: int) -> None:
        library = os.environ.get("ESC_FAILING_ALLOCATION", "")
        if harness.SANITIZED or not library:
            raise unittest.SkipTest("a sanitizer allocates by itself")
        self._armed = directory / "no-memory"
        self.environment = {
            "LD_PRELOAD": library,
            "ESC_FAIL_BYTES": str(least_bytes),
            "ESC_FAIL_WHILE": str(self._armed),
        }
        self.failed: list[int] = []  # bytes asked for, once it is over

    @contextmanager
    def armed(self) -> Iterator[None]:
        """Every allocation of so many bytes fails meanwhile."""
        self._armed.touch()
        try:
            yield
        finally:
            self.failed += map(int, self._armed.read_text(encoding="ascii").split())
            self._armed.unlink()
