# SPDX-License-Identifier: BSD-3-Clause
"""The command line and the standard output of every program: what they refuse, what their texts
name, and how they end when their output cannot be written.
"""

import json
import os
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path

import harness
from control_client import PROTOCOL

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/tidy"))

import cpp  # noqa: E402

OK, USAGE = 0, 2
PROGRAMS = {
    "escd": "ESC_ESCD",
    "escctl": "ESC_ESCCTL",
    "esc-dlq": "ESC_DLQ",
    "esc-replay": "ESC_REPLAY",
}
NOT_WRITTEN = {"escd": 11, "escctl": 5, "esc-dlq": 4, "esc-replay": 1}
SOURCES = {"escd": "app/escd", "escctl": "tools/escctl", "esc-dlq": "tools/esc-dlq",
           "esc-replay": "tools/esc-replay"}  # fmt: skip
# Of other programs, which our texts name too.
STRANGERS = {
    "dpdk-devbind.py": {"--status-dev"},
    "EAL": {"--allow", "--base-virtaddr", "--block", "--create-uio-dev", "--file-prefix",
            "--force-max-simd-bitwidth", "--huge-dir", "--huge-unlink", "--huge-worker-stack",
            "--in-memory", "--iova-mode", "--lcores", "--legacy-mem", "--log-level",
            "--main-lcore", "--master-lcore", "--match-allocations", "--mbuf-pool-ops-name",
            "--no-hpet", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry", "--opt",
            "--proc-type", "--single-file-segments", "--socket-limit", "--socket-mem", "--syslog",
            "--telemetry", "--trace", "--trace-bufsz", "--trace-dir", "--trace-mode", "--vdev",
            "--version", "--vfio-intr", "--vfio-vf-token", "--vmware-tsc-map"},
}  # fmt: skip
NUMBERS = {"N", "X", "SECONDS", "COUNT", "PRODUCER"}
NO_NUMBERS = ("nan", "NaN", "inf", "-inf", "-1", "+1", " 1", "1 ", "0x10", "1e999", "one",
              "99999999999999999999999")  # fmt: skip


def run(program, *arguments, **options):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.run(
        [harness.binary(PROGRAMS[program]), *arguments], text=True, timeout=60, check=False,
        stdin=subprocess.DEVNULL, **options,
    )  # fmt: skip


def help_of(program, *command):
    done = run(program, *command, "--help")
    assert (done.returncode, done.stderr) == (OK, ""), (program, command, done)
    return done.stdout


def options_in(text):
    """{name: its type, or ""} of a help text."""
    found = re.findall(r"^ {2,}(?:-h,)?(--[a-z][a-z0-9-]*)(?: ([A-Z{][^\s=]*))?", text, re.M)
    return {name: "" if kind == "Excludes:" else kind for name, kind in found}


def commands_of(program):
    """() and each subcommand: {command: {option: type}}."""
    top = help_of(program)
    listed = re.search(r"^Subcommands:\n((?:  .+\n)+)", top, re.M)
    names = re.findall(r"^  ([a-z]+) ", listed[1], re.M) if listed else []
    return {(): options_in(top)} | {(name,): options_in(help_of(program, name)) for name in names}


