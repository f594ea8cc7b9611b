# SPDX-License-Identifier: BSD-3-Clause
"""From packet to datagram: the numbered rules of docs/wire-format.md, in their order.

Numbers in comments are rule numbers of that page. Nothing here knows about frames.
"""

import struct
from dataclasses import dataclass
from typing import NamedTuple

_VLAN_TAGS = (0x8100, 0x88A8)
_MAX_VLAN_TAGS = 2
_MIN_ETHERTYPE = 0x0600
_ETHERTYPE_IPV4 = 0x0800
_ETHERTYPE_ARP = 0x0806
_ETHERTYPE_IPV6 = 0x86DD

_UDP = 17
_IPV4_KINDS = {1: "icmp", 2: "igmp", 6: "tcp"}
_IPV6_KINDS = {58: "icmpv6", 2: "igmp", 6: "tcp"}

_HOP_BY_HOP = 0
_ROUTING = 43
_FRAGMENT = 44
_AUTHENTICATION = 51
_EXTENSIONS = frozenset((_HOP_BY_HOP, _ROUTING, _FRAGMENT, _AUTHENTICATION, 60, 135, 139, 140))
_MAX_EXTENSIONS = 8

DATAGRAM = "datagram"
NON_EVENT = "non_event"
DROPPED = "dropped"


class Verdict(NamedTuple):
    """What a packet is. `name` is its name in the ledger, `payload` the UDP payload of a datagram,
    and `source` the source address in its IP header.
    """

    what: str
    name: str = ""
    payload: bytes = b""
    source: bytes = b""


@dataclass(frozen=True)
class PacketRules:
    """The settings of one port. checksum: "verify", "nic" or "off". With "verify" the oracle
    computes, because a capture file has no verdict of a NIC.
    """

    udp_ports: frozenset[int]
    checksum: str = "verify"

    def __post_init__(self) -> None:
        if self.checksum not in ("verify", "nic", "off"):
            raise ValueError(f'checksum is "verify", "nic" or "off", not "{self.checksum}"')


class _IpPacket(NamedTuple):
    payload: bytes  # what follows the last IP header, bounded by the IP length
    header: bytes  # IPv4 only: the header with its options, for its checksum; empty for IPv6
    # source, destination, protocol: all the UDP checksum covers besides UDP, but its length
    pseudo_header: bytes


def judge_packet(packet: bytes, rules: PacketRules) -> Verdict:
    """Judges one Ethernet packet (without frame check sequence)."""
    if len(packet) < 14:
        return _dropped("short_header")  # 1
    ethertype = packet[12] << 8 | packet[13]
    offset = 14
    tags = 0
    while ethertype in _VLAN_TAGS:
        if tags == _MAX_VLAN_TAGS:
            return _dropped("vlan_too_deep")  # 3
        if len(packet) < offset + 4:
            return _dropped("short_header")  # 2
        ethertype = packet[offset + 2] << 8 | packet[offset + 3]
        offset += 4
        tags += 1
    if ethertype < _MIN_ETHERTYPE:
        return _non_event("llc")  # 4
    if ethertype == _ETHERTYPE_ARP:
        return _non_event("arp")  # 5
    if ethertype == _ETHERTYPE_IPV4:
        found = _read_ipv4(packet[offset:])
    elif ethertype == _ETHERTYPE_IPV6:
        found = _read_ipv6(packet[offset:])
    else:
        return _non_event("other_ethertype")  # 6
    if isinstance(found, Verdict):
        return found
    return _read_udp(found, rules)


def _read_ipv4(data: bytes) -> _IpPacket | Verdict:
    if len(data) < 20:
        return _dropped("short_header")  # 7
    header_bytes = (data[0] & 0x0F) * 4
    total_length, _, fragment, _, protocol = struct.unpack_from("!HHHBB", data, 2)
    if data[0] >> 4 != 4 or header_bytes < 20 or total_length < header_bytes:
        return _dropped("bad_ip_header")  # 8
    if len(data) < header_bytes:
        return _dropped("short_header")  # 9
    if total_length > len(data):
        return _dropped("ip_truncated")  # 10
    if protocol != _UDP:
        return _non_event(_IPV4_KINDS.get(protocol, "other_ip_protocol"))  # 11
    if (
        fragment & 0x3FFF
    ):  # more fragments, or an offset; "don't fragment" and the reserved bit say nothing
        return _dropped("fragment")  # 12
    return _IpPacket(
        data[header_bytes:total_length], data[:header_bytes], data[12:20] + b"\x00\x11"
    )


