# SPDX-License-Identifier: BSD-3-Clause
"""The options of a route besides its handler: retries, spread, on_full, priority."""

import random

import harness
import craft
import traffic
from harness import Config, Escd, Lcores, Port
from network import Send, VethPair
from stopped_thread import StoppedThread, thread_named

WORKERS = 3
RETRIES = {"fail/none": 0, "fail/two": 2, "fail/most": 15, "fine": 4}
ROUND, ROUND_TOO = "round", "round/too"


class Spread(harness.Scenario):
    def play_counted(self, config: Config, packets: list[bytes]) -> list[dict]:
        """Everything as the oracle says; what each worker counted."""
        escd, expectation = self.play_through(config, packets)
        stages = escd.stages()
        self.assert_topics(escd.topics(), expectation)
        self.assert_ledger(escd.stop(), expectation)
        return [stages[f"worker{index}"] for index in range(WORKERS)]

    def test_retries(self) -> None:
        """An event that its handler refuses is handed to it again as often as the route says, and
        is refused after that.
        """
        handlers = {topic: "fail" if topic.startswith("fail/") else "count" for topic in RETRIES}
        config = Config([], handlers, Lcores.folded(WORKERS))
        config.route_options = {
            topic: {"retries": times, "spread": "round-robin"} for topic, times in RETRIES.items()
        }
        chooser = random.Random(61)
        topics = chooser.choices(list(RETRIES), k=9_000)
        workers = self.play_counted(
            config, [craft.datagram4(craft.frame(topic, b"x")) for topic in topics]
        )
        refused = [topic for topic in topics if handlers[topic] == "fail"]
        self.assertEqual(sum(one["dropped"] for one in workers), len(refused))
        asked_again = sum(RETRIES[topic] for topic in refused)
        self.assertEqual(sum(one["retries"] for one in workers), asked_again)

    def test_round_robin(self) -> None:
        """Each worker has its turn, over both routes; what has a worker of its own, and what is a
        copy or not allowed, takes no turn."""
        fixed = {f"fixed/{index}": index for index in range(WORKERS)}
        routes = dict.fromkeys([ROUND, ROUND_TOO, "not", *fixed], "count")
        config = Config([], routes, Lcores.folded(WORKERS))
        config.route_options = {
            topic: {"spread": "worker", "worker": index} for topic, index in fixed.items()
        }
        config.route_options |= {one: {"spread": "round-robin"} for one in (ROUND, ROUND_TOO)}
        config.route_options["not"] = {"spread": "round-robin", "publishers": ["192.0.2.1"]}
        chooser = random.Random(62)
        kinds = [ROUND, ROUND_TOO, "not", *list(fixed)[1:]]
        topics = chooser.choices(kinds, k=10_000)
        packets = []
        for number, topic in enumerate(topics):
            one = craft.datagram4(craft.session(1, 1, number) + craft.frame(topic, b"x"))
            packets += [one] * chooser.choice((1, 1, 2))
        workers = self.play_counted(config, packets)
        turns = sum(topic in (ROUND, ROUND_TOO) for topic in topics)
        # Nobody says whose turn is first.
        shares = [
            one["events"] - topics.count(f"fixed/{index}") for index, one in enumerate(workers)
        ]
        expected = [(turns + index) // WORKERS for index in range(WORKERS)]
        self.assertEqual(sorted(shares), expected)

    def test_one_worker_has_all_of_a_topic_and_of_a_producer(self) -> None:
        """Of one topic from many producers, and of one producer in many topics."""
        config = Config([], {"topic": "count", "by/+": "count"}, Lcores.folded(WORKERS))
        config.route_options = {"by/+": {"spread": "by-producer"}}
        for packets in (
            [craft.session(n, 1, n) + craft.frame("topic") for n in range(2_000)],
            [craft.session(9, 1, n) + craft.frame(f"by/{n % 50}") for n in range(2_000)],
        ):
            workers = self.play_counted(config, [craft.datagram4(one) for one in packets])
            self.assertEqual(sorted(one["events"] for one in workers), [0, 0, len(packets)])


@harness.whole_machine
class Full(harness.Scenario):
    """A worker stands still, on a port that may lose; then it goes on."""

    CELLS, HELD = 64, 64  # of the worker's ring, and of the queue before it
    HELD_AT_THE_LOWEST = HELD * 7 // 8  # docs/decisions.md: the rest is shared by priority
    LONG_MS = 600_000  # nothing has waited for too long

    def start(self) -> tuple[VethPair, Escd]:
        first, second = harness.need_cpus(2)
        pair = VethPair(self)
        options: dict[str, dict[str, object]] = {
            "shed": {"on_full": "shed"},
            "letter": {"on_full": "dead-letter"},
            "hold": {"on_full": "hold"},
            "urgent": {"priority": 255},
            "modest": {"priority": 0},
            "by-frame": {},
        }
        config = Config(
            [Port(f"net_af_packet0,iface={pair.interface}")],
            dict.fromkeys([*options, "fine"], "count"),
            Lcores([first], first, [second, first]),
            {
                "rings": {
                    "worker_cells": self.CELLS,
                    "hold_cells": self.HELD,
                    "hold_timeout_ms": self.LONG_MS,
                }
            },
        )
        stuck = {"spread": "worker", "worker": 0}
        config.route_options = {topic: stuck | more for topic, more in options.items()}
        config.route_options["fine"] = {"spread": "worker", "worker": 1}
        escd = self.start_escd(config, namespace=pair.receiver)
        escd.wait_until_running()
        return pair, escd

    def test_each_route_by_its_own_words(self) -> None:
        pair, escd = self.start()
        sent: dict[str, int] = {}
        taken: dict[str, int] = {}

        def send(topic: str, count: int, takes: int, priority: int = 0) -> None:
            """So many events, of which so many find a place; until the dispatcher has them."""
            pair.send([Send(craft.frame(topic, b"x", priority))] * count)
            sent[topic] = sent.get(topic, 0) + count
            taken[topic] = taken.get(topic, 0) + takes
            total, lost = sum(sent.values()), sum(sent.values()) - sum(taken.values())

            def dispatched() -> bool:
                return escd.stages()["dispatch0"]["events"] == total

            self.wait_until(dispatched, f"{total} events are dispatched", 20.0)
            dropped = escd.live_ledger()["frames"]["dropped"]
            self.assertEqual(dropped, {"worker_full": lost} if lost else {}, topic)

        with StoppedThread(thread_named(escd.process.pid, "rte-worker-1")):
            send("shed", 100, self.CELLS)
            # Its ring is full: what may wait does, and what may not is dropped.
            send("hold", self.HELD_AT_THE_LOWEST - 6, self.HELD_AT_THE_LOWEST - 6)
            send("shed", 20, 0, priority=255)
            send("letter", 7, 0, priority=255)
            send("modest", 10, 6, priority=255)
            # The room that is left is for higher priorities, which the route says before the frame.
            send("modest", 5, 0, priority=255)
            send("hold", 5, 0)
            send("by-frame", 3, 3, priority=255)
            send("urgent", 10, self.HELD - self.HELD_AT_THE_LOWEST - 3)
            send("by-frame", 1, 0, priority=255)
            # The other worker's route is as ever: what its ring has room for at a time.
            for served in range(50, 301, 50):
                send("fine", 50, 50)
                self.wait_until(
                    lambda so_far=served: escd.topics()["fine"]["events"] == so_far,
                    "the other route is served",
                    20.0,
                )
            self.assertEqual(escd.stages()["dispatch0"]["held"], self.HELD)
        escd.wait_until_drained(sum(sent.values()))
        send("shed", 50, 50)
        escd.wait_until_drained(sum(sent.values()))
        topics = {topic: figures["events"] for topic, figures in escd.topics().items()}
        self.assertEqual(topics, taken)
        ledger = escd.stop()
        self.assert_sound(ledger)
        self.assertEqual(ledger["frames"]["delivered"], sum(taken.values()))
        self.assertEqual(ledger["packets"]["imissed"], 0)


if __name__ == "__main__":
    harness.main()
