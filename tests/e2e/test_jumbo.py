# SPDX-License-Identifier: BSD-3-Clause
"""Packets of many buffers each, with frames that lie across the boundaries."""

import harness
import traffic
from harness import Config, Lcores, Port


class Jumbo(harness.Scenario):
    def play_jumbo(self, more: dict[str, object]) -> None:
        packets = traffic.jumbo(300) + traffic.mixed(300)
        device = traffic.pcap_device(0, self.directory / "jumbo.pcap", packets)
        config = Config([Port(device, more=more)], traffic.ROUTES, Lcores.folded())
        expectation = config.expectation()
        expectation.add_packets(packets, config.ports[0].rules())
        self.assert_ledger(self.play(config), expectation)

    def test_buffers_of_the_usual_size(self) -> None:
        self.play_jumbo({})

    def test_small_buffers(self) -> None:
        """Even headers, and the packets of every other scenario, are spread over several."""
        self.play_jumbo({"mbuf_data_bytes": 256})


if __name__ == "__main__":
    harness.main()
