# SPDX-License-Identifier: BSD-3-Clause
"""What every end-to-end scenario needs: a directory, an escd to start and stop, a ledger to compare
with the oracle's.

A scenario is a module with test classes derived from Scenario that ends in `harness.main()`. A test
that needs more than one CPU is marked `@harness.whole_machine`; with `--need one-cpu` or `--need
whole-machine` a module runs the others or those only. Exit codes: 0 passed, 1 failed, 77 everything
skipped (the reasons are printed). The binaries come from ESC_ESCD, ESC_ESCCTL and ESC_REPLAY; with
ESC_E2E_KEEP set the directory of a failed test stays.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import unittest
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "oracle"))

import craft  # noqa: E402
from cpus import LoaderFor, cpus, need_cpus, one_cpu, whole_machine  # noqa: E402, F401
from esc_oracle.comparison import differences, topic_differences, violations  # noqa: E402
from esc_oracle.configuration import read_bindings, read_replay_sources, read_routes  # noqa: E402
from esc_oracle.frame import FrameRules  # noqa: E402
from esc_oracle.identity import Producers  # noqa: E402
from esc_oracle.ledger import Expectation  # noqa: E402
from esc_oracle.packet import PacketRules  # noqa: E402

START_SECONDS = 60.0  # EAL without hugepages, on a busy machine, under a sanitizer
STOP_SECONDS = 60.0
POLL_SECONDS = 0.02
SANITIZED = bool(os.environ.get("ESC_SANITIZE"))  # escd is slower by a multiple
LOG_TAIL_LINES = 60
SKIPPED = 77


@dataclass
class Port:
    device: str
    udp_ports: Sequence[int] = (9001,)
    checksum: str = "verify"
    more: dict[str, object] = field(default_factory=dict)

    def rules(self) -> PacketRules:
        return PacketRules(frozenset(self.udp_ports), self.checksum)


@dataclass
class Lcores:
    rx: Sequence[int]
    dispatch: int | Sequence[int]  # a CPU; of several pipelines, one each
    workers: Sequence[int]

    @staticmethod
    def folded(workers: int = 1) -> "Lcores":
        """Every role on one CPU."""
        cpu = cpus()[0]
        return Lcores([cpu], cpu, [cpu] * workers)


@dataclass
class Config:
    """escd's configuration; `sections` are further tables, name -> {key: value}."""

    ports: Sequence[Port]
    routes: dict[str, str]  # topic or pattern -> handler
    lcores: Lcores
    sections: dict[str, dict[str, object]] = field(default_factory=dict)
    eal_args: Sequence[str] = ("--no-pci",)
    # What `sections` (or escd's default) make it: numbers of a producer that are told apart; None:
    # numbered events are not deduplicated.
    window: int | None = 4096
    route_options: dict[str, dict[str, object]] = field(default_factory=dict)  # by topic
    producers: dict[int, Sequence[str]] = field(default_factory=dict)  # from where they may send
    instance: str | None = None  # one of its own for each run
    listen: Sequence[str] = ()  # TCP
    tcp_sources: Sequence[str] = ()  # none: all

    def expectation(self) -> Expectation:
        limits = self.sections.get("limits", {})
        rules = FrameRules(
            **{name: value for name, value in limits.items() if name != "max_routes"}
        )
        document = tomllib.loads(self.toml("any", None))
        return Expectation(
            rules,
            read_routes(document),
            Producers(self.window) if self.window else None,
            read_bindings(document),
            replay_sources=read_replay_sources(document),
            dead=self.kept_reasons(),
        )

    def kept_reasons(self) -> frozenset[str]:
        """Why a frame is a dead letter here, as far as that does not depend on time."""
        letters = self.sections.get("dead_letters", {})
        if "directory" not in letters:
            return frozenset()
        rule = self.sections.get("routing", {}).get("unknown_topic", "dead-letter")
        return frozenset(
            ["handler_refused"]
            + ["unknown_topic"] * (rule == "dead-letter")
            + ["stale"] * bool(letters.get("stale"))
        )

    def toml(self, instance: str, socket: Path | None) -> str:
        """socket: None leaves it where escd puts it."""
        tables = [("", {"instance": instance}), ("[eal]", {"args": list(self.eal_args)})]
        if socket is not None:
            tables.append(("[control]", {"socket": str(socket)}))
        for port in self.ports:
            keys = {
                "device": port.device,
                "udp_ports": list(port.udp_ports),
                "checksum": port.checksum,
            }
            tables.append(("[[port]]", keys | port.more))
        sources = {"sources": list(self.tcp_sources)} if self.tcp_sources else {}
        tables += [("[[tcp]]", {"listen": address} | sources) for address in self.listen]
        roles = self.lcores
        lcores = {"rx": roles.rx, "dispatch": roles.dispatch, "workers": roles.workers}
        tables.append(("[lcores]", lcores))
        deduplication = {"window": self.window} if self.window else {"sequenced": False}
        deduplication |= self.sections.get("deduplication", {})
        sections = self.sections | {"deduplication": deduplication}
        if one_cpu():  # those that start beside it would count on the same hugepages
            sections = {"memory": {"hugepages": "off"}} | sections
        tables += [(f"[{name}]", keys) for name, keys in sections.items()]
        tables += [
            ("[[route]]", {"topic": topic, "handler": handler} | self.route_options.get(topic, {}))
            for topic, handler in self.routes.items()
        ]
        tables += [
            ("[[producer]]", {"id": str(producer), "sources": list(sources)})
            for producer, sources in self.producers.items()
        ]
        # JSON's strings, numbers, booleans and arrays of them are TOML's.
        lines = [
            [head, *(f"{key} = {json.dumps(value)}" for key, value in keys.items())]
            for head, keys in tables
        ]
        return "\n\n".join("\n".join(block) for block in lines).lstrip() + "\n"