class Lines(harness.Scenario):
    def refuse(self, program, *arguments, says):
        done = run(program, *arguments)
        what = f"{program} {arguments}: {done.stdout}{done.stderr}"
        self.assertEqual(done.returncode, USAGE, what)
        self.assertEqual(done.stdout, "", what)
        self.assertRegex(done.stderr, r"\A[\x20-\x7e]+\n  fix: .+\n\Z", what)
        self.assertIn(says, done.stderr, what)

    def all_options(self):
        for program in PROGRAMS:
            for command, options in commands_of(program).items():
                for name, kind in options.items():
                    if kind:
                        yield program, command, name, kind

    def test_files_of_a_build_that_are_one(self):
        """Nothing is written: one of the two would be gone afterwards."""
        out, again = str(self.directory / "x.pcap"), str(self.directory / "." / "x.pcap")
        listed = self.directory / "topics.txt"
        listed.write_text("a/b\n", encoding="utf-8")
        manifest = str(self.directory / "x.json")
        for one, other, *files in (
            ("--out", "--topics-out", "--out", out, "--topics-out", again),
            ("--out", "--manifest", "--out", out, "--manifest", again),
            ("--out", "--out-b", "--out", out, "--out-b", again, "--sessions", "2"),
            ("--manifest", "--config-out", "--out", out, "--config-out", manifest),
            ("--topics-file", "--out", "--topics-file", str(listed), "--out", str(listed)),
            ("--topics-file", "--topics-out", "--out", out, "--topics-file", str(listed),
             "--topics-out", str(listed)),
            ("--routes-out", "--config-out", "--out", out, "--routes-out", manifest + "x",
             "--config-out", manifest + "x"),
        ):  # fmt: skip
            done = run("esc-replay", "build", "--packets", "3", "--quiet", *files)
            self.assertEqual((done.returncode, done.stdout), (USAGE, ""), files)
            self.assertIn(f"{one} and {other} are one file: name another", done.stderr)
        self.assertEqual([path.name for path in self.directory.iterdir()], ["topics.txt"])
        self.assertEqual(listed.read_text(encoding="utf-8"), "a/b\n")

    def test_an_empty_value_is_none(self):
        seen = 0
        for program, command, name, _ in self.all_options():
            says = f"{name}: the value is empty"
            self.refuse(program, *command, name, "", says=says)
            self.refuse(program, *command, f"{name}=", "--json", says=says)
            seen += 1
        self.assertGreaterEqual(seen, 60)

    def test_no_number_takes_what_is_none(self):
        seen = 0
        for program, command, name, kind in self.all_options():
            if kind not in NUMBERS:
                continue
            needed = ["--config", "x"] if program == "escd" else []
            for text in NO_NUMBERS:
                says = f"{name}: '{text}': give a"
                self.refuse(program, *needed, *command, f"{name}={text}", says=says)
            seen += 1
        self.assertGreaterEqual(seen, 30)

    def test_a_range_is_said(self):
        for program, arguments, says in (
            ("escctl", ["stats", "--watch", "nan"], "give a number from 0.05 to 3600"),
            ("escctl", ["producers", "--top", "10001"], "give a whole number from 1 to 10000"),
            ("escctl", ["producers", "--id", "18446744073709551616"],
             "give a whole number from 0 to 18446744073709551615"),
            ("esc-replay", ["build", "--out", "x", "--packets", "-1"],
             "give a whole number from 1 to 1000000000000"),
            ("esc-replay", ["build", "--out", "x", "--udp-port", "65536"],
             "give a whole number from 1 to 65535"),
            ("esc-replay", ["build", "--out", "x", "--zipf", "nan", "--packets", "1"],
             "give a number from 0 to 100"),
            ("esc-replay", ["send", "x", "--udp", "h:1", "--pps", "inf"],
             "give a number from 0.001 to 1000000000"),
            ("esc-dlq", ["replay", "x", "--dry-run", "--rate", "-1"], "give a number from 0 to"),
            ("esc-dlq", ["replay", "x", "--dry-run", "--max-replays", "16"],
             "give a whole number from 1 to 15"),
            ("escd", ["--config", "x", "--run-for", "nan"], "give a number from 0.001 to"),
        ):  # fmt: skip
            self.refuse(program, *arguments, says=says)
        for spoilt in ("--payload", "--topic-bytes", "--priorities", "--malformed", "--vlan-ids"):
            for text in ("-1", "nan", "1:nan", "normal:nan,1", "normal:1,inf", "arp=nan", "4095,x"):
                done = run("esc-replay", "build", "--out", self.directory / "t.pcap", "--packets",
                           "1", "--vlan", "1", spoilt, text)  # fmt: skip
                self.assertEqual(done.returncode, USAGE, f"{spoilt} {text}: {done.stderr}")
        self.assertEqual(list(self.directory.glob("t.*")), [])

    def test_what_is_repeated_cannot_steer_a_terminal(self):
        for program, command in (
            ("escd", ["--config", "x"]),
            ("escctl", ["stats"]),
            ("esc-dlq", ["ls", "x"]),
            ("esc-replay", ["info", "x"]),
        ):
            self.refuse(program, *command, "--\x1b[31m\u202e", says=r"\x1b[31m\u{202e}")
        done = run("esc-replay", "info", "/nowhere\x1b[31m")
        self.assertIn(r"/nowhere\x1b[31m", done.stderr)

    def test_the_pages_have_the_exit_codes(self):
        page = (ROOT / "docs/esc-replay.md").read_text(encoding="utf-8")
        printed = dict(re.findall(r"^ +(\d+) +(.+)$", help_of("esc-replay"), re.M))
        table = page.partition("## Exit codes")[2].replace("`", "")
        self.assertEqual(printed, dict(re.findall(r"^\| (\d+) \| (.+) \|$", table, re.M)))


