# SPDX-License-Identifier: BSD-3-Clause
"""The addresses from which events may come: refused events are counted and leave no mark."""

import ipaddress
import random

import harness
import craft
import traffic
from harness import Config, Lcores

V4, V6, BOTH, HOST, DEFAULT = "own/v4", "own/v6", "own/both/+", "own/host", "anything/else"
OPEN = "open"
PUBLISHERS = {
    V4: ["10.1.0.0/16", "172.16.0.0/12"],
    V6: ["2001:db8:1::/48"],
    BOTH: ["10.1.0.0/17", "2001:db8:1:8000::/49"],
    HOST: ["10.1.255.255", "2001:db8:1::ffff"],
}
SENDERS = [  # at both ends of the prefixes, and just outside them
    "10.0.255.255",
    "10.1.0.0",
    "10.1.127.255",
    "10.1.128.0",
    "10.1.255.255",
    "10.2.0.0",
    "172.31.255.255",
    "172.32.0.0",
    "2001:db8:0:ffff::",
    "2001:db8:1::",
    "2001:db8:1::ffff",
    "2001:db8:1:8000::1",
    "2001:db8:1:ffff:ffff:ffff:ffff:ffff",
    "2001:db8:2::",
    "::ffff:10.1.0.1",  # counts as an IPv4 address
    "::ffff:10.2.0.1",
    "::10.1.0.1",  # does not
]
BOUND_V4, BOUND_V6, BOUND_BOTH, FREE = 1, 0xFEED00000000CAFE, 3, 4
PRODUCERS = {
    BOUND_V4: ["10.1.0.0/16"],
    BOUND_V6: ["2001:db8:1::/48"],
    BOUND_BOTH: ["10.1.0.0/16", "2001:db8::/32"],
}
WINDOW = 256
HOME, AWAY = "10.1.2.3", "10.2.0.0"


def sent(payload: bytes, source: str) -> bytes:
    address = ipaddress.ip_address(source)
    make = craft.datagram4 if address.version == 4 else craft.datagram6
    return make(payload, source=address.packed)


class Publishers(harness.Scenario):
    def config(self, lcores: Lcores) -> Config:
        routes = dict.fromkeys([OPEN, *PUBLISHERS], "count")
        config = Config([], routes, lcores, window=WINDOW, producers=PRODUCERS)
        config.route_options = {topic: {"publishers": some} for topic, some in PUBLISHERS.items()}
        config.route_options[HOST] |= {"dedup": "content"}
        config.sections = {
            "routing": {"unknown_topic": "route"},
            "default_route": {"handler": "count", "publishers": ["10.0.0.0/15", "2001:db8:2::"]},
            "deduplication": {"keyed_bytes": 1 << 20},
        }
        return config

    def play_exactly(self, config: Config, packets: list[bytes]) -> dict:
        """As the oracle says; the frames' ledger."""
        escd, expectation = self.play_through(config, packets)
        self.assert_topics(escd.topics(), expectation)
        found = {
            str(one["producer"]): (one["accepted"], one["duplicates"], one["stale"], one["lost"])
            for one in escd.ask("producers", "--top", "1000")["producers"]
        }
        expected = {
            producer: tuple(one[name] for name in ("delivered", "duplicate", "stale", "lost"))
            for producer, one in expectation.producers.figures().items()
        }
        self.assertEqual(found, expected)
        ledger = escd.stop()
        self.assert_ledger(ledger, expectation)
        return ledger["frames"]

    def everything(self) -> list[bytes]:
        """Each topic from each sender, by itself and under each producer, whose numbers go up, come
        again and jump."""
        chooser = random.Random(51)
        names = [OPEN, V4, V6, "own/both/1", "own/both/2", HOST, DEFAULT]
        packets = [
            sent(craft.frame(name, source.encode()), source) for name in names for source in SENDERS
        ]
        numbers = dict.fromkeys([*PRODUCERS, FREE], 1_000)
        for _ in range(12_000):
            payload = b""
            for _ in range(chooser.choice((0, 1, 1, 2))):
                producer = chooser.choice(list(numbers))
                numbers[producer] += chooser.choice((0, 1, 3, 5))
                number = numbers[producer] - chooser.choice((0, 0, 2, 300))
                payload += craft.session(producer, 1, number, chooser.choice((0, 2)))
                some = chooser.choices(names, k=chooser.randrange(1, 4))
                payload += b"".join(
                    craft.frame(name, bytes([chooser.randrange(10)])) for name in some
                )
            payload = payload or craft.frame(
                chooser.choice(names), bytes([chooser.randrange(10)])
            )
            packets.append(sent(payload, chooser.choice(SENDERS)))
        return packets

    def test_every_topic_and_producer_from_everywhere(self) -> None:
        frames = self.play_exactly(self.config(Lcores.folded(workers=2)), self.everything())
        dropped = frames["dropped"]
        self.assertEqual(set(dropped), {"topic_not_allowed", "producer_not_allowed"})
        self.assertGreater(min(dropped.values()), 1_000)
        copies = frames["duplicate_by"]
        self.assertGreater(min(copies["number"], copies["key"]), 20)
        self.assertGreater(frames["stale"], 50)

    @harness.whole_machine
    def test_the_same_through_three_pipelines(self) -> None:
        first, second = harness.need_cpus(2)
        lcores = Lcores([first], [first, second, second], [second, first, second])
        self.play_exactly(self.config(lcores), self.everything())

    def test_nobody_makes_anothers_events_look_repeated(self) -> None:
        """The forger is always first: with the same numbers, a higher epoch, numbers far ahead, and
        the same keys. All that the true senders send is delivered."""
        packets, true = [], 0
        for number in range(2_000):
            event = craft.frame(OPEN, b"numbered")
            own = craft.frame(V4, b"numbered")
            keyed = craft.frame(HOST, str(number).encode())
            for forged in (
                craft.session(BOUND_V4, 1, number) + event,
                craft.session(BOUND_V4, 2, number) + event,
                craft.session(BOUND_V4, 1, number + 10 * WINDOW) + event,
                # A producer that is not bound, and a topic that is.
                craft.session(FREE, 1, number) + own,
                craft.session(FREE, 7, number) + own,
                keyed,
            ):
                packets.append(sent(forged, AWAY))
            packets.append(sent(craft.session(BOUND_V4, 1, number) + event, HOME))
            packets.append(sent(craft.session(FREE, 1, number) + own, HOME))
            packets.append(sent(keyed, "10.1.255.255"))
            true += 3
        frames = self.play_exactly(self.config(Lcores.folded()), packets)
        self.assertEqual(frames["delivered"], true)
        self.assertEqual((frames["duplicate"], frames["stale"]), (0, 0))
        self.assertEqual(
            frames["dropped"], {"producer_not_allowed": true, "topic_not_allowed": true}
        )

    def test_what_was_refused_is_new_when_it_is_allowed(self) -> None:
        """Its producer's window is saved, and has no mark of it."""
        refused = [
            sent(craft.session(BOUND_V4, 1, number) + craft.frame(OPEN), AWAY)
            for number in range(500)
        ]
        config = self.config(Lcores.folded())
        config.sections["deduplication"] |= {"state_file": str(self.directory / "windows")}
        config.instance = "refused-before"
        frames = self.play_exactly(config, refused)
        self.assertEqual(frames["dropped"], {"producer_not_allowed": len(refused)})
        config.producers = {BOUND_V4: ["10.0.0.0/8"]}
        self.assertEqual(self.play_exactly(config, refused)["delivered"], len(refused))


if __name__ == "__main__":
    harness.main()
