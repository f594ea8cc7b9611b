"""More comes in than can go out: who is shed, who is not, and what a stopped worker takes down."""

import random

import harness
import traffic
import craft
from harness import Config, Escd, Lcores, Port
from stopped_thread import StoppedThread, thread_named

FLOWING_PACKETS = 20_000
HIGH = 255
STUCK, FINE = "stuck", "fine"


class Overload(harness.Scenario):
    def test_the_lowest_priorities_go_first(self) -> None:
        """One in two hundred frames is of the highest priority: far less than the worker takes, and
        all of them together far more. No cutoff is above the highest priority, so what is not shed
        for its priority, and is not dropped for any other reason, is all of those."""
        first, second = harness.need_cpus(2)
        chooser = random.Random(4)
        packets = [
            craft.datagram4(craft.frame("a", b"", chooser.randrange(200))) for _ in range(1000)
        ]
        packets[::200] = [craft.datagram4(craft.frame("high", b"x", HIGH))] * 5
        device = traffic.pcap_device(0, self.directory / "endless.pcap", packets, ",infinite_rx=1")
        # A port that loses what nobody fetches, as a card does.
        port = Port(device, more={"lossless": False})
        config = Config([port], {"a": "slow", "high": "count"}, Lcores([first], first, [second]))
        escd = self.start_escd(config)
        escd.wait_until_running()

        def shed() -> int:
            dropped = escd.live_ledger()["frames"]["dropped"]
            return dropped.get("shed_critical", 0) + dropped.get("shed_emergency", 0)

        self.wait_until(lambda: shed() > 1_000_000, "frames are shed", 60.0)
        pressure = escd.ask("pressure")
        self.assertIn(pressure["level"], ("critical", "emergency"))
        ledger = escd.stop()
        self.assert_sound(ledger)
        frames = ledger["frames"]
        self.assertLessEqual(set(frames["dropped"]), {"shed_critical", "shed_emergency"})
        self.assertIn("pressure rises from", escd.log())
        self.assertEqual(frames["received"], ledger["packets"]["received"])
        self.assertEqual(ledger["packets"]["imissed"], 0)


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
                lambda: escd.stats()["stages"]["dispatch"]["workers_stopped"] == 1,
                "the worker counts as stopped",
                20.0,
            )
            stuck, fine = delivered(STUCK), delivered(FINE)
            self.wait_until(
                lambda: delivered(FINE) > fine + 1_000_000, "the other route flows", 30.0
            )
            self.assertEqual(delivered(STUCK), stuck)
        self.wait_until(
            lambda: escd.stats()["stages"]["dispatch"]["workers_stopped"] == 0,
            "it moves again",
            20.0,
        )
        self.wait_until(lambda: delivered(STUCK) > stuck + 10_000, "its route flows again", 20.0)
        ledger = escd.stop()
        self.assert_sound(ledger)
        self.assertEqual(set(ledger["frames"]["dropped"]), {"hold_expired"})


if __name__ == "__main__":
    harness.main()
