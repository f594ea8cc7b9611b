# SPDX-License-Identifier: BSD-3-Clause
"""The micro benches: run with repetitions, and the medians of what they print."""

import json
import re
import statistics
import subprocess
from pathlib import Path

REPETITIONS = 5
# Counters that say what one item costs, and how many nanoseconds their unit has. Without one the
# figure is the time of an iteration. A median inside the bench comes before its mean.
PER_ITEM = {
    "p50_ns_per_element": ("element", 1.0),
    "s_per_element": ("element", 1e9),
    "time/event": ("event", 1e9),
    "time/frame": ("frame", 1e9),
    "time/packet": ("packet", 1e9),
    "time/topic": ("topic", 1e9),
}
NANOSECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
# (subject, benchmark, what it holds besides, most nanoseconds an event without that)
TARGETS = (
    *(
        ("identity", f"producer_table/{shape}", f"traffic_alone/{shape}", 5.0)
        for shape in ("producers:65536/in_a_row:1", "producers:65536/in_a_row:8")
    ),
    ("keyed", "keyed_table_new/MiB:1024", "keys_alone", 25.0),
    ("keyed", "keyed_table_known/MiB:1024", "keys_alone", 25.0),
    ("keyed", "shared_keyed_table_new/MiB:1024", "keys_alone", 25.0),
    ("keyed", "shared_keyed_table_known/MiB:1024", "keys_alone", 25.0),
)
# (subject, benchmark, what it is beside, least of its rate), both of as many bytes an iteration
BESIDE = (("dlq", "log_commit/io_uring", "raw_write_and_sync", 0.8),)
# (subject, benchmark, bytes of an iteration, least GB/s)
RATES = (("dlq", "verify", 8 * (64 << 20), 2.0), ("dlq", "stats", 8 * (64 << 20), 2.0))
# What Google Benchmark appends to a name for how it ran.
DECORATION = re.compile(r"/(?:iterations:\d+|real_time|min_time:[\d.]+)")


def programs(build_dir):
    """The micro benches of a build, by subject."""
    found = sorted(Path(build_dir).glob("bench/micro/micro_*"))
    return {path.name.removeprefix("micro_"): path for path in found if path.is_file()}


def run(program, directory, only, repetitions, min_time):
    """Runs one bench; what it came to, as `medians` has it. Raises CalledProcessError."""
    out = Path(directory) / f"{program.name}.json"
    command = [
        program,
        f"--benchmark_repetitions={repetitions}",
        f"--benchmark_min_time={min_time}",
        "--benchmark_enable_random_interleaving=true",
        f"--benchmark_out={out}",
        "--benchmark_out_format=json",
    ]
    if only:
        command.append(f"--benchmark_filter={only}")
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    # A filter that matches nothing leaves an empty file.
    text = out.read_text(encoding="utf-8")
    return medians(json.loads(text)) if text.strip() else []


def medians(document):
    """A row for each benchmark of a Google Benchmark document, in the order it has them: its name,
    median, min and max in nanoseconds, and what they are for. Raises ValueError if one failed.
    """
    by_name = {}
    for run_of_it in document["benchmarks"]:
        if run_of_it.get("error_occurred"):
            raise ValueError(f"{run_of_it['name']}: {run_of_it.get('error_message')}")
        if run_of_it.get("run_type", "iteration") == "iteration":
            by_name.setdefault(run_of_it["run_name"], []).append(_nanoseconds(run_of_it))
    # Interleaving mixes the order: as in the program, by family and instance.
    order = {}
    for run_of_it in document["benchmarks"]:
        at = (run_of_it.get("family_index", 0), run_of_it.get("per_family_instance_index", 0))
        order.setdefault(run_of_it["run_name"], at)
    rows = []
    for name in sorted(by_name, key=order.__getitem__):
        values = [value for value, _ in by_name[name]]
        rows.append(
            {
                "name": DECORATION.sub("", name),
                "per": by_name[name][0][1],
                "median_ns": statistics.median(values),
                "min_ns": min(values),
                "max_ns": max(values),
            }
        )
    return rows


def sections(found):
    """Section of docs/measurements.md -> what `medians` gives of its subjects; none is empty."""
    disk = {subject: rows for subject, rows in found.items() if subject == "dlq"}
    rest = {subject: rows for subject, rows in found.items() if subject != "dlq"}
    return {name: of for name, of in (("micro", rest), ("micro-disk", disk)) if of}


def judge(found):
    """Verdicts on those of TARGETS, BESIDE and RATES whose benchmarks ran, by their medians;
    `found` is {subject: what `medians` gives}.
    """
    return [*_differences(found), *_ratios(found), *_rates(found)]


def _ratios(found):
    for subject, name, beside, target in BESIDE:
        medians_of = {row["name"]: row["median_ns"] for row in found.get(subject, [])}
        if name in medians_of and beside in medians_of:
            ratio = medians_of[beside] / medians_of[name]
            yield {"benchmark": f"micro_{subject}: {name}", "beside": beside, "ratio": ratio,
                   "target": target, "held": ratio >= target}  # fmt: skip


def _rates(found):
    for subject, name, size, target in RATES:
        for row in found.get(subject, []):
            if row["name"] == name:
                rate = size / row["median_ns"]
                yield {"benchmark": f"micro_{subject}: {name}", "gb_per_s": rate, "target": target,
                       "held": rate >= target}  # fmt: skip


def _differences(found):
    verdicts = []
    for subject, name, alone, target in TARGETS:
        medians_of = {row["name"]: row["median_ns"] for row in found.get(subject, [])}
        if name not in medians_of or alone not in medians_of:
            continue
        ns = medians_of[name] - medians_of[alone]
        verdicts.append(
            {
                "benchmark": f"micro_{subject}: {name}",
                "less": alone,
                "ns": ns,
                "target_ns": target,
                "held": ns <= target,
            }
        )
    return verdicts


def _nanoseconds(run_of_it):
    for counter, (item, factor) in PER_ITEM.items():
        if counter in run_of_it:
            return run_of_it[counter] * factor, item
    return run_of_it["real_time"] * NANOSECONDS[run_of_it["time_unit"]], "iteration"
