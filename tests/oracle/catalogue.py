# SPDX-License-Identifier: BSD-3-Clause
"""Packets and datagrams made by hand, each with what the wire rules say about it; that is also
written by hand, from docs/wire-format.md.

PACKETS: (description, packet, "datagram" | "non_event.<kind>" | "<reason>"), for checksum =
"verify" and port 9001. DATAGRAMS: (description, UDP payload, its frames: "event" | "control" |
"<reason>").
"""

import struct

from craft import (
    ARP,
    ICMP,
    ICMPV6,
    IGMP,
    IPV4,
    IPV6,
    PORT,
    QINQ,
    TCP,
    UDP,
    VLAN,
    datagram4,
    datagram6,
    ethernet,
    frame,
    ipv4,
    ipv6,
    session,
    udp,
)

EVENT = frame("sensor/1/temp", b"21.5", 7)
_GOOD = udp(EVENT)
_GOOD6 = udp(EVENT, over=IPV6)
_SAFE_TOPIC = "sensor/1/temp"

HOP, ROUTE, FRAG, AUTH, DEST = 0, 43, 44, 51, 60
_PAD = (DEST, bytes((0,)) + bytes(6))  # the smallest extension header there is


def _v4(body: bytes = _GOOD, protocol: int = UDP, **fields) -> bytes:
    return ethernet(IPV4, ipv4(body, protocol, **fields))


def _v6(body: bytes = _GOOD6, next_header: int = UDP, **fields) -> bytes:
    return ethernet(IPV6, ipv6(body, next_header, **fields))


def _v6_chain(
    *extensions: tuple[int, bytes], body: bytes = _GOOD6, next_header: int = UDP, **fields
) -> bytes:
    return _v6(body, next_header, extensions=extensions, **fields)


def _fragment_header(offset: int, more: int = 0, reserved: int = 0) -> tuple[int, bytes]:
    return FRAG, struct.pack("!BHI", 0, offset << 3 | reserved << 1 | more, 77)


def _flip(packet: bytes, index: int) -> bytes:
    changed = bytearray(packet)
    changed[index] ^= 0x01
    return bytes(changed)


def _wrong_checksum(over: int) -> bytes:
    return (_v4 if over == IPV4 else _v6)(_flip(udp(EVENT, over=over), 7))


def _udp_summing_to_zero() -> bytes:
    """A UDP packet whose checksum computes to 0 and is therefore sent as 0xffff (RFC 768)."""
    payload = frame("7 bytes", b"\x00\x00")  # so that the two zeros are one word of the sum
    (checksum,) = struct.unpack_from("!H", udp(payload), 6)
    return udp(payload[:-2] + struct.pack("!H", checksum))


