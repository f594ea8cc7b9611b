# SPDX-License-Identifier: BSD-3-Clause
"""Comparisons of two programs on the same CPUs that take turns: one runs while the other is
stopped. A machine that other work makes slower for seconds makes both so.
"""

import contextlib
import os
import signal
import time

import bench_machine
from bench_programs import Broken
from bench_within import Taken, on_cpu, pair_of

TURN_SECONDS = 0.25
FEWEST_TURNS = 2  # so that either is first once
# After its turn the other one's data is in the caches.
REFILL_SECONDS = 0.02


def measure(programs, warm_up, seconds, cpu):
    """Pairs of turns, as of bench_within.measure, of {"without": Program, "with": Program}, each of
    which runs for `warm_up` and then for `seconds` altogether. Which one is first changes from pair
    to pair. This process keeps to `cpu` meanwhile. Raises Broken."""
    with contextlib.ExitStack() as stack:
        for program in programs.values():
            stack.enter_context(program)
            program.wait_until_counting()
            time.sleep(warm_up)
            _stop(program)
        stack.enter_context(on_cpu(cpu))  # not before: they may use all CPUs
        found = []
        for number in range(max(FEWEST_TURNS, round(seconds / TURN_SECONDS))):
            order = ("without", "with") if number % 2 == 0 else ("with", "without")
            taken = {arm: _turn(programs[arm], seconds) for arm in order}
            found.append(pair_of(taken["without"], taken["with"], number))
        for program in programs.values():
            _go_on(program)
            program.finish()
    return found


def _turn(program, seconds):
    _go_on(program)
    time.sleep(REFILL_SECONDS)
    began, first, ran = _sample(program)
    time.sleep(max(0.0, began + min(seconds, TURN_SECONDS) - time.monotonic()))
    ended, last, ran_then = _sample(program)
    _stop(program)
    return Taken(last - first, ended - began, ran_then - ran)


def _sample(program):
    before = time.monotonic()
    count = program.count()
    after = time.monotonic()
    return (before + after) / 2, count, bench_machine.polling_seconds(program.process.pid)


def _stop(program):
    """Returns when none of its threads runs any more."""
    process = program.process
    process.send_signal(signal.SIGSTOP)  # which sees whether it ended
    if process.returncode is None:
        # WNOWAIT: if it ends instead, that is left for Popen to see.
        state = os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        if state.si_code == os.CLD_STOPPED:
            return
    raise Broken(f"{program.name} ended early with {process.wait()}")


def _go_on(program):
    program.process.send_signal(signal.SIGCONT)
