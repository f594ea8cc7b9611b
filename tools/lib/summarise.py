#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sums up what meson's test runs found, as `N passed, N failed[, N skipped]` on the last line.

Reads the testlog.json of each run (one JSON object a line). The JUnit file beside it is not used:
meson 1.0 writes a test that ran into its time limit there as passed, and leaves out that a
GoogleTest binary failed after its last case (as a leak report of the address sanitizer does).

A GoogleTest binary or a verbose Python unittest counts case by case, anything else as one test.
A case that was skipped in every build that has it proves nothing here: that is a failure, unless
--allow-skips names what this machine may lack. Exit status: 0 when something passed and nothing
failed, else 1.
"""

import argparse
import json
import re
import sys
from collections import Counter
from dataclasses import dataclass, field

OUTPUT_TAIL_LINES = 40
ANSI = re.compile(r"\x1b\[[0-9;]*m")
GTEST_RUN = re.compile(r"\[ RUN      \] (?P<name>\S+)\s*$")
GTEST_END = re.compile(
    r"\[(?P<state>       OK |  FAILED  |  SKIPPED )\] (?P<name>\S+?)(?:, where .*)? \(\d+ ms\)\s*$"
)
UNITTEST_END = re.compile(
    r"^(?P<name>.*?)\s*\.\.\. (?P<state>ok|FAIL|ERROR|expected failure|skipped .*)\s*$"
)
UNITTEST_BEGIN = re.compile(r"^(?P<name>test\w*) \([\w.]+\)")
UNITTEST_RAN = re.compile(r"^Ran (?P<count>\d+) tests? in ", re.MULTILINE)
UNITTEST_SKIPPED = re.compile(r"\.\.\. skipped (?P<reason>.+?)\s*$", re.MULTILINE)
# What a machine may lack, by what the tests say when they skip; the first that fits. `build`: it is
# another build's to show.
LACKS = {
    "build": re.compile(r"sanitizer|plain build|no such tests", re.IGNORECASE),
    "network": re.compile(r"network|AF_XDP|lo is down"),
    "root": re.compile(r"\broot\b|CAP_|this user|may not make|^not root"),
    "cpus": re.compile(r"needs \d+ CPUs"),
    "tools": re.compile(r"is not (?:installed|here)|needs (?:strace|mkfs)"),
    "memory": re.compile(r"hugepages|has room for"),
    "kernel": re.compile(r"loop device|FUSE|io_uring|hugetlbfs|kmsg|this kernel|the folder of"),
}
OTHER = "other"


def lacking(reason):
    """Which of LACKS a reason to skip speaks of."""
    return next((name for name, words in LACKS.items() if words.search(reason)), OTHER)


@dataclass
class Summary:
    """What was counted. A label is `run: test` or `run: test: case`."""

    passed: int = 0
    failures: list = field(default_factory=list)  # (label, why, output)
    skips: list = field(default_factory=list)  # (label, reason)
    shown: set = field(default_factory=set)  # labels without their run: passed or failed somewhere

    def pass_(self, label):
        self.passed += 1
        self.shown.add(_anywhere(label))

    def fail(self, label, why, output=""):
        self.failures.append((label, why, output))
        self.shown.add(_anywhere(label))

    def skip(self, label, reason):
        self.skips.append((label, reason))

    def never_shown(self):
        """What was skipped wherever it was to run: label without the run -> reason."""
        return {
            _anywhere(label): reason
            for label, reason in self.skips
            if _anywhere(label) not in self.shown
        }


def _anywhere(label):
    """A label without its run: the same for each build."""
    return label.partition(": ")[2] or label


def gtest_cases(output):
    """The cases of a GoogleTest run as [(name, state, text before its end)], and the case that
    began and never ended, if any.
    """
    cases, running, text = [], None, []
    for line in output.splitlines():
        begin, end = GTEST_RUN.search(line), GTEST_END.search(line)
        if begin:
            running, text = begin["name"], []
        elif end and running is not None:
            cases.append((end["name"], end["state"].strip(), "\n".join(text)))
            running = None
        else:
            text.append(line)
    return cases, (running, "\n".join(text)) if running else None


def skip_reason(text):
    """GoogleTest prints `file:line: Skipped` and the reason on the lines after it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for at, line in enumerate(lines):
        if line.endswith("Skipped"):
            return " ".join(lines[at + 1 :]) or line
    return "no reason given"


