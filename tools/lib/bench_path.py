# SPDX-License-Identifier: BSD-3-Clause
"""The rows of the whole-path measurement, their rounds, and what the figures come to."""

import fnmatch
import statistics
import sys
from dataclasses import asdict, dataclass, field

import bench_escd
import bench_programs
from bench_machine import Refused
from bench_programs import Broken

PAYLOADS = (64, 512)
# Of testpmd rxonly, by row. Another row of the same run may stand in its place (BESIDE).
TARGETS = {
    "64-nic-folded": 0.50,
    "512-nic-folded": 0.62,
    "64-nic-rx-apart": 0.40,
    "512-nic-rx-apart": 0.50,
    "64-verify-folded": 0.85,
}
BESIDE = {"64-verify-folded": "64-nic-folded"}
FEWEST_PACKETS = 16384

# name -> (what it says, CPUs of rx, dispatch and worker: 0 is the first CPU, 1 the second)
LAYOUTS = {
    "folded": ("all roles on one CPU", (0, 0, 0)),
    "worker-apart": ("rx and dispatch on one CPU, worker on the other", (0, 0, 1)),
    "rx-apart": ("rx on one CPU, dispatch and worker on the other", (0, 1, 1)),
}
QUICK_ROWS = ("64-nic-folded", "512-verify-rx-apart")


@dataclass
class Row:
    payload_bytes: int
    checksum: str
    layout: str
    rounds: list = field(default_factory=list)  # {"testpmd": Figure, "escd": Figure}
    broken: list = field(default_factory=list)  # reasons

    @property
    def name(self):
        return f"{self.payload_bytes}-{self.checksum}-{self.layout}"

    @property
    def cpus(self):
        return len(set(LAYOUTS[self.layout][1]))


def all_rows():
    rows = [Row(payload, "nic", layout) for payload in PAYLOADS for layout in LAYOUTS]
    rows += [Row(payload, "verify", "folded") for payload in PAYLOADS]
    rows += [Row(payload, "verify", "rx-apart") for payload in PAYLOADS]
    return rows


def select(patterns, rows):
    """Those whose name matches one of the patterns; Refused if a pattern matches none."""
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(row.name, pattern) for row in rows):
            names = " ".join(row.name for row in rows)
            raise Refused(f"no row is named {pattern}; there are: {names}")
    return [row for row in rows if any(fnmatch.fnmatchcase(row.name, p) for p in patterns)]


