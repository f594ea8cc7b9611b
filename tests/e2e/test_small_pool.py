"""Pools that are too small: refused at start with a word on what to do, or every loss counted."""

import harness
import traffic
from harness import Config, Lcores, Port

PACKETS = 50_000


class SmallPool(harness.Scenario):
    def play_with(self, mbufs: int) -> None:
        packets = traffic.uniform(PACKETS)
        device = traffic.pcap_device(0, self.directory / "uniform.pcap", packets)
        config = Config([Port(device, more={"pool_mbufs": mbufs})], traffic.ROUTES, Lcores.folded())
        escd = self.start_escd(config, "--exit-when-idle", "1")
        if escd.wait(120) != 0:
            self.assertIn("pool_mbufs", escd.log(), "a refusal names the key")
            self.assertGreater(escd.process.returncode, 0, "a refusal is no crash")
            return
        ledger = escd.ledger()
        lost = ledger["packets"]["rx_nombuf"]  # net_pcap has read the packet by then: it is gone
        expectation = config.expectation()
        expectation.add_packets(packets[lost:], config.ports[0].rules())
        self.assert_ledger(ledger, expectation, allowed=["rx_nombuf"])

    def test_the_smallest(self) -> None:
        self.play_with(256)

    def test_less_than_the_caches_hold(self) -> None:
        self.play_with(600)

    def test_less_than_the_rings_hold(self) -> None:
        self.play_with(4096)


if __name__ == "__main__":
    harness.main()
