# SPDX-License-Identifier: BSD-3-Clause
"""Tests of patterns and of permitted senders: the examples of the page, every small case, and cases
computed by hand.
"""

import ipaddress
import itertools
import re
import unittest
from pathlib import Path

from craft import PORT, datagram4, datagram6, frame, session
from esc_oracle.configuration import read_bindings, read_routes
from esc_oracle.frame import FrameRules
from esc_oracle.identity import Producers
from esc_oracle.keys import KeyRule
from esc_oracle.ledger import Expectation
from esc_oracle.packet import PacketRules
from esc_oracle.routes import Route, Routes, matches, specificity
from esc_oracle.senders import Prefixes, sender

PAGE = Path(__file__).resolve().parents[2] / "docs" / "routing.md"
RULES = PacketRules(frozenset((PORT,)))
COUNT = Route("count")


def v4(text: str) -> bytes:
    return ipaddress.IPv4Address(text).packed


def v6(text: str) -> bytes:
    return ipaddress.IPv6Address(text).packed


class Patterns(unittest.TestCase):
    def test_what_they_take(self) -> None:
        for pattern, taken, others in (
            ("a", ["a"], ["a/", "/a", "b", "A"]),
            ("+", ["a", "+", "#"], ["/", "a/b", "$a"]),
            ("a/+", ["a/b", "a/", "a/$x", "a/+"], ["a", "a/b/c", "b/a"]),
            ("a/#", ["a", "a/", "a/b/c", "a/$x", "a/#"], ["ab", "b/a", ""]),
            ("+/b", ["a/b", "/b"], ["$a/b", "a/b/c"]),
            ("+/+", ["a/b", "/"], ["a", "$a/b", "a//"]),
            ("#", ["a", "/", "a/b/c"], ["$", "$a", "$a/b"]),
            ("/#", ["/", "/a", "//", "/$x"], ["a", "a/"]),
            ("$x/#", ["$x", "$x/a"], ["$y", "x"]),
            ("a//b", ["a//b"], ["a/b", "a/c/b"]),
            ("a/+/b", ["a//b", "a/x/b"], ["a/b", "a/x/y/b"]),
            ("größe/+", ["größe/μ"], ["groesse/x", "gröSSe/x"]),
        ):
            for topic in taken + others:
                with self.subTest(pattern=pattern, topic=topic):
                    self.assertEqual(matches(pattern.encode(), topic.encode()), topic in taken)

    def test_the_winners_of_the_page(self) -> None:
        """The table of "The most specific wins". If the winner is taken out, the next pattern wins.
        """
        section = PAGE.read_text().partition("## The most specific wins")[2].partition("\n## ")[0]
        rows = re.findall(r"^\| `(.*?)` \| (.*) \|$", section, re.MULTILINE)
        self.assertEqual(len(rows), 3)
        for topic, cell in rows:
            order = [one.encode() for one in cell.strip("`").split("`, `")]
            while order:
                # The order of routes in a file has no meaning.
                for listed in (order, order[::-1]):
                    routes = Routes(dict.fromkeys(listed, COUNT))
                    self.assertEqual(routes.find(topic.encode()), order[0])
                del order[0]
            self.assertIsNone(Routes({}).find(topic.encode()))

    def test_there_are_no_ties(self) -> None:
        """Of all patterns and topics of up to three levels out of a few words."""

        def of_levels(words: tuple[bytes, ...]) -> list[bytes]:
            counts = range(1, 4)
            joined = (b"/".join(one) for n in counts for one in itertools.product(words, repeat=n))
            return [one for one in joined if one]

        every = of_levels((b"a", b"", b"$", b"+", b"#"))
        patterns = [one for one in every if b"#" not in one.split(b"/")[:-1]]
        topics = of_levels((b"a", b"", b"$", b"b"))
        self.assertGreater(len(patterns), 80)
        for topic in topics:
            ranks = [specificity(one) for one in patterns if matches(one, topic)]
            self.assertEqual(len(ranks), len(set(map(tuple, ranks))), topic)

    def test_plain_topics_and_the_default(self) -> None:
        routes = Routes(dict.fromkeys((b"a/b", b"a/+", b"a/+/#"), COUNT), Route("null"))
        for topic, pattern in (
            (b"a/b", b"a/b"),
            (b"a/c", b"a/+"),
            (b"a/+", b"a/+"),  # an ordinary topic, taken by the pattern
            (b"a/#", b"a/+"),
            (b"a/c/d", b"a/+/#"),
            (b"$x", b""),
            (b"b", b""),
        ):
            self.assertEqual(routes.find(topic), pattern)
        self.assertEqual(routes[b""].handler, "null")
        self.assertIsNone(Routes({b"#": COUNT}).find(b"$x"))

    def test_what_is_no_pattern(self) -> None:
        for bad in (b"", b"a+", b"a/b#", b"a/#/b", b"#/a", b"++", b"a/+b/c"):
            with self.assertRaises(ValueError, msg=bad):
                Routes({bad: COUNT})


