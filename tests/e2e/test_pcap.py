# SPDX-License-Identifier: BSD-3-Clause
"""A finite trace of mixed traffic: on one CPU with every role folded, and spread over two."""

import os

import harness
import traffic
from control_client import ControlClient
from harness import Config, Lcores, Port

TRACE = 12  # exit code


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

    @harness.whole_machine
    def test_receiving_on_one_cpu_and_working_on_the_other(self) -> None:
        first, second = harness.need_cpus(2)
        self.play_mixed(Lcores([first], second, [second]))

    @harness.whole_machine
    def test_working_on_both_cpus(self) -> None:
        first, second = harness.need_cpus(2)
        self.play_mixed(Lcores([first], second, [first, second]))

    @harness.whole_machine
    def test_three_pipelines_on_two_cpus(self) -> None:
        """Each of them accounts for its own share, and together for everything."""
        first, second = harness.need_cpus(2)
        packets = traffic.mixed(20_000, seed=6)
        device = traffic.pcap_device(0, self.directory / "mixed.pcap", packets)
        lcores = Lcores([first], [first, second, second], [first, second, first, second])
        config = Config([Port(device)], traffic.ROUTES, lcores)
        expectation = config.expectation()
        expectation.add_packets(packets, config.ports[0].rules())
        ledger = self.play(config)
        self.assert_ledger(ledger, expectation)
        shares = ledger["pipelines"]
        self.assertEqual(len(shares), 3)
        for share in shares:
            self.assertEqual(list(harness.violations(share)), [])
            self.assertGreater(share["frames"]["delivered"], 0)
        for figure in ("received", "delivered", "control", "in_flight"):
            total = sum(share["frames"][figure] for share in shares)
            self.assertEqual(total, ledger["frames"][figure], figure)

    def test_each_pipelines_ledger_while_events_move(self) -> None:
        device = traffic.pcap_device(
            0, self.directory / "endless.pcap", traffic.mixed(1_000), ",infinite_rx=1"
        )
        cpu = harness.cpus()[0]
        lcores = Lcores([cpu], [cpu, cpu], [cpu, cpu])
        escd = self.start_escd(Config([Port(device)], traffic.ROUTES, lcores))
        escd.wait_until_running()
        escd.wait_for_packets(10_000)
        with ControlClient(escd.socket_path) as client:
            for _ in range(200):
                shares = client.ask("ledger")["pipelines"]
                self.assertEqual([share["balanced"] for share in shares], [True, True])
        self.assert_sound(escd.stop())

    def test_a_trace_that_is_damaged_while_it_is_played(self) -> None:
        """It is said when it is met, and at the end by the exit code."""
        packets = traffic.uniform(40_000)
        path = self.directory / "long.pcap"
        device = traffic.pcap_device(0, path, packets)
        # It takes as long as the handler does: the port waits for it.
        sections = {"rings": {"ingest_cells": 1024, "worker_cells": 256}}
        routes = dict.fromkeys(traffic.ROUTES, "slow")
        config = Config([Port(device)], routes, Lcores.folded(), sections)
        escd = self.start_escd(config)
        escd.wait_until_running()
        self.assertTrue(escd.passes("links"))
        record_bytes = (path.stat().st_size - 24) // len(packets)
        played = len(packets) // 4
        os.truncate(path, 24 + played * record_bytes + 20)
        self.wait_until(lambda: not escd.passes("links"), "health says so", 60.0)
        self.assertIn("its trace cannot be read on: the rest of it is not played", escd.log())
        self.assertEqual(escd.ask("ports")["ports"][0]["link"], "damaged")
        escd.terminate()
        self.assertEqual(escd.wait(), TRACE)
        ledger = escd.ledger()
        self.assertEqual(ledger["packets"]["received"], played)
        self.assert_sound(ledger)
        self.assertIn("drained in ", escd.log())

    def test_topics_counted(self) -> None:
        packets = traffic.mixed(20_000, seed=5)
        config = Config([], traffic.ROUTES, Lcores.folded(workers=2))
        escd, expectation = self.play_through(config, packets)
        self.assert_topics(escd.topics(), expectation)
        self.assert_ledger(escd.stop(), expectation)


if __name__ == "__main__":
    harness.main()