class Texts(harness.Scenario):
    """The options that our texts tell people to type exist."""

    def test_options_that_texts_name_are_there(self):
        known = {
            program: set().union(*commands_of(program).values()) | {"--help"}
            for program in PROGRAMS
        }
        everything = set().union(*known.values(), *STRANGERS.values())
        seen = 0
        for folder in ("app", "lib", "tools"):
            own = {program for program, path in SOURCES.items() if path.startswith(folder)}
            for path in sorted((ROOT / folder).rglob("*.[ch]pp")):
                for text in literals(path.read_text(encoding="utf-8")):
                    owner = [p for p in own if str(path).startswith(str(ROOT / SOURCES[p]) + "/")]
                    named = {program for program in PROGRAMS if re.search(rf"\b{program}\b", text)}
                    may = set().union(*(known[p] for p in {*owner, *named}), *STRANGERS.values())
                    for option in re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", text):
                        # Who uses a library is not known here.
                        self.assertIn(option, may if owner else everything, f"{path}: {text}")
                        seen += 1
        self.assertGreaterEqual(seen, 150)

    def test_options_on_the_pages_are_there(self):
        known = set().union(*(set().union(*commands_of(p).values()) for p in PROGRAMS))
        known |= {"--help"}
        for program in PROGRAMS:
            for page in sorted((ROOT / "docs").glob("*.md")):
                for line in page.read_text(encoding="utf-8").splitlines():
                    for said in re.findall(rf"(?<![\w/.-]){program} ([^`|;#]*)", line):
                        words = said.split(" -- ")[0]
                        for option in re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", words):
                            self.assertIn(option, known, f"{page.name}: {line}")


def literals(code):
    """The string literals of a file, those that stand side by side as one."""
    joined = re.sub(r'"\s*\n\s*"', "", code)
    return [m[0] for m in cpp.TOKEN.finditer(joined) if m["string"] or m["raw"]]


