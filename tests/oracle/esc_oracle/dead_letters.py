# SPDX-License-Identifier: BSD-3-Clause
"""Writes segment files of dead letters from docs/dead-letters.md, without the product's code."""

import struct
from dataclasses import dataclass, field

BLOCK = 4096
REASONS = (
    "none",
    "unknown_topic",
    "handler_refused",
    "worker_full",
    "hold_expired",
    "shed_critical",
    "shed_emergency",
    "stale",
    "drained_at_deadline",
)
STAGES = ("rx", "tcp", "dispatch", "worker")


def _table():
    rows = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        rows.append(byte)
    return rows


_CRC_TABLE = _table()


def crc32c(data, before=0):
    crc = before ^ 0xFFFFFFFF
    for byte in data:
        crc = _CRC_TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


@dataclass
class Letter:
    topic: bytes
    payload: bytes
    reason: str = "unknown_topic"
    stage: str = "dispatch"
    priority: int = 0
    received_ns: int = 0
    died_ns: int = 0
    identity: tuple | None = None  # producer, epoch, sequence
    peer: tuple | None = None  # 16 bytes, port
    port: int = 0
    queue: int = 0
    attempts: int = 0
    replay_count: int = 0
    tcp: bool = False

    def frame(self):
        body = struct.pack(">BH", self.priority, len(self.topic)) + self.topic + self.payload
        return struct.pack(">I", len(body)) + body

    def record(self, run, number):
        frame = self.frame()
        producer, epoch, sequence = self.identity or (0, 0, 0)
        address, peer_port = self.peer or (bytes(16), 0)
        flags = (self.identity is not None) | (self.peer is not None) << 1 | self.tcp << 2
        size = 88 + len(frame)
        rest = struct.pack(
            "<QQQQQII16sHHHBBBBB5x",
            number,
            self.received_ns,
            self.died_ns,
            producer,
            sequence,
            epoch,
            len(frame),
            address,
            peer_port,
            self.port,
            self.queue,
            REASONS.index(self.reason),
            STAGES.index(self.stage),
            flags,
            self.attempts,
            self.replay_count,
        )
        return _item(0, size, rest + frame, run) + bytes(-size % 8)


def _item(kind, size, rest, run, summed=None):
    head = struct.pack("<I", kind << 30 | size)
    crc = crc32c(struct.pack("<Q", run) + head + (rest if summed is None else rest[:summed]))
    return struct.pack("<I", crc) + head + rest


def header(number, run, first_id, size, instance, version=1, created_ns=0):
    name = instance.encode()
    block = struct.pack("<8sII5QII", b"ESCDLQSG", version, BLOCK, number, run, first_id, created_ns,
                        size, len(name), 0)
    block = (block + name).ljust(BLOCK - 4, b"\0")
    return block + struct.pack("<I", crc32c(block))


@dataclass
class Segment:
    number: int
    commits: list = field(default_factory=list)  # lists of Letter
    run: int = 7
    first_id: int = 0
    size: int = 16 * BLOCK
    instance: str = "oracle"
    sealed: bool = True
    created_ns: int = 0

    @property
    def name(self):
        return f"{self.number:016x}.dlq"

    def letters(self):
        """(id, Letter)"""
        flat = [letter for commit in self.commits for letter in commit]
        return list(enumerate(flat, self.first_id))

    def bytes(self):
        out = header(self.number, self.run, self.first_id, self.size, self.instance,
                     created_ns=self.created_ns)
        number = self.first_id
        for commit in self.commits:
            first = number
            body = b""
            for letter in commit:
                body += letter.record(self.run, number)
                number += 1
            body = self._pad(bytes(24) + body)[24:]
            head = struct.pack("<QQ", first, 24 + len(body))
            out += _item(3, 24, head, self.run) + body
        if self.sealed:
            out = self._pad(out + _item(2, 16, struct.pack("<Q", number), self.run))
        assert len(out) <= self.size
        return out.ljust(self.size, b"\0")

    def _pad(self, out):
        left = -len(out) % BLOCK
        return out + _item(1, left, bytes(left - 8), self.run, summed=0) if left else out
