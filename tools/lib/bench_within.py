# SPDX-License-Identifier: BSD-3-Clause
"""Comparisons within one run of escd: intervals in which something goes on, each beside one in
which it does not.
"""

import contextlib
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import bench_machine
from bench_programs import Broken

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "tests" / "e2e"))

from stopped_thread import StoppedThread, thread_named  # noqa: E402

SETTLE_SECONDS = 30.0


def measure(program, disturbance, warm_up, pairs, interval, cpu):
    """Pairs as {"without": events/s, "with": events/s, "by_cpu_time": their ratio if seconds are
    those that the polling lcores ran}. Which comes first changes from pair to pair: what drifts
    meets both alike. This process keeps to `cpu` meanwhile. Raises Broken."""
    found = []
    with program, on_cpu(cpu):
        program.wait_until_counting()
        time.sleep(warm_up)
        disturbance.begin()
        for number in range(pairs):
            order = (False, True) if number % 2 == 0 else (True, False)
            taken = {each: _take(program, disturbance, each, interval) for each in order}
            found.append(pair_of(taken[False], taken[True], number))
        program.finish()
    return found


@contextlib.contextmanager
def on_cpu(cpu):
    """This process keeps to it."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@dataclass
class Taken:
    """What went by between two questions."""

    count: int
    seconds: float
    polling: float  # CPU time of the polling lcores


def pair_of(without, with_it, number):
    """Two of Taken as one pair. Raises Broken if nothing went by in one of them."""
    if without.count == 0 or with_it.count == 0:
        raise Broken(f"nothing was delivered in an interval of pair {number + 1}")
    per_cpu_second = [each.count / max(each.polling, 1e-9) for each in (with_it, without)]
    return {
        "without": without.count / without.seconds,
        "with": with_it.count / with_it.seconds,
        "by_cpu_time": per_cpu_second[0] / per_cpu_second[1],
    }


def _take(program, disturbance, disturbed, interval):
    with disturbance.interval(disturbed):
        began, first, ran = _sample(program, disturbance)
        disturbance.act(disturbed)
        time.sleep(max(0.0, began + interval - time.monotonic()))
        ended, last, ran_then = _sample(program, disturbance)
    return Taken(last - first, ended - began, ran_then - ran)


def _sample(program, disturbance):
    before = time.monotonic()
    count = disturbance.count()
    after = time.monotonic()
    return (before + after) / 2, count, bench_machine.polling_seconds(program.process.pid)


class Reloads:
    """One reload in each interval, each time of the other of two tables of routes. All events
    count."""

    def __init__(self, program, tables):
        self._program, self._tables, self._reloads = program, tables, 0

    def begin(self):
        pass

    def interval(self, _disturbed):
        return contextlib.nullcontext()

    def act(self, disturbed):
        # The calm interval takes as much of the harness: a file written, a question asked.
        table = self._tables[(self._reloads + 1) % 2 if not disturbed else self._reloads % 2]
        self._program.write_routes(table)
        if not disturbed:
            self._program.ask("version")
            return
        answer = self._program.ask("reload")
        self._reloads += 1
        if answer["routes"]["unchanged"]:
            raise Broken(f"a reload left {answer['routes']['unchanged']} routes as they were")

    def count(self):
        return self._program.count()


class Stops:
    """The second of two workers stands still for the whole interval, from its first moment on, as
    one whose handler hangs. The events of `topics`, which are the first one's, count."""

    def __init__(self, program, topics):
        self._program, self._topics = program, topics

    def begin(self):
        pid = self._program.process.pid
        lcores = self._program.ask("lcores")["lcores"]
        [alone] = [lcore for lcore in lcores if lcore["roles"] == ["worker1"]]
        self._thread = thread_named(pid, f"rte-worker-{alone['lcore']}")

    def interval(self, disturbed):
        self._settle()
        return StoppedThread(self._thread) if disturbed else contextlib.nullcontext()

    def act(self, _disturbed):
        pass

    def count(self):
        topics = self._program.ask("topics")["topics"]
        return sum(each["events"] for each in topics if each["topic"] in self._topics)

    def _settle(self):
        """Until nothing is left of the last stop: the worker has caught up, nobody holds back."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < deadline:
            if self._program.ask("pressure")["pipelines"][0]["level"] == "healthy":
                if self._program.ask("health")["healthy"]:
                    return
            time.sleep(0.02)
        raise Broken(f"the appliance was not healthy {SETTLE_SECONDS:.0f} s after a stop")
