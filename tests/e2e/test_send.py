"""esc-replay as the sender: a DPDK port into a DPDK port, every pass accounted for."""

import json
from pathlib import Path

import harness
from esc_oracle.capture import read_packets
from harness import Config, Lcores, Port

MEMIF = "net_memif0,role={role},id=0,socket={socket},socket-abstract=no"
PASSES = 3
SPOILED = "topic_not_utf8=0.05,frame_truncated=0.05,bad_udp_checksum=0.05,arp=0.02"


class Send(harness.Scenario):
    def built(self) -> tuple[Path, list[str]]:
        trace, topics = self.directory / "t.pcap", self.directory / "topics"
        shape = ["--packets", "5000", "--sessions", "8", "--frames-per-datagram", "1-4"]
        self.run_command(
            harness.binary("ESC_REPLAY"),
            "build",
            "--out",
            str(trace),
            "--topics-out",
            str(topics),
            *shape,
            "--malformed",
            SPOILED,
        )
        return trace, topics.read_text(encoding="utf-8").splitlines()

    def test_three_passes_through_memif(self) -> None:
        trace, topics = self.built()
        socket = self.directory / "memif.sock"
        port = Port(MEMIF.format(role="server", socket=socket))
        config = Config([port], dict.fromkeys(topics, "count"), Lcores.folded())
        expectation = config.expectation()
        packets = list(read_packets(trace))
        for _ in range(PASSES):
            expectation.add_packets(packets, port.rules())

        escd = self.start_escd(config)
        escd.wait_until_running()
        said = self.run_command(
            harness.binary("ESC_REPLAY"),
            "send",
            str(trace),
            "--loop",
            str(PASSES),
            "--pps",
            "20000",
            "--json",
            "--quiet",
            "--port",
            MEMIF.format(role="client", socket=socket),
        )
        self.assertEqual(json.loads(said)["packets"], PASSES * len(packets))
        escd.wait_until_drained(PASSES * len(packets))
        self.assert_topics(escd.topics(), expectation)
        self.assert_ledger(escd.stop(), expectation)


if __name__ == "__main__":
    harness.main()
