# SPDX-License-Identifier: BSD-3-Clause
"""A worker that stalls: it is noticed meanwhile, nothing is lost, and afterwards the appliance is
healthy again.
"""

import json
import re
import socket
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

import harness
import craft
import traffic
from esc_oracle.senders import sender
from free_port import free_port
from harness import Config, Escd, Lcores, Port
from stopped_thread import StoppedThread, thread_named

FLOWING_PACKETS = 50_000
WORKER_CELLS = 256
DRAIN_TIMEOUT, LCORE_STUCK = 7, 8  # exit codes
STALL_MS = 500  # the default, by escd's own clock
# When the worker stops, its small ring may fill between two looks at it, and the pressure is then
# `emergency` at once. What is shed is another test's subject.
NOTHING_SHED = {"shed_below": [0, 0]}


@harness.whole_machine
class Stall(harness.Scenario):
    def test_a_worker_that_stalls_for_a_second(self) -> None:
        first, second = harness.need_cpus(2)
        packets = traffic.with_malformed(8_000, seed=33)
        device = traffic.pcap_device(0, self.directory / "endless.pcap", packets, ",infinite_rx=1")
        # Small rings, so that everything behind the worker is full while it stands still.
        # It is waited for longer than it stands still.
        sections = {
            "rings": {"ingest_cells": 1024, "worker_cells": 256, "hold_timeout_ms": 60_000},
            "pressure": NOTHING_SHED,
        }
        config = Config([Port(device)], traffic.ROUTES, Lcores([first], first, [second]), sections)
        escd = self.start_escd(config)
        escd.wait_until_running()
        escd.wait_for_packets(FLOWING_PACKETS)
        with StoppedThread(thread_named(escd.process.pid, "rte-worker-1")):
            stopped_at = time.monotonic()
            self.wait_until(lambda: not escd.passes("lcores"), "the stall shows", 20.0)
            while time.monotonic() - stopped_at < 1.0:
                self.assertFalse(escd.passes("lcores"))
        self.wait_until(lambda: escd.passes("lcores"), "it is well again", 20.0)
        ledger = escd.stop()
        noticed_ms = re.findall(r"worker0 has not come round for (\d+) ms", escd.log())
        # When escd checks for it depends on the machine; how long the stall had lasted by then does
        # not.
        self.assertGreaterEqual(len(noticed_ms), 1, "stalls of the worker in the log")
        self.assertGreaterEqual(int(noticed_ms[0]), STALL_MS)
        self.assertIn("moves again", escd.log())
        expectation = config.expectation()
        expectation.add_endless(packets, config.ports[0].rules(), ledger["packets"]["received"])
        self.assert_ledger(ledger, expectation)

    def start_with_listener(self, routes: dict[str, str]) -> tuple[Config, Escd]:
        """A route for each of two workers, of which the first has a CPU to itself. An event may
        wait for a millisecond, if time counts for it."""
        first, second = harness.need_cpus(2)
        port = Port("net_null0,size=64,no-rx=1")
        config = Config([port], routes, Lcores([first], first, [second, first]))
        config.sections = {"rings": {"worker_cells": WORKER_CELLS, "hold_timeout_ms": 1}}
        for worker, topic in enumerate(routes):
            config.route_options[topic] = {"spread": "worker", "worker": worker}
        self.address = ("127.0.0.1", free_port())
        config.listen = [f"127.0.0.1:{self.address[1]}"]
        escd = self.start_escd(config)
        escd.wait_until_running()
        return config, escd

    def finish_streams(self, config: Config, escd: Escd, streams: list[bytes]) -> None:
        """All that was sent was delivered."""
        expectation = config.expectation()
        for data in streams:
            expectation.add_stream(data, sender(bytes([127, 0, 0, 1])))
        count = expectation.frames_received
        self.wait_until(
            lambda: escd.live_ledger()["frames"]["delivered"] == count, "all came", 60.0
        )
        self.assert_ledger(escd.stop(), expectation)

    def test_connections_of_a_stopped_worker_pause_alone(self) -> None:
        """Their events wait as long as it takes; those of other connections do not."""
        config, escd = self.start_with_listener({"stuck": "count", "fine": "count"})
        stuck = craft.frame("stuck", bytes(20)) * 20_000
        fine = craft.frame("fine", bytes(20)) * 200_000
        with StoppedThread(thread_named(escd.process.pid, "rte-worker-1")):
            held = [socket.create_connection(self.address) for _ in range(8)]
            for one in held:
                one.sendall(stuck)
            self.wait_until(lambda: escd.stages()["tcp0"]["paused"] == 8, "they wait", 20.0)
            with socket.create_connection(self.address) as one:
                one.sendall(fine)
            self.wait_until(
                lambda: escd.topics()["fine"]["events"] == 200_000, "all of the other's came", 60.0
            )
            self.assertEqual(escd.rings()["worker0"]["depth"], WORKER_CELLS)
            # Each connection has at most its credit beyond what the ring took.
            waiting = escd.stages()["dispatch0"]["held"]
            self.assertGreater(waiting, 0)
            self.assertLessEqual(waiting, 8 * 256)
            self.assertEqual(escd.stages()["dispatch0"]["workers_stopped"], 1)
            shown = escd.ask("connections", "--by", "paused")
            self.assertEqual(shown["open"], 8)
            for each in shown["connections"]:
                self.assertTrue(each["paused"])
                self.assertGreater(each["paused_s"], 0)
                self.assertLessEqual(each["waiting"], 256)
            self.assertEqual(sum(each["waiting"] for each in shown["connections"]), waiting)
            for one in held:
                one.close()
        self.finish_streams(config, escd, [stuck] * 8 + [fine])

    def test_senders_faster_than_their_worker_wait_and_lose_nothing(self) -> None:
        config, escd = self.start_with_listener({"slow": "slow", "quick": "count"})
        streams = [craft.frame("slow", bytes(200)) * 2_500 for _ in range(4)]
        senders = [socket.create_connection(self.address) for _ in streams]
        for one, data in zip(senders, streams):
            one.sendall(data)
        self.wait_until(lambda: escd.stages()["tcp0"]["paused"] == 4, "they wait", 20.0)
        for one in senders:
            one.close()
        self.finish_streams(config, escd, streams)

    def start_short_drain(
        self, more: Mapping[str, dict] = MappingProxyType({}), packets: list | None = None
    ) -> tuple:
        """In full flow, with a short time to drain in: the configuration, and escd. `packets`:
        instead of the usual ones, with session frames, whose numbers never come again."""
        first, second = harness.need_cpus(2)
        device = traffic.pcap_device(
            0, self.directory / "endless.pcap", packets or traffic.uniform(1000), ",infinite_rx=1"
        )
        port = Port(device, more={"restamp": "sessions"} if packets else {})
        sections = {
            "rings": {
                "ingest_cells": 1024,
                "worker_cells": WORKER_CELLS,
                "hold_timeout_ms": 60_000,
            },
            "shutdown": {"drain_timeout_ms": 500},
            "pressure": NOTHING_SHED,
        } | dict(more)
        config = Config([port], traffic.ROUTES, Lcores([first], first, [second]), sections)
        escd = self.start_escd(config)
        escd.wait_until_running()
        escd.wait_for_packets(FLOWING_PACKETS)
        return config, escd

    def test_a_worker_that_never_comes_back(self) -> None:
        """The drain ends at its deadline, and what the lcore holds is in flight: said, not
        hidden."""
        _, escd = self.start_short_drain()
        with StoppedThread(thread_named(escd.process.pid, "rte-worker-1")):
            self.wait_until(lambda: not escd.passes("lcores"), "the stall shows", 20.0)
            escd.terminate()
            self.wait_until(escd.has_ledger, "the ledger is written", 30.0)
        self.assertEqual(escd.wait(), LCORE_STUCK)
        ledger = escd.ledger()
        self.assertGreaterEqual(ledger["frames"]["in_flight"], WORKER_CELLS)
        self.assertIn("did not stop", escd.log())

    def drain_for_too_long(self, ask_for_it: Callable[[Escd], object]) -> None:
        """What the rings hold by then is drained_at_deadline, and every mbuf of it goes back."""
        config, escd = self.start_short_drain()
        with StoppedThread(thread_named(escd.process.pid, "rte-worker-1")):
            self.wait_until(lambda: not escd.passes("lcores"), "the stall shows", 20.0)
            ask_for_it(escd)
            # By then the lcores are told to stop: the worker ends its round and returns.
            said = "not drained within 500 ms"
            self.wait_until(lambda: said in escd.log(), "the drain's deadline", 30.0)
        self.assertEqual(escd.wait(), DRAIN_TIMEOUT)
        ledger = escd.ledger()
        left = ledger["frames"]["dropped"]["drained_at_deadline"]
        self.assertIn(f": {left} frames and packets are drained_at_deadline", escd.log())
        self.assertGreater(left, WORKER_CELLS, "the worker's ring was full, and so was the other")
        expectation = config.expectation()
        received = ledger["packets"]["received"]  # of one frame each
        expectation.add_packets(traffic.uniform(1), config.ports[0].rules(), received)
        expectation.delivered -= left
        expectation.frames_dropped["drained_at_deadline"] += left
        self.assert_ledger(ledger, expectation)

    def drain_beside_a_stall(self, escd: Escd) -> tuple[dict, dict]:
        """Of an escd whose worker stands still past the drain's deadline: the stages' figures
        before the drain, and the ledger at the end."""
        with StoppedThread(thread_named(escd.process.pid, "rte-worker-1")):
            self.wait_until(lambda: not escd.passes("lcores"), "the stall shows", 20.0)
            stages = escd.stages()
            escd.terminate()
            said = "not drained within 500 ms"
            self.wait_until(lambda: said in escd.log(), "the drain's deadline", 30.0)
        self.assertEqual(escd.wait(), DRAIN_TIMEOUT)
        ledger = escd.ledger()
        self.assert_sound(ledger)
        return stages, ledger

    def test_what_a_drain_has_no_time_for_is_kept(self) -> None:
        """Whatever the rings hold is a dead letter, and what an RX stage had in hand."""
        letters = self.directory / "letters"
        more = {"dead_letters": {"directory": str(letters), "min_free_bytes": 0}}
        _, escd = self.start_short_drain(more)
        _, ledger = self.drain_beside_a_stall(escd)
        frames = ledger["frames"]
        kept = frames["dead_lettered"]["by_reason"]
        self.assertEqual(set(kept), {"drained_at_deadline"})
        self.assertGreater(kept["drained_at_deadline"], WORKER_CELLS)
        self.assertEqual((frames["dropped"], ledger["packets"]["dropped"]), ({}, {}))
        found = json.loads(
            harness.run_to_end(harness.binary("ESC_DLQ"), "verify", str(letters), "--json")
        )
        self.assertEqual(found["records"], kept["drained_at_deadline"])

    def test_nothing_that_is_kept_is_a_copy(self) -> None:
        """Every event comes twice, one right behind the other, and what is received is a beginning
        of that: of each number one is delivered or kept, wherever the other was when time was
        up."""
        letters = self.directory / "letters"
        more = {
            "dead_letters": {"directory": str(letters), "min_free_bytes": 0},
            # Or nothing more would be received before the ring is full.
            "pressure": NOTHING_SHED
            | {
                "worker_ring_enter_permille": [1001] * 4,
                "worker_latency_enter_permille": [1001] * 4,
            },
        }
        packets = [
            craft.datagram4(craft.session(7, 1, number, 1) + craft.frame(traffic.TOPICS[1], b"x"))
            for number in range(500)
            for _ in range(2)
        ]
        _, escd = self.start_short_drain(more, packets)
        stages, ledger = self.drain_beside_a_stall(escd)
        frames = ledger["frames"]
        received = ledger["packets"]["received"]
        kept = frames["dead_lettered"]["by_reason"]["drained_at_deadline"]
        self.assertEqual(frames["delivered"] + kept, (received + 1) // 2)
        self.assertEqual(frames["duplicate"], received // 2)
        self.assertEqual((frames["dropped"], ledger["packets"]["dropped"]), ({}, {}))
        judged_at_the_end = frames["duplicate"] - stages["dispatch0"]["duplicate"]
        self.assertGreater(judged_at_the_end, 100, "copies lay in the ring")
        shown = harness.run_to_end(harness.binary("ESC_DLQ"), "cat", str(letters), "--json")
        numbers = [json.loads(line)["sequence"] for line in shown.splitlines()]
        self.assertEqual((len(numbers), len(set(numbers))), (kept, kept))

    def test_of_replayed_letters_only_those_that_were_counted(self) -> None:
        """The others are where they came from, and are sent again."""
        letters = self.directory / "letters"
        more = {
            "dead_letters": {"directory": str(letters), "min_free_bytes": 0},
            "replay": {"sources": ["10.9.0.1"]},
            "deduplication": {"keyed_bytes": 256 << 20},
            # Or nothing more would be received before the ring is full.
            "pressure": NOTHING_SHED
            | {
                "worker_ring_enter_permille": [1001] * 4,
                "worker_latency_enter_permille": [1001] * 4,
            },
        }
        packets = [
            craft.datagram4(
                craft.session(7, 1, number, 1, flags=0x10) + craft.frame(traffic.TOPICS[1], b"x")
            )
            for number in range(1000)
        ]
        _, escd = self.start_short_drain(more, packets)
        stages, ledger = self.drain_beside_a_stall(escd)
        counted = stages["dispatch0"]["replayed"]
        frames = ledger["frames"]
        kept = frames["dead_lettered"]["by_reason"]["drained_at_deadline"]
        self.assertEqual(frames["delivered"] + kept, counted)
        self.assertEqual(set(frames["dropped"]), {"drained_at_deadline"})
        self.assertGreater(frames["dropped"]["drained_at_deadline"], WORKER_CELLS)

    def test_a_worker_that_comes_back_after_the_drain(self) -> None:
        self.drain_for_too_long(Escd.terminate)

    def test_the_same_when_escctl_asks_for_the_drain(self) -> None:
        self.drain_for_too_long(lambda escd: escd.ask("drain"))


if __name__ == "__main__":
    harness.main()
