# SPDX-License-Identifier: BSD-3-Clause
"""Traces that esc-replay builds: its manifest, the oracle and the appliance all say the same."""

import json

import harness
from esc_oracle.capture import read_packets
from esc_oracle.comparison import differences, topic_differences
from harness import Config, Lcores, Port

PORT = "9001"


class Replay(harness.Scenario):
    def play_built(self, *arguments: str, handler: str = "count", checksum: str = "verify") -> None:
        replay = harness.binary("ESC_REPLAY")
        trace, manifest_path, topics_path = (
            self.directory / name for name in ("t.pcap", "t.json", "topics")
        )
        self.run_command(
            replay,
            "build",
            "--out",
            str(trace),
            "--manifest",
            str(manifest_path),
            "--topics-out",
            str(topics_path),
            "--udp-port",
            PORT,
            "--handler",
            handler,
            "--checksum",
            checksum,
            *arguments,
        )
        topics = topics_path.read_text(encoding="utf-8").splitlines()
        port = Port(f"net_pcap0,rx_pcap={trace}", [int(PORT)], checksum)
        config = Config([port], dict.fromkeys(topics, handler), Lcores.folded(workers=2))
        expectation = config.expectation()
        expectation.add_packets(read_packets(trace), port.rules())

        manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
        expected = expectation.ledger()
        found = differences(manifest, expected) + topic_differences(
            manifest["topics"], expected["topics"]
        )
        self.assertEqual(found, [], "manifest and oracle")
        self.assert_ledger(self.play(config), expectation)

    def test_defaults(self) -> None:
        self.play_built("--packets", "20000")

    def test_bench_presets(self) -> None:
        for preset in ("bench-64", "bench-512"):
            with self.subTest(preset):
                self.play_built("--preset", preset)

    def test_everything_at_once(self) -> None:
        self.play_built(
            "--packets",
            "20000",
            "--seed",
            "7",
            "--topics",
            "100",
            "--zipf",
            "1.2",
            "--payload",
            "0-300",
            "--frames-per-datagram",
            "1-6",
            "--priorities",
            "0-255",
            "--sessions",
            "20",
            "--malformed",
            "0.1",
            "--unknown-topics",
            "0.05",
            "--vlan",
            "2",
            "--ipv6",
            "0.5",
            "--ip-options",
            "0.2",
            "--no-udp-checksum",
            "0.1",
        )

    def test_other_checksum_settings(self) -> None:
        for checksum in ("nic", "off"):
            with self.subTest(checksum):
                self.play_built(
                    "--packets", "8000", "--malformed", "0.3", "--ipv6", "0.5", checksum=checksum
                )

    def test_handler_that_refuses(self) -> None:
        self.play_built("--packets", "5000", handler="fail")

    def test_jumbo(self) -> None:
        self.play_built(
            "--packets",
            "500",
            "--mtu",
            "65400",
            "--payload",
            "100-20000",
            "--frames-per-datagram",
            "1-9",
        )


if __name__ == "__main__":
    harness.main()
