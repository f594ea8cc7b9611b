# SPDX-License-Identifier: BSD-3-Clause
"""The rows that measure what a feature costs: deduplication, reloads, a worker that stops, dead
letters; and what it brings to send many events in a datagram. Each is the ratio of the same path
with the feature and without it.
"""

import json
import statistics
import subprocess
import sys
from dataclasses import asdict, dataclass, field, replace

import bench_escd
import bench_programs
import bench_turns
import bench_within
from bench_path import spread
from bench_programs import Broken

PACKETS = 16384
KEYED_BYTES = 256 << 20
ID_BYTES = 8
MOST_PRODUCERS = 65536  # that escd remembers by default
RELOADED_ROUTES = 10_000
# Payload bytes and events in a datagram: one, and about as many as a packet of 1,500 bytes holds.
SHAPES = ((64, 1), (64, 8), (512, 1), (512, 2))

# So that a worker which lags for a moment does not cost the others the cache.
SHALLOW = {"worker_cells": 1024, "hold_cells": 1024}

# section of docs/measurements.md -> lowest ratio that a judged row may have
TARGETS = {"datagrams": 2.0, "sequences": 0.9, "keys": 0.6, "reload": 0.98, "bulkheads": 0.9}
TARGETS["dead-letters"] = 0.85
BETWEEN = ("datagrams", "sequences", "keys", "dead-letters")  # whose arms are two programs
MANY = 32  # events asked for in a datagram: more than an MTU of 1,500 bytes holds
FIT = 15  # of 64 bytes that it holds: so both arms have the same number of events
DEAD_SHARE = 0.01
FULL_DISK = 1 << 40  # more than is free
NEVER = 1_000_000_000_000  # of a threshold of [health]


@dataclass
class Row:
    section: str
    name: str
    payload_bytes: int = 64
    frames: int = 1  # events in a datagram
    producers: int = 0  # 0: no session frames
    more_routes: int = 0  # that nothing is sent to
    layout: str = "folded"
    judged: bool = True
    refused: bool = False  # the disk takes no dead letter
    pairs: list = field(default_factory=list)  # {"without": events/s, "with": events/s, ...}
    broken: list = field(default_factory=list)

    @property
    def restamp(self):
        """The `restamp` that keeps the trace from repeating itself. Both arms have it, so that both
        pay for it.
        """
        return {"sequences": "sessions", "keys": "payload-ids"}.get(self.section, "off")

    @property
    def unknown(self):
        """Share of events that no route takes."""
        return DEAD_SHARE if self.section == "dead-letters" else 0.0

    @property
    def zipf(self):
        """Two workers get as much, where one of them is to stop."""
        return 0.0 if self.section == "bulkheads" else 1.0


def all_rows():
    rows = [Row("datagrams", f"datagrams-64-{MANY}f", frames=MANY)]
    rows += [
        Row("sequences", f"sequences-{payload}-{producers}p-{frames}f", payload, frames, producers)
        for producers in (1024, 65536)
        for payload, frames in SHAPES
    ]
    rows += [
        Row("keys", f"keys-{payload}-{frames}f", payload, frames) for payload, frames in SHAPES
    ]
    rows += [
        Row("reload", "reload-folded"),
        Row("reload", f"reload-folded-{RELOADED_ROUTES}-routes", more_routes=RELOADED_ROUTES),
        Row("reload", "reload-rx-apart", layout="rx-apart", judged=False),
    ]
    rows += [Row("dead-letters", f"dead-letters-64-{frames}f", 64, frames) for frames in (1, 8)]
    rows.append(Row("dead-letters", "dead-letters-64-8f-disk-full", 64, 8, refused=True))
    return [*rows, Row("bulkheads", "bulkheads-64", layout="two-workers")]


QUICK_ROWS = (
    "datagrams-64-32f",
    "sequences-64-1024p-1f",
    "keys-64-1f",
    "reload-folded",
    "bulkheads-64",
    "dead-letters-64-8f",
)


@dataclass
class Pace:
    rounds: int
    warm_up: float
    seconds: float
    pairs: int  # of intervals within a run
    interval: float


