"""Numbered events: each once, whatever repeats, is late, or comes through two ports."""

import json
from pathlib import Path

import harness
import traffic
from esc_oracle.capture import read_packets
from harness import Config, Lcores, Port

FEED = ["--packets", "20000", "--sessions", "40"]


class Identity(harness.Scenario):
    def build(self, *arguments: str) -> tuple[dict, list[str]]:
        """The trace t.pcap; its manifest and topics."""
        manifest, topics = self.directory / "t.json", self.directory / "topics"
        self.run_command(
            harness.binary("ESC_REPLAY"),
            "build",
            "--out",
            str(self.directory / "t.pcap"),
            "--manifest",
            str(manifest),
            "--topics-out",
            str(topics),
            *FEED,
            *arguments,
        )
        return json.loads(manifest.read_text()), topics.read_text().splitlines()

    def port(self, index: int, trace: Path) -> Port:
        return Port(f"net_pcap{index},rx_pcap={trace}")

    def play_feed(self, lcores: Lcores, *arguments: str) -> None:
        manifest, topics = self.build("--window", "256", *arguments)
        port = self.port(0, self.directory / "t.pcap")
        config = Config([port], dict.fromkeys(topics, "count"), lcores, window=256)
        expectation = config.expectation()
        expectation.add_packets(read_packets(self.directory / "t.pcap"), port.rules())
        ledger = self.play(config)
        self.assert_ledger(ledger, expectation)
        for figure in ("duplicate", "stale", "delivered"):
            self.assertEqual(ledger["frames"][figure], manifest["frames"][figure], figure)
            self.assertGreater(ledger["frames"][figure], 0)

    DISORDER = ("--duplicates", "0.05", "--loss", "0.02", "--reorder", "400", "--restarts", "0.001")

    def test_copies_losses_disorder_and_restarts(self) -> None:
        self.play_feed(Lcores.folded(), *self.DISORDER)

    def test_the_same_through_three_pipelines(self) -> None:
        """Each producer's window has one owner, whichever pipeline its packets came to."""
        first, second = harness.need_cpus(2)
        self.play_feed(
            Lcores([first], [first, second, second], [second, first, second]), *self.DISORDER
        )

    def play_both(self, lcores: Lcores, *arguments: str) -> tuple[dict, dict]:
        traces = [self.directory / "t.pcap", self.directory / "b.pcap"]
        manifest, topics = self.build("--out-b", str(traces[1]), *arguments)
        ports = [self.port(index, trace) for index, trace in enumerate(traces)]
        ledger = self.play(Config(ports, dict.fromkeys(topics, "count"), lcores))
        self.assert_sound(ledger)
        return ledger["frames"], manifest["frames"]

    def test_two_ports_with_one_feed(self) -> None:
        """Everything is lost at one of them at most: everything is delivered, once."""
        for lcores in (Lcores.folded(), self.apart()):
            frames, expected = self.play_both(lcores, "--loss", "0.1", "--complete")
            for figure in ("delivered", "duplicate", "stale", "control", "received"):
                self.assertEqual(frames[figure], expected[figure], figure)
            self.assertGreater(frames["duplicate"], 0)

    def test_two_ports_that_both_lose(self) -> None:
        frames, expected = self.play_both(self.apart(), "--loss", "0.3")
        for figure in ("delivered", "duplicate", "stale", "control", "received"):
            self.assertEqual(frames[figure], expected[figure], figure)

    def apart(self) -> Lcores:
        first, second = harness.need_cpus(2)
        return Lcores([first], second, [second])

    def test_what_operators_see_of_producers(self) -> None:
        manifest, topics = self.build("--loss", "0.05", "--duplicates", "0.05")
        port = self.port(0, self.directory / "t.pcap")
        config = Config([port], dict.fromkeys(topics, "count"), Lcores.folded())
        escd = self.start_escd(config)
        escd.wait_until_running()
        escd.wait_until_drained(manifest["packets"]["received"])
        expectation = config.expectation()
        expectation.add_packets(read_packets(self.directory / "t.pcap"), port.rules())
        figures = expectation.producers.figures()
        found = escd.ask("producers", "--top", "1000")
        self.assertEqual(found["known"], len(figures))
        for seen in found["producers"]:
            expected = figures[str(seen["producer"])]
            for figure in ("lost", "missing", "late", "reorder_depth"):
                self.assertEqual(seen[figure], expected[figure], figure)
            self.assertEqual(seen["accepted"], expected["delivered"])
            self.assertEqual(seen["duplicates"], expected["duplicate"])
        one = found["producers"][3]["producer"]
        self.assertEqual(escd.ask("producers", "--id", str(one))["producers"][0]["producer"], one)
        self.assertIn("no window", escd.refused("producers", "--id", "12345678901"))
        self.assert_ledger(escd.stop(), expectation)

    def test_a_restart_delivers_nothing_twice(self) -> None:
        """The second run is sent all of the first one's packets again, and new ones of the same
        producers."""
        manifest, topics = self.build()
        packets = list(read_packets(self.directory / "t.pcap"))
        config = Config([], dict.fromkeys(topics, "count"), Lcores.folded(), instance="restarted")
        config.sections["deduplication"] = {"state_file": str(self.directory / "windows")}
        half = len(packets) // 2
        ledgers = []
        for run, sent in enumerate((packets[:half], packets)):
            device = traffic.pcap_device(0, self.directory / f"{run}.pcap", sent)
            config.ports = [Port(device)]
            ledgers.append(self.play(config))
        expectation = config.expectation()
        for sent in (packets[:half], packets):
            expectation.add_packets(sent, Port("").rules())
        expected = expectation.ledger()["frames"]
        for figure in ("delivered", "duplicate", "stale", "received"):
            total = sum(ledger["frames"][figure] for ledger in ledgers)
            self.assertEqual(total, expected[figure], figure)
        self.assertGreater(ledgers[1]["frames"]["duplicate"], 0)
        self.assertTrue((self.directory / "windows").exists())
        self.assertTrue((self.directory / "windows.loaded").exists())


if __name__ == "__main__":
    harness.main()