PACKETS: list[tuple[str, bytes, str]] = [
    ("an empty packet", b"", "short_header"),
    ("a packet cut in the Ethernet header", _v4()[:13], "short_header"),
    ("an Ethernet header and nothing else", _v4()[:14], "short_header"),
    ("a plain datagram", _v4(), "datagram"),
    ("a datagram with Ethernet padding", _v4() + bytes(30), "datagram"),
    ("one VLAN tag", datagram4(EVENT, vlans=(VLAN,)), "datagram"),
    ("two VLAN tags", datagram4(EVENT, vlans=(QINQ, VLAN)), "datagram"),
    ("two service tags", datagram6(EVENT, vlans=(QINQ, QINQ)), "datagram"),
    ("a cut first VLAN tag", datagram4(EVENT, vlans=(VLAN,))[:17], "short_header"),
    ("a cut second VLAN tag", datagram4(EVENT, vlans=(VLAN, VLAN))[:21], "short_header"),
    ("three VLAN tags", datagram4(EVENT, vlans=(VLAN, VLAN, VLAN)), "vlan_too_deep"),
    ("a third VLAN tag, cut", datagram4(EVENT, vlans=(VLAN, VLAN, VLAN))[:22], "vlan_too_deep"),
    ("an 802.3 length", ethernet(0x05FF, bytes(50)), "non_event.llc"),
    ("an 802.3 length in a VLAN", ethernet(0x0026, bytes(50), (VLAN,)), "non_event.llc"),
    ("ARP", ethernet(ARP, bytes(28)), "non_event.arp"),
    ("ARP of no length at all", ethernet(ARP, b""), "non_event.arp"),
    ("the lowest EtherType", ethernet(0x0600, bytes(46)), "non_event.other_ethertype"),
    ("MPLS", ethernet(0x8847, bytes(46)), "non_event.other_ethertype"),
    # IPv4
    ("19 bytes of IPv4", _v4()[: 14 + 19], "short_header"),
    ("version 5 as IPv4", _v4(version=5), "bad_ip_header"),
    ("IHL 4", _v4(ihl=4), "bad_ip_header"),
    ("total length below the header", _v4(total_length=19), "bad_ip_header"),
    ("total length below the options", _v4(options=bytes(4), total_length=23), "bad_ip_header"),
    ("an end inside the options", _v4(options=bytes(8))[: 14 + 27], "short_header"),
    ("options", _v4(options=b"\x01\x01\x01\x00"), "datagram"),
    ("the longest options", _v4(options=b"\x01" * 40), "datagram"),
    ("a packet short of its IPv4 length", _v4()[:-1], "ip_truncated"),
    ("a total length too long", _v4(total_length=20 + len(_GOOD) + 1), "ip_truncated"),
    ("a cut packet that is not UDP", _v4(b"x" * 8, ICMP)[:-1], "ip_truncated"),
    ("ICMP", _v4(b"\x08" + bytes(7), ICMP), "non_event.icmp"),
    ("IGMP", _v4(bytes(8), IGMP), "non_event.igmp"),
    ("TCP", _v4(bytes(20), TCP), "non_event.tcp"),
    ("a fragment that is TCP", _v4(bytes(20), TCP, fragment=0x2000), "non_event.tcp"),
    ("SCTP", _v4(bytes(20), 132), "non_event.other_ip_protocol"),
    ("ICMPv6 over IPv4", _v4(bytes(20), ICMPV6), "non_event.other_ip_protocol"),
    ("a first fragment", _v4(fragment=0x2000), "fragment"),
    ("a last fragment", _v4(fragment=0x0001), "fragment"),
    ("a fragment with the highest offset", _v4(fragment=0x1FFF), "fragment"),
    ("do not fragment", _v4(fragment=0x4000), "datagram"),
    ("the reserved flag", _v4(fragment=0x8000), "datagram"),
    # IPv6
    ("IPv6", _v6(), "datagram"),
    ("IPv6 with padding", _v6() + bytes(9), "datagram"),
    ("IPv6 of more than 255 bytes", datagram6(frame(_SAFE_TOPIC, bytes(999))), "datagram"),
    ("39 bytes of IPv6", _v6()[: 14 + 39], "short_header"),
    ("version 4 as IPv6", _v6(version=4), "bad_ip_header"),
    ("a packet short of its IPv6 length", _v6()[:-1], "ip_truncated"),
    ("payload length 0", _v6(payload_length=0), "short_header"),
    ("ICMPv6", _v6(bytes(24), ICMPV6), "non_event.icmpv6"),
    (
        "MLD behind a hop-by-hop header",
        _v6_chain((HOP, bytes(7)), body=bytes(24), next_header=58),
        "non_event.icmpv6",
    ),
    ("IGMP over IPv6", _v6(bytes(8), IGMP), "non_event.igmp"),
    ("TCP over IPv6", _v6(bytes(20), TCP), "non_event.tcp"),
    ("ICMP over IPv6", _v6(bytes(20), ICMP), "non_event.other_ip_protocol"),
    ("no next header", _v6(b"", 59), "non_event.other_ip_protocol"),
    ("hop-by-hop first", _v6_chain((HOP, bytes(7))), "datagram"),
    ("hop-by-hop second", _v6_chain(_PAD, (HOP, bytes(7))), "bad_ip_header"),
    (
        "hop-by-hop second, short as well",
        _v6_chain(_PAD, (HOP, bytes(7)), payload_length=10),
        "bad_ip_header",
    ),
    ("a long destination header", _v6_chain((DEST, b"\x02" + bytes(22))), "datagram"),
    (
        "mobility, HIP and shim6",
        _v6_chain(*((kind, bytes(7)) for kind in (135, 139, 140))),
        "datagram",
    ),
    ("authentication, of 4 x (len + 2) bytes", _v6_chain((AUTH, b"\x01" + bytes(10))), "datagram"),
    ("authentication of 8 bytes", _v6_chain((AUTH, bytes(7))), "datagram"),
    ("eight extension headers", _v6_chain(*[_PAD] * 8), "datagram"),
    ("nine extension headers", _v6_chain(*[_PAD] * 9), "bad_ip_header"),
    (
        "nine extension headers, the ninth short",
        _v6_chain(*[_PAD] * 9, payload_length=64),
        "bad_ip_header",
    ),
    (
        "an extension header longer than the payload",
        _v6_chain((DEST, b"\xff" + bytes(6))),
        "short_header",
    ),
    ("one byte of an extension header", _v6_chain(_PAD, payload_length=1), "short_header"),
    ("seven bytes of an extension header", _v6_chain(_PAD, payload_length=7), "short_header"),
    (
        "an extension header that fills the payload",
        _v6_chain(_PAD, payload_length=8),
        "short_header",
    ),
    (
        "a fragment header cut short",
        _v6_chain(_fragment_header(0), payload_length=7),
        "short_header",
    ),
    ("a fragment's reserved byte is no length", _v6_chain((FRAG, b"\xff" + bytes(6))), "datagram"),
    ("routing, done", _v6_chain((ROUTE, bytes((0, 4, 0)) + bytes(4))), "datagram"),
    ("routing, segments left", _v6_chain((ROUTE, bytes((0, 4, 1)) + bytes(4))), "bad_ip_header"),
    (
        "routing, segments left, short",
        _v6_chain((ROUTE, bytes((9, 4, 1)) + bytes(4))),
        "short_header",
    ),
    (
        "routing with segments left before a fragment",
        _v6_chain((ROUTE, bytes((0, 4, 1)) + bytes(4)), _fragment_header(1)),
        "bad_ip_header",
    ),
    ("an atomic fragment", _v6_chain(_fragment_header(0)), "datagram"),
    (
        "an atomic fragment, reserved bits set",
        _v6_chain(_fragment_header(0, reserved=3)),
        "datagram",
    ),
    ("a first IPv6 fragment", _v6_chain(_fragment_header(0, more=1)), "fragment"),
    ("a last IPv6 fragment", _v6_chain(_fragment_header(5)), "fragment"),
    ("a fragment of an extension header", _v6_chain(_fragment_header(0, more=1), _PAD), "fragment"),
    (
        "a fragment of TCP",
        _v6_chain(_fragment_header(9), body=bytes(20), next_header=TCP),
        "non_event.tcp",
    ),
    (
        "a fragment of ICMPv6",
        _v6_chain(_fragment_header(0, 1), body=bytes(8), next_header=58),
        "non_event.icmpv6",
    ),
    (
        "a fragment of SCTP",
        _v6_chain(_fragment_header(1), body=bytes(8), next_header=132),
        "non_event.other_ip_protocol",
    ),
    # UDP
    ("7 bytes of UDP", _v4(_GOOD[:7]), "short_header"),
    ("no UDP header, but padding enough", _v4(b"") + bytes(26), "short_header"),
    ("7 bytes of UDP over IPv6", _v6(_GOOD6[:7]), "short_header"),
    ("another port", datagram4(EVENT, PORT + 1), "wrong_port"),
    ("another port, byte-swapped", datagram4(EVENT, (PORT & 0xFF) << 8 | PORT >> 8), "wrong_port"),
    ("another port and a bad length", _v4(udp(EVENT, PORT + 1, length=3)), "wrong_port"),
    ("UDP length 7", _v4(udp(EVENT, length=7)), "bad_udp_length"),
    ("UDP length 0", _v6(udp(EVENT, over=IPV6, length=0)), "bad_udp_length"),
    (
        "UDP length beyond the IP payload",
        _v4(udp(EVENT, length=8 + len(EVENT) + 1)) + bytes(8),
        "bad_udp_length",
    ),
    (
        "UDP length below the IP payload",
        _v4(udp(EVENT + b"padding", length=8 + len(EVENT))),
        "datagram",
    ),
    ("a wrong IPv4 checksum", _v4(checksum=0x1234), "bad_ip_checksum"),
    ("an IPv4 checksum of 0", _v4(checksum=0), "bad_ip_checksum"),
    ("a wrong checksum over options", _flip(_v4(options=bytes(4)), 14 + 21), "bad_ip_checksum"),
    ("both checksums wrong", _flip(_v4(checksum=0x1234), 14 + 20 + 7), "bad_ip_checksum"),
    ("a wrong IPv4 checksum to another port", _v4(udp(EVENT, 9), checksum=0x1234), "wrong_port"),
    ("a wrong UDP checksum", _wrong_checksum(IPV4), "bad_udp_checksum"),
    ("a wrong UDP checksum over IPv6", _wrong_checksum(IPV6), "bad_udp_checksum"),
    ("a changed payload byte", _flip(_v4(), 14 + 20 + 8 + 20), "bad_udp_checksum"),
    ("a changed source address under IPv6", _flip(_v6(), 14 + 8), "bad_udp_checksum"),
    ("a UDP checksum of 0", _v4(udp(EVENT, checksum=0)), "datagram"),
    ("a UDP checksum of 0 over IPv6", _v6(udp(EVENT, over=IPV6, checksum=0)), "bad_udp_checksum"),
    ("a UDP checksum that computes to 0", _v4(_udp_summing_to_zero()), "datagram"),
    ("an odd number of payload bytes", datagram4(frame(_SAFE_TOPIC, b"1") + EVENT), "datagram"),
    ("an empty datagram", datagram4(b""), "non_event.empty_datagram"),
    ("an empty datagram with padding", datagram6(b"") + bytes(6), "non_event.empty_datagram"),
    ("an empty datagram with a wrong checksum", _v4(udp(b"", checksum=1)), "bad_udp_checksum"),
]

