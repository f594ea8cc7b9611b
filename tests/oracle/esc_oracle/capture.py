# SPDX-License-Identifier: BSD-3-Clause
"""Reads the packets of a pcap or pcapng file as they were captured: a packet that was cut at the
snap length has only the bytes that are left.

Formats: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html and
draft-ietf-opsawg-pcapng-02.html. A damaged file, or one that is not Ethernet, is an error: an
oracle must not guess.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

ETHERNET = 1

_PCAP_BYTE_ORDER = {
    b"\xa1\xb2\xc3\xd4": ">",  # microseconds
    b"\xd4\xc3\xb2\xa1": "<",
    b"\xa1\xb2\x3c\x4d": ">",  # nanoseconds
    b"\x4d\x3c\xb2\xa1": "<",
}
_PCAPNG_MAGIC = b"\x0a\x0d\x0d\x0a"  # reads the same in both byte orders

_INTERFACE = 1
_OBSOLETE_PACKET = 2
_SIMPLE_PACKET = 3
_ENHANCED_PACKET = 6


class CaptureError(Exception):
    """The file cannot be read as a capture of Ethernet packets."""


def read_packets(path: str | Path) -> Iterator[bytes]:
    """Yields the captured bytes of every packet of the file, in file order."""
    data = Path(path).read_bytes()
    try:
        if data[:4] in _PCAP_BYTE_ORDER:
            yield from _read_pcap(data)
        elif data[:4] == _PCAPNG_MAGIC:
            yield from _read_pcapng(data)
        else:
            raise CaptureError("neither pcap nor pcapng")
    except CaptureError as error:
        raise CaptureError(f"{path}: {error}") from None


def _read_pcap(data: bytes) -> Iterator[bytes]:
    order = _PCAP_BYTE_ORDER[data[:4]]
    if len(data) < 24:
        raise CaptureError("the file header is cut off")
    snap_length, link_type = struct.unpack_from(order + "II", data, 16)
    _require_ethernet(link_type & 0x0FFFFFFF)  # the top four bits tell of a frame check sequence
    record = struct.Struct(order + "IIII")
    offset = 24
    while offset < len(data):
        if offset + record.size > len(data):
            raise CaptureError(f"a record header is cut off at byte {offset}")
        captured = record.unpack_from(data, offset)[2]
        offset += record.size
        if offset + captured > len(data):
            raise CaptureError(f"a packet is cut off at byte {offset}")
        if 0 < snap_length < captured:
            raise CaptureError(f"a packet is longer than the snap length, at byte {offset}")
        yield data[offset : offset + captured]
        offset += captured


def _read_pcapng(data: bytes) -> Iterator[bytes]:
    order = ">"
    snap_lengths: list[int] = []  # of the section's interfaces
    offset = 0
    while offset < len(data):
        if len(data) - offset < 12:
            raise CaptureError(f"a block is cut off at byte {offset}")
        if data[offset : offset + 4] == _PCAPNG_MAGIC:
            order = _section_byte_order(data, offset)
            snap_lengths = []
        kind, size = struct.unpack_from(order + "II", data, offset)
        if size < 12 or size % 4 != 0 or size > len(data) - offset:
            raise CaptureError(f"block size {size} at byte {offset}")
        if struct.unpack_from(order + "I", data, offset + size - 4)[0] != size:
            raise CaptureError(f"the two sizes of the block at byte {offset} differ")
        body = data[offset + 8 : offset + size - 4]
        if kind == _INTERFACE:
            snap_lengths.append(_interface(order, body))
        elif kind in (_ENHANCED_PACKET, _OBSOLETE_PACKET):
            yield _packet(order, kind, body, snap_lengths)
        elif kind == _SIMPLE_PACKET:
            yield _simple_packet(order, body, snap_lengths)
        offset += size


def _section_byte_order(data: bytes, offset: int) -> str:
    magic = data[offset + 8 : offset + 12]
    if magic == b"\x1a\x2b\x3c\x4d":
        return ">"
    if magic == b"\x4d\x3c\x2b\x1a":
        return "<"
    raise CaptureError(f"unknown byte order magic {magic.hex()} at byte {offset}")


def _interface(order: str, body: bytes) -> int:
    if len(body) < 8:
        raise CaptureError("an interface description is cut off")
    link_type, _, snap_length = struct.unpack_from(order + "HHI", body)
    _require_ethernet(link_type)
    return snap_length


def _packet(order: str, kind: int, body: bytes, snap_lengths: list[int]) -> bytes:
    if len(body) < 20:
        raise CaptureError("a packet block is cut off")
    interface_format = "I" if kind == _ENHANCED_PACKET else "H"
    (interface,) = struct.unpack_from(order + interface_format, body)
    if interface >= len(snap_lengths):
        raise CaptureError(f"a packet of interface {interface}, which is not described")
    (captured,) = struct.unpack_from(order + "I", body, 12)
    if captured > len(body) - 20:
        raise CaptureError("a packet is longer than its block")
    return body[20 : 20 + captured]


def _simple_packet(order: str, body: bytes, snap_lengths: list[int]) -> bytes:
    if not snap_lengths or len(body) < 4:
        raise CaptureError("a simple packet block is cut off, or its interface is not described")
    (captured,) = struct.unpack_from(order + "I", body)
    if snap_lengths[0] != 0:
        captured = min(captured, snap_lengths[0])
    if captured > len(body) - 4:
        raise CaptureError("a packet is longer than its block")
    return body[4 : 4 + captured]


def _require_ethernet(link_type: int) -> None:
    if link_type != ETHERNET:
        raise CaptureError(f"link type {link_type}, and only Ethernet ({ETHERNET}) is read")
