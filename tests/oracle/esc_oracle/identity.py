# SPDX-License-Identifier: BSD-3-Clause
"""Decides which numbered events are new: "What a receiver makes of the numbers" of
docs/wire-format.md.

The oracle keeps for each producer its epoch, the highest number H that was seen, and the set of
numbers that were taken. A window of W holds the numbers above H - W. A number that left the window
without having been taken is lost. Numbers before the first one that was seen are not counted,
because they may never have been sent.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .frame import Identity

NEW = "new"
DUPLICATE = "duplicate"
STALE = "stale"
UNTRACKED = "untracked"  # no room for one more producer: the event passes as if it had no number

# The figures of each producer, in the order in which they are printed.
FIGURES = "delivered duplicate stale lost missing late reorder_depth epochs".split()


class OrderMatters(Exception):
    """The outcome depends on the order in which several ports received their packets."""


@dataclass
class Producer:
    """One producer's numbers, since first contact or since it was last forgotten."""

    window: int
    epoch: int
    first: int
    highest: int
    taken: set[int] = field(default_factory=set)  # of this epoch
    last_seen: float = 0.0
    delivered: int = 0
    duplicate: int = 0
    stale: int = 0
    lost_before: int = 0  # in earlier epochs
    late: int = 0
    reorder_depth: int = 0
    epochs: int = 1

    def judge(self, epoch: int, number: int, times: int) -> str:
        """Judges an event that came `times` times in a row, and takes note of it."""
        if epoch < self.epoch:
            self.stale += times
            return STALE
        if epoch > self.epoch:
            self.lost_before += sum(self._gone())
            self.epoch, self.first, self.highest, self.taken = epoch, number, number, set()
            self.epochs += 1
        if number <= self.highest - self.window:
            self.stale += times
            return STALE
        if number in self.taken:
            self.duplicate += times
            return DUPLICATE
        if number < self.highest:
            self.late += 1
            self.reorder_depth = max(self.reorder_depth, self.highest - number)
        self.highest = max(self.highest, number)
        self.taken.add(number)
        self.delivered += 1
        self.duplicate += times - 1
        return NEW

    def figures(self) -> dict[str, int | None]:
        lost, missing = self._gone()
        return {
            "delivered": self.delivered,
            "duplicate": self.duplicate,
            "stale": self.stale,
            "lost": self.lost_before + lost,
            "missing": missing,
            "late": self.late,
            "reorder_depth": self.reorder_depth,
            "epochs": self.epochs,
        }

    def _gone(self) -> tuple[int, int]:
        """How many numbers since the first one were not taken: (those that left the window, those
        still in it).
        """
        # the highest number that has left the window
        edge = max(self.highest - self.window, self.first - 1)
        below = sum(1 for number in self.taken if self.first <= number <= edge)
        above = sum(1 for number in self.taken if number > edge)
        return edge - self.first + 1 - below, self.highest - edge - above


class Producers:
    """All producers of one appliance. `bound`: how many producers it has room for; further ones are
    not judged.

    `expiry`: a producer that returns after so many seconds of silence is judged as a new one; this
    needs events that are judged with a time. `bound` and `expiry` cannot be given together, since
    which producer makes room depends on more than the oracle knows.
    """

    def __init__(self, window: int, bound: int | None = None, expiry: float | None = None) -> None:
        if window < 1:
            raise ValueError(f"a window has at least one number, not {window}")
        if bound is not None and expiry is not None:
            raise ValueError("give a bound or an expiry, not both")
        self.window = window
        self.delivered = 0  # events of all producers
        self.untracked = 0
        self._bound = bound
        self._expiry = expiry
        self._known: dict[int, Producer] = {}
        # by producer: figures that depend on the order of the ports
        self._unordered: dict[int, frozenset[str]] = {}

    def judge(self, identity: Identity, now: float = 0.0, times: int = 1) -> str:
        """Judges one event that came `times` times in a row, and takes note of it."""
        if identity.producer in self._unordered:
            raise OrderMatters(f"producer {identity.producer} came by several ports before")
        known = self._known.get(identity.producer)
        if known and self._expiry is not None and now - known.last_seen >= self._expiry:
            known = None
        if known is None:
            if self._bound is not None and len(self._known) >= self._bound:
                self.untracked += times
                return UNTRACKED
            known = Producer(
                self.window, identity.epoch, identity.sequence, identity.sequence, last_seen=now
            )
            self._known[identity.producer] = known
        if identity.epoch >= known.epoch:
            known.last_seen = now
        verdict = known.judge(identity.epoch, identity.sequence, times)
        self.delivered += verdict == NEW
        return verdict

    def judge_side_by_side(
        self, producer: int, ports: Sequence[Sequence[Identity]], skew: int | None = None
    ) -> set[Identity]:
        """Takes note of events of one producer that came through several ports in an unknown order;
        returns those that were delivered.

        The result is exact if no event can be stale in any order: then the first copy of each event
        is delivered and the others are duplicates. `skew`: by how many numbers one port may be
        ahead of another; None: by any. Raises OrderMatters if an event can be stale.
        """
        numbers = [one.sequence for port in ports for one in port]
        if producer in self._known or self._bound is not None or self._expiry is not None:
            raise OrderMatters(f"producer {producer}: known before, or bounded, or it may expire")
        if len({one.epoch for port in ports for one in port}) > 1:
            raise OrderMatters(
                f"producer {producer} has several epochs, and comes by several ports"
            )
        behind = max(numbers) - min(numbers)
        if skew is not None:
            behind = min(behind, skew + max(depth(port) for port in ports))
        if behind >= self.window:
            raise OrderMatters(
                f"producer {producer} comes by several ports, and a number may be {behind} behind:"
                f" stale in a window of {self.window} or not, as they take turns"
            )
        # Judges them in one of the possible orders.
        inner = sorted({one for port in ports for one in port})
        for identity in inner:
            self.judge(identity)
        self._known[producer].duplicate += len(numbers) - len(inner)
        vague = {"late", "reorder_depth"}
        if len({port[0].sequence for port in ports if port}) > 1:
            vague |= {"lost", "missing"}  # these count from the first number that was seen
        self._unordered[producer] = frozenset(vague)
        return set(inner)

    def figures(self) -> dict[str, dict[str, int | None]]:
        """The FIGURES of each producer; None for a figure that depends on the order of the ports.
        """
        return {
            str(producer): {
                name: None if name in self._unordered.get(producer, ()) else value
                for name, value in known.figures().items()
            }
            for producer, known in sorted(self._known.items())
        }


def depth(numbers: Iterable[Identity]) -> int:
    """By how much a number of one port is at most behind the highest one before it."""
    highest = most = 0
    for index, one in enumerate(numbers):
        highest = one.sequence if index == 0 else max(highest, one.sequence)
        most = max(most, highest - one.sequence)
    return most