_A = frame("a", b"1")

DATAGRAMS: list[tuple[str, bytes, list[str]]] = [
    ("one frame", EVENT, ["event"]),
    ("three frames", _A + EVENT + _A, ["event", "event", "event"]),
    ("priority 255, empty payload", frame("t", b"", 255), ["event"]),
    ("the longest topic", frame("t" * 255), ["event"]),
    ("1 stray byte", _A + b"\x00", ["event", "frame_truncated"]),
    ("3 stray bytes", _A + b"\x00\x00\x00", ["event", "frame_truncated"]),
    ("3 bytes of nothing but ones", b"\xff\xff\xff", ["frame_truncated"]),
    ("length 0", struct.pack("!I", 0) + _A, ["length_out_of_bounds"]),
    ("length 0 and nothing else", bytes(4), ["length_out_of_bounds"]),
    ("length 3", frame("", b"")[:4] + bytes(3) + _A, ["length_out_of_bounds"]),
    ("length 65404", frame("t", length=65404), ["length_out_of_bounds"]),
    ("length 2^32 - 1", _A + frame("t", length=2**32 - 1), ["event", "length_out_of_bounds"]),
    ("length past the end", _A + frame("t", b"x", length=6), ["event", "frame_truncated"]),
    ("length 65403, past the end", frame("t", length=65403), ["frame_truncated"]),
    ("a length and nothing behind it", struct.pack("!I", 4), ["frame_truncated"]),
    ("topic_len 0", frame("", b"x") + _A, ["topic_len_out_of_bounds", "event"]),
    ("topic_len 256", frame("t" * 256) + _A, ["topic_len_out_of_bounds", "event"]),
    ("topic_len 65535", frame("t", topic_len=65535) + _A, ["topic_len_out_of_bounds", "event"]),
    (
        "topic_len one past the frame",
        frame("t", topic_len=2) + _A,
        ["topic_len_out_of_bounds", "event"],
    ),
    ("topic_len up to the frame's end", frame("t", b"u", topic_len=2) + _A, ["event", "event"]),
    ("a stray continuation byte", frame(b"a\x80") + _A, ["topic_not_utf8", "event"]),
    ("an overlong slash", frame(b"a\xc0\xaf"), ["topic_not_utf8"]),
    ("an overlong control character", frame(b"\xe0\x80\x8a"), ["topic_not_utf8"]),
    ("a surrogate", frame(b"\xed\xa0\x80"), ["topic_not_utf8"]),
    ("just below the surrogates", frame(b"\xed\x9f\xbf"), ["event"]),
    ("just above the surrogates", frame(b"\xee\x80\x80"), ["event"]),
    ("U+10FFFF", frame("\U0010ffff"), ["event"]),
    ("above U+10FFFF", frame(b"\xf4\x90\x80\x80"), ["topic_not_utf8"]),
    ("byte f5", frame(b"\xf5\x80\x80\x80"), ["topic_not_utf8"]),
    ("UTF-8 cut by topic_len", frame(b"\xc3", b"\xa9"), ["topic_not_utf8"]),
    ("bad UTF-8 behind a control character", frame(b"\n\xff"), ["topic_not_utf8"]),
    ("NUL", frame("a\x00"), ["topic_control_character"]),
    ("a new line", frame("a\nb") + _A, ["topic_control_character", "event"]),
    ("U+001F", frame("\x1f"), ["topic_control_character"]),
    ("a space", frame(" "), ["event"]),
    ("tilde", frame("~"), ["event"]),
    ("DEL", frame("\x7f"), ["topic_control_character"]),
    ("U+0080", frame("\x80"), ["topic_control_character"]),
    ("U+009F", frame("\x9f"), ["topic_control_character"]),
    ("U+00A0", frame("\xa0"), ["event"]),
    ("U+2028, U+200B and a soft hyphen", frame("\u2028\u200b\xad"), ["event"]),
    ("$esc alone", frame("$esc"), ["event"]),
    ("$escape", frame("$escape"), ["event"]),
    ("$esc/", frame("$esc/"), ["reserved_topic"]),
    ("$esc/other", frame("$esc/other") + _A, ["reserved_topic", "event"]),
    ("$esc/session/x", frame("$esc/session/x", bytes(32)), ["reserved_topic"]),
    ("$ESC/session", frame("$ESC/session"), ["event"]),
    ("a reserved topic with a control character", frame("$esc/\x01"), ["topic_control_character"]),
    ("a session", session() + _A, ["control", "event"]),
    ("a session alone", session(), ["control"]),
    ("a session of version 2", session(version=2) + _A, ["bad_session", "event"]),
    ("a session of version 0", session(version=0) + _A, ["bad_session", "event"]),
    ("a session one byte short", frame("$esc/session", bytes((1,)) + bytes(30)), ["bad_session"]),
    ("a session one byte long", session(extra=b"x"), ["bad_session"]),
    ("a session without payload", frame("$esc/session"), ["bad_session"]),
    (
        "a sequence up to the last number",
        session(first_sequence=2**64 - 2, count=2) + _A,
        ["control", "event"],
    ),
    (
        "a sequence past the last number",
        session(first_sequence=2**64 - 2, count=3) + _A,
        ["bad_session", "event"],
    ),
    (
        "a session at the last number, without end",
        session(first_sequence=2**64 - 1) + _A + _A,
        ["control", "event", "event"],
    ),
    ("unknown flags", session(flags=0xFF), ["control"]),
]


def trace() -> list[bytes]:
    """PACKETS and DATAGRAMS as packets: each datagram over IPv4 and over IPv6."""
    packets = [packet for _, packet, _ in PACKETS]
    for _, payload, _ in DATAGRAMS:
        packets += [datagram4(payload), datagram6(payload)]
    return packets
