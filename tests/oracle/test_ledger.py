# SPDX-License-Identifier: BSD-3-Clause
"""Tests of capture files, of the ledger's arithmetic, of the comparison, and of the two commands.
"""

import contextlib
import copy
import io
import json
import tempfile
import unittest
from pathlib import Path

import catalogue
import compare
import craft
import oracle
from craft import PORT, datagram4, datagram6, frame, session
from esc_oracle.capture import CaptureError, read_packets
from esc_oracle.comparison import differences, topic_differences
from esc_oracle.frame import FrameRules
from esc_oracle.keys import KeyRule
from esc_oracle.ledger import Expectation
from esc_oracle.packet import PacketRules
from esc_oracle.routes import Route, Routes

RULES = PacketRules(frozenset((PORT,)))
ROUTES = Routes({b"a": Route("count"), b"b": Route("null"), b"c": Route("fail")})


class InDirectory(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory(prefix="esc-oracle-")
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def write(self, name: str, content: bytes | str) -> str:
        path = self.directory / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)


class Captures(InDirectory):
    PACKETS = [b"", b"1", b"22", b"333", b"4444", bytes(range(256)) * 5]

    def read(self, content: bytes) -> list[bytes]:
        return list(read_packets(self.write("capture", content)))

    def test_pcap(self) -> None:
        for order in "<>":
            for nanoseconds in (False, True):
                content = craft.pcap(self.PACKETS, order=order, nanoseconds=nanoseconds)
                self.assertEqual(self.read(content), self.PACKETS)

    def test_pcapng(self) -> None:
        for order in "<>":
            for simple in (False, True):
                self.assertEqual(
                    self.read(craft.pcapng(self.PACKETS, order=order, simple=simple)), self.PACKETS
                )

    def test_pcapng_sections_and_foreign_blocks(self) -> None:
        foreign = craft.pcapng_block(0x0BAD, b"whatever")
        content = (
            craft.pcapng([b"a"])
            + foreign
            + craft.pcapng([b"b"], order=">")
            + craft.pcapng([b"c"], simple=True)
        )
        self.assertEqual(self.read(content), [b"a", b"b", b"c"])

    def test_pcapng_obsolete_packet_block(self) -> None:
        fields = craft.struct.pack("<HHIIII", 0, 0xFFFF, 0, 0, 3, 3)
        self.assertEqual(
            self.read(craft.pcapng([]) + craft.pcapng_block(2, fields + b"abc")), [b"abc"]
        )

    def test_snap_length(self) -> None:
        for content in (
            craft.pcap([b"abcdef", b"ab"], snap_length=4),
            craft.pcapng([b"abcdef", b"ab"], snap_length=4),
            craft.pcapng([b"abcdef", b"ab"], snap_length=4, simple=True),
        ):
            self.assertEqual(self.read(content), [b"abcd", b"ab"])

    def test_nothing_in_it_and_no_snap_length(self) -> None:
        empty = craft.pcap([])
        self.assertEqual(self.read(empty), [])
        unlimited = empty[:16] + bytes(4) + craft.pcap([b"1"])[20:]
        self.assertEqual(self.read(unlimited), [b"1"])
        self.assertEqual(
            self.read(craft.pcapng([]) + craft.struct.pack("<III", 0x0BAD, 12, 12)), []
        )

    def test_refused_files(self) -> None:
        good = craft.pcap([b"abc"])
        for content in (
            b"",
            b"not a capture",
            good[:20],
            good[:-1],
            good[:30],
            craft.pcap([b"abc"], link_type=101),
            craft.pcapng([b"abc"], link_type=101),
            craft.pcapng([b"abc"])[:-1],
            craft.pcapng([])[:28]
            + craft.pcapng_block(6, bytes(20)),  # of an interface that is not described
            craft.pcapng([])[:28] + craft.pcapng_block(3, bytes(4)),
            craft.pcapng([])
            + craft.pcapng_block(6, craft.struct.pack("<IIIII", 0, 0, 0, 5, 5) + b"1234"),
            craft.pcapng([]) + craft.pcapng_block(3, craft.struct.pack("<I", 5) + b"1234"),
            craft.pcapng([]) + craft.struct.pack("<III", 0x0BAD, 8, 8),
            craft.pcapng([]) + craft.struct.pack("<IIII", 0x0BAD, 14, 0, 14)[:14],
            craft.pcapng([]) + craft.struct.pack("<III", 0x0BAD, 12, 16),
            good[:16]
            + craft.struct.pack("<I", 2)
            + good[20:],  # a packet longer than the snap length
            b"\x0a\x0d\x0d\x0a" + bytes(40),
        ):
            with self.assertRaises(CaptureError):
                self.read(content)


