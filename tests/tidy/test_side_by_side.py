# SPDX-License-Identifier: BSD-3-Clause
"""tests/one_cpu.py, which gives each test a CPU of its own, and the table of what tests took."""

import contextlib
import importlib.util
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ONE_CPU = os.path.join(HERE, "..", "one_cpu.py")
SAY = "import os; print(sorted(os.sched_getaffinity(0)), os.environ['ESC_ONE_CPU'], flush=True)"


def load(name):
    path = os.path.join(HERE, "..", "..", "tools", "lib", name + ".py")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class OneCpu(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def start(self, *command, **more):
        """Such a test, with its standard input and output on pipes."""
        process = subprocess.Popen(
            [sys.executable, "-B", ONE_CPU, self.folder, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **more,
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def test_each_of_the_cpus_is_given_once(self):
        cpus = sorted(os.sched_getaffinity(0))
        held = [self.start(sys.executable, "-c", SAY + "; input()") for _ in cpus]
        given = [one.stdout.readline() for one in held]
        self.assertEqual(sorted(given), sorted(f"[{cpu}] 1\n" for cpu in cpus))

        late = self.start(sys.executable, "-c", SAY)
        with self.assertRaises(subprocess.TimeoutExpired):
            late.wait(0.5)  # all are taken
        held[0].communicate("done\n")
        self.assertEqual(late.stdout.readline(), given[0])

    def test_a_test_that_is_killed_gives_its_cpu_back(self):
        cpus = sorted(os.sched_getaffinity(0))
        for _ in range(len(cpus) + 1):
            one = self.start(sys.executable, "-c", SAY + "; input()")
            self.assertEqual(one.stdout.readline(), f"[{cpus[0]}] 1\n")
            one.kill()
            one.wait()

    def test_it_becomes_the_program(self):
        """So its process id, its exit status and the signal that ended it are the program's."""
        one = self.start(sys.executable, "-c", "import os; print(os.getpid()); os._exit(77)")
        self.assertEqual(int(one.stdout.readline()), one.pid)
        self.assertEqual(one.wait(), 77)
        self.assertEqual(self.start("/nonexistent/program").wait(), 2)
        self.assertEqual(self.start().wait(), 2)

    def test_a_relative_path_is_relative_to_the_build(self):
        os.symlink("/bin/true", os.path.join(self.folder, "program"))
        self.assertEqual(self.start("./program", cwd="/").wait(), 0)


class EveryTest(unittest.TestCase):
    TOP = os.path.join(HERE, "..", "..")
    CALL = re.compile(r"^ *test\(('.*?)(?=^ *(?:test\(|end|\w+ = )|\Z)", re.MULTILINE | re.DOTALL)

    def test_says_what_it_needs(self):
        """One that says nothing would run beside others on CPUs that they were given."""
        found = 0
        for folder in ("bench", "lib", "tests", "tools", "app"):
            for place, _, names in os.walk(os.path.join(self.TOP, folder)):
                if "meson.build" not in names:
                    continue
                path = os.path.join(place, "meson.build")
                with open(path, encoding="utf-8") as file:
                    calls = self.CALL.findall(file.read())
                for call in (" ".join(words.split()) for words in calls):
                    with self.subTest(path=os.path.relpath(path, self.TOP), call=call[:40]):
                        alone = "is_parallel: false, priority: afterwards" in call
                        self.assertNotEqual(", on_one_cpu," in call, alone)
                    found += 1
        self.assertGreater(found, 40)


class Times(unittest.TestCase):
    def test_a_table_by_suite_and_build(self):
        tests = [("unit/a", 1.4), ("unit/b", 2.0), ("e2e/c", 9.0)]
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "times"), "w", encoding="utf-8") as file:
                file.write("release build 30\nrelease test 7\nclang build 20\n")
            with open(os.path.join(folder, "release.json"), "w", encoding="utf-8") as file:
                for name, seconds in tests:
                    file.write(json.dumps({"name": "esc:s / " + name, "duration": seconds}) + "\n")
            with contextlib.redirect_stdout(io.StringIO()) as out:
                self.assertEqual(load("test_times").main([folder]), 0)
        self.assertEqual(
            out.getvalue().splitlines(),
            [
                "| seconds | release | clang | all |",
                "|---|--:|--:|--:|",
                "| compiling | 30 | 20 | 50 |",
                "| tests, by the clock | 7 |  | 7 |",
                "| `e2e` | 9 |  | 9 |",
                "| `unit` | 3 |  | 3 |",
            ],
        )

    def test_a_folder_that_has_none(self):
        with contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertEqual(load("test_times").main(["/nonexistent"]), 1)
        self.assertIn("no times in /nonexistent", said.getvalue())


if __name__ == "__main__":
    unittest.main()
