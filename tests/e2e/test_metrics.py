#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""`escctl metrics`: sound text, the numbers that the ledger and the oracle have, and a page that
names every family. And the number of the control socket's protocol."""

import json
import os
import re
import shutil
import socket
import subprocess
from collections import Counter, defaultdict
from pathlib import Path

import exposition
import harness
import traffic
from control_client import PROTOCOL, ControlClient
from free_port import free_port
from harness import Config, Lcores, Port

PAGE = Path(__file__).resolve().parents[2] / "docs/metrics.md"
# Labels that tell apart the figures of one thing. The others say which thing it is.
OF_ONE = {"by", "check", "counter", "input", "kind", "level", "reason", "state", "version"}
EVERYTHING = {"deduplication": {"keyed_bytes": 1 << 20, "sequenced": True}}


def kind_of_thing(label: str, value: str) -> str:
    """For the page. Rings differ by the stage that takes from them."""
    return f"`{label}` {value.rstrip('0123456789')}" if label == "ring" else f"`{label}`"


class Metrics(harness.Scenario):
    def play(self, packets: list[bytes], pipelines: int = 1) -> tuple[harness.Escd, Config]:
        """What has received all of them, and finished."""
        cpu = harness.cpus()[0]
        device = traffic.pcap_device(0, self.directory / "t.pcap", packets)
        lcores = Lcores([cpu], [cpu] * pipelines, [cpu] * pipelines)
        listen = [f"127.0.0.1:{free_port()}"]
        config = Config([Port(device)], traffic.ROUTES, lcores, listen=listen)
        directory = self.directory / "letters"
        config.sections |= EVERYTHING | {"dead_letters": {"directory": str(directory)}}
        escd = self.start_escd(config)
        escd.wait_until_running()
        escd.wait_until_drained(len(packets))
        return escd, config

    def families(self, escd: harness.Escd, *options: str) -> dict[str, exposition.Family]:
        return exposition.parse(escd.metrics(*options))

    def by(self, family: exposition.Family, label: str) -> dict[str, int]:
        """Of series that are told apart by one label: what is not 0."""
        return {
            dict(series)[label]: int(value)
            for series, value in family.series.items()
            if value != "0"
        }

    def one(self, family: exposition.Family) -> int:
        (value,) = family.series.values()
        return int(value)

    def test_the_numbers_are_the_ledgers_and_the_oracles(self) -> None:
        packets = traffic.with_malformed(6_000, seed=47)
        escd, config = self.play(packets)
        expectation = config.expectation()
        expectation.add_packets(packets, config.ports[0].rules())
        families = self.families(escd)
        ledger = escd.live_ledger()
        frames, total = ledger["frames"], ledger["packets"]
        for name in ("received", "delivered", "control", "stale"):
            self.assertEqual(self.one(families[f"escd_frames_{name}_total"]), frames[name], name)
        for name in ("received", "datagrams", "reassembled"):
            self.assertEqual(self.one(families[f"escd_packets_{name}_total"]), total[name], name)
        dropped = self.by(families["escd_frames_dropped_total"], "reason")
        self.assertEqual(dropped, frames["dropped"])
        self.assertGreater(len(dropped), 3)
        self.assertEqual(
            self.by(families["escd_packets_dropped_total"], "reason"), total["dropped"]
        )
        self.assertEqual(
            self.by(families["escd_packets_non_event_total"], "kind"), total["non_event"]
        )
        self.assertEqual(
            self.by(families["escd_frames_dead_lettered_total"], "reason"),
            frames["dead_lettered"]["by_reason"],
        )
        self.assertEqual(
            self.by(families["escd_dead_letters_durable_total"], "reason"),
            frames["dead_lettered"]["by_reason"],
        )
        durable = frames["dead_lettered"]["durable"]
        self.assertGreater(durable, 0)
        self.assertEqual(self.one(families["escd_storage_taken_total"]), durable)
        self.assertEqual(self.one(families["escd_dead_letters_write_failed_total"]), 0)
        self.assertEqual(self.one(families["escd_frames_in_flight"]), 0)
        self.assertEqual(self.one(families["escd_ledger_balanced"]), 1)
        self.assertEqual(
            self.by(families["escd_intake_frames_total"], "rx"), {"0": frames["received"]}
        )
        self.assertEqual(self.one(families["escd_rx_packets_total"]), len(packets))
        self.assertEqual(self.one(families["escd_worker_delivered_total"]), frames["delivered"])
        self.assert_ledger(escd.stop(), expectation)

    def test_every_family_is_on_the_page(self) -> None:
        escd, _ = self.play(traffic.mixed(500), pipelines=2)
        rows = [
            f"| `{name}` | {family.kind} | {family.help} | {self.labels(family)} |"
            for name, family in self.families(escd).items()
        ]
        escd.stop()
        table = "| family | type | what it is | labels |\n|---|---|---|---|\n"
        self.assert_on_the_page("families", table + "".join(row + "\n" for row in rows))

    def test_the_page_says_how_many_series_there_are(self) -> None:
        escd, _ = self.play(traffic.mixed(500), pipelines=2)
        counts: dict[tuple[str, ...], Counter] = defaultdict(Counter)
        for family in self.families(escd).values():
            for series in family.series:
                of = [(name, value) for name, value in series[1:] if name not in OF_ONE]
                counts[tuple(kind_of_thing(*label) for label in of)][tuple(of)] += 1
        escd.stop()
        table = "| for each | series |\n|---|---|\n"
        for names, things in counts.items():
            self.assertEqual(len(set(things.values())), 1, things)
            count = next(iter(things.values()))
            table += f"| {', '.join(names) or 'appliance'} | {count} |\n"
        self.assert_on_the_page("series", table)

    def assert_on_the_page(self, name: str, table: str) -> None:
        page = PAGE.read_text(encoding="utf-8")
        written = page.split(f"<!-- {name}: begin -->\n")[1].split(f"<!-- {name}: end -->")[0]
        right = Path(os.environ.get("ESC_BUILD_DIR", ".")) / f"metrics-{name}.md"
        if written != table:
            right.write_text(table, encoding="utf-8")
        self.assertEqual(written, table, f"put what is now in {right} between the markers")

    def test_a_handlers_own_counters_are_shown(self) -> None:
        device = traffic.pcap_device(0, self.directory / "t.pcap", traffic.uniform(30))
        routes = traffic.ROUTES | {traffic.TOPICS[1]: "slow"}
        escd = self.start_escd(Config([Port(device)], routes, Lcores.folded()))
        escd.wait_until_running()
        escd.wait_until_drained(30)
        spent_us = 30 * (2 + len(b"payload"))  # lib/worker/builtin_handlers.cpp, SlowHandler
        (series,) = self.families(escd)["escd_worker_handler_seconds_total"].series.items()
        labels, seconds = dict(series[0]), float(series[1])
        self.assertEqual((labels["handler"], labels["counter"]), ("slow", "spent"))
        self.assertAlmostEqual(seconds, spent_us / 1e6, places=9)
        (worker,) = [one for one in escd.ask("stats")["stages"] if one["role"] == "worker"]
        self.assertAlmostEqual(worker["handlers"]["slow"]["spent_s"], spent_us / 1e6, places=9)
        escd.stop()

    def labels(self, family: exposition.Family) -> str:
        """An intake's figures are a port's or a listener's, and so have one label or another."""
        ways = sorted({tuple(name for name, _ in series) for series in family.series})
        for names in ways:
            self.assertEqual(names[0], "instance")
        return " or ".join(", ".join(f"`{name}`" for name in names[1:]) for names in ways)

    def test_promtool_finds_nothing_to_say(self) -> None:
        promtool = shutil.which("promtool")
        if promtool is None:
            self.skipTest("promtool is not here (Debian package prometheus)")
        escd, _ = self.play(traffic.with_malformed(6_000, seed=47), pipelines=2)
        text = escd.metrics()
        escd.stop()
        done = subprocess.run(
            [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
        )
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_topics_are_bounded_and_told_apart(self) -> None:
        device = traffic.pcap_device(0, self.directory / "t.pcap", traffic.uniform(100))
        hostile = ['a"b', "a\\b", "a\\\\b", "ä/€", "long/" + "x" * 200 + "1", "long/" + "x" * 200]
        routes = dict(traffic.ROUTES) | {topic: "count" for topic in hostile}
        escd = self.start_escd(Config([Port(device)], routes, Lcores.folded()))
        escd.wait_until_running()
        topics = escd.ask("topics")["topics"]
        family = self.families(escd)["escd_topic_delivered_total"]
        self.assertEqual(len(family.series), len(topics))
        found = {dict(series)["topic"].replace("\\\\", "\\") for series in family.series}
        self.assertEqual(found, {entry["topic"] for entry in topics})
        few = self.families(escd, "--topics", "2")
        self.assertEqual(len(few["escd_topic_delivered_total"].series), 2)
        self.assertEqual(self.one(few["escd_topics_left_out"]), len(topics) - 2)
        self.assertNotIn("escd_topic_delivered_total", self.families(escd, "--topics", "0"))
        escd.stop()


class Protocol(harness.Scenario):
    def test_who_asks_by_another_number_is_told_both(self) -> None:
        device = traffic.pcap_device(0, self.directory / "t.pcap", traffic.uniform(10))
        escd = self.start_escd(Config([Port(device)], traffic.ROUTES, Lcores.folded()))
        escd.wait_until_running()
        cases = (({}, "protocol 1 (it gives no number)"), ({"protocol": 3}, "protocol 3"))
        for number, said in cases:
            answer = self.answer(escd, {"command": "ledger"} | number)
            self.assertIs(answer["ok"], False)
            self.assertIn(f"which speaks protocol {PROTOCOL} ", answer["error"])
            self.assertIn(said, answer["error"])
            self.assertIn("use the escctl that was installed with this escd", answer["fix"])
            # Whom he talks to he may ask all the same.
            version = self.answer(escd, {"command": "version"} | number)
            self.assertRegex(version["result"]["version"], r"escd \d")
        with ControlClient(escd.socket_path) as client:
            self.assertTrue(client.ask("ledger")["balanced"])
        escd.stop()

    def answer(self, escd: harness.Escd, request: dict) -> dict:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(escd.socket_path))
            client.sendall(json.dumps(request).encode() + b"\n")
            with client.makefile("rb") as answers:
                return json.loads(answers.readline())

    def test_the_shape_is_the_same_with_one_pipeline_and_with_two(self) -> None:
        shapes = []
        for pipelines in (1, 2):
            cpu = harness.cpus()[0]
            device = traffic.pcap_device(0, self.directory / "t.pcap", traffic.uniform(10))
            lcores = Lcores([cpu], [cpu] * pipelines, [cpu] * pipelines)
            escd = self.start_escd(Config([Port(device)], traffic.ROUTES, lcores))
            escd.wait_until_running()
            escd.wait_until_drained(10)
            documents = {name: escd.ask(name) for name in ("ledger", "stats", "pressure", "lcores")}
            shapes.append({place for place in places(documents)})
            escd.stop()
        self.assertEqual(shapes[0], shapes[1])


def places(value: object, path: str = "") -> list[str]:
    """Each key with those above it; members of a list count as one."""
    if isinstance(value, list):
        return [place for one in value for place in places(one, path + "[]")]
    if isinstance(value, dict):
        return [
            place
            for key, one in value.items()
            if not re.fullmatch("last_changes|dropped", key)
            for place in places(one, f"{path}.{key}")
        ]
    return [path]


if __name__ == "__main__":
    harness.main()
