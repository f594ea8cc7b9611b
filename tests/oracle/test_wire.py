# SPDX-License-Identifier: BSD-3-Clause
"""Tests the oracle with the catalogue, and with the golden vectors of docs/wire-format.md."""

import unittest
from collections import Counter
from pathlib import Path

import catalogue
from craft import IPV4, IPV6, PORT, datagram4, ethernet, frame, ipv4, ipv6, session, udp
from esc_oracle import vectors
from esc_oracle.frame import FrameRules, Identity, read_datagram
from esc_oracle.packet import DATAGRAM, NON_EVENT, PacketRules, Verdict, judge_packet

WIRE_FORMAT = Path(__file__).resolve().parents[2] / "docs" / "wire-format.md"
RULES = PacketRules(frozenset((PORT,)))


def describe(verdict: Verdict) -> str:
    if verdict.what == DATAGRAM:
        return DATAGRAM
    return f"non_event.{verdict.name}" if verdict.what == NON_EVENT else verdict.name


def outcomes(payload: bytes, rules: FrameRules = FrameRules()) -> list[str]:
    return [one.reason or one.what for one in read_datagram(payload, rules)]


def identities(payload: bytes) -> list[Identity | None]:
    return [one.identity for one in read_datagram(payload) if one.what == "event"]


class Packets(unittest.TestCase):
    def test_catalogue(self) -> None:
        for name, packet, expected in catalogue.PACKETS:
            with self.subTest(name):
                self.assertEqual(describe(judge_packet(packet, RULES)), expected)

    def test_catalogue_has_every_outcome(self) -> None:
        """Every name in the page's table occurs in the catalogue, so that every rule is tried."""
        section = (
            WIRE_FORMAT.read_text()
            .partition("## From packet to datagram")[2]
            .partition("\nNotes.")[0]
        )
        last_cells = [line.split("|")[-2] for line in section.splitlines() if line.startswith("|")]
        named = {word for cell in last_cells for word in cell.split("`")[1::2]}
        tried = {expected.removeprefix("non_event.") for _, _, expected in catalogue.PACKETS}
        self.assertEqual(tried, {name.removeprefix("non_event.") for name in named} | {DATAGRAM})

    def test_payload_ends_where_udp_does(self) -> None:
        body = udp(b"payload" + b"padding", length=8 + 7)
        for packet in (
            ethernet(IPV4, ipv4(body)) + b"more",
            ethernet(IPV4, ipv4(body, options=bytes(12))),
        ):
            self.assertEqual(judge_packet(packet, RULES).payload, b"payload")

    def test_checksum_settings(self) -> None:
        bad_ip = ethernet(IPV4, ipv4(udp(b"x"), checksum=1))
        bad_udp = ethernet(IPV4, ipv4(udp(b"x", checksum=1)))
        none_over_ipv6 = ethernet(IPV6, ipv6(udp(b"x", over=IPV6, checksum=0)))
        expected = {
            "verify": ["bad_ip_checksum", "bad_udp_checksum", "bad_udp_checksum"],
            "nic": ["datagram", "datagram", "bad_udp_checksum"],
            "off": ["datagram", "datagram", "datagram"],
        }
        for setting, names in expected.items():
            rules = PacketRules(frozenset((PORT,)), setting)
            packets = (bad_ip, bad_udp, none_over_ipv6)
            self.assertEqual(
                [describe(judge_packet(packet, rules)) for packet in packets], names, setting
            )
        with self.assertRaises(ValueError):
            PacketRules(frozenset((PORT,)), "maybe")

    def test_every_prefix_of_a_packet(self) -> None:
        """Wherever a packet is cut, it is too short in a header, or shorter than its IP length."""
        packet = datagram4(catalogue.EVENT, vlans=(0x8100,))
        names = Counter(describe(judge_packet(packet[:size], RULES)) for size in range(len(packet)))
        self.assertEqual(names, {"short_header": 18 + 20, "ip_truncated": len(packet) - 18 - 20})

    def test_several_ports(self) -> None:
        rules = PacketRules(frozenset((1, 65535)))
        for port, expected in ((1, DATAGRAM), (65535, DATAGRAM), (PORT, "wrong_port")):
            self.assertEqual(describe(judge_packet(datagram4(b"x", port), rules)), expected)


