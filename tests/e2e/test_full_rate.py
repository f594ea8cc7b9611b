# SPDX-License-Identifier: BSD-3-Clause
"""Reloads, pauses and a drain while a feed with copies, losses, disorder and restarting producers
plays as fast as it is taken: every event ends where the manifest says."""

import json
import shutil
import tempfile
from pathlib import Path

import harness
import traffic
from control_client import ControlClient
from esc_oracle.comparison import differences, producer_differences, topic_differences
from harness import Config, Escd, Lcores, Port

PACKETS = 1_200_000
FEED = (
    "--packets",
    str(PACKETS),
    "--sessions",
    "200",
    "--duplicates",
    "0.03",
    "--loss",
    "0.02",
    "--reorder",
    "300",
    "--restarts",
    "0.0005",
    "--window",
    "1024",
    "--payload",
    "8-40",
    "--unknown-topics",
    "0.01",
)
WINDOW = 1024
FEWEST_TURNS = 10  # of a reload, a pause and a resume, while packets come in
FLOWING_PACKETS = 20_000
FIGURES = {  # of a producer: in the manifest -> escctl's
    "delivered": "accepted",
    "duplicate": "duplicates",
    "stale": "stale",
    "lost": "lost",
    "missing": "missing",
    "late": "late",
    "reorder_depth": "reorder_depth",
    "epochs": "epochs",
}


class FullRate(harness.Scenario):
    @classmethod
    def setUpClass(cls) -> None:
        cls.feed = Path(tempfile.mkdtemp(prefix="esc-e2e-"))
        cls.addClassCleanup(shutil.rmtree, cls.feed)
        harness.run_to_end(
            harness.binary("ESC_REPLAY"),
            "build",
            "--quiet",
            "--out",
            str(cls.feed / "t.pcap"),
            "--manifest",
            str(cls.feed / "t.json"),
            "--topics-out",
            str(cls.feed / "topics"),
            *FEED,
        )
        cls.manifest = json.loads((cls.feed / "t.json").read_text())
        cls.topics = (cls.feed / "topics").read_text().splitlines()

    def configs(self, lcores: Lcores) -> tuple[Config, Config]:
        """Two that treat every event of the feed alike, and differ in much else."""
        port = Port(f"net_pcap0,rx_pcap={self.feed / 't.pcap'}")
        routes = dict.fromkeys(self.topics, "count")
        one = Config([port], routes, lcores, window=WINDOW)
        more = {f"unused/{number}/+": "null" for number in range(300)} | routes
        other = Config([port], more, lcores, window=WINDOW)
        other.route_options = {
            topic: {"spread": "by-producer", "priority": 9} for topic in self.topics[::2]
        }
        return one, other

    def disturb(self, escd: Escd, configs: tuple[Config, Config], total: int) -> int:
        """Until all has come in; how many turns ended before that."""
        turns = 0
        with ControlClient(escd.socket_path) as client:
            while True:
                escd.write_config(configs[1 - turns % 2])
                client.reload()
                self.assertEqual(client.ask("pause")["state"], "paused")
                self.assertTrue(client.ask("ledger")["balanced"])
                self.assertEqual(client.ask("resume")["state"], "running")
                if client.ask("ledger")["packets"]["received"] >= total:
                    return turns
                turns += 1

    def play_disturbed(self, lcores: Lcores) -> None:
        total = self.manifest["packets"]["received"]
        self.assertGreater(total, 1_000_000)
        configs = self.configs(lcores)
        escd = self.start_escd(configs[0])
        escd.wait_until_running()
        turns = self.disturb(escd, configs, total)
        self.assertGreaterEqual(turns, FEWEST_TURNS)
        escd.wait_until_drained(total)
        found = {str(one["producer"]): one for one in self.producers(escd)}
        topics = escd.topics()
        escd.ask("drain")
        self.assertEqual(escd.wait(), 0)
        ledger = escd.ledger()
        self.assertEqual(differences(ledger, self.manifest), [])
        self.assert_mempools_whole(ledger)
        for figure in ("duplicate", "stale"):
            self.assertGreater(self.manifest["frames"][figure], 0)
        self.assertGreater(self.manifest["trace"]["restarts"], 0)
        expected = {
            producer: {FIGURES[name]: value for name, value in figures.items()}
            for producer, figures in self.manifest["producers"].items()
        }
        self.assertEqual(producer_differences(found, expected), [])
        routed = {
            topic: figures
            for topic, figures in self.manifest["topics"].items()
            if figures["handler"] is not None
        }
        self.assertEqual(topic_differences(topics, routed), [])

    def producers(self, escd: Escd) -> list[dict]:
        return escd.ask("producers", "--top", "10000")["producers"]

    def test_every_role_on_one_cpu(self) -> None:
        self.play_disturbed(Lcores.folded(workers=2))

    @harness.whole_machine
    def test_two_pipelines(self) -> None:
        first, second = harness.need_cpus(2)
        self.play_disturbed(Lcores([first], [first, second], [second, first]))


@harness.whole_machine
class Drain(harness.Scenario):
    def test_in_full_flow(self) -> None:
        first, second = harness.need_cpus(2)
        for lcores in (Lcores.folded(), Lcores([first], [first, second], [second, first])):
            packets = traffic.with_malformed(8_000, seed=34)
            device = traffic.pcap_device(
                0, self.directory / "endless.pcap", packets, ",infinite_rx=1"
            )
            config = Config([Port(device)], traffic.ROUTES, lcores)
            escd = self.start_escd(config)
            escd.wait_until_running()
            escd.wait_for_packets(FLOWING_PACKETS)
            self.assertEqual(escd.ask("drain")["state"], "draining")
            self.assertEqual(escd.wait(), 0)
            ledger = escd.ledger()
            expectation = config.expectation()
            received = ledger["packets"]["received"]
            expectation.add_endless(packets, config.ports[0].rules(), received)
            self.assertGreaterEqual(received, FLOWING_PACKETS)
            self.assert_ledger(ledger, expectation)


if __name__ == "__main__":
    harness.main()