class Ledgers(unittest.TestCase):
    def expectation(self) -> Expectation:
        return Expectation(FrameRules(), ROUTES)

    def test_where_events_end(self) -> None:
        expectation = self.expectation()
        payload = (
            session()
            + frame("a", b"123")
            + frame("a")
            + frame("b", b"1")
            + frame("c")
            + frame("d")
            + b"?"
        )
        expectation.add_packets([datagram4(payload), datagram6(b""), b"short"], RULES)
        ledger = expectation.ledger()
        self.assertEqual(
            ledger["frames"],
            {
                "received": 7,
                "delivered": 3,
                "control": 1,
                "duplicate": 0,
                "duplicate_by": {"number": 0, "key": 0, "replay": 0},
                "stale": 0,
                "dead_lettered": {"durable": 0, "by_reason": {}},
                "dropped": {"frame_truncated": 1, "handler_refused": 1, "unknown_topic": 1},
                "in_flight": 0,
            },
        )
        self.assertEqual(
            ledger["packets"],
            {
                "received": 3,
                "datagrams": 1,
                "reassembled": 0,
                "non_event": {"empty_datagram": 1},
                "dropped": {"short_header": 1},
                "in_flight": 0,
                "imissed": 0,
                "rx_nombuf": 0,
                "ierrors": 0,
            },
        )
        self.assertEqual(ledger["topics"]["a"], {"handler": "count", "events": 2, "bytes": 3})
        self.assertEqual(ledger["topics"]["d"], {"handler": None, "events": 1, "bytes": 0})

    def test_the_catalogue_balances(self) -> None:
        expectation = self.expectation()
        expectation.add_packets(catalogue.trace(), RULES)
        ledger = expectation.ledger()
        self.assertEqual(differences(ledger, ledger), [])
        self.assertGreater(ledger["frames"]["received"], 100)

    def test_endless(self) -> None:
        """Whole passes and a part of one give the same as the list of all these packets."""
        trace = catalogue.trace()
        for total in (0, 1, len(trace) - 1, len(trace), len(trace) + 1, 3 * len(trace) + 50):
            endless, written_out = self.expectation(), self.expectation()
            endless.add_endless(trace, RULES, total)
            written_out.add_packets((trace * 4)[:total], RULES)
            self.assertEqual(endless.ledger(), written_out.ledger())

    def test_unknown_handler(self) -> None:
        with self.assertRaises(ValueError):
            Route("surprise")


class KeyedEvents(unittest.TestCase):
    def ledger(self, rule: KeyRule, *payloads: bytes, topic: str = "a", times: int = 1) -> dict:
        keyed = Routes({b"a": Route("count", rule), b"b": Route("count")})
        expectation = Expectation(FrameRules(), keyed)
        for payload in payloads:
            expectation.add_packets([datagram4(frame(topic, payload))], RULES, times)
        frames = expectation.ledger()["frames"]
        return {
            "delivered": frames["delivered"],
            "copies": frames["duplicate_by"]["key"],
            "unkeyed": expectation.keys.unkeyed,
        }

    def test_an_id_in_the_payload(self) -> None:
        found = self.ledger(KeyRule(1, 2), b"xABy", b"zABw", b"xAC", b"xA", b"xA")
        self.assertEqual(found, {"delivered": 4, "copies": 1, "unkeyed": 2})

    def test_the_content(self) -> None:
        found = self.ledger(KeyRule(), b"", b"", b"ab", b"ab", b"abc", times=3)
        self.assertEqual(found, {"delivered": 3, "copies": 12, "unkeyed": 0})

    def test_the_content_from_somewhere_on(self) -> None:
        found = self.ledger(KeyRule(2), b"abX", b"cdX", b"ef", b"gh", b"i")
        self.assertEqual(found, {"delivered": 3, "copies": 2, "unkeyed": 1})

    def test_other_topics_have_no_key(self) -> None:
        found = self.ledger(KeyRule(), b"x", b"x", topic="b")
        self.assertEqual(found, {"delivered": 2, "copies": 0, "unkeyed": 0})