class Senders(unittest.TestCase):
    def test_prefixes(self) -> None:
        some = Prefixes(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "fd00::1"])
        for address, expected in (
            (v4("10.255.0.1"), True),
            (v4("11.0.0.0"), False),
            (v4("192.0.2.7"), True),
            (v4("192.0.2.8"), False),
            (v6("2001:db8:ffff::1"), True),
            (v6("2001:db9::"), False),
            (v6("fd00::1"), True),
            (v6("fd00::2"), False),
            (v6("::ffff:10.0.0.1"), True),
            (v6("::ffff:11.0.0.1"), False),
            (v6("::10.0.0.1"), False),
        ):
            self.assertEqual(sender(address) in some, expected, address)
        self.assertNotIn(None, some)
        self.assertNotIn(sender(v6("::1")), Prefixes(["0.0.0.0/0"]))
        self.assertNotIn(sender(v4("0.0.0.0")), Prefixes(["::/0"]))
        self.assertIn(sender(v6("::ffff:1.2.3.4")), Prefixes(["0.0.0.0/0"]))
        with self.assertRaises(ValueError):
            Prefixes(["10.0.0.1/8"])

    CONFIG = {
        "route": [
            {"topic": "open", "handler": "count"},
            {"topic": "own/#", "handler": "count", "publishers": ["10.1.0.0/16", "fd01::/16"]},
            {"topic": "own/key", "handler": "count", "publishers": ["10.1.0.0/16"]}
            | {"dedup": "content"},
        ],
        "producer": [{"id": "0x7", "sources": ["10.1.0.0/16"]}, {"id": 8, "sources": ["fd01::1"]}],
    }
    HOME, AWAY = v4("10.1.2.3"), v4("10.2.0.1")

    def check(self, *packets: bytes, window: int | None = 64, **expected: int) -> Expectation:
        """`expected`: figures of the frames' ledger that are not 0, other than received."""
        expectation = Expectation(
            FrameRules(),
            read_routes(self.CONFIG),
            Producers(window, bound=2) if window else None,
            read_bindings(self.CONFIG),
        )
        expectation.add_packets(packets, RULES)
        frames = expectation.ledger()["frames"]
        names = ("delivered", "control", "duplicate", "stale")
        found = {name: frames[name] for name in names} | frames["dropped"]
        self.assertEqual({name: value for name, value in found.items() if value}, expected)
        return expectation

    def test_topics(self) -> None:
        own = frame("own/x")
        expectation = self.check(
            datagram4(own, source=self.HOME),
            datagram4(own, source=self.AWAY),
            datagram6(own, source=v6("fd01::9")),
            datagram6(own, source=v6("fd02::9")),
            datagram6(own, source=v6("::ffff:10.1.0.0")),
            datagram4(frame("open") + frame("else"), source=self.AWAY),
            delivered=4,
            topic_not_allowed=2,
            unknown_topic=1,
        )
        self.assertEqual(set(expectation.ledger()["topics"]), {"own/x", "open", "else"})
        self.assertEqual(expectation.ledger()["topics"]["own/x"]["events"], 3)

    def test_producers(self) -> None:
        events = frame("open") + frame("else")
        self.check(
            datagram4(session(7, 1, 5) + events, source=self.AWAY),
            datagram4(session(7, 1, 5) + events, source=self.HOME),
            datagram4(session(8, 1, 5) + events, source=self.HOME),
            datagram6(session(8, 1, 5, 1) + events, source=v6("fd01::1")),
            datagram4(session(9, 1, 5) + events, source=self.AWAY),
            control=5,
            producer_not_allowed=4,
            delivered=2 + 1,
            unknown_topic=2 + 1,
        )

    def test_what_is_refused_leaves_no_mark(self) -> None:
        """A refused event takes neither a number, nor a key, nor a producer's place."""
        own = frame("own/key", b"same")
        forged = [datagram4(session(7, 9, 100) + frame("open"), source=self.AWAY)]
        forged += [datagram4(session(n, 9, 100) + own, source=self.AWAY) for n in (3, 4, 5)]
        forged += [datagram4(own, source=self.AWAY)]
        self.check(
            *forged,
            datagram4(session(7, 1, 100) + frame("open"), source=self.HOME),
            datagram4(session(4, 1, 100) + own, source=self.HOME),
            datagram4(own, source=self.HOME),
            *forged,
            control=4 + 2 + 4,
            producer_not_allowed=2,
            topic_not_allowed=8,
            delivered=3,
        )

    def test_who_may_do_neither(self) -> None:
        """Whether the sender may publish to the topic is decided first."""
        both = datagram4(session(7) + frame("own/x"), source=self.AWAY)
        self.check(both, control=1, topic_not_allowed=1)
        self.check(both, control=1, topic_not_allowed=1, window=None)

    def test_producers_are_bound_where_numbers_are_not_judged(self) -> None:
        one = datagram4(session(7) + frame("open"), source=self.AWAY)
        self.check(one, one, control=2, producer_not_allowed=2, window=None)

    def test_an_event_whose_producer_finds_no_room_has_a_key(self) -> None:
        one = [datagram4(session(n) + frame("own/key"), source=self.HOME) for n in (3, 4, 5, 6, 5)]
        self.check(*one, control=5, delivered=3, duplicate=2)

    def test_side_by_side(self) -> None:
        """An event that is refused at one port and accepted at the other."""
        expectation = Expectation(
            FrameRules(), read_routes(self.CONFIG), Producers(64), read_bindings(self.CONFIG)
        )
        true, forged = (
            [datagram4(session(7, 1, n) + frame("open"), source=one) for n in range(4)]
            for one in (self.HOME, self.AWAY)
        )
        expectation.add_side_by_side([(true + true[:1], RULES), (forged, RULES)])
        frames = expectation.ledger()["frames"]
        self.assertEqual((frames["delivered"], frames["duplicate"]), (4, 1))
        self.assertEqual(frames["dropped"], {"producer_not_allowed": 4})


class Configurations(unittest.TestCase):
    def test_routes(self) -> None:
        table = {"topic": "a", "handler": "null", "dedup": "payload-id", "dedup_bytes": 8}
        document = {"route": [table], "default_route": {"handler": "fail", "dedup": "none"}}
        self.assertEqual(read_routes(document)[b"a"], Route("null", KeyRule(0, 8)))
        self.assertIsNone(read_routes(document).find(b"b"))
        document["routing"] = {"unknown_topic": "route"}
        self.assertEqual(read_routes(document)[read_routes(document).find(b"b")], Route("fail"))
        document["route"].append(table)
        with self.assertRaisesRegex(ValueError, "two routes"):
            read_routes(document)


if __name__ == "__main__":
    unittest.main()