class Bench:
    def __init__(self, escd, esc_replay, directory, memory, cpus, warm_up, seconds):
        self._escd, self._esc_replay = escd, esc_replay
        self._directory, self._memory = directory, memory
        self._warm_up, self._seconds = warm_up, seconds
        self._cpus = (cpus * 2)[:2]  # on a machine with one CPU everything shares it
        self._traces, self._routes = {}, {}
        self._runs = 0

    def build_traces(self, payloads):
        for payload in payloads:
            trace = self._directory / f"bench-{payload}.pcap"
            made, routes = bench_programs.build_trace(
                self._esc_replay, trace, "--preset", f"bench-{payload}"
            )
            packets = made["trace"]["packets"]
            if packets < FEWEST_PACKETS:
                raise Refused(f"the trace has {packets} packets, {FEWEST_PACKETS} needed")
            self._traces[payload] = bench_programs.Trace(trace, packets, payload)
            self._routes[payload] = routes

    def run(self, rows, rounds):
        """Fills the rows. In each round testpmd and escd run one right after the other, and which
        comes first changes from round to round: what drifts meets both alike.
        """
        for number in range(rounds):
            for row in rows:
                self._round(row, number)

    def _round(self, row, number):
        makers = {"testpmd": self._testpmd, "escd": self._make_escd}
        order = ["testpmd", "escd"] if number % 2 == 0 else ["escd", "testpmd"]
        try:
            figures = {
                name: bench_programs.measure(makers[name](row), self._warm_up, self._seconds)
                for name in order
            }
        except (Broken, OSError, ValueError, KeyError) as error:
            row.broken.append(f"round {number + 1}: {error}")
            print(f"{row.name}: round {number + 1} does not count: {error}", file=sys.stderr)
            return
        row.rounds.append(figures)
        escd, testpmd = figures["escd"], figures["testpmd"]
        print(
            f"{row.name:22} round {number + 1}: escd {escd.packets_per_second / 1e6:7.2f} M/s"
            f" on {escd.cpus_used:.2f} of {row.cpus} CPUs,"
            f" testpmd {testpmd.packets_per_second / 1e6:7.2f} M/s on {testpmd.cpus_used:.2f} of 1:"
            f" {escd.packets_per_second / testpmd.packets_per_second:.3f}"
            f"{per_cpu_second(escd, testpmd) if row.cpus == 1 else ''}",
            flush=True,
        )

    def _prefix(self, what):
        self._runs += 1
        return f"bench-{what}-{self._directory.name[-8:]}-{self._runs}"

    def _testpmd(self, row):
        trace = self._traces[row.payload_bytes]
        prefix = self._prefix("testpmd")
        rx, main = self._cpus
        return bench_programs.Testpmd(self._directory, prefix, self._memory, trace, rx, main)

    def _make_escd(self, row):
        rx, dispatch, worker = (self._cpus[i] for i in LAYOUTS[row.layout][1])
        # Two polling CPUs leave no third: the main lcore shares the second, as testpmd's does.
        setting = bench_escd.Setting(
            trace=self._traces[row.payload_bytes],
            checksum=row.checksum,
            rx=rx,
            dispatch=dispatch,
            workers=[worker],
            main=self._cpus[1],
        )
        routes = self._routes[row.payload_bytes]
        prefix = self._prefix("escd")
        return bench_escd.Escd(
            self._directory, prefix, self._memory, self._escd, routes, setting
        )


def per_cpu_second(escd, other):
    """The same ratio by CPU time instead of elapsed time: a hint on a machine that does other work
    too. It is never reported.
    """
    if escd.cpus_used == 0 or other.cpus_used == 0:
        return ""
    rates = [each.packets_per_second / each.cpus_used for each in (escd, other)]
    return f" ({rates[0] / rates[1]:.3f} by CPU time)"


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def result(row):
    """A row as JSON has it; without "escd", "testpmd" and "ratio" if no round of it counts."""
    out = {
        "name": row.name,
        "payload_bytes": row.payload_bytes,
        "checksum": row.checksum,
        "layout": row.layout,
        "cpus": row.cpus,
        "rounds": [{name: asdict(figure) for name, figure in each.items()} for each in row.rounds],
        "broken": row.broken,
    }
    if not row.rounds:
        return out
    rates = {
        name: [each[name].packets_per_second for each in row.rounds] for name in ("testpmd", "escd")
    }
    for name, values in rates.items():
        out[name] = spread(values) | {
            "cpus_used_least": min(each[name].cpus_used for each in row.rounds)
        }
    out["ratio"] = spread([e / t for e, t in zip(rates["escd"], rates["testpmd"], strict=True)])
    return out


def judge(results):
    """One verdict for each row with a target that ran, by the median of its paired ratios to
    testpmd; or by its rate as a share of another row's, medians both, where BESIDE names one that
    ran.
    """
    rows = {row["name"]: row for row in results}
    verdicts = []
    for name, target in TARGETS.items():
        beside = BESIDE.get(name)
        if name not in rows or beside not in (None, *rows):
            continue
        ratio = rows[name].get("ratio", {"median": 0.0})["median"]
        if beside:
            rates = [rows[each].get("escd", {"median": 0.0})["median"] for each in (name, beside)]
            ratio = rates[0] / rates[1] if all(rates) else 0.0
        verdicts.append(
            {
                "row": name,
                "beside": beside or "testpmd",
                "target": target,
                "ratio": ratio,
                "held": ratio >= target,
            }
        )
    return verdicts
