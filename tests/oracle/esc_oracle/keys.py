# SPDX-License-Identifier: BSD-3-Clause
"""Decides which events without a number are duplicates by their key: "Keyed events" of
docs/deduplication.md.

Assumes that the table has room for all keys, and that no key expires.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class KeyRule:
    """Says which bytes of an event's payload are its key."""

    offset: int = 0
    length: int = 0  # 0: to the payload's end

    def key(self, payload: bytes) -> bytes | None:
        """The key; None if the payload is too short."""
        end = self.offset + self.length if self.length else max(self.offset, len(payload))
        return payload[self.offset : end] if end <= len(payload) else None


@dataclass
class Keys:
    """The keys that were seen. Equal bytes under another topic or rule are another key."""

    unkeyed: int = 0
    _seen: set[tuple[bytes, KeyRule, bytes]] = field(default_factory=set)

    def copies(self, topic: bytes, rule: KeyRule, payload: bytes, times: int) -> int:
        """Takes note of an event that came `times` times; returns how many of these were
        duplicates.
        """
        key = rule.key(payload)
        if key is None:
            self.unkeyed += times
            return 0
        first = (topic, rule, key) not in self._seen
        self._seen.add((topic, rule, key))
        return times - 1 if first else times