class Scenario(unittest.TestCase):
    """Gives each test a directory of its own; on failure shows the logs in it."""

    maxDiff = None

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        self.directory = Path(tempfile.mkdtemp(prefix="esc-e2e-"))
        before = _problems(result)
        try:
            return super().run(result)
        finally:
            failed = _problems(result) > before
            if failed:
                _show_logs(self.directory)
            if failed and "ESC_E2E_KEEP" in os.environ:
                print(f"kept: {self.directory}", file=sys.stderr)
            else:
                shutil.rmtree(self.directory, ignore_errors=True)

    def start_escd(
        self,
        config: Config,
        *arguments: str,
        namespace: str | None = None,
        environment: Mapping[str, str] = MappingProxyType({}),
        under: Sequence[str] = (),
    ) -> "Escd":
        """under: a command that runs escd, such as strace."""
        escd = Escd(self, config, arguments, namespace, environment, under)
        self.addCleanup(escd.kill)
        return escd

    def play(self, config: Config, *, timeout_s: float = 120.0) -> dict:
        """Runs escd on ports that run dry (trace files) until it exits by itself; returns the
        ledger."""
        escd = self.start_escd(config, "--exit-when-idle", "1")
        self.assertEqual(escd.wait(timeout_s), 0, "exit code of escd")
        return escd.ledger()

    def play_through(self, config: Config, packets: Sequence[bytes]) -> tuple["Escd", Expectation]:
        """Plays a trace of `packets`, through the only port, until nothing is in flight. escd keeps
        running, to be asked. Returns it and what the oracle expects.
        """
        trace = self.directory / "played.pcap"
        craft.write_pcap(trace, packets)
        config.ports = [Port(f"net_pcap0,rx_pcap={trace}")]
        expectation = config.expectation()
        expectation.add_packets(packets, config.ports[0].rules())
        escd = self.start_escd(config)
        escd.wait_until_running()
        escd.wait_until_drained(len(packets))
        return escd, expectation

    def assert_ledger(
        self, ledger: dict, expectation: Expectation, allowed: Sequence[str] = ()
    ) -> None:
        """Exactly what the oracle says, and every mempool whole. `allowed`: of imissed, rx_nombuf,
        ierrors."""
        found = differences(ledger, expectation.ledger(), allowed)
        if found:
            self.fail("\n".join(["the ledger is not what it must be:", *found]))
        self.assert_mempools_whole(ledger)

    def assert_sound(self, ledger: dict) -> None:
        """The ledger, whatever its figures, is balanced and drained, and every mempool is whole."""
        self.assertEqual(list(violations(ledger)), [])
        self.assert_mempools_whole(ledger)

    def assert_mempools_whole(self, ledger: dict) -> None:
        pools = ledger.get("mempools")
        self.assertTrue(pools, 'the ledger file has no "mempools"')
        for name, pool in pools.items():
            expected = pool["size"] - pool.get("kept_by_driver", 0)
            self.assertEqual(pool["available"], expected, f"mbufs back in pool {name}")

    def assert_topics(self, topics: dict, expectation: Expectation) -> None:
        """Compares the delivered events, in the form of Escd.topics(): by the routes' patterns, for
        all handlers; `fail` delivers nothing.
        """
        counted = {
            pattern: figures
            for pattern, figures in expectation.ledger()["routes"].items()
            if figures["handler"] != "fail"
        }
        found = topic_differences(topics, counted)
        if found:
            self.fail("\n".join(["the topics are not what they must be:", *found]))

    def wait_until(self, condition: Callable[[], bool], what: str, timeout_s: float) -> None:
        """Polls until the condition holds; the scenario fails if it does not in time."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                self.fail(f"waited {timeout_s:.0f} s in vain: {what}")
            time.sleep(POLL_SECONDS)

    def run_command(self, *command: str) -> str:
        """As run_to_end()."""
        return run_to_end(*command)


class Escd:
    """One escd process, ended by its own pid whatever happens."""

    _count = 0

    def __init__(
        self,
        scenario: Scenario,
        config: Config,
        arguments: Sequence[str],
        namespace: str | None,
        environment: Mapping[str, str],
        under: Sequence[str] = (),
    ) -> None:
        Escd._count += 1
        instance = config.instance or f"e2e-{os.getpid()}-{Escd._count}"
        self.instance = instance
        self._scenario = scenario
        self._ledger_path = scenario.directory / f"{instance}.ledger.json"
        self.socket_path = scenario.directory / f"{instance}.sock"
        self.log_path = scenario.directory / f"{instance}.log"
        self.config_path = scenario.directory / f"{instance}.toml"
        self.write_config(config)
        inside = ["ip", "netns", "exec", namespace] if namespace else []
        command = [
            *inside,
            *under,
            binary("ESC_ESCD"),
            "--config",
            str(self.config_path),
            "--ledger",
            str(self._ledger_path),
        ]
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | dict(environment),
            )

    def write_config(self, config: Config) -> None:
        """Over the one it was started with: for a reload."""
        self.config_path.write_text(config.toml(self.instance, self.socket_path), encoding="utf-8")

    def ask(self, *arguments: str) -> dict:
        """The answer of escctl, which is granted."""
        self._assert_alive()
        answer = self._escctl(*arguments, "--json")
        self._scenario.assertEqual(
            answer.returncode, 0, f"escctl {arguments}: {answer.stdout}{answer.stderr}"
        )
        return json.loads(answer.stdout)

    def refused(self, *arguments: str) -> str:
        """What escctl says to a command that escd refuses."""
        answer = self._escctl(*arguments)
        self._scenario.assertEqual(answer.returncode, 4, f"{answer.stdout}{answer.stderr}")
        return answer.stderr

    def wait_until_running(self) -> None:
        def running() -> bool:
            self._assert_alive()
            answer = self._escctl("state", "--json")
            return answer.returncode == 0 and json.loads(answer.stdout)["state"] == "running"

        self._scenario.wait_until(running, "escd is running", START_SECONDS)

    def healthy(self) -> bool:
        self._assert_alive()
        return self._escctl("health").returncode == 0

    def health(self) -> dict:
        """Each check by its name, by escctl; its exit code is the verdict."""
        self._assert_alive()
        answer = self._escctl("health", "--json")
        document = json.loads(answer.stdout)
        self._scenario.assertEqual(answer.returncode, 0 if document["healthy"] else 1)
        self._scenario.assertEqual(
            document["healthy"], all(check["ok"] for check in document["checks"])
        )
        return {check["name"]: check for check in document["checks"]}

    def passes(self, check: str) -> bool:
        """Whether that check of its health is ok, whatever the others say."""
        return self.health()[check]["ok"]

    def terminate(self) -> None:
        self.signal(signal.SIGTERM)

    def live_ledger(self) -> dict:
        """The ledger of this moment, by escctl."""
        return self.ask("ledger")

    def stats(self) -> dict:
        """By escctl."""
        return self.ask("stats")

    def metrics(self, *options: str) -> str:
        """What escctl metrics prints."""
        self._assert_alive()
        answer = self._escctl("metrics", *options)
        self._scenario.assertEqual((answer.returncode, answer.stderr), (0, ""))
        return answer.stdout

    def stages(self) -> dict:
        """Each stage's figures by its name."""
        return {stage["name"]: stage for stage in self.stats()["stages"]}

    def rings(self) -> dict:
        """Each ring's figures by its name."""
        return {ring["name"]: ring for ring in self.stats()["rings"]}

    def topics(self) -> dict:
        """topic or pattern -> {"events", "bytes"} delivered, by escctl; "" is the default route."""
        entries = self.ask("topics")["topics"]
        return {
            entry["topic"]: {"events": entry["events"], "bytes": entry["payload_bytes"]}
            for entry in entries
        }

    def wait_until_drained(self, packets: int) -> None:
        """Waits until so many packets were received and all of their frames have ended."""
        self.wait_for_packets(packets)

        def nothing_in_flight() -> bool:
            ledger = self.live_ledger()
            return ledger["packets"]["in_flight"] == 0 and not list(violations(ledger))

        self._scenario.wait_until(nothing_in_flight, "nothing is in flight", 60.0)

    def wait_for_packets(self, count: int, timeout_s: float = 60.0) -> None:
        """Until so many packets were received, counting those that the port itself reports as
        lost."""

        def arrived() -> bool:
            packets = self.live_ledger()["packets"]
            return packets["received"] + packets["imissed"] + packets["rx_nombuf"] >= count

        self._scenario.wait_until(arrived, f"escd has {count} packets", timeout_s)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self, timeout_s: float = STOP_SECONDS) -> int:
        """The exit code; negative: killed by that signal."""
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._scenario.fail(f"escd did not exit within {timeout_s:.0f} s")

    def stop(self) -> dict:
        """SIGTERM, a clean exit, and the ledger."""
        self.signal(signal.SIGTERM)
        self._scenario.assertEqual(self.wait(), 0, "exit code of escd after SIGTERM")
        return self.ledger()

    def ledger(self) -> dict:
        """The ledger file that escd wrote when it exited."""
        self._scenario.assertTrue(self._ledger_path.exists(), "escd wrote no ledger")
        return json.loads(self._ledger_path.read_text(encoding="utf-8"))

    def has_ledger(self) -> bool:
        return self._ledger_path.exists()

    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        end(self.process)

    def _assert_alive(self) -> None:
        code = self.process.poll()
        self._scenario.assertIsNone(code, f"escd exited early with {code}")

    def _escctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [binary("ESC_ESCCTL"), "--socket", str(self.socket_path), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=20)


