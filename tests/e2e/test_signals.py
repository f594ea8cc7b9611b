"""SIGTERM and SIGINT in full flow: everything received is accounted for; a second signal does not
wait."""

import signal

import harness
import traffic
from harness import Config, Escd, Lcores, Port

FLOWING_PACKETS = 100_000
SECOND_SIGNAL = 9  # exit code


class Signals(harness.Scenario):
    def start_endless(self, packets: list[bytes], lcores: Lcores) -> tuple[Config, Escd]:
        device = traffic.pcap_device(0, self.directory / "endless.pcap", packets, ",infinite_rx=1")
        config = Config([Port(device)], traffic.ROUTES, lcores)
        escd = self.start_escd(config)
        escd.wait_until_running()
        escd.wait_for_packets(FLOWING_PACKETS)
        return config, escd

    def stop_in_full_flow(self, number: signal.Signals, lcores: Lcores) -> None:
        """The device repeats the trace in order, so the number of packets alone says what they
        were."""
        packets = traffic.with_malformed(8_000, seed=21)
        config, escd = self.start_endless(packets, lcores)
        escd.signal(number)
        self.assertEqual(escd.wait(), 0)
        ledger = escd.ledger()
        expectation = config.expectation()
        expectation.add_endless(packets, config.ports[0].rules(), ledger["packets"]["received"])
        self.assertGreaterEqual(ledger["packets"]["received"], FLOWING_PACKETS)
        self.assert_ledger(ledger, expectation)

    def test_sigterm_on_one_cpu(self) -> None:
        self.stop_in_full_flow(signal.SIGTERM, Lcores.folded())

    def test_sigint_on_two_cpus(self) -> None:
        first, second = harness.need_cpus(2)
        self.stop_in_full_flow(signal.SIGINT, Lcores([first], second, [second]))

    def test_clean_trace_is_delivered_whole(self) -> None:
        _, escd = self.start_endless(traffic.uniform(1000), Lcores.folded())
        ledger = escd.stop()
        self.assert_sound(ledger)
        self.assertEqual(ledger["frames"]["delivered"], ledger["frames"]["received"])
        self.assertEqual(ledger["frames"]["received"], ledger["packets"]["received"])

    def test_a_second_signal_exits_at_once(self) -> None:
        """Both are pending before escd sees either, so the second is there while the drain has yet
        to begin."""
        _, escd = self.start_endless(traffic.uniform(1000), Lcores.folded())
        escd.signal(signal.SIGSTOP)
        escd.signal(signal.SIGTERM)
        escd.signal(signal.SIGINT)
        escd.signal(signal.SIGCONT)
        self.assertEqual(escd.wait(), SECOND_SIGNAL)
        self.assertFalse(escd.has_ledger(), "nothing is written by then")

    def test_signal_before_the_first_packet(self) -> None:
        device = traffic.pcap_device(0, self.directory / "empty.pcap", [])
        config = Config([Port(device)], traffic.ROUTES, Lcores.folded())
        escd = self.start_escd(config)
        escd.wait_until_running()
        self.assert_ledger(escd.stop(), config.expectation())


if __name__ == "__main__":
    harness.main()
