# SPDX-License-Identifier: BSD-3-Clause
"""Instructions an event: a measure almost without noise. escd plays a finite trace under callgrind;
the instructions that its own binary executes in the loop of its lcore are divided by the number of
events delivered.

It says nothing about caches and waiting, but shows regressions well: two runs differ by less than a
hundredth.
"""

import re
import shutil
import time
from collections import defaultdict
from dataclasses import dataclass

import bench_escd
import bench_programs
from bench_programs import Broken, Trace

PACKETS = 65536
QUICK_PACKETS = 2048  # shows that it works
SECONDS = 300  # that a run may take
LOOP = "*detail::poll_all*"
# Handlers are timed a hundred times a second, which under callgrind is one burst in ten.
NOT_COUNTED = ("ask_timed",)


@dataclass
class Row:
    name: str
    what: str
    options: tuple = ()  # of esc-replay build
    checksum: str = "nic"
    before: int = 0  # at f51ddaf, counted like this
    must: int = 0


ROWS = (
    Row("one", "an event in each datagram", before=673, must=288),
    Row("32", "32 events in a datagram", ("--frames-per-datagram", "32"), before=480, must=228),
    Row("session-1", "a session frame and an event", ("--sessions", "64"), before=1181, must=630),
    Row(
        "session-8",
        "a session frame and eight events",
        ("--sessions", "64", "--frames-per-datagram", "8"),
        before=613,
        must=380,
    ),
    Row("vlan", "one VLAN tag", ("--vlan", "1"), before=751, must=343),
    Row("ipv6", "IPv6", ("--ipv6", "1"), before=736, must=445),
    Row("verify", 'checksum = "verify"', checksum="verify", before=924, must=501),
)


class FiniteTrace(Trace):
    @property
    def device(self):
        return f"net_pcap0,rx_pcap={self.path}"


class Bench:
    """All roles on one CPU, which naps when there is nothing to do: polls that find nothing are no
    part of the figure."""

    def __init__(self, escd, esc_replay, directory, cpu, packets=PACKETS):
        self._escd, self._esc_replay, self._directory = escd, esc_replay, directory
        self._packets = packets
        self._lcores = {
            "rx": [cpu], "dispatch": cpu, "workers": [cpu], "main": cpu, "idle": "adaptive"
        }

    def run(self, row):
        """Instructions an event. Raises Broken if the run does not count."""
        trace, routes = self._trace(row)
        prefix = f"callgrind-{self._directory.name[-8:]}-{row.name}"
        setting = bench_escd.Setting(
            trace, 0, 0, [], 0, checksum=row.checksum, sections={"[lcores]": self._lcores}
        )
        escd = bench_escd.Escd(self._directory, prefix, "ordinary", self._escd, routes, setting)
        out = self._directory / f"{row.name}.callgrind"
        escd.command = [
            "valgrind", "--tool=callgrind", f"--toggle-collect={LOOP}",
            f"--callgrind-out-file={out}", *escd.command,
        ]
        with escd:
            escd.wait_until_counting()
            deadline = time.monotonic() + SECONDS
            while escd.ask("ledger")["packets"]["received"] < trace.packets:
                if time.monotonic() > deadline:
                    raise Broken(f"escd did not play the trace in {SECONDS} s under callgrind")
                time.sleep(0.1)
            delivered = escd.finish()["delivered"]
        lines = out.read_text(encoding="utf-8").splitlines()
        return sum(by_function(lines, "/" + self._escd.name).values()) / delivered

    def _trace(self, row):
        path = self._directory / f"{row.name}.pcap"
        made, routes = bench_programs.build_trace(
            self._esc_replay, path, "--preset", "bench-64", "--packets", str(self._packets),
            *row.options,
        )
        trace = FiniteTrace(path, made["trace"]["packets"], 64)
        return trace, routes


_NAMED = re.compile(r"(ob|cob|fn|cfn)=\((\d+)\)(?: (.*))?$")


def by_function(lines, binary):
    """What each function of the object file whose path ends with `binary` executes itself, inlined
    functions included, in a file of callgrind. Its format: "Callgrind Format Specification"."""
    names = {"ob": {}, "fn": {}}
    current = {"ob": None, "fn": None}
    counts = defaultdict(int)
    of_call = False  # the next cost is that of a call, counted in the function called
    for line in lines:
        if found := _NAMED.match(line):
            kind = found[1].removeprefix("c")
            if found[3] is not None:
                names[kind][found[2]] = found[3]
            if found[1] in current:
                current[kind] = found[2]
        elif line.startswith("calls="):
            of_call = True
        elif re.match(r"[+*-]?\d|\*", line):
            fields = line.split()
            if not of_call and len(fields) > 1:
                if names["ob"].get(current["ob"], "").endswith(binary):
                    counts[names["fn"][current["fn"]]] += int(fields[1])
            of_call = False
    return {
        name: count
        for name, count in counts.items()
        if not any(part in name for part in NOT_COUNTED)
    }


def is_there():
    return shutil.which("valgrind") is not None


def result(row, instructions):
    return {
        "name": row.name,
        "what": row.what,
        "checksum": row.checksum,
        "instructions_per_event": round(instructions, 1),
        "before": row.before,
        "must": row.must,
        "held": instructions <= row.must,
    }
