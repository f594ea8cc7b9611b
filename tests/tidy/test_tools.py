# SPDX-License-Identifier: BSD-3-Clause
"""The Python behind tools/test and tools/quickstart, and tools/pre-commit."""

import contextlib
import importlib.util
import io
import json
import os
import shutil
import subprocess
import tempfile
import unittest

LIB = os.path.join(os.path.dirname(__file__), "..", "..", "tools", "lib")


def load(name):
    spec = importlib.util.spec_from_file_location(name, os.path.join(LIB, name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


summarise = load("summarise")
show_ledger = load("show_ledger")
select_tests = load("select_tests")


def line(name="unit/a", result="OK", returncode=0, stdout="", stderr=""):
    return {
        "name": name,
        "result": result,
        "returncode": returncode,
        "stdout": stdout,
        "stderr": stderr,
    }


def gtest(*cases):
    """The output of a GoogleTest binary; cases are (name, end, text)."""
    out = "[==========] Running tests\n"
    for name, end, text in cases:
        out += f"[ RUN      ] {name}\n{text}"
        out += f"[{end}] {name} (0 ms)\n" if end else ""
    return out + "[==========] done\n"


OK, FAILED, SKIPPED = "       OK ", "  FAILED  ", "  SKIPPED "


class Summarise(unittest.TestCase):
    def sum_up(self, *tests, arguments=()):
        with tempfile.TemporaryDirectory() as folder:
            log = os.path.join(folder, "testlog.json")
            with open(log, "w", encoding="utf-8") as file:
                file.writelines(json.dumps(test) + "\n" for test in tests)
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                status = summarise.main([f"r={log}", *arguments])
        return status, out.getvalue()

    def last(self, *tests, arguments=()):
        status, out = self.sum_up(*tests, arguments=arguments)
        return status, out.splitlines()[-1]

    def test_gtest_counts_by_case_and_scripts_as_one(self):
        cases = gtest(("A.a", OK, ""), ("A.b", OK, "text\n"))
        self.assertEqual(self.last(line(stdout=cases), line("e2e/x")), (0, "3 passed, 0 failed"))

    def test_a_failing_case_shows_its_output(self):
        cases = gtest(("A.a", OK, ""), ("A.b", FAILED, "x.cpp:1: Failure\nwanted 1\n"))
        status, out = self.sum_up(line(result="FAIL", returncode=1, stdout=cases))
        self.assertEqual((status, out.splitlines()[-1]), (1, "1 passed, 1 failed"))
        self.assertIn("FAILED  r: unit/a: A.b", out)
        self.assertIn("    wanted 1", out)

    def test_a_parametrised_failure(self):
        out = "[ RUN      ] I/A.b/0\n[  FAILED  ] I/A.b/0, where GetParam() = 3 (1 ms)\n"
        self.assertEqual(self.last(line(result="FAIL", stdout=out)), (1, "0 passed, 1 failed"))

    def test_a_process_that_fails_after_its_cases(self):
        test = line(
            result="FAIL", returncode=23, stdout=gtest(("A.a", OK, "")), stderr="LeakSanitizer\n"
        )
        status, out = self.sum_up(test)
        self.assertEqual((status, out.splitlines()[-1]), (1, "1 passed, 1 failed"))
        self.assertIn("LeakSanitizer", out)

    def test_a_case_that_never_ends(self):
        cases = gtest(("A.a", OK, ""), ("A.b", None, "hm\n"))
        for result in ("TIMEOUT", "ERROR"):
            status, out = self.sum_up(line(result=result, returncode=-11, stdout=cases))
            self.assertEqual((status, out.splitlines()[-1]), (1, "1 passed, 1 failed"))
            self.assertIn("A.b: never ended", out)

    def test_a_script_that_runs_into_its_limit(self):
        self.assertEqual(self.last(line(), line("b", "TIMEOUT", -15)), (1, "1 passed, 1 failed"))

    def test_skips_have_reasons(self):
        cases = gtest(("A.a", OK, ""), ("A.b", SKIPPED, "x.cpp:1: Skipped\nno hugepages\n\n"))
        script = line("e2e/x", "SKIP", 77, stdout="looking\nSKIP: not root\n")
        status, out = self.sum_up(
            line(stdout=cases), script, arguments=["--allow-skips", "memory,root"]
        )
        self.assertEqual((status, out.splitlines()[-1]), (0, "1 passed, 0 failed, 2 skipped"))
        self.assertIn("SKIPPED r: unit/a: A.b [memory]: no hugepages\n", out)
        self.assertIn("SKIPPED r: e2e/x [root]: SKIP: not root\n", out)

    def test_what_is_skipped_everywhere_fails_unless_it_is_allowed(self):
        why = "skipped: network namespaces need root\n"
        tests = (line(), line("e2e/x", "SKIP", 77, stdout=why))
        for allowed in ((), ("--allow-skips", ""), ("--allow-skips", "root,tools")):
            status, out = self.sum_up(*tests, arguments=allowed)
            self.assertEqual((status, out.splitlines()[-1]), (1, "1 passed, 1 failed, 1 skipped"))
            self.assertIn("FAILED  e2e/x: skipped in every build (skipped: network nam", out)
            self.assertIn("; --allow-skips network allows it\n", out)
        self.assertEqual(self.last(*tests, arguments=("--allow-skips", "network"))[0], 0)

    def test_a_skip_that_another_build_makes_good(self):
        """A case with a docstring is known by its name, whatever its first line says."""
        names = ("test_a (m.C.test_a)", "test_b (m.C.test_b)\nWhat it does.")
        ran = "".join(f"{name} ... ok\n" for name in names) + "\nRan 2 tests in 0.1s\n"
        skipped = ran.replace("What it does. ... ok", "What it does. ... skipped 'plain build'")
        with tempfile.TemporaryDirectory() as folder:
            logs = []
            for name, output in (("release", ran), ("asan", skipped)):
                logs.append(f"{name}={folder}/{name}.json")
                with open(f"{folder}/{name}.json", "w", encoding="utf-8") as file:
                    file.write(json.dumps(line("e2e/x", stderr=output)) + "\n")
            with contextlib.redirect_stdout(io.StringIO()) as out:
                self.assertEqual(summarise.main(logs), 0)
                self.assertEqual(summarise.main(logs[1:]), 1)
        self.assertIn("3 passed, 0 failed, 1 skipped\n", out.getvalue())
        self.assertIn("SKIPPED asan: e2e/x: test_b [build]: plain build\n", out.getvalue())

    def test_what_may_be_missing_is_one_of_a_list(self):
        with contextlib.redirect_stderr(io.StringIO()) as said, self.assertRaises(SystemExit):
            summarise.main(["--allow-skips", "root,rot"])
        self.assertIn("not rot", said.getvalue())

    def test_what_the_tests_say_is_told_apart(self):
        for reason, lack in (
            ("needs 2 CPUs, there are 1", "cpus"),
            ("no AF_XDP here: 95", "network"),
            ("packet sockets need CAP_NET_RAW", "root"),
            ("needs root and mkfs.xfs", "root"),
            ("strace is not installed", "tools"),
            ("no FUSE file system can be mounted here: 19", "kernel"),
            ("needs 300 free hugepages", "memory"),
            ("a sanitizer allocates by itself", "build"),
            ("no reason given", "other"),
        ):
            self.assertEqual(summarise.lacking(reason), lack, reason)

    def test_nothing_ran_is_a_failure(self):
        self.assertEqual(self.last(), (1, "0 passed, 1 failed"))
        with contextlib.redirect_stdout(io.StringIO()) as out:
            self.assertEqual(summarise.main([]), 1)
        self.assertEqual(out.getvalue().splitlines()[-1], "0 passed, 0 failed")
        self.assertEqual(
            self.last(line(result="SKIP"), arguments=["--allow-skips", "other"]),
            (1, "0 passed, 0 failed, 1 skipped"),
        )

    def test_a_log_that_is_not_one(self):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            self.assertEqual(summarise.main(["r=/nonexistent"]), 1)
        self.assertEqual(out.getvalue().splitlines()[-1], "0 passed, 1 failed")
        self.assertEqual(self.last({"name": "x"}, line()), (1, "1 passed, 1 failed"))

    def test_steps(self):
        self.assertEqual(
            self.last(line(), arguments=["--failed-step", "clang: build=/nonexistent"]),
            (1, "1 passed, 1 failed"),
        )
        self.assertEqual(
            self.last(line(), arguments=["--skipped-step", "clang=clang is not installed"]),
            (1, "1 passed, 1 failed, 1 skipped"),
        )
        allowed = ["--skipped-step", "clang=clang is not installed", "--allow-skips", "tools"]
        self.assertEqual(self.last(line(), arguments=allowed), (0, "1 passed, 0 failed, 1 skipped"))

    def test_a_python_unittest_counts_by_case(self):
        output = (
            "test_a (m.C.test_a) ... ok\ntest_b (m.C.test_b)\nWhat it does. ... skipped 'no root'\n"
            "test_c (m.C.test_c) ... {}\n\nRan 3 tests in 0.1s\n"
        )
        self.assertEqual(
            self.last(line(stderr=output.format("ok")), arguments=["--allow-skips", "root"]),
            (0, "2 passed, 0 failed, 1 skipped"),
        )
        failing = line(result="FAIL", returncode=1, stderr=output.format("FAIL"))
        self.assertEqual(
            self.last(failing, arguments=["--allow-skips", "root"]),
            (1, "1 passed, 1 failed, 1 skipped"),
        )

    def test_a_quiet_python_unittest_counts_as_one(self):
        self.assertEqual(
            self.last(line(stderr="...\nRan 3 tests in 0.1s\n")), (0, "1 passed, 0 failed")
        )


def ledger():
    return {
        "frames": {
            "received": 28,
            "delivered": 10,
            "control": 1,
            "duplicate": 2,
            "stale": 3,
            "dead_lettered": {"durable": 4, "by_reason": {"unknown_topic": 4}},
            "dropped": {"frame_truncated": 5, "unknown_topic": 3},
            "in_flight": 0,
        },
        "packets": {
            "received": 15,
            "datagrams": 10,
            "reassembled": 1,
            "non_event": {"arp": 2},
            "dropped": {"fragment": 2},
            "in_flight": 0,
            "imissed": 9,
            "rx_nombuf": 0,
            "ierrors": 0,
        },
        "streams": {
            "accepted": 7,
            "closed": {"peer": 4, "slow": 2},
            "open": 1,
            "refused": {"full": 3},
            "accepts_failed": 1,
            "bytes": 1_000,
        },
        "balanced": True,
    }


class ShowLedger(unittest.TestCase):
    def test_seconds_are_a_number(self):
        for text in ("nan", "inf", "-1", "0", "1_0", "1e999", "", " 1", "0x1", "1.2.3"):
            with contextlib.redirect_stderr(io.StringIO()) as said:
                with self.assertRaises(SystemExit, msg=text) as ended:
                    show_ledger.main(["--seconds", text, "nowhere"])
            self.assertEqual(ended.exception.code, 2)
            self.assertIn("--seconds", said.getvalue())

    def status(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write(text)
            file.flush()
            out = io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
                return show_ledger.main(["--seconds", "10", file.name])

    def test_one_that_balances(self):
        self.assertEqual(list(show_ledger.problems(ledger())), [])
        self.assertEqual(self.status(json.dumps(ledger())), 0)

    def test_any_figure_off_by_one_is_seen(self):
        for part, name in [
            ("frames", "received"),
            ("frames", "delivered"),
            ("frames", "stale"),
            ("packets", "received"),
            ("packets", "datagrams"),
            ("packets", "reassembled"),
            ("streams", "accepted"),
            ("streams", "open"),
        ]:
            wrong = ledger()
            wrong[part][name] += 1
            with self.subTest(name=name):
                self.assertEqual(self.status(json.dumps(wrong)), 1)

    def test_in_flight_is_not_in_order_though_the_sum_is(self):
        wrong = ledger()
        wrong["frames"]["in_flight"] += 1
        wrong["frames"]["received"] += 1
        self.assertEqual(self.status(json.dumps(wrong)), 1)

    def test_its_own_word_counts_too(self):
        self.assertEqual(self.status(json.dumps(ledger() | {"balanced": False})), 1)

    def test_nothing_delivered(self):
        empty = ledger()
        empty["frames"]["delivered"] = 0
        empty["frames"]["received"] -= 10
        self.assertEqual(self.status(json.dumps(empty)), 1)

    def test_what_is_no_ledger(self):
        for text in ("", "[]", "{}", "null"):
            self.assertEqual(self.status(text), 2)


class SelectTests(unittest.TestCase):
    TESTS = [
        {
            "name": "unit/ring",
            "suite": ["esc:unit", "esc:threaded"],
            "cmd": ["/b/tests/ring_test", "-x"],
        },
        {"name": "tidy/a", "suite": ["esc:tidy"], "cmd": ["/usr/bin/python3", "/src/run.py"]},
        {"name": "e2e/a", "suite": ["esc:e2e"], "cmd": ["/usr/bin/python3", "/b/app/escd"]},
    ]

    def names(self, wanted, asked):
        return [test["name"] for test in select_tests.chosen(self.TESTS, set(wanted), set(asked))]

    def test_by_suite_and_name(self):
        self.assertEqual(self.names([], []), ["unit/ring", "tidy/a", "e2e/a"])
        self.assertEqual(self.names(["unit", "tidy/a"], []), ["unit/ring", "tidy/a"])
        self.assertEqual(self.names(["unit", "e2e"], ["e2e", "tidy"]), ["e2e/a"])
        self.assertEqual(self.names(["threaded"], ["fuzz"]), [])

    def test_targets_lie_in_the_build(self):
        self.assertEqual(
            list(select_tests.targets(self.TESTS, "/b")), ["tests/ring_test", "app/escd"]
        )
        beside = [{"cmd": ["/src/one_cpu.py", "/b", "tests/unit-base", "a/b"]}]
        beside += [{"cmd": ["/src/one_cpu.py", "/b", "/usr/bin/python3", "/b/../test.py"]}]
        self.assertEqual(list(select_tests.targets(beside, "/b")), ["tests/unit-base"])


class PreCommit(unittest.TestCase):
    """tools/pre-commit in a small repository."""

    TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")

    def setUp(self):
        if not shutil.which("git"):
            self.skipTest("git is not installed")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name
        self.git("init", "--quiet")
        self.copy("tools/pre-commit")
        self.write("tests/tidy/run.py", "#!/usr/bin/env python3\n" + FAKE_RUN)
        os.symlink("../../tools/pre-commit", os.path.join(self.root, ".git/hooks/pre-commit"))
        self.write("page", "sound\n")
        self.git("add", "--all")

    def write(self, path, text):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)

    def copy(self, path):
        os.makedirs(os.path.dirname(os.path.join(self.root, path)), exist_ok=True)
        shutil.copy(os.path.join(self.TOP, path), os.path.join(self.root, path))

    def run_in(self, *command):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        return subprocess.run(
            command, cwd=self.root, env=kept, capture_output=True, text=True, check=False
        )

    def git(self, *arguments):
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        return self.run_in("git", *who, *arguments)

    def test_by_hand_it_looks_at_the_files(self):
        self.assertEqual(self.run_in("tools/pre-commit").returncode, 0)
        self.write("page", "broken\n")
        done = self.run_in("tools/pre-commit")
        self.assertEqual(done.returncode, 1)
        self.assertIn("page: broken", done.stdout)

    def test_as_a_hook_it_looks_at_what_is_staged(self):
        self.write("page", "broken\n")
        done = self.git("commit", "--quiet", "-m", "sound")  # the broken page is not staged
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        self.git("add", "page")
        self.write("page", "sound\n")
        done = self.git("commit", "--quiet", "-m", "broken")
        self.assertEqual(done.returncode, 1)
        self.assertIn("page: broken", done.stdout + done.stderr)
        self.assertEqual(self.git("rev-list", "--count", "HEAD").stdout, "1\n")

    def test_a_wrong_option(self):
        self.assertEqual(self.run_in("tools/pre-commit", "--all").returncode, 2)
        self.assertIn("ln -s", self.run_in("tools/pre-commit", "--help").stdout)

    def test_the_real_checks(self):
        run = os.path.join(self.TOP, "tests", "tidy", "run.py")
        self.write("tools/twisted", "#!/bin/bash\n" + "x" * 101 + "\n")
        done = self.run_in("python3", "-B", run, "--quick", "--root", self.root)
        self.assertEqual(done.returncode, 1)
        self.assertIn("tools/twisted:2: 101 columns", done.stdout)
        for check in ("layout", "unused", "levels", "license", "markdown"):
            self.assertRegex(done.stdout, rf"(?m)^{check}: \d+ problems$")
        self.assertNotIn("headers: ", done.stdout)
        for wrong in ((), ("no_such_check",)):
            self.assertEqual(self.run_in("python3", "-B", run, *wrong).returncode, 2)


# Finds that `page` is not sound, in the tree that it stands in.
FAKE_RUN = """
import os, sys
with open(os.path.join(os.path.dirname(__file__), "..", "..", "page")) as file:
    text = file.read().strip()
assert sys.argv[1:] == ["--quick"], sys.argv
print(f"page: {text}" if text != "sound" else "layout: 0 problems")
sys.exit(text != "sound")
"""


if __name__ == "__main__":
    unittest.main()
