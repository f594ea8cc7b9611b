# SPDX-License-Identifier: BSD-3-Clause
"""An endless trace whose numbers and ids move on with each pass: nothing in it is a copy."""

import harness
from harness import Config, Escd, Lcores, Port

PACKETS = 3000
PASSES = 20


class Restamp(harness.Scenario):
    def start(self, restamp: str, *arguments: str, **deduplication: object) -> Escd:
        trace, topics = self.directory / "t.pcap", self.directory / "topics"
        build = ["build", "--out", str(trace), "--topics-out", str(topics), *arguments]
        build += ["--packets", str(PACKETS), "--frames-per-datagram", "1-4", "--ipv6", "0.3"]
        self.run_command(harness.binary("ESC_REPLAY"), *build)
        # Every checksum is computed: one that did not move along would be seen.
        port = Port(f"net_pcap0,rx_pcap={trace},infinite_rx=1", more={"restamp": restamp})
        routes = dict.fromkeys(topics.read_text().splitlines(), "count")
        config = Config([port], routes, Lcores.folded())
        if deduplication:
            config.sections["deduplication"] = deduplication
            keys = {"dedup": "payload-id", "dedup_offset": 0, "dedup_bytes": 8}
            config.route_options = dict.fromkeys(routes, keys)
        escd = self.start_escd(config)
        escd.wait_until_running()
        escd.wait_for_packets(PASSES * PACKETS)
        return escd

    def assert_all_delivered(self, ledger: dict, control: bool) -> None:
        self.assert_sound(ledger)
        frames, packets = ledger["frames"], ledger["packets"]
        self.assertEqual(frames["delivered"] + frames["control"], frames["received"])
        self.assertEqual(frames["control"], packets["received"] if control else 0)
        self.assertEqual((frames["duplicate"], frames["stale"]), (0, 0))
        self.assertEqual(frames["duplicate_by"], {"number": 0, "key": 0, "replay": 0})
        self.assertEqual(packets["datagrams"], packets["received"])
        self.assertGreater(frames["delivered"], PASSES * PACKETS)

    def test_numbers_move_on(self) -> None:
        escd = self.start("sessions", "--sessions", "50")
        found = escd.ask("producers", "--top", "1000")
        self.assertEqual(found["known"], 50)
        for producer in found["producers"]:
            figures = [producer[name] for name in ("lost", "duplicates", "stale", "late")]
            self.assertEqual(figures, [0, 0, 0, 0], producer)
            self.assertEqual(producer["epochs"], 1)
        self.assert_all_delivered(escd.stop(), control=True)

    def test_payload_ids_move_on(self) -> None:
        escd = self.start("payload-ids", "--payload", "8-200", keyed_bytes=64 << 20)
        keys = escd.ask("keys")
        self.assertEqual((keys["duplicates"], keys["unkeyed"]), (0, 0))
        self.assertGreater(keys["new"], PASSES * PACKETS)
        self.assert_all_delivered(escd.stop(), control=False)

    def test_without_it_a_pass_is_a_copy_of_the_first(self) -> None:
        escd = self.start("off", "--sessions", "50")
        frames = escd.stop()["frames"]
        self.assertGreater(frames["duplicate"] + frames["stale"], (PASSES - 2) * PACKETS)

    def test_a_trace_without_sessions_is_refused(self) -> None:
        with self.assertRaisesRegex(AssertionError, "escd exited early"):
            self.start("sessions")
        log = next(self.directory.glob("*.log")).read_text()
        self.assertIn("cannot be restamped: it has no session frame for these ports", log)


if __name__ == "__main__":
    harness.main()
