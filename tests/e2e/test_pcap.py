"""A finite trace of mixed traffic: on one CPU with every role folded, and spread over two."""

import harness
import traffic
from harness import Config, Lcores, Port


class FinitePcap(harness.Scenario):
    def play_mixed(self, lcores: Lcores) -> None:
        packets = traffic.mixed(20_000)
        device = traffic.pcap_device(0, self.directory / "mixed.pcap", packets)
        config = Config([Port(device)], traffic.ROUTES, lcores)
        expectation = config.expectation()
        expectation.add_packets(packets, config.ports[0].rules())
        self.assert_ledger(self.play(config), expectation)

    def test_folded_on_one_cpu(self) -> None:
        self.play_mixed(Lcores.folded())

    def test_folded_on_one_cpu_with_three_workers(self) -> None:
        self.play_mixed(Lcores.folded(workers=3))

    def test_receiving_on_one_cpu_and_working_on_the_other(self) -> None:
        first, second = harness.need_cpus(2)
        self.play_mixed(Lcores([first], second, [second]))

    def test_working_on_both_cpus(self) -> None:
        first, second = harness.need_cpus(2)
        self.play_mixed(Lcores([first], second, [first, second]))

    def test_topics_counted(self) -> None:
        packets = traffic.mixed(20_000, seed=5)
        device = traffic.pcap_device(0, self.directory / "mixed.pcap", packets)
        config = Config([Port(device)], traffic.ROUTES, Lcores.folded(workers=2))
        expectation = config.expectation()
        expectation.add_packets(packets, config.ports[0].rules())
        escd = self.start_escd(config)
        escd.wait_until_running()
        escd.wait_until_drained(len(packets))
        self.assert_topics(escd.topics(), expectation)
        self.assert_ledger(escd.stop(), expectation)


if __name__ == "__main__":
    harness.main()
