# SPDX-License-Identifier: BSD-3-Clause
"""What a stopped worker holds up, and what it does not."""

import harness
import traffic
import craft
from harness import Config, Lcores, Port
from stopped_thread import StoppedThread, thread_named

FLOWING_PACKETS = 20_000
STUCK, FINE = "stuck", "fine"


@harness.whole_machine
class Bulkheads(harness.Scenario):
    def test_a_worker_that_stops_takes_only_its_own_routes_down(self) -> None:
        first, second = harness.need_cpus(2)
        packets = [craft.datagram4(craft.frame(topic, b"x")) for topic in (STUCK, FINE)]
        device = traffic.pcap_device(
            0, self.directory / "endless.pcap", packets * 500, ",infinite_rx=1"
        )
        config = Config(
            [Port(device)],
            {STUCK: "count", FINE: "count"},
            Lcores([first], first, [second, first]),
            {"rings": {"hold_timeout_ms": 100, "worker_cells": 1024}},
        )
        config.route_options = {
            STUCK: {"spread": "worker", "worker": 0},
            FINE: {"spread": "worker", "worker": 1},
        }
        escd = self.start_escd(config)
        escd.wait_until_running()
        escd.wait_for_packets(FLOWING_PACKETS)

        def delivered(topic: str) -> int:
            return escd.topics()[topic]["events"]

        with StoppedThread(thread_named(escd.process.pid, "rte-worker-1")):
            self.wait_until(
                lambda: escd.stages()["dispatch0"]["workers_stopped"] == 1,
                "the worker counts as stopped",
                20.0,
            )
            stuck, fine = delivered(STUCK), delivered(FINE)
            self.wait_until(
                lambda: delivered(FINE) > fine + 1_000_000, "the other route flows", 30.0
            )
            self.assertEqual(delivered(STUCK), stuck)
        self.wait_until(
            lambda: escd.stages()["dispatch0"]["workers_stopped"] == 0,
            "it moves again",
            20.0,
        )
        self.wait_until(lambda: delivered(STUCK) > stuck + 10_000, "its route flows again", 20.0)
        ledger = escd.stop()
        self.assert_sound(ledger)
        self.assertEqual(set(ledger["frames"]["dropped"]), {"hold_expired"})


if __name__ == "__main__":
    harness.main()