class Comparison(unittest.TestCase):
    def setUp(self) -> None:
        expectation = Expectation(FrameRules(), Routes({b"a": Route("count")}))
        expectation.add_packets([datagram4(frame("a") + frame("b")), b"short"], RULES)
        self.expected = expectation.ledger()
        self.actual = copy.deepcopy(self.expected)

    def found(self, **options) -> list[str]:
        return differences(self.actual, self.expected, **options)

    def test_zeros_of_maps_may_be_left_out(self) -> None:
        self.actual["frames"]["dropped"]["bad_session"] = 0
        self.actual["packets"]["non_event"]["arp"] = 0
        self.expected["frames"]["dead_lettered"]["by_reason"]["x"] = 0
        self.assertEqual(self.found(), [])

    def test_each_figure_matters(self) -> None:
        for section, name in [
            *(
                ("frames", name)
                for name in (
                    "received",
                    "delivered",
                    "control",
                    "duplicate",
                    "stale",
                    "in_flight",
                )
            ),
            *(("packets", name) for name in ("received", "datagrams", "reassembled", "in_flight")),
            *(("packets", name) for name in ("imissed", "rx_nombuf", "ierrors")),
        ]:
            self.setUp()
            self.actual[section][name] += 1
            self.assertTrue(
                any(line.startswith(f"{section}.{name}:") for line in self.found()), (section, name)
            )
            del self.actual[section][name]
            self.assertTrue(
                any(line.startswith(f"{section}.{name}: absent") for line in self.found())
            )

    def test_each_reason_matters(self) -> None:
        self.actual["frames"]["dropped"] = {"reserved_topic": 1}
        self.assertEqual(
            self.found(),
            [
                "frames.dropped.reserved_topic: 1, expected 0  (+1)",
                "frames.dropped.unknown_topic: 0, expected 1  (-1)",
            ],
        )

    def test_copies_are_told_by_number_by_key_or_as_replays(self) -> None:
        for ledger in (self.actual, self.expected):
            ledger["frames"]["duplicate_by"] = {"number": 1, "key": 2, "replay": 3}
        self.assertEqual(self.found(), ["duplicate is 0, and by what tells them 6"])

    def test_equations(self) -> None:
        self.actual["frames"]["received"] = self.expected["frames"]["received"] = 3
        self.assertEqual(self.found(), ["frames do not balance: received 3, accounted for 2"])

    def test_every_part_of_the_equations(self) -> None:
        both = (self.actual, self.expected)
        for ledger in both:
            ledger["frames"] |= {
                "received": 1 + 2 + 4 + 8 + 16 + 32,
                "delivered": 1,
                "control": 2,
                "duplicate": 4,
                "duplicate_by": {"number": 3, "key": 1, "replay": 0},
                "stale": 8,
            }
            ledger["frames"] |= {
                "dead_lettered": {"durable": 16, "by_reason": {"x": 16}},
                "dropped": {"bad_session": 32},
            }
            ledger["packets"] |= {"received": 1 + 2 + 4 + 8, "datagrams": 1, "reassembled": 2}
            ledger["packets"] |= {"non_event": {"arp": 4}, "dropped": {"fragment": 8}}
        self.assertEqual(self.found(), [])
        for ledger in both:
            ledger["packets"]["received"] += 1
        self.assertEqual(self.found(), ["packets do not balance: received 16, accounted for 15"])

    def test_in_flight_is_nothing_after_a_drain(self) -> None:
        for ledger in (self.actual, self.expected):
            ledger["frames"]["in_flight"] = 1
            ledger["frames"]["received"] += 1
        self.assertEqual(self.found(), ["frames.in_flight is 1, and must be 0 after a drain"])

    def test_balanced(self) -> None:
        for value in (False, 1, None):
            self.actual["balanced"] = value
            self.assertEqual(self.found(), [f"balanced is {value}"])

    def test_allowed(self) -> None:
        self.actual["packets"]["imissed"] = 5
        self.assertEqual(self.found(), ["packets.imissed: 5, expected 0  (+5)"])
        self.assertEqual(self.found(allowed=["imissed"]), [])

    def test_topics(self) -> None:
        found = topic_differences(
            {"a": {"events": 1, "bytes": 2}}, {"a": {"events": 1, "bytes": 3}, "b": {"events": 1}}
        )
        self.assertEqual(
            found, ["topics.a.bytes: 2, expected 3  (-1)", "topics.b.events: 0, expected 1  (-1)"]
        )

    def test_nothing_at_all(self) -> None:
        self.actual = {}
        self.assertIn("frames.received: absent, expected 2", self.found())
        self.assertIn("balanced is None", self.found())