class Bench:
    def __init__(self, escd, esc_replay, directory, memory, cpus, pace):
        self._escd, self._esc_replay = escd, esc_replay
        self._directory, self._memory, self._pace = directory, memory, pace
        self._enough_cpus = len(cpus) > 1
        self._first, self._second = (cpus * 2)[:2]
        self._runs = 0
        self._made = {}

    def run(self, rows):
        between = [row for row in rows if row.section in BETWEEN]
        for number in range(self._pace.rounds):
            for row in between:
                self._guarded(row, number, self._round)
        for row in rows:
            if row.section == "reload":
                self._guarded(row, 0, self._reloads)
            if row.section == "bulkheads":
                self._guarded(row, 0, self._stops)

    def _guarded(self, row, number, measure):
        try:
            measure(row, number)
        except (Broken, OSError, ValueError, KeyError, LookupError) as error:
            row.broken.append(f"round {number + 1}: {error}")
            print(f"{row.name}: round {number + 1} does not count: {error}", file=sys.stderr)

    def _round(self, row, number):
        """Both arms anew, in turns; which one is started first changes from round to round."""
        arms = ("without", "with") if number % 2 == 0 else ("with", "without")
        programs = {arm: self._program(row, arm == "with") for arm in arms}
        pace = self._pace
        pairs = bench_turns.measure(programs, pace.warm_up, pace.seconds, self._second)
        self._add(row, pairs, f"round {number + 1}: ")

    def _reloads(self, row, _number):
        program = self._program(row, False)
        first, second = self._routes(row), self._routes(row, other=True)
        self._within(row, program, bench_within.Reloads(program, (second, first)))

    def _stops(self, row, _number):
        if not self._enough_cpus:
            raise Broken("a worker that stops needs a CPU of its own, and there is one CPU")
        program = self._program(row, False)
        topics = self._trace(row)[1]
        self._within(row, program, bench_within.Stops(program, set(topics[::2])))

    def _within(self, row, program, disturbance):
        pace = self._pace
        pairs = bench_within.measure(
            program, disturbance, pace.warm_up, pace.pairs, pace.interval, self._second
        )
        self._add(row, pairs)

    def _add(self, row, pairs, head=""):
        row.pairs += pairs
        by_cpu_time = statistics.median(pair["by_cpu_time"] for pair in pairs)
        hint = f" ({by_cpu_time:.3f} by CPU time)" if row.layout == "folded" else ""
        print(f"{row.name:28} {head}{len(pairs)} pairs: {_shown(pairs)}{hint}", flush=True)

    def _program(self, row, judged):
        """escd for a row; `judged`: with the feature."""
        self._runs += 1
        if row.section == "datagrams" and not judged:
            row = replace(row, frames=1)
        trace, topics, known = self._trace(row)
        rx, dispatch, workers = {
            "folded": (self._first, self._first, [self._first]),
            "rx-apart": (self._first, self._second, [self._second]),
            "two-workers": (self._first, self._first, [self._first, self._second]),
        }[row.layout]
        deduplication, look = {"sequenced": False}, None
        if judged and row.section == "sequences":
            deduplication = {"producers": MOST_PRODUCERS}

            def look(escd):
                return producer_faults(escd.ask("producers", by="lost", top=1), known)

        if judged and row.section == "keys":
            deduplication |= {"keyed_bytes": KEYED_BYTES}

            def look(escd):
                return key_faults(escd.ask("keys"))

        stops = row.section == "bulkheads"
        tolerated = ("worker_full", "hold_expired") if stops else ()
        if row.section == "dead-letters":
            lost = ("dlq_write_failed",) if row.refused else ()
            tolerated = lost if judged else ("unknown_topic",)
            look = dead_letter_look(row.refused) if judged else None
        setting = bench_escd.Setting(
            trace=trace,
            rx=rx,
            dispatch=dispatch,
            workers=workers,
            main=self._second,
            port={"restamp": row.restamp} | ({"lossless": False} if stops else {}),
            deduplication=deduplication,
            rings=SHALLOW if stops else {},
            tolerated=tolerated,
            sections=self._sections(row, judged),
        )
        return bench_escd.Escd(
            self._directory,
            f"bench-escd-{self._directory.name[-8:]}-{self._runs}",
            self._memory,
            self._escd,
            self._routes(row, keyed=judged and row.section == "keys"),
            setting,
            look,
        )

    def _sections(self, row, judged):
        if row.section == "dead-letters":
            return self._dead_letters(row, judged)
        # This row measures a worker that stops, and the appliance has to stay healthy meanwhile.
        return {"[health]": {"max_losses": NEVER}} if row.section == "bulkheads" else {}

    def _dead_letters(self, row, kept):
        """Events without a route are dropped, or kept as dead letters; the disk may be full."""
        if not kept:
            return {"[routing]": {"unknown_topic": "drop"}}
        letters = self._directory / f"letters-{self._runs}"
        more = {"min_free_bytes": FULL_DISK} if row.refused else {"max_bytes": 1 << 30}
        return {"[dead_letters]": {"directory": str(letters)} | more}

    def _routes(self, row, keyed=False, other=False):
        """One for each topic. `other`: a table that differs, for a reload."""
        topics = self._trace(row)[1]
        options = {"priority": 9} if other else {}
        if keyed:
            options |= {"dedup": "payload-id", "dedup_offset": 0, "dedup_bytes": ID_BYTES}
        per_worker = row.section == "bulkheads"
        blocks = []
        for number, topic in enumerate(topics + unused_topics(row.more_routes)):
            keys = {"topic": topic, "handler": "count"} | options
            if per_worker:
                keys |= {"spread": "worker", "worker": number % 2}
            lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
            blocks.append("\n".join(["[[route]]", *lines]))
        return "\n\n".join(blocks) + "\n"

    def _trace(self, row):
        """The trace of a row, its topics, and how many producers are in it."""
        key = (row.payload_bytes, row.frames, row.producers, row.zipf, row.unknown)
        if key not in self._made:
            self._made[key] = self._build(row, "-".join(map(str, key)))
        return self._made[key]

    def _build(self, row, name):
        path = self._directory / f"decide-{name}.pcap"
        topics = path.with_suffix(".topics")
        command = [self._esc_replay, "build", "--preset", f"bench-{row.payload_bytes}"]
        command += ["--out", path, "--topics-out", topics, "--quiet"]
        # Of many producers many are to be in it, each of them drawn at random.
        packets = PACKETS // FIT if row.frames == MANY else PACKETS
        command += ["--packets", str(max(packets, row.producers))]
        command += ["--frames-per-datagram", str(row.frames), "--zipf", str(row.zipf)]
        if row.unknown:
            command += ["--unknown-topics", str(row.unknown)]
        if row.producers:
            command += ["--sessions", str(row.producers)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        made = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        if made["trace"]["datagrams_cut_at_mtu"] and row.section != "datagrams":
            raise Broken("datagrams of the trace were cut at the MTU")
        if row.section == "datagrams" and abs(made["frames"]["received"] - PACKETS) > PACKETS // 20:
            raise Broken("the trace does not have as many events as the one it is compared with")
        trace = bench_programs.Trace(path, made["trace"]["packets"], row.payload_bytes)
        row_producers = len(made.get("producers", ()))
        return trace, topics.read_text(encoding="utf-8").splitlines(), row_producers


def unused_topics(count):
    return [f"unused/{number}/of/many" for number in range(count)]


def dead_letter_look(refused):
    """What speaks against a run in which dead letters were to be kept, or refused by the disk."""

    def look(escd):
        answer = escd.ask("dlq")
        kept, lost = answer["durable"], answer["write_failed"]
        if refused:
            return [] if lost and not kept else [f"{kept} dead letters kept, {lost} refused"]
        return [] if kept and not lost else [f"{kept} dead letters kept, {lost} lost"]

    return look


def producer_faults(answer, known):
    """Why a run with numbers judged does not show what that costs: every producer must have had its
    window, and no number may have come twice or not at all.
    """
    faults = []
    if answer["known"] != known:
        faults.append(f"{answer['known']} producers known, {known} in the trace")
    if answer["events_untracked"]:
        faults.append(f"{answer['events_untracked']} events of producers without a window")
    for producer in answer["producers"]:
        if producer["lost"]:
            faults.append(f"producer {producer['producer']} lost {producer['lost']}")
    return faults


def key_faults(answer):
    faults = [
        f"{answer[name]} {what}"
        for name, what in (("unkeyed", "events without a key"), ("duplicates", "duplicate keys"))
        if answer[name]
    ]
    return faults if answer["new"] else [*faults, "no key was judged"]


def result(row):
    """A row as JSON has it; without "without", "with" and "ratio" if nothing of it counts."""
    out = asdict(row)
    if row.pairs:
        for arm in ("without", "with"):
            out[arm] = spread([each[arm] for each in row.pairs])
        ratios = sorted(each["with"] / each["without"] for each in row.pairs)
        out["ratio"] = spread(ratios) | {
            "lower_quartile": ratios[len(ratios) // 4],
            "upper_quartile": ratios[-1 - len(ratios) // 4],
        }
    return out


def judge(results):
    """One verdict for each row that is judged, by the median of its ratios."""
    return [
        {
            "row": row["name"],
            "section": row["section"],
            "target": TARGETS[row["section"]],
            "ratio": row.get("ratio", {"median": 0.0})["median"],
            "held": row.get("ratio", {"median": 0.0})["median"] >= TARGETS[row["section"]],
        }
        for row in results
        if row["judged"]
    ]


def _shown(pairs):
    without, with_it, ratio = (
        statistics.median(of(pair) for pair in pairs)
        for of in (
            lambda pair: pair["without"],
            lambda pair: pair["with"],
            lambda pair: pair["with"] / pair["without"],
        )
    )
    return f"without {without / 1e6:.2f}, with {with_it / 1e6:.2f} M events/s: {ratio:.3f}"
