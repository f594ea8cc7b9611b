# SPDX-License-Identifier: BSD-3-Clause
"""Finds the route of an event (docs/routing.md). It tries every pattern and compares those that
match, where the product walks a tree.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from .keys import KeyRule
from .senders import Prefixes

ONE_LEVEL, ALL_LEVELS = b"+", b"#"
DEFAULT = b""  # the default route's pattern, as the product shows it

DELIVERING_HANDLERS = ("count", "null", "slow")
REFUSING_HANDLERS = ("fail",)


@dataclass(frozen=True)
class Route:
    handler: str
    key: KeyRule | None = None  # by which events without a number are told apart
    publishers: Prefixes | None = None  # None: anyone

    def __post_init__(self) -> None:
        if self.handler not in DELIVERING_HANDLERS + REFUSING_HANDLERS:
            raise ValueError(f'what handler "{self.handler}" does is not known here')


def matches(pattern: bytes, topic: bytes) -> bool:
    """Whether the pattern, which may be a plain topic, matches the topic."""
    wanted, there = pattern.split(b"/"), topic.split(b"/")
    if topic.startswith(b"$") and wanted[0] in (ONE_LEVEL, ALL_LEVELS):
        return False
    if wanted[-1] == ALL_LEVELS:
        wanted.pop()
        there = there[: len(wanted)]
    return len(wanted) == len(there) and all(
        level in (ONE_LEVEL, word) for level, word in zip(wanted, there)
    )


def specificity(pattern: bytes) -> list[int]:
    """A sort key: of two patterns that match a topic, the one with the smaller key is more
    specific. A list that is the beginning of another is smaller, so a pattern that ends comes
    before one that continues with a #.
    """
    return [{ONE_LEVEL: 1, ALL_LEVELS: 2}.get(level, 0) for level in pattern.split(b"/")]


class Routes:
    def __init__(self, routes: Mapping[bytes, Route], default: Route | None = None) -> None:
        """`routes`: by pattern."""
        for pattern in routes:
            _check(pattern)
        self._routes = dict(routes)
        if default is not None:
            self._routes[DEFAULT] = default
        # A plain topic matches only itself, so it can be looked up.
        self._wildcards = [one for one in routes if ONE_LEVEL in one or ALL_LEVELS in one]
        self._known: dict[bytes, bytes | None] = {}

    def __getitem__(self, pattern: bytes) -> Route:
        return self._routes[pattern]

    def find(self, topic: bytes) -> bytes | None:
        """The pattern of the topic's route; None: the topic is unknown."""
        if topic not in self._known:
            self._known[topic] = self._search(topic)
        return self._known[topic]

    def _search(self, topic: bytes) -> bytes | None:
        # The topic b"a/+" of an event is not a pattern: it is matched like any other topic.
        if topic in self._routes and topic not in self._wildcards:
            return topic
        matching = [one for one in self._wildcards if matches(one, topic)]
        if matching:
            return min(matching, key=specificity)
        return DEFAULT if DEFAULT in self._routes else None


def _check(pattern: bytes) -> None:
    levels = pattern.split(b"/")
    if not pattern or ALL_LEVELS in levels[:-1]:
        raise ValueError(f"{pattern!r} is no pattern")
    if any(len(one) > 1 and (ONE_LEVEL in one or ALL_LEVELS in one) for one in levels):
        raise ValueError(f"{pattern!r} has a wildcard that is only a part of a level")
