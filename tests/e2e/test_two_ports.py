# SPDX-License-Identifier: BSD-3-Clause
"""Two ports at once, each with a trace, UDP ports and a checksum rule of its own."""

import harness
import traffic
from harness import Config, Lcores, Port


class TwoPorts(harness.Scenario):
    def play_two(self, lcores: Lcores) -> None:
        traces = [traffic.with_malformed(12_000, seed=11), traffic.mixed(9_000, seed=12, port=9100)]
        devices = [
            traffic.pcap_device(index, self.directory / f"{index}.pcap", packets)
            for index, packets in enumerate(traces)
        ]
        ports = [Port(devices[0], [9001], "off"), Port(devices[1], [9100, 53], "verify")]
        config = Config(ports, traffic.ROUTES, lcores)
        expectation = config.expectation()
        for port, packets in zip(ports, traces, strict=True):
            expectation.add_packets(packets, port.rules())
        self.assert_ledger(self.play(config), expectation)

    def test_on_one_cpu(self) -> None:
        self.play_two(Lcores.folded(workers=2))

    @harness.whole_machine
    def test_a_cpu_each(self) -> None:
        first, second = harness.need_cpus(2)
        self.play_two(Lcores([first, second], first, [first, second]))


if __name__ == "__main__":
    harness.main()
