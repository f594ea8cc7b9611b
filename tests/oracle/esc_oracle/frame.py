# SPDX-License-Identifier: BSD-3-Clause
"""Finds and judges the frames of a datagram: "Judging one frame" and "The session frame" of
docs/wire-format.md.

Numbers in comments are rule numbers of that page.
"""

import struct
from dataclasses import dataclass
from typing import NamedTuple

SESSION_TOPIC = b"$esc/session"
RESERVED_PREFIX = b"$esc/"

EVENT = "event"
CONTROL = "control"
REFUSED = "refused"

_SEQUENCE_MAX = 2**64 - 1
_SESSION = struct.Struct(
    "!BBHIQQQ"
)  # version, flags, count, epoch, producer, first_sequence, send_time_ns


class Identity(NamedTuple):
    producer: int
    epoch: int
    sequence: int


class Frame(NamedTuple):
    """One frame. `reason` is set for a refused frame; topic, priority, payload, identity and the
    number of replays as a dead letter are set for an event.
    """

    what: str
    reason: str = ""
    priority: int = 0
    topic: bytes = b""
    payload: bytes = b""
    identity: Identity | None = None
    replay_count: int = 0


@dataclass(frozen=True)
class FrameRules:
    max_frame_bytes: int = 65_403
    max_topic_bytes: int = 255

    def __post_init__(self) -> None:
        if not 64 <= self.max_frame_bytes <= 65_403:
            raise ValueError(f"max_frame_bytes is 64 .. 65403, not {self.max_frame_bytes}")
        if not 12 <= self.max_topic_bytes <= 255:
            raise ValueError(f"max_topic_bytes is 12 .. 255, not {self.max_topic_bytes}")


class _Session:
    """Hands out the numbers of one session frame."""

    def __init__(
        self, producer: int, epoch: int, first_sequence: int, count: int, replay_count: int
    ) -> None:
        self.replay_count = replay_count
        self._producer = producer
        self._epoch = epoch
        self._next = first_sequence
        self._end = first_sequence + count if count else _SEQUENCE_MAX + 1

    def take(self) -> Identity | None:
        if self._next >= self._end:
            return None
        self._next += 1
        return Identity(self._producer, self._epoch, self._next - 1)


def read_datagram(data: bytes, rules: FrameRules = FrameRules()) -> list[Frame]:
    """The frames of one UDP payload, in order. A session ends with the datagram."""
    return _read(data, rules, "frame_truncated")


def read_stream(data: bytes, rules: FrameRules = FrameRules()) -> list[Frame]:
    """The frames of a TCP stream from its first byte to its end, in order. What follows a length
    that is out of bounds is not looked at: the connection is closed there.
    """
    return _read(data, rules, "partial_at_close")


def _read(data: bytes, rules: FrameRules, cut_off: str) -> list[Frame]:
    """`cut_off`: the reason for a frame that does not end with the data."""
    frames = []
    session: _Session | None = None
    offset = 0
    while offset < len(data):
        if len(data) - offset < 4:
            frames.append(_refused(cut_off))  # 1
            break
        length = int.from_bytes(data[offset : offset + 4], "big")
        if not 4 <= length <= rules.max_frame_bytes:
            frames.append(_refused("length_out_of_bounds"))  # 2
            break
        begin = offset + 4
        offset = begin + length
        if offset > len(data):
            frames.append(_refused(cut_off))  # 3
            break
        body = data[begin:offset]
        topic = _topic(body, rules)
        if topic == SESSION_TOPIC:  # 7
            session = _read_session(body[3 + len(topic) :])
            frames.append(Frame(CONTROL) if session else _refused("bad_session"))
            continue
        identity = session.take() if session else None
        reason = "topic_len_out_of_bounds" if topic is None else _judge_topic(topic)
        if reason:
            frames.append(_refused(reason))
        else:
            assert topic is not None
            replays = session.replay_count if session and identity else 0
            payload = body[3 + len(topic) :]
            frames.append(Frame(EVENT, "", body[0], topic, payload, identity, replays))  # 9
    return frames


def _topic(body: bytes, rules: FrameRules) -> bytes | None:
    """The topic of a frame, from the bytes after the length field; None if topic_len is out of
    bounds (4).
    """
    topic_len = body[1] << 8 | body[2]
    if not 1 <= topic_len <= min(rules.max_topic_bytes, len(body) - 3):
        return None
    return body[3 : 3 + topic_len]


def _judge_topic(topic: bytes) -> str:
    """The reason why a topic is refused; empty: it is accepted. Python's strict UTF-8 is the one of
    RFC 3629.
    """
    try:
        text = topic.decode("utf-8")
    except UnicodeDecodeError:
        return "topic_not_utf8"  # 5
    if not text.isprintable() and any(c <= "\x1f" or "\x7f" <= c <= "\x9f" for c in text):
        return "topic_control_character"  # 6 (isprintable refuses these and others, and is quick)
    if topic.startswith(RESERVED_PREFIX):
        return "reserved_topic"  # 8
    return ""


def _read_session(payload: bytes) -> _Session | None:
    """The session that begins with this session frame's payload; None if the payload is malformed.
    """
    if len(payload) != _SESSION.size:
        return None
    version, flags, count, epoch, producer, first_sequence, _ = _SESSION.unpack(payload)
    if version != 1 or first_sequence + max(count, 1) - 1 > _SEQUENCE_MAX:
        return None
    return _Session(producer, epoch, first_sequence, count, flags >> 4)


def _refused(reason: str) -> Frame:
    return Frame(REFUSED, reason)
