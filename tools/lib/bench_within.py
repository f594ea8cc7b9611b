"""Comparisons within one run of escd: intervals in which something goes on, each beside one in
which it does not.
"""

import sys
import time
from pathlib import Path

from bench_programs import Broken

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "tests" / "e2e"))

from stopped_thread import StoppedThread, thread_named  # noqa: E402

SETTLE_SECONDS = 30.0


def measure(program, disturbance, warm_up, pairs, interval):
    """Pairs of (events/s without, events/s with). Which comes first changes from pair to pair: what
    drifts meets both alike. Raises Broken."""
    found = []
    with program:
        program.wait_until_counting()
        time.sleep(warm_up)
        disturbance.begin()
        for number in range(pairs):
            order = (False, True) if number % 2 == 0 else (True, False)
            rates = {disturbed: _rate(disturbance, disturbed, interval) for disturbed in order}
            if 0 in rates.values():
                raise Broken(f"nothing was delivered in an interval of pair {number + 1}")
            found.append((rates[False], rates[True]))
        program.finish()
    return found


def _rate(disturbance, disturbed, interval):
    with disturbance.interval(disturbed):
        began, first = _count(disturbance)
        disturbance.act(disturbed)
        time.sleep(max(0.0, began + interval - time.monotonic()))
        ended, last = _count(disturbance)
    return (last - first) / (ended - began)


def _count(disturbance):
    before = time.monotonic()
    count = disturbance.count()
    return (before + time.monotonic()) / 2, count


class _Calm:
    """An interval around which nothing has to be done."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class Reloads:
    """One reload in each interval, each time of the other of two tables of routes. All events
    count."""

    def __init__(self, program, tables):
        self._program, self._tables, self._reloads = program, tables, 0

    def begin(self):
        pass

    def interval(self, _disturbed):
        return _Calm()

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
        return StoppedThread(self._thread) if disturbed else _Calm()

    def act(self, _disturbed):
        pass

    def count(self):
        topics = self._program.ask("topics")["topics"]
        return sum(each["events"] for each in topics if each["topic"] in self._topics)

    def _settle(self):
        """Until nothing is left of the last stop: the worker has caught up, nobody holds back."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < deadline:
            if self._program.ask("pressure")["level"] == "healthy":
                if self._program.ask("health")["healthy"]:
                    return
            time.sleep(0.02)
        raise Broken(f"the appliance was not healthy {SETTLE_SECONDS:.0f} s after a stop")