class Frames(unittest.TestCase):
    def test_catalogue(self) -> None:
        for name, payload, expected in catalogue.DATAGRAMS:
            with self.subTest(name):
                self.assertEqual(outcomes(payload), expected)

    def test_fields(self) -> None:
        one, two = read_datagram(frame("größe", b"\x00\xff", 255) + frame("b", b"", 0))
        self.assertEqual(
            (one.topic, one.payload, one.priority), ("größe".encode(), b"\x00\xff", 255)
        )
        self.assertEqual((two.topic, two.payload, two.priority), (b"b", b"", 0))

    def test_configured_bounds(self) -> None:
        rules = FrameRules(max_frame_bytes=64, max_topic_bytes=12)
        self.assertEqual(outcomes(frame("t" * 12, bytes(64 - 3 - 12)), rules), ["event"])
        self.assertEqual(
            outcomes(frame("t" * 12, bytes(65 - 3 - 12)), rules), ["length_out_of_bounds"]
        )
        self.assertEqual(outcomes(frame("t" * 13), rules), ["topic_len_out_of_bounds"])
        self.assertEqual(outcomes(session(), rules), ["control"])
        for bad in (
            {"max_frame_bytes": 63},
            {"max_frame_bytes": 65404},
            {"max_topic_bytes": 256},
            {"max_topic_bytes": 11},
        ):
            with self.assertRaises(ValueError):
                FrameRules(**bad)

    def test_largest_frame(self) -> None:
        self.assertEqual(outcomes(frame("t", bytes(65403 - 4))), ["event"])
        self.assertEqual(outcomes(frame("t", bytes(65403 - 3))), ["length_out_of_bounds"])


class Sessions(unittest.TestCase):
    A = frame("a")

    def test_numbers(self) -> None:
        payload = self.A + session(7, 3, 100) + self.A + self.A
        self.assertEqual(identities(payload), [None, (7, 3, 100), (7, 3, 101)])

    def test_count(self) -> None:
        self.assertEqual(
            identities(session(7, 3, 100, 2) + self.A * 3), [(7, 3, 100), (7, 3, 101), None]
        )

    def test_refused_frames_consume_numbers(self) -> None:
        bad = frame("", b"x") + frame("ok") + frame(b"\xff") + frame("\n") + frame("$esc/x")
        self.assertEqual(identities(session(1, 1, 0) + bad + self.A), [(1, 1, 1), (1, 1, 5)])

    def test_a_session_replaces_the_one_before(self) -> None:
        payload = session(1, 1, 0) + self.A + session(2, 5, 50, 1) + self.A + self.A
        self.assertEqual(identities(payload), [(1, 1, 0), (2, 5, 50), None])

    def test_a_bad_session_ends_the_one_before_and_has_no_number(self) -> None:
        payload = session(1, 1, 0) + self.A + session(version=9) + self.A
        self.assertEqual(identities(payload), [(1, 1, 0), None])

    def test_last_number(self) -> None:
        top = 2**64 - 1
        self.assertEqual(identities(session(1, 1, top) + self.A * 2), [(1, 1, top), None])
        self.assertEqual(identities(session(1, 1, top, 1) + self.A), [(1, 1, top)])
        self.assertEqual(identities(session(1, 1, top, 2) + self.A), [None])


class GoldenVectors(unittest.TestCase):
    def test_every_vector(self) -> None:
        found = list(vectors.read_vectors(WIRE_FORMAT))
        tables = Counter(vector.table for vector in found)
        self.assertEqual(set(tables), {vectors.DATAGRAMS, vectors.SMALLER_LIMITS, vectors.PACKETS})
        for vector in found:
            with self.subTest(table=vector.table, name=vector.name):
                self.assertEqual(vectors.judge(vector), vector.expected)

    def test_names_are_unique(self) -> None:
        names = Counter((vector.table, vector.name) for vector in vectors.read_vectors(WIRE_FORMAT))
        self.assertEqual([name for name, count in names.items() if count > 1], [])

    def test_hex(self) -> None:
        self.assertEqual(vectors.parse_hex("0a 0B(61)x3 (62)x0"), b"\x0a\x0baaa")


if __name__ == "__main__":
    unittest.main()
