# SPDX-License-Identifier: BSD-3-Clause
"""The CPUs that a scenario has, and which of its tests need more than one."""

import os
import unittest
from collections.abc import Callable


def cpus() -> list[int]:
    return sorted(os.sched_getaffinity(0))


def one_cpu() -> bool:
    """Whether this was started by tests/one_cpu.py, beside other tests."""
    return "ESC_ONE_CPU" in os.environ


def whole_machine(test: Callable) -> Callable:
    """Marks a test method, or a class for all of its tests, that uses need_cpus(2), or counts on
    hugepages that nobody else takes meanwhile."""
    test.needs_whole_machine = True
    return test


def need_cpus(count: int) -> list[int]:
    if count > 1 and one_cpu():
        raise AssertionError("a test that needs two CPUs is not marked @harness.whole_machine")
    if len(cpus()) < count:
        raise unittest.SkipTest(f"needs {count} CPUs, there are {len(cpus())}")
    return cpus()[:count]


class LoaderFor(unittest.TestLoader):
    """The tests of one need, `one-cpu` or `whole-machine`; None: all."""

    def __init__(self, wanted: str | None) -> None:
        super().__init__()
        self._wanted = wanted

    def getTestCaseNames(self, cases: type[unittest.TestCase]) -> list[str]:  # noqa: N802
        def needs(name: str) -> str:
            marked = (cases, getattr(cases, name))
            whole = any(getattr(one, "needs_whole_machine", False) for one in marked)
            return "whole-machine" if whole else "one-cpu"

        names = super().getTestCaseNames(cases)
        return [name for name in names if self._wanted in (None, needs(name))]
