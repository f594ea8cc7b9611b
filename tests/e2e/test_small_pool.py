# SPDX-License-Identifier: BSD-3-Clause
"""Pools that are too small: either the start is refused with advice, or every loss is counted."""

from collections.abc import Callable

import harness
import traffic
from harness import Config, Escd, Lcores, Port
from network import Send, VethPair, expect
from stopped_thread import StoppedThread, thread_named
from traffic import craft

PACKETS = 50_000
SMALLEST_MBUFS = 256


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
        self.play_with(SMALLEST_MBUFS)

    def test_less_than_the_caches_hold(self) -> None:
        self.play_with(600)

    def test_less_than_the_rings_hold(self) -> None:
        self.play_with(4096)


@harness.whole_machine
class DryPool(harness.Scenario):
    """The worker's thread is stopped, and so the dispatcher of its CPU with it: each event that is
    received keeps its mbuf, and the pool is dry after exactly as many packets as it has mbufs.

    net_pcap reads a packet before it asks for an mbuf, so that a packet which finds the pool dry is
    lost and counted in rx_nombuf, one each: what was sent is what was received and what was lost.
    It captures on an interface, so that the test says when a packet comes.
    """

    BEFORE, AFTER = 600, 100
    WINDOW = 20  # fewer than the socket's buffer holds, even if each took the longest packet's room

    def send(self, escd: Escd, more: Callable[[int], None], sent: int, count: int) -> None:
        """So many after `sent`, no faster than they are read."""
        for last in range(sent + self.WINDOW, sent + count + 1, self.WINDOW):
            more(self.WINDOW)
            self.wait_until(lambda last=last: self.read(escd) == last, f"{last} are read", 60.0)

    def read(self, escd: Escd) -> int:
        packets = escd.live_ledger()["packets"]
        return packets["received"] + packets["rx_nombuf"]

    def wait_for(self, escd: Escd, received: int, lost: int, delivered: int) -> None:
        def there() -> bool:
            ledger = escd.live_ledger()
            found = (
                ledger["packets"]["received"],
                ledger["packets"]["rx_nombuf"],
                ledger["frames"]["delivered"],
            )
            return found == (received, lost, delivered)

        what = f"{received} packets received, {lost} lost, {delivered} frames delivered"
        self.wait_until(there, what, 60.0)

    def test_a_worker_that_stalls_empties_the_pool(self) -> None:
        first, second = harness.need_cpus(2)
        pair = VethPair(self)
        config = Config(
            [Port("net_pcap0,rx_iface_in=esc-rx", more={"pool_mbufs": SMALLEST_MBUFS})],
            traffic.ROUTES,
            Lcores([first], second, [second]),
            {"rings": {"ingest_cells": 1024, "worker_cells": 1024}},
        )
        one = Send(craft.frame(traffic.TOPICS[1], b"payload"))
        datagrams = [one] * (self.BEFORE + self.AFTER)
        escd = self.start_escd(config, namespace=pair.receiver)
        escd.wait_until_running()
        lost = self.BEFORE - SMALLEST_MBUFS
        with pair.sending(datagrams) as more:
            with StoppedThread(thread_named(escd.process.pid, "rte-worker-1")):
                self.send(escd, more, 0, self.BEFORE)
                self.wait_for(escd, SMALLEST_MBUFS, lost, 0)
                self.assertEqual(escd.live_ledger()["frames"]["in_flight"], SMALLEST_MBUFS)
            self.wait_for(escd, SMALLEST_MBUFS, lost, SMALLEST_MBUFS)
            self.send(escd, more, self.BEFORE, self.AFTER)
        received = SMALLEST_MBUFS + self.AFTER
        self.wait_for(escd, received, lost, received)
        expectation = expect(config, datagrams[:SMALLEST_MBUFS] + datagrams[self.BEFORE :])
        ledger = escd.stop()
        self.assertEqual(ledger["packets"]["rx_nombuf"], lost)
        self.assert_ledger(ledger, expectation, allowed=["rx_nombuf"])


if __name__ == "__main__":
    harness.main()