def _read_ipv6(data: bytes) -> _IpPacket | Verdict:
    if len(data) < 40:
        return _dropped("short_header")  # 13
    if data[0] >> 4 != 6:
        return _dropped("bad_ip_header")  # 14
    end = 40 + (data[4] << 8 | data[5])
    if end > len(data):
        return _dropped("ip_truncated")  # 15
    next_header = data[6]
    offset = 40
    count = 0
    while next_header in _EXTENSIONS:
        if count == _MAX_EXTENSIONS or (next_header == _HOP_BY_HOP and count > 0):
            return _dropped("bad_ip_header")  # 17, which looks before the length does
        size = _extension_bytes(next_header, data, offset, end)
        if offset + size > end:
            return _dropped("short_header")  # 16
        if next_header == _ROUTING and data[offset + 3] != 0:
            return _dropped("bad_ip_header")  # 17
        following = data[offset]
        if next_header == _FRAGMENT and _is_fragmented(data, offset):
            if following == _UDP or following in _EXTENSIONS:
                return _dropped("fragment")  # 18
            return _non_event(_IPV6_KINDS.get(following, "other_ip_protocol"))  # 19
        next_header = following
        offset += size
        count += 1
    if next_header != _UDP:
        return _non_event(_IPV6_KINDS.get(next_header, "other_ip_protocol"))  # 19
    return _IpPacket(data[offset:end], b"", data[8:40] + b"\x00\x11")


def _extension_bytes(kind: int, data: bytes, offset: int, end: int) -> int:
    """The size of the extension header at `offset`; if its length field is cut off, the smallest
    size of such a header.
    """
    if kind == _FRAGMENT or end - offset < 2:
        return 8
    if kind == _AUTHENTICATION:
        return 4 * (data[offset + 1] + 2)
    return 8 * (data[offset + 1] + 1)


def _is_fragmented(data: bytes, offset: int) -> bool:
    """Whether the offset is not zero, or more fragments follow. In an atomic fragment (RFC 6946)
    both are zero; it is a whole packet.
    """
    (field,) = struct.unpack_from("!H", data, offset + 2)
    return field & 0xFFF9 != 0


def _read_udp(ip: _IpPacket, rules: PacketRules) -> Verdict:
    data = ip.payload
    if len(data) < 8:
        return _dropped("short_header")  # 20
    _, port, length, checksum = struct.unpack_from("!HHHH", data)
    if port not in rules.udp_ports:
        return _dropped("wrong_port")  # 21
    if length < 8 or length > len(data):
        return _dropped("bad_udp_length")  # 22
    over_ipv4 = bool(ip.header)
    if rules.checksum == "verify" and over_ipv4 and not _sums_to_zero(ip.header):
        return _dropped("bad_ip_checksum")  # 23
    if rules.checksum != "off" and checksum == 0 and not over_ipv4:
        return _dropped("bad_udp_checksum")  # 24
    if rules.checksum == "verify" and checksum != 0:
        covered = ip.pseudo_header + length.to_bytes(2, "big") + data[:length]
        if not _sums_to_zero(covered):
            return _dropped("bad_udp_checksum")  # 24
    if length == 8:
        return _non_event("empty_datagram")  # 25
    source = ip.pseudo_header[: 4 if over_ipv4 else 16]
    return Verdict(DATAGRAM, payload=data[8:length], source=source)  # 26


def _sums_to_zero(covered: bytes) -> bool:
    """Whether the Internet checksum (RFC 1071) over bytes that include the checksum field holds.

    Ones' complement addition of 16-bit words is addition modulo 65,535 (2^16 leaves 1), and a right
    sum is 0xffff,
    which is 0 there. All-zero bytes would pass too, but no caller covers any: there is always a
    version or a protocol.
    The zero byte that evens out an odd number of bytes is a factor of 256, which makes nothing
    divisible that was not.
    """
    return int.from_bytes(covered, "big") % 0xFFFF == 0


def _dropped(reason: str) -> Verdict:
    return Verdict(DROPPED, reason)


def _non_event(kind: str) -> Verdict:
    return Verdict(NON_EVENT, kind)
