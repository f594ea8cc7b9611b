# SPDX-License-Identifier: BSD-3-Clause
"""How tools/bench takes its pairs: intervals within one run, and two programs that take turns."""

import contextlib
import os
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "tools" / "lib"))

import bench_machine
import bench_programs
import bench_turns
import bench_within


class Scripted:
    """A program and a disturbance: ten events in each millisecond, five while disturbed."""

    def __init__(self):
        self.acts, self.finished, self._count = [], False, 0
        self._rate = 0
        self.process = self
        self.pid = os.getpid()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def wait_until_counting(self):
        pass

    def finish(self):
        self.finished = True

    def begin(self):
        self.acts.append("begin")

    def interval(self, disturbed):
        self._rate = 5 if disturbed else 10
        return contextlib.nullcontext()

    def act(self, disturbed):
        self.acts.append(disturbed)

    def count(self):
        self._count += self._rate
        return self._count


class Within(unittest.TestCase):
    cpu = bench_machine.cpus()[0]

    def test_intervals_take_turns_and_so_does_their_order(self):
        scripted, cpus = Scripted(), bench_machine.cpus()
        pairs = bench_within.measure(scripted, scripted, 0, 4, 0.001, self.cpu)
        self.assertEqual(
            scripted.acts, ["begin", False, True, True, False, False, True, True, False]
        )
        self.assertTrue(scripted.finished)
        self.assertEqual(len(pairs), 4)
        self.assertTrue(all(pair["without"] > 0 and pair["with"] > 0 for pair in pairs))
        self.assertEqual(bench_machine.cpus(), cpus)

    def test_an_interval_without_an_event_gives_no_figure(self):
        scripted = Scripted()
        scripted.count = lambda: 7
        with self.assertRaises(bench_programs.Broken):
            bench_within.measure(scripted, scripted, 0, 1, 0.001, self.cpu)

    def test_reloads_take_the_other_table_each_time(self):
        class Program:
            def __init__(self):
                self.told = []

            def write_routes(self, table):
                self.told.append(table)

            def ask(self, command):
                self.told.append(command)
                return {"routes": {"unchanged": 0}}

        program = Program()
        reloads = bench_within.Reloads(program, ("b", "a"))  # "a" is in force
        for disturbed in (False, True, True, False, False, True):
            reloads.act(disturbed)
        self.assertEqual(
            program.told,
            ["a", "version", "b", "reload", "a", "reload", "a", "version", "a", "version",
             "b", "reload"],
        )  # fmt: skip


class Child:
    """A real process that counts in a file, named as a polling lcore is."""

    SOURCE = """
import mmap, sys
open("/proc/self/comm", "w").write("rte-worker-1")
with open(sys.argv[1], "r+b") as file:
    shared_number = memoryview(mmap.mmap(file.fileno(), 8)).cast("Q")  # written whole
number = 0
while number < int(sys.argv[2]):
    number += 1
    shared_number[0] = number
"""

    def __init__(self, path, most=10**9):
        self.name, self.path, self.most = path.name, path, most
        self.other, self.states, self.finished_while = None, set(), None

    def __enter__(self):
        self.path.write_bytes(bytes(8))
        command = [sys.executable, "-c", self.SOURCE, str(self.path), str(self.most)]
        self.process = subprocess.Popen(command)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def wait_until_counting(self):
        while self._read() == 0 and self.process.poll() is None:
            time.sleep(0.001)

    def count(self):
        self.states.add((state_of(self.process.pid), state_of(self.other.process.pid)))
        return self._read()

    def finish(self):
        self.finished_while = state_of(self.process.pid)
        self.cpus = os.sched_getaffinity(self.process.pid)

    def _read(self):
        return struct.unpack("Q", self.path.read_bytes())[0]


def state_of(pid):
    """"T": stopped; "R" otherwise, as far as it lives."""
    state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    return {"S": "R", "D": "R"}.get(state, state)


class Turns(unittest.TestCase):
    cpu = bench_machine.cpus()[0]

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="escd-bench-test-")
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def two(self, **options):
        without, with_it = Child(self.directory / "a"), Child(self.directory / "b", **options)
        without.other, with_it.other = with_it, without
        return without, with_it

    def test_one_runs_while_the_other_is_stopped(self):
        cpus = set(bench_machine.cpus())
        without, with_it = self.two()
        arms = {"with": with_it, "without": without}
        pairs = bench_turns.measure(arms, 0.01, 0.2, self.cpu)
        self.assertEqual(len(pairs), bench_turns.FEWEST_TURNS)
        self.assertTrue(all(value > 0 for pair in pairs for value in pair.values()))
        for child in (without, with_it):
            self.assertEqual(child.states, {("R", "T")})
            self.assertEqual(child.finished_while, "R")
            self.assertEqual(child.cpus, cpus)
        self.assertEqual(set(bench_machine.cpus()), cpus)

    def test_a_program_that_ends_gives_no_figure(self):
        without, with_it = self.two(most=1)
        with_it.wait_until_counting = lambda: os.waitid(
            os.P_PID, with_it.process.pid, os.WEXITED | os.WNOWAIT
        )
        with self.assertRaisesRegex(bench_programs.Broken, "b ended early with 0"):
            bench_turns.measure({"without": without, "with": with_it}, 0.01, 0.01, self.cpu)


if __name__ == "__main__":
    unittest.main()
