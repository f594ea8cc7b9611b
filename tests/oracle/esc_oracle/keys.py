# SPDX-License-Identifier: BSD-3-Clause
"""Which events without a number are copies by their key: "Keyed events" of docs/deduplication.md.

As long as the table has room for all keys, and no time passes.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class KeyRule:
    """Which bytes of the payload are an event's key."""

    offset: int = 0
    length: int = 0  # 0: to the payload's end

    def key(self, payload: bytes) -> bytes | None:
        """None: the payload is too short for it."""
        end = self.offset + self.length if self.length else max(self.offset, len(payload))
        return payload[self.offset : end] if end <= len(payload) else None


@dataclass
class Keys:
    """Those that were seen: a key belongs to its topic and its rule."""

    unkeyed: int = 0
    _seen: set[tuple[bytes, KeyRule, bytes]] = field(default_factory=set)

    def copies(self, topic: bytes, rule: KeyRule, payload: bytes, times: int) -> int:
        """How many of an event that came `times` times were copies."""
        key = rule.key(payload)
        if key is None:
            self.unkeyed += times
            return 0
        first = (topic, rule, key) not in self._seen
        self._seen.add((topic, rule, key))
        return times - 1 if first else times
