# SPDX-License-Identifier: BSD-3-Clause
"""Reads the golden vectors, the tables under "Golden vectors", from docs/wire-format.md."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from . import frame, packet
from .frame import FrameRules
from .packet import PacketRules

_HEADING = "## Golden vectors"
_PLAIN_TOPIC = re.compile(r"[A-Za-z0-9/_\-.$+#]+")

DATAGRAMS = "Datagrams"
SMALLER_LIMITS = "Datagrams under smaller limits"
PACKETS = "Packets"

_FRAME_RULES = {
    DATAGRAMS: FrameRules(),
    SMALLER_LIMITS: FrameRules(max_frame_bytes=64, max_topic_bytes=12),
}
_PACKET_RULES = PacketRules(frozenset((9001,)), "verify")


class Vector(NamedTuple):
    table: str  # the heading above it
    name: str
    data: bytes
    expected: str


def read_vectors(page: str | Path) -> Iterator[Vector]:
    """Every row of every table of the section, in their order."""
    _, found, section = Path(page).read_text(encoding="utf-8").partition(_HEADING + "\n")
    if not found:
        raise ValueError(f'{page} has no "{_HEADING}"')
    heading = ""
    rows = 0  # of the table so far, with the two that name and underline the columns
    for line in section.splitlines():
        if line.startswith("## "):
            return
        if line.startswith("### "):
            heading = line[4:].strip()
        rows = rows + 1 if line.startswith("|") else 0
        if rows > 2:
            cells = [cell.strip().replace("`", "") for cell in line.strip().strip("|").split("|")]
            if len(cells) != 3:
                raise ValueError(f"not three cells: {line}")
            yield Vector(heading, cells[0], parse_hex(cells[1]), cells[2])


def parse_hex(text: str) -> bytes:
    """Bytes from hex digits, with `(61)x255` for repeats."""
    repeated = re.sub(r"\(([0-9a-fA-F]{2})\)x(\d+)", lambda match: match[1] * int(match[2]), text)
    return bytes.fromhex(repeated)


def judge(vector: Vector) -> str:
    """The oracle's result for a vector, in the notation of the tables."""
    if vector.table == PACKETS:
        verdict = packet.judge_packet(vector.data, _PACKET_RULES)
        return f"{verdict.what} {verdict.name or len(verdict.payload)}"
    rules = _FRAME_RULES[vector.table]
    return "; ".join(_describe(one) for one in frame.read_datagram(vector.data, rules))


def _describe(one: frame.Frame) -> str:
    if one.what != frame.EVENT:
        return one.reason or one.what
    topic = one.topic.decode()
    if not _PLAIN_TOPIC.fullmatch(topic):
        topic = "hex:" + one.topic.hex()
    described = f"event {one.priority} {topic} {len(one.payload)}"
    if one.identity:
        described += " " + "/".join(str(number) for number in one.identity)
    return described