def end(process: subprocess.Popen) -> None:
    """Kills a process that still runs, and reaps it."""
    if process.poll() is None:
        process.kill()
    process.wait()


def binary(variable: str) -> str:
    path = os.environ.get(variable)
    if not path or not os.access(path, os.X_OK):
        raise RuntimeError(f"{variable} does not name a program")
    return path


def run_to_end(*command: str) -> str:
    """What it printed. Raises AssertionError if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout


def need_tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise unittest.SkipTest(f"{name} is not installed")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--need", choices=("one-cpu", "whole-machine"))
    options, rest = parser.parse_known_args()
    loader = LoaderFor(options.need)
    program = unittest.main(argv=[sys.argv[0], *rest], testLoader=loader, exit=False, verbosity=2)
    result = program.result
    for test, reason in result.skipped:
        print(f"skipped: {test.id()}: {reason}")
    if not result.wasSuccessful() or not (result.testsRun or result.skipped):
        sys.exit(1)
    # Of a subtest: its test.
    skipped = {getattr(test, "test_case", test).id() for test, _ in result.skipped}
    # A class that is skipped as a whole has run none.
    sys.exit(SKIPPED if len(skipped) >= result.testsRun else 0)


def _problems(result: unittest.TestResult | None) -> int:
    return len(result.failures) + len(result.errors) if result else 0


def _show_logs(directory: Path) -> None:
    for path in sorted(directory.glob("*.log")):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        print(
            f"--- the end of {path.name}",
            *lines[-LOG_TAIL_LINES:],
            "---",
            sep="\n",
            file=sys.stderr,
        )
