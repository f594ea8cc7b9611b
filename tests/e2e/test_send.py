# SPDX-License-Identifier: BSD-3-Clause
"""esc-replay as the sender: a DPDK port into a DPDK port, every pass accounted for."""

import dataclasses
import json
from pathlib import Path

import harness
from af_xdp import need_af_xdp
from esc_oracle.capture import read_packets
from esc_oracle.ledger import Expectation
from harness import Config, Escd, Lcores, Port
from network import VethPair

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
        escd, expectation = self.receiver(port, topics, trace)
        self.send(trace, MEMIF.format(role="client", socket=socket), 20_000)
        self.finish(escd, expectation)

    def test_three_passes_through_af_xdp(self) -> None:
        """Over veth into an af_packet port; tags stay off, since the kernel would take them out."""
        need_af_xdp()
        pair = VethPair(self)
        trace, topics = self.built()
        # A ring with room for all of them, however late this machine fetches them.
        port = Port(f"net_af_packet0,iface={pair.interface},framecnt=16384")
        escd, expectation = self.receiver(port, topics, trace, pair.receiver)
        self.send(trace, "net_af_xdp0,iface=esc-tx", 5_000, pair.sender)
        self.finish(escd, expectation)

    def receiver(
        self, port: Port, topics: list[str], trace: Path, namespace: str | None = None
    ) -> tuple[Escd, Expectation]:
        config = Config([port], dict.fromkeys(topics, "count"), Lcores.folded())
        # Each pass has numbers of its own: none of them is seen twice.
        expectation = dataclasses.replace(config, window=None).expectation()
        self.packets = list(read_packets(trace))
        for _ in range(PASSES):
            expectation.add_packets(self.packets, port.rules())
        escd = self.start_escd(config, namespace=namespace)
        escd.wait_until_running()
        return escd, expectation

    def send(self, trace: Path, port: str, pps: int, namespace: str | None = None) -> None:
        inside = ["ip", "netns", "exec", namespace] if namespace else []
        said = self.run_command(
            *inside,
            harness.binary("ESC_REPLAY"),
            "send",
            str(trace),
            "--loop",
            str(PASSES),
            "--pps",
            str(pps),
            "--json",
            "--quiet",
            "--port",
            port,
        )
        self.assertEqual(json.loads(said)["packets"], PASSES * len(self.packets))

    def finish(self, escd: Escd, expectation: Expectation) -> None:
        escd.wait_until_drained(PASSES * len(self.packets))
        self.assert_topics(escd.topics(), expectation)
        self.assert_ledger(escd.stop(), expectation)


if __name__ == "__main__":
    harness.main()
