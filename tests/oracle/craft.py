# SPDX-License-Identifier: BSD-3-Clause
"""Builds frames, packets and capture files for tests, correct ones and malformed ones.

Every length, version and checksum is computed unless the caller gives another. Shares nothing with
esc_oracle.
"""

import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

IPV4, IPV6, ARP = 0x0800, 0x86DD, 0x0806
VLAN, QINQ = 0x8100, 0x88A8
ICMP, IGMP, TCP, UDP, ICMPV6 = 1, 2, 6, 17, 58

SOURCE_MAC, DESTINATION_MAC = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
SOURCE_IPV4, DESTINATION_IPV4 = bytes((10, 9, 0, 1)), bytes((10, 9, 0, 2))
SOURCE_IPV6, DESTINATION_IPV6 = (
    bytes.fromhex("fd00" + "00" * 13) + bytes((host,)) for host in (1, 2)
)
PORT = 9001


def frame(
    topic: bytes | str,
    payload: bytes = b"",
    priority: int = 0,
    *,
    length: int | None = None,
    topic_len: int | None = None,
) -> bytes:
    """One frame; `length` and `topic_len` set the fields to other values than the true ones."""
    name = topic.encode() if isinstance(topic, str) else topic
    body = (
        struct.pack("!BH", priority, len(name) if topic_len is None else topic_len) + name + payload
    )
    return struct.pack("!I", len(body) if length is None else length) + body


def session(
    producer: int = 1,
    epoch: int = 1,
    first_sequence: int = 0,
    count: int = 0,
    *,
    version: int = 1,
    flags: int = 0,
    time_ns: int = 0,
    extra: bytes = b"",
) -> bytes:
    """A session frame; `extra` makes its payload longer than it may be."""
    payload = struct.pack(
        "!BBHIQQQ", version, flags, count, epoch, producer, first_sequence, time_ns
    )
    return frame(b"$esc/session", payload + extra)


def internet_checksum(data: bytes) -> int:
    total = 0
    for (word,) in struct.iter_unpack("!H", data + b"\x00" * (len(data) % 2)):
        total += word
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def ethernet(ethertype: int, body: bytes, vlans: Sequence[int] = ()) -> bytes:
    """An Ethernet packet with a VLAN tag of each EtherType given, outermost first."""
    tags = b"".join(struct.pack("!HH", tag, 100 + index) for index, tag in enumerate(vlans))
    return DESTINATION_MAC + SOURCE_MAC + tags + struct.pack("!H", ethertype) + body


def udp(
    payload: bytes,
    port: int = PORT,
    *,
    over: int = IPV4,
    length: int | None = None,
    checksum: int | None = None,
    source_port: int = 40000,
    source: bytes | None = None,
) -> bytes:
    """A UDP header and its payload, as it goes into ipv4() or ipv6() with the same `source`."""
    size = 8 + len(payload) if length is None else length
    if checksum is None:
        usual, destination = (
            (SOURCE_IPV4, DESTINATION_IPV4) if over == IPV4 else (SOURCE_IPV6, DESTINATION_IPV6)
        )
        addresses = (source or usual) + destination
        covered = (struct.pack("!HHHH", source_port, port, size, 0) + payload)[:size]
        checksum = internet_checksum(addresses + struct.pack("!HH", UDP, size) + covered) or 0xFFFF
    return struct.pack("!HHHH", source_port, port, size, checksum) + payload


def ipv4(
    body: bytes,
    protocol: int = UDP,
    *,
    options: bytes = b"",
    version: int = 4,
    ihl: int | None = None,
    total_length: int | None = None,
    fragment: int = 0,
    checksum: int | None = None,
    source: bytes = SOURCE_IPV4,
) -> bytes:
    """An IPv4 packet; `fragment` is the field of flags and offset."""
    first = version << 4 | (5 + len(options) // 4 if ihl is None else ihl)
    total = 20 + len(options) + len(body) if total_length is None else total_length

    def header(sum_field: int) -> bytes:
        fixed = struct.pack("!BBHHHBBH", first, 0, total, 0, fragment, 64, protocol, sum_field)
        return fixed + source + DESTINATION_IPV4 + options

    return header(internet_checksum(header(0)) if checksum is None else checksum) + body


def ipv6(
    body: bytes,
    next_header: int = UDP,
    *,
    extensions: Sequence[tuple[int, bytes]] = (),
    version: int = 6,
    payload_length: int | None = None,
    source: bytes = SOURCE_IPV6,
) -> bytes:
    """An IPv6 packet. An extension is its kind and its bytes after the next-header field."""
    chain = b""
    following = next_header
    for kind, rest in reversed(extensions):
        chain = bytes((following,)) + rest + chain
        following = kind
    length = len(chain) + len(body) if payload_length is None else payload_length
    header = struct.pack("!IHBB", version << 28, length, following, 64)
    return header + source + DESTINATION_IPV6 + chain + body


def datagram4(
    payload: bytes, port: int = PORT, vlans: Sequence[int] = (), source: bytes = SOURCE_IPV4
) -> bytes:
    return ethernet(IPV4, ipv4(udp(payload, port, source=source), source=source), vlans)


def datagram6(
    payload: bytes, port: int = PORT, vlans: Sequence[int] = (), source: bytes = SOURCE_IPV6
) -> bytes:
    return ethernet(IPV6, ipv6(udp(payload, port, over=IPV6, source=source), source=source), vlans)


def pcap(
    packets: Iterable[bytes],
    *,
    order: str = "<",
    nanoseconds: bool = False,
    snap_length: int = 262144,
    link_type: int = 1,
) -> bytes:
    """The bytes of a pcap file; packets longer than the snap length are cut."""
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    out = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snap_length, link_type)]
    for index, packet in enumerate(packets):
        kept = packet[:snap_length]
        out += [
            struct.pack(order + "IIII", index // 1000, index % 1000, len(kept), len(packet)),
            kept,
        ]
    return b"".join(out)


def write_pcap(path: str | Path, packets: Iterable[bytes]) -> None:
    Path(path).write_bytes(pcap(packets))


def pcapng_block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += b"\x00" * (-len(body) % 4)
    size = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + size + body + size


def pcapng(
    packets: Iterable[bytes],
    *,
    order: str = "<",
    simple: bool = False,
    snap_length: int = 262144,
    link_type: int = 1,
) -> bytes:
    """The bytes of a pcapng section with one interface, of enhanced or simple packet blocks."""
    section = struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)
    interface = struct.pack(order + "HHI", link_type, 0, snap_length)
    out = [pcapng_block(0x0A0D0D0A, section, order), pcapng_block(1, interface, order)]
    for index, packet in enumerate(packets):
        kept = packet[:snap_length]
        if simple:
            out.append(pcapng_block(3, struct.pack(order + "I", len(packet)) + kept, order))
        else:
            fields = struct.pack(order + "IIIII", 0, 0, index, len(kept), len(packet))
            out.append(pcapng_block(6, fields + kept, order))
    return b"".join(out)