def script_skip_reason(output):
    """A script that skips says why on its last line, or on one that speaks of it."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for line in reversed(lines):
        if re.match(r"skip", line, re.IGNORECASE):
            return line
    return lines[-1] if lines else "no reason given"


def tail(text, lines=OUTPUT_TAIL_LINES):
    kept = text.rstrip().splitlines()
    cut = len(kept) - lines
    return "\n".join(([f"[{cut} lines before these]"] if cut > 0 else []) + kept[-lines:])


def count_gtest(summary, label, test, output):
    """Counts case by case. True if the cases alone explain the result of the whole."""
    cases, unfinished = gtest_cases(output)
    failed = 0
    for name, state, text in cases:
        if state == "OK":
            summary.pass_(f"{label}: {name}")
        elif state == "SKIPPED":
            summary.skip(f"{label}: {name}", skip_reason(text))
        else:
            failed += 1
            summary.fail(f"{label}: {name}", "failed", text)
    if unfinished:
        failed += 1
        why = f"never ended ({test['result']}, status {test['returncode']})"
        summary.fail(
            f"{label}: {unfinished[0]}", why, unfinished[1] + "\n" + test.get("stderr", "")
        )
    return failed > 0


def count_unittest(summary, label, output):
    """Counts case by case where every case can be told apart; returns None where it cannot, else
    whether one failed.
    """
    ends, begun = [], None
    for line in output.splitlines():
        begin, end = UNITTEST_BEGIN.match(line), UNITTEST_END.match(line)
        begun = begin["name"] if begin else begun
        if end:  # a case with a docstring ends on the line after its name
            ends.append((begun or end["name"], end["state"]))
            begun = None
    ran = UNITTEST_RAN.search(output)
    if not ran or int(ran["count"]) != len(ends) or not ends:
        return None
    failed = False
    for case, state in ends:
        name = f"{label}: {case}"
        if state in ("ok", "expected failure"):
            summary.pass_(name)
        elif state.startswith("skipped"):
            summary.skip(name, state.removeprefix("skipped ").strip("'\""))
        else:
            failed = True
            summary.fail(name, state, output)
    return failed


def count_test(summary, run, test):
    """Adds one line of a testlog.json to the summary."""
    label = f"{run}: {test['name'].split(' / ')[-1]}"
    result = test["result"]
    stdout = ANSI.sub("", test.get("stdout") or "")
    stderr = ANSI.sub("", test.get("stderr") or "")
    output = "\n".join(part for part in (stdout, stderr) if part.strip())
    good = result in ("OK", "EXPECTEDFAIL")

    if result == "SKIP":
        summary.skip(label, script_skip_reason(output))
        return
    if "[ RUN      ]" in stdout:
        explained = count_gtest(summary, label, test, stdout)
        if not good and not explained:
            why = f"{result}, status {test['returncode']}, though no case failed"
            summary.fail(label, why, output)
        return
    explained = count_unittest(summary, label, output)
    if explained is None:
        for match in UNITTEST_SKIPPED.finditer(output):
            summary.skip(label, match["reason"].strip("'\""))
        if good:
            summary.pass_(label)
        else:
            summary.fail(label, f"{result}, status {test['returncode']}", output)
    elif not good and not explained:
        summary.fail(label, f"{result}, status {test['returncode']}, though no case failed", output)


def read_run(summary, run, path):
    """Adds one run. A log that cannot be read is a failure: a run whose result is unknown did
    not pass.
    """
    try:
        with open(path, encoding="utf-8") as log:
            lines = [line for line in log if line.strip()]
    except OSError as error:
        summary.fail(run, f"left no test log: {error}")
        return
    for number, line in enumerate(lines, start=1):
        try:
            count_test(summary, run, json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            summary.fail(run, f"{path}:{number}: not a line of meson's test log ({error!r})")
    if not lines:
        summary.fail(run, "ran no test at all")


def report(summary, out, allowed=()):
    """Prints failures, then skips by reason, then the count alone on the last line. What no build
    has shown fails unless what it lacks is `allowed`. Returns the exit status.
    """
    for label, reason in sorted(summary.never_shown().items()):
        if lacking(reason) not in allowed:
            why = f"skipped in every build ({reason}); --allow-skips {lacking(reason)} allows it"
            summary.failures.append((label, why, ""))
    for label, why, output in summary.failures:
        print(f"FAILED  {label}: {why}", file=out)
        if output.strip():
            print("\n".join("    " + line for line in tail(output).splitlines()), file=out)
    for (reason, label), times in sorted(
        Counter((reason, label) for label, reason in summary.skips).items()
    ):
        often = f" ({times} times)" if times > 1 else ""
        print(f"SKIPPED {label}{often} [{lacking(reason)}]: {reason}", file=out)
    if summary.passed == 0 and not summary.failures:
        print("error: no test ran", file=out)
    line = f"{summary.passed} passed, {len(summary.failures)} failed"
    if summary.skips:
        line += f", {len(summary.skips)} skipped"
    print(line, file=out)
    return 0 if summary.passed > 0 and not summary.failures else 1


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="*", metavar="NAME=TESTLOG.JSON")
    parser.add_argument(
        "--failed-step",
        action="append",
        default=[],
        metavar="NAME=LOG",
        help="a step that failed before any test could run, and its output; may be repeated",
    )
    parser.add_argument(
        "--skipped-step",
        action="append",
        default=[],
        metavar="NAME=REASON",
        help="a step that could not be done here, and why; may be repeated",
    )
    parser.add_argument(
        "--allow-skips",
        type=lambda text: text.split(",") if text else [],
        default=[],
        metavar="LACK,...",
        help=f"what may be missing here: {', '.join([*LACKS, OTHER])}",
    )
    options = parser.parse_args(arguments)
    unknown = set(options.allow_skips) - {*LACKS, OTHER}
    if unknown:
        parser.error(f"--allow-skips takes {', '.join([*LACKS, OTHER])}, not {min(unknown)}")

    summary = Summary()
    for run in options.runs:
        name, _, path = run.partition("=")
        read_run(summary, name, path)
    for failed in options.failed_step:
        name, _, path = failed.partition("=")
        try:
            with open(path, encoding="utf-8", errors="replace") as log:
                summary.fail(name, f"see {path}", log.read())
        except OSError:
            summary.fail(name, "left no output")
    for skipped in options.skipped_step:
        name, _, reason = skipped.partition("=")
        summary.skip(name, reason)
    return report(summary, sys.stdout, options.allow_skips)


if __name__ == "__main__":
    sys.exit(main())
