# SPDX-License-Identifier: BSD-3-Clause
"""Letters of all kinds, what `esc-dlq cat --json` says of each, and esc-dlq itself."""

import os
import subprocess
from pathlib import Path

from esc_oracle.dead_letters import REASONS, STAGES, Letter

OK, DAMAGED, USAGE, NO_FOLDER, NOT_WRITTEN, NOT_REPLAYED = 0, 1, 2, 3, 4, 5
DLQ = os.environ["ESC_DLQ"]
PAGE = Path(__file__).resolve().parents[2] / "docs/dead-letters.md"
TOPICS = (b"plant/a", b"plant/b", b"net/x/y", "ü/ß".encode(), b"$sys/x")
HOUR_NS = 3_600_000_000_000
START_NS = 1_790_000_000_000_000_000
V4 = bytes(10) + b"\xff\xff" + bytes([192, 0, 2, 1])
V6 = bytes.fromhex("20010db8000000000000000000000001")
PEER_TEXT = {(V4, 40000): "192.0.2.1", (V6, 50000): "2001:db8::1"}


def dlq(*arguments, **options):
    return subprocess.run(
        [DLQ, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False,
        **options,
    )


def letters(chance, count, start=0):
    """Letters of all kinds, each a second after the one before it."""
    made = []
    for i in range(count):
        numbered = chance.random() < 0.5
        made.append(
            Letter(
                topic=chance.choice(TOPICS),
                payload=chance.randbytes(chance.randrange(80)),
                reason=chance.choice(REASONS[1:]),
                stage=chance.choice(STAGES),
                priority=chance.randrange(256),
                received_ns=START_NS + (start + i) * 1_000_000_000,
                died_ns=START_NS + (start + i) * 1_000_000_000 + 5,
                identity=(chance.randrange(1, 4), 2, start + i) if numbered else None,
                peer=chance.choice([None, (V4, 40000), (V6, 50000)]),
                port=chance.randrange(2),
                queue=chance.randrange(3),
                replay_count=chance.randrange(2),
            )
        )
    return made


def commits(chance, count, start=0):
    made = letters(chance, count, start)
    return [made[i : i + 7] for i in range(0, count, 7)]


def shown(segment, number, letter):
    """What `cat --json` says of it."""
    out = {
        "id": f"{segment.number:x}:{number}",
        "reason": letter.reason,
        "stage": letter.stage,
        "transport": "udp",
        "port": letter.port,
        "queue": letter.queue,
        "attempts": 0,
        "replay_count": letter.replay_count,
        "priority": letter.priority,
        "topic": letter.topic.decode(),
        "payload_hex": letter.payload.hex(),
    }
    if letter.peer:
        out["peer"] = "192.0.2.1:40000" if letter.peer[0] == V4 else "[2001:db8::1]:50000"
    if letter.identity:
        out |= dict(zip(("producer", "epoch", "sequence"), letter.identity, strict=True))
    return out