class Outputs(harness.Scenario):
    """Each program's output: on a full disk, and to a reader that stops reading."""

    def setUp(self):
        self.socket = self.directory / "c.sock"
        result = {"frames": {"received": 1}, "uptime_s": 1.0}
        self.answer = {"ok": True, "protocol": PROTOCOL, "result": result}
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.socket))
        listener.listen()
        self.addCleanup(listener.close)
        self.addCleanup(listener.shutdown, socket.SHUT_RDWR)
        threading.Thread(target=self.serve, args=(listener,), daemon=True).start()
        self.trace = self.directory / "t.pcap"
        letters = self.directory / "letters"
        letters.mkdir()
        made = run("esc-replay", "build", "--out", self.trace, "--packets", "64", "--quiet")
        self.assertEqual(made.returncode, OK, made.stderr)
        self.config = self.directory / "escd.toml"
        cpu = harness.cpus()[0]
        device = f"net_pcap0,rx_pcap={self.trace}"
        harness_config = harness.Config(
            [harness.Port(device)], {"a": "count"}, harness.Lcores([cpu], cpu, [cpu])
        )
        text = harness_config.toml(f"e2e-lines-{os.getpid()}", self.directory / "d.sock")
        self.config.write_text(text, encoding="utf-8")
        self.lines = [
            *((program, ["--help"]) for program in PROGRAMS),
            ("escd", ["--version"]),
            ("escctl", ["--version"]),
            ("esc-dlq", ["--version"]),
            ("esc-replay", ["build", "--help"]),
            ("escd", ["--config", self.config, "--print-plan"]),
            ("escctl", ["--socket", self.socket, "ledger"]),
            ("escctl", ["--socket", self.socket, "--json", "ledger"]),
            ("escctl", ["--socket", self.socket, "drain"]),
            ("escctl", ["--socket", self.socket, "version"]),
            ("escctl", ["--socket", self.socket, "--json", "stats", "--watch", "3600"]),
            ("esc-dlq", ["ls", letters]),
            ("esc-dlq", ["stats", letters, "--json"]),
            ("esc-dlq", ["cat", letters, "--pcap"]),
            ("esc-dlq", ["verify", letters]),
            ("esc-dlq", ["purge", letters, "--all"]),
            ("esc-dlq", ["replay", letters, "--dry-run"]),
            ("esc-replay", ["info", self.trace]),
            ("esc-replay", ["build", "--out", self.trace, "--packets", "64", "--quiet"]),
            ("esc-replay", ["send", self.trace, "--tcp", self.take_all(), "--quiet"]),
        ]

    def serve(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as file:
                for _ in file:
                    answer = self.answer
                    text = answer if isinstance(answer, str) else json.dumps(answer)
                    try:
                        file.write(text.encode() + b"\n")
                        file.flush()
                    except OSError:
                        break

    def take_all(self):
        """HOST:PORT that takes everything."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    while connection.recv(1 << 16):
                        pass

        threading.Thread(target=serve, daemon=True).start()
        return f"127.0.0.1:{listener.getsockname()[1]}"

    def test_a_full_disk_is_told(self):
        for program, arguments in self.lines:
            with open("/dev/full", "wb") as full:
                done = run(program, *arguments, stdout=full)
            what = f"{program} {arguments}: {done.stderr}"
            self.assertEqual(done.returncode, NOT_WRITTEN[program], what)
            said = f"{program}: standard output could not be written: No space left on device\n"
            self.assertIn(said, done.stderr, what)

    def test_a_closed_output_is_told_and_no_file_of_ours_takes_its_place(self):
        for program, arguments in self.lines:
            command = [harness.binary(PROGRAMS[program]), *map(str, arguments)]
            done = subprocess.run(
                ["bash", "-c", 'exec "$@" >&-', "bash", *command],
                capture_output=True, text=True, timeout=60, check=False,
            )  # fmt: skip
            what = f"{program} {arguments}: {done.stderr}"
            self.assertEqual(done.returncode, NOT_WRITTEN[program], what)
            self.assertIn("standard output could not be written: Bad file", done.stderr, what)

    def test_a_reader_that_left_is_no_failure(self):
        for program, arguments in self.lines:
            reader, writer = os.pipe()
            os.close(reader)
            with open(writer, "wb") as pipe:
                done = run(program, *arguments, stdout=pipe)
            self.assertEqual((done.returncode, done.stderr), (OK, ""), f"{program} {arguments}")

    def test_watching_ends_with_its_reader(self):
        """Though its next line is an hour away."""
        command = [harness.binary("ESC_ESCCTL"), "--socket", self.socket, "--json", "stats"]
        with subprocess.Popen(
            [*command, "--watch", "3600"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            self.assertTrue(process.stdout.readline())
            process.stdout.close()
            self.assertEqual(process.wait(60), OK)
            self.assertEqual(process.stderr.read(), "")

    def test_what_was_found_counts_for_more(self):
        self.answer = {"ok": True, "protocol": PROTOCOL, "result": {"healthy": False, "checks": []}}
        with open("/dev/full", "wb") as full:
            done = run("escctl", "--socket", self.socket, "health", stdout=full)
        self.assertEqual(done.returncode, 1)
        self.assertIn("standard output could not be written", done.stderr)

    def test_an_answer_that_is_nested_too_deep(self):
        for answer in (
            '{"ok":true,"result":' + "[" * 200_000 + "]" * 200_000 + "}",
            '{"ok":true,"result":' + '{"a":' * 200_000 + "1" + "}" * 200_001,
            "[" * 1_000_000,
        ):
            self.answer = answer
            for json_too in ([], ["--json"]):
                done = run("escctl", "--socket", self.socket, *json_too, "ledger")
                self.assertEqual(done.returncode, 3, done.stderr[-300:])
                self.assertIn("no JSON, or nested too deep", done.stderr)


if __name__ == "__main__":
    harness.main()