class Commands(InDirectory):
    def run_oracle(self, *arguments: str) -> dict:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            self.assertEqual(oracle.main([*arguments, "--udp-port", str(PORT)]), 0)
        return json.loads(out.getvalue())

    def run_compare(self, *arguments: str) -> tuple[int, str]:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            code = compare.main(list(arguments))
        return code, out.getvalue()

    def test_oracle(self) -> None:
        one = self.write(
            "one.pcap", craft.pcap([datagram4(frame("a=b") + frame("c") + frame("d"))])
        )
        two = self.write("two.pcap", craft.pcapng([b"short", datagram4(frame("c"))]))
        config = self.write(
            "c.toml", '[[route]]\ntopic = "c"\nhandler = "null"\n[[port]]\nudp_ports = [1]\n'
        )
        ledger = self.run_oracle(
            one, two, "--route", "a=b=count", "--routes-from", config, "--passes", "3"
        )
        self.assertEqual(ledger["frames"]["received"], 12)
        self.assertEqual(ledger["frames"]["delivered"], 9)
        self.assertEqual(ledger["frames"]["dropped"], {"unknown_topic": 3})
        self.assertEqual(ledger["packets"]["dropped"], {"short_header": 3})
        self.assertEqual(self.run_oracle(two, "--packets", "5")["packets"]["datagrams"], 2)

    def test_oracle_says_what_is_wrong(self) -> None:
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors):
            for arguments in (
                ["/no/such.pcap"],
                [self.write("bad", b"bad")],
                [self.write("e", b""), "--route", "a"],
            ):
                self.assertEqual(oracle.main([*arguments, "--udp-port", "1"]), 2)
        self.assertIn("/no/such.pcap", errors.getvalue())
        self.assertIn("neither pcap nor pcapng", errors.getvalue())

    def test_compare(self) -> None:
        capture = self.write("one.pcap", craft.pcap([datagram4(frame("a"))]))
        ledger = self.run_oracle(capture, "--route", "a=count")
        expected = self.write("expected", json.dumps(ledger))
        self.assertEqual(self.run_compare(expected, expected, "--topics"), (0, ""))
        ledger["packets"]["imissed"] = 2
        actual = self.write("actual", json.dumps(ledger))
        self.assertEqual(
            self.run_compare(actual, expected), (1, "packets.imissed: 2, expected 0  (+2)\n")
        )
        self.assertEqual(self.run_compare(actual, expected, "--allow-imissed"), (0, ""))


if __name__ == "__main__":
    unittest.main()
