# SPDX-License-Identifier: BSD-3-Clause
"""Compares two builds of escd: both run the same traffic on the same CPUs and take turns. With the
same program twice, it shows how much two starts of one program differ.
"""

from dataclasses import dataclass

import bench_decisions
import bench_turns
from bench_decisions import MANY, Row


@dataclass
class Traffic:
    """`row`: both programs run it; `judged`: with what the row's section is about."""

    name: str
    row: Row
    judged: bool


def all_rows():
    def row(name, section="datagrams", judged=False, **more):
        return Traffic(name, Row(section, name, **more), judged)

    return [
        row("one-folded"),
        row("one-rx-apart", layout="rx-apart"),
        row("many-folded", judged=True, frames=MANY),
        row("sessions-1-folded", "sequences", judged=True, producers=1024),
        row("sessions-8-folded", "sequences", judged=True, producers=1024, frames=8),
    ]


QUICK_ROWS = ("one-folded", "sessions-8-folded")


class Bench(bench_decisions.Bench):
    """As bench_decisions.Bench; the arm "without" is `other`, the arm "with" is `escd`."""

    def __init__(self, other, *arguments):
        super().__init__(*arguments)
        self._programs = {"without": other, "with": self._escd}

    def run(self, rows):
        for number in range(self._pace.rounds):
            for traffic in rows:
                self._guarded(
                    traffic.row, number, lambda row, n, of=traffic: self._turns(of, row, n)
                )

    def _turns(self, traffic, row, number):
        arms = ("without", "with") if number % 2 == 0 else ("with", "without")
        programs = {}
        for arm in arms:
            self._escd = self._programs[arm]
            programs[arm] = self._program(row, traffic.judged)
        pace = self._pace
        pairs = bench_turns.measure(programs, pace.warm_up, pace.seconds, self._second)
        self._add(row, pairs, f"round {number + 1}: ")


def lines(results):
    """What is printed of bench_decisions.result() of each row."""
    for row in results:
        if "ratio" not in row:
            yield f"{row['name']:20} nothing counts"
            continue
        other, this, ratio = row["without"], row["with"], row["ratio"]
        yield (
            f"{row['name']:20} other {other['median'] / 1e6:.2f}, this {this['median'] / 1e6:.2f}"
            f" M events/s; this / other {ratio['median']:.3f} [{ratio['lower_quartile']:.3f} -"
            f" {ratio['upper_quartile']:.3f}], {len(row['pairs'])} pairs"
        )
