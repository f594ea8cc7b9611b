# SPDX-License-Identifier: BSD-3-Clause
"""Far more comes in than the workers take: events of the highest priority are all delivered, the
others by their priority, and afterwards the appliance is healthy again.
"""

import json
import random

import harness
import craft
import traffic
from control_client import ControlClient
from harness import Config, Escd, Lcores, Port

WORK = "work"  # what makes the worker slow: half of all frames, at every priority
# With a sanitizer less can come in: then work takes longer, so that it is too much all the same,
# and fewer events may wait for it. Without one some 15 million frames come in a second, and 3,000
# between two looks at the pressure.
WORK_BYTES, WAITING = (18, 8192) if harness.SANITIZED else (4, 32768)
HIGH, HIGH_PRIORITY = "high", 255
BANDS = {f"band/{priority}": priority for priority in range(20, 180, 20)}  # topic -> priority
DATAGRAMS = 240_000
HIGH_EVERY = 200  # datagrams
TIMES_TOO_MUCH = 4


class Load:
    """A trace that ends. Every datagram has one frame of each band beside one that is work of the
    same priority."""

    def __init__(self) -> None:
        chooser = random.Random(17)
        both = [
            craft.frame(topic, bytes(WORK_BYTES), priority)
            for band, priority in BANDS.items()
            for topic in (band, WORK)
        ]
        order = sorted(range(len(both)), key=lambda _: chooser.random())
        plain = b"".join(both[index] for index in order)
        special = craft.frame(HIGH, b"y", HIGH_PRIORITY) + plain
        run = [craft.datagram4(special)] + [craft.datagram4(plain)] * (HIGH_EVERY - 1)
        self.packets = run * (DATAGRAMS // HIGH_EVERY)
        self.high = DATAGRAMS // HIGH_EVERY
        self.of_each_band = DATAGRAMS
        self.frames = self.high + DATAGRAMS * len(both)


@harness.whole_machine
class Overload(harness.Scenario):
    def start(self, load: Load, sections: dict[str, dict] = {}) -> Escd:
        first, second = harness.need_cpus(2)
        device = traffic.pcap_device(0, self.directory / "load.pcap", load.packets)
        # A port that loses what nobody fetches, as a card does; it has no descriptors that could
        # overflow.
        port = Port(device, more={"lossless": False, "mbuf_data_bytes": 512})
        routes = dict.fromkeys([HIGH, *BANDS], "count") | {WORK: "slow"}
        # What waits for the worker is enough for the time that a busy machine may take the CPU
        # from it.
        rings = {
            "ingest_cells": 4096,
            "worker_cells": WAITING,
            "hold_cells": WAITING // 4,  # in proportion as by default
            "hold_timeout_ms": 60_000,
        }
        config = Config(
            [port],
            routes,
            Lcores([first], first, [second]),
            {"rings": rings} | sections,
            window=None,
        )
        return self.start_escd(config)

    def watch(self, escd: Escd, load: Load) -> dict:
        """Until all of it has come in and gone out, and the pressure with it: the pressure then."""
        seen = {}

        def is_over() -> bool:
            seen["pressure"] = client.ask("pressure")["pipelines"][0]
            ledger = client.ask("ledger")
            return (
                ledger["packets"]["received"] == len(load.packets)
                and seen["pressure"]["level"] == "healthy"
                and ledger["frames"]["in_flight"] == 0
            )

        with ControlClient(escd.socket_path) as client:
            self.wait_until(is_over, "all is over, and the pressure healthy", 60.0)
            return client.ask("pressure")["pipelines"][0]

    def test_what_is_shed_is_kept(self) -> None:
        """Each frame is delivered, or a dead letter that was shed, or found no room on the way."""
        load = Load()
        letters = self.directory / "letters"
        escd = self.start(
            load,
            {
                "pressure": {"keep_shed": "always"},
                "dead_letters": {"directory": str(letters), "min_free_bytes": 0},
            },
        )
        self.wait_until(escd.socket_path.exists, "the control socket", harness.START_SECONDS)
        escd.wait_until_running()
        pressure = self.watch(escd, load)
        topics, stages = escd.topics(), escd.stages()
        ledger = escd.stop()
        self.assert_sound(ledger)
        frames = ledger["frames"]
        kept = frames["dead_lettered"]["by_reason"]
        self.assertEqual(frames["received"], load.frames)
        self.assertEqual(topics[HIGH]["events"], load.high)
        self.assertLessEqual(set(frames["dropped"]), {"dlq_backlog"})
        self.assertLessEqual(set(kept), {"shed_critical", "shed_emergency", "worker_full"})
        # What found no room on the way may have been shed, or come too late for its worker.
        no_room = frames["dropped"].get("dlq_backlog", 0)
        shed = sum(pressure["frames_shed"].values())
        # At which level depends on how fast it rises.
        kept_shed = kept.get("shed_critical", 0) + kept.get("shed_emergency", 0)
        self.assertGreater(kept_shed, 0)
        self.assertTrue(kept_shed <= shed <= kept_shed + no_room, (kept_shed, shed, no_room))
        self.assertEqual(stages["rx0"]["dead_lettered"], kept_shed)
        found = json.loads(
            harness.run_to_end(harness.binary("ESC_DLQ"), "verify", str(letters), "--json")
        )
        self.assertEqual(found["records"], frames["dead_lettered"]["durable"])

    def test_four_times_what_the_workers_take(self) -> None:
        load = Load()
        escd = self.start(load)
        self.wait_until(escd.socket_path.exists, "the control socket", harness.START_SECONDS)
        escd.wait_until_running()
        pressure = self.watch(escd, load)
        topics = escd.topics()
        ledger = escd.stop()
        self.assert_sound(ledger)
        frames, packets = ledger["frames"], ledger["packets"]

        self.assertEqual((packets["received"], packets["imissed"]), (len(load.packets), 0))
        self.assertEqual(frames["received"], load.frames)
        # What was under way when the level rose may find its worker's queue full.
        dropped = frames["dropped"]
        self.assertLessEqual(set(dropped), {"shed_critical", "shed_emergency", "worker_full"})
        shed = dropped.get("shed_critical", 0) + dropped.get("shed_emergency", 0)
        self.assertEqual(sum(pressure["frames_shed"].values()), shed)
        worker_full = dropped.get("worker_full", 0)
        self.assertLess(worker_full, shed / 100)
        self.assertEqual(frames["delivered"], load.frames - sum(dropped.values()))
        # All that is delivered, and so what went out after the load had ended too.
        self.assertGreaterEqual(frames["received"], TIMES_TOO_MUCH * frames["delivered"])

        self.assertEqual(topics[HIGH]["events"], load.high)
        self.assert_lowest_first(topics, pressure["evaluations"] + worker_full, load)

        self.assertIn("pressure rises from healthy to ", escd.log())
        self.assertIn("pressure falls from elevated to healthy", escd.log())
        last = pressure["last_changes"][-1]
        self.assertEqual((last["from"], last["to"]), ("elevated", "healthy"))

    def assert_lowest_first(self, topics: dict, exceptions: int, load: Load) -> None:
        """At any one cutoff, the lower of two bands is shed first. A datagram that is read in two
        pieces may meet two cutoffs, so two bands may differ by one frame the other way, at most
        once an evaluation. They may also differ by each frame that found its worker's queue full
        for its priority, while the next frame found it less full.
        """
        delivered = [topics.get(band, {"events": 0})["events"] for band in BANDS]
        for lower, higher in zip(delivered, delivered[1:]):
            self.assertLessEqual(lower, higher + exceptions)
        self.assertLess(delivered[0] + exceptions, delivered[-1])
        self.assertLess(delivered[-1], load.of_each_band)


if __name__ == "__main__":
    harness.main()
