# SPDX-License-Identifier: BSD-3-Clause
"""Patterns beside exact topics, the default route, and topics that nothing takes: every event to
the route that the page says."""

import functools
import random

import harness
import craft
import traffic
from harness import Config, Lcores

WORDS = ["", "a", "b", "c", "x", "$", "$a", "$esc", "+", "#", "größe"]
PATTERNS = [
    "+",
    "+/+",
    "+/b",
    "+/b/+/c",
    "+/x/c",
    "/",
    "/+",
    "/#",
    "a",
    "a/#",
    "a/+",
    "a/+/#",
    "a/+/b",
    "a/+/c",
    "a/b",
    "a/b/#",
    "a/b/c",
    "a/b/c/#",
    "a//b",
    "a/$a",
    "$a/#",
    "$a/+",
    "$esc",
    "größe/+",
    "größe/größe",
    "b/+/+/+",
    "b/+/a/#",
    "b/a/#",
]
EVERYTHING = "#"
FLOOD_TOPICS = 20_000  # far more than a dispatcher remembers
EVENTS_OF_A_DATAGRAM = 8
ACCEPTED, REFUSED = "a/+", "+/x/c"  # patterns of other handlers


def topics() -> list[str]:
    """Every topic of up to three levels of the words, and some that are longer."""
    found = [one for one in WORDS if one]
    for _ in range(2):
        found += [f"{front}/{word}" for front in ["", *found] for word in WORDS]
    chooser = random.Random(21)
    found += ["/".join(chooser.choices(WORDS, k=chooser.randrange(4, 9))) for _ in range(2_000)]
    return sorted({one for one in found if not one.startswith("$esc/")})


class Wildcards(harness.Scenario):
    @staticmethod
    @functools.cache
    def packets() -> list[bytes]:
        """Each topic once at least, some often; and a flood of topics that come once."""
        chooser = random.Random(22)
        often = topics()
        names = often + chooser.choices(often, k=10_000) + chooser.choices(often[::50], k=10_000)
        names += [f"{chooser.choice('abcx')}/{number}/b" for number in range(FLOOD_TOPICS)]
        chooser.shuffle(names)
        frames = [
            craft.frame(name, bytes(chooser.randrange(30)), chooser.randrange(256))
            for name in names
        ]
        return [
            craft.datagram4(b"".join(frames[i : i + EVENTS_OF_A_DATAGRAM]))
            for i in range(0, len(frames), EVENTS_OF_A_DATAGRAM)
        ]

    def play_patterns(self, config: Config) -> dict:
        """The frames' ledger."""
        packets = self.packets()
        escd, expectation = self.play_through(config, packets)
        self.assert_topics(escd.topics(), expectation)
        # Most routes have some.
        self.assertGreater(len(expectation.routed), len(PATTERNS) - 2)
        ledger = escd.stop()
        self.assert_ledger(ledger, expectation)
        self.assertGreater(ledger["frames"]["dropped"]["handler_refused"], 0)
        return ledger["frames"]

    def routes(self, *more: str) -> dict[str, str]:
        patterns = list(dict.fromkeys([*PATTERNS, *more]))
        random.Random(23).shuffle(patterns)  # their order in the file means nothing
        return dict.fromkeys(patterns, "count") | {ACCEPTED: "null", REFUSED: "fail"}

    def test_what_no_route_takes(self) -> None:
        frames = self.play_patterns(Config([], self.routes(), Lcores.folded(workers=2)))
        self.assertGreater(frames["dropped"]["unknown_topic"], 1_000)

    def test_the_default_route_takes_the_rest(self) -> None:
        sections = {
            "routing": {"unknown_topic": "route"},
            "default_route": {"handler": "count", "spread": "round-robin"},
        }
        config = Config([], self.routes(), Lcores.folded(workers=2), sections)
        frames = self.play_patterns(config)
        self.assertNotIn("unknown_topic", frames["dropped"])

    @harness.whole_machine
    def test_a_route_for_everything_leaves_dollar_topics(self) -> None:
        """Through three pipelines, each with a cache of its own."""
        first, second = harness.need_cpus(2)
        lcores = Lcores([first], [first, second, second], [second, first, second])
        frames = self.play_patterns(Config([], self.routes(EVERYTHING), lcores))
        self.assertGreater(frames["dropped"]["unknown_topic"], 0)


if __name__ == "__main__":
    harness.main()
