# SPDX-License-Identifier: BSD-3-Clause
"""The programs that tools/bench measures, each driven to a trace and asked twice how far it is:
testpmd over DPDK's telemetry, escd (bench_escd.py) over its control socket.
"""

import contextlib
import json
import shlex
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import bench_machine

BURST = 64
DESCRIPTORS = 1024
# testpmd's pool: a packet kept for each of the trace, a full descriptor ring, and as much again for
# what is in hand. The pool is last in, first out, so a larger one is not slower: the same few
# hundred buffers go round.
SPARE_MBUFS = 16384

START_SECONDS = 60.0
STOP_SECONDS = 30.0
ANSWER_SECONDS = 10.0
STILL_SECONDS = 30.0


class Broken(Exception):
    """A run that gives no figure, and why."""


@dataclass
class Trace:
    path: Path
    packets: int
    payload_bytes: int

    @property
    def device(self):
        return f"net_pcap0,rx_pcap={self.path},infinite_rx=1"


def build_trace(esc_replay, path, *options):
    """Has esc-replay build a trace at `path`; returns the manifest, and routes that count."""
    routes = path.with_suffix(".routes.toml")
    command = [esc_replay, "build", "--out", path, "--routes-out", routes, "--handler", "count"]
    subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL)
    made = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return made, routes.read_text(encoding="utf-8")


@dataclass
class Figure:
    """One run of one program."""

    packets_per_second: float
    seconds: float  # between the two answers
    uncertainty: float  # how far off the rate may be, since an answer takes time
    cpus_used: float  # CPU time taken in a second, all threads
    command: str
    counted: dict = field(default_factory=dict)


def measure(program, warm_up, seconds):
    """A Figure of a program that runs from here to the end of this call. Raises Broken."""
    with program:
        program.wait_until_counting()
        time.sleep(warm_up)
        first = _sample(program)
        time.sleep(seconds)
        second = _sample(program)
        while second.count == first.count:  # a program that other work keeps off its CPU
            if second.at - first.at > seconds + STILL_SECONDS:
                raise Broken(f"{program.name} received nothing more for {STILL_SECONDS:.0f} s")
            time.sleep(seconds)
            second = _sample(program)
        elapsed = second.at - first.at
        figure = Figure(
            packets_per_second=(second.count - first.count) / elapsed,
            seconds=elapsed,
            uncertainty=(first.took + second.took) / 2 / elapsed,
            cpus_used=(second.cpu_seconds - first.cpu_seconds) / elapsed,
            command=shlex.join(program.command),
        )
        figure.counted = program.finish()
        return figure


@dataclass
class _Sample:
    count: int
    at: float
    took: float
    cpu_seconds: float


def _sample(program):
    cpu_seconds = program.cpu_seconds()
    before = time.monotonic()
    count = program.count()
    after = time.monotonic()
    return _Sample(count, (before + after) / 2, after - before, cpu_seconds)


class Program:
    """A process of our own, ended by its own id whatever happens."""

    def __init__(self, name, directory, prefix, memory):
        self.log_path = Path(directory) / f"{prefix}.log"
        self.memory = memory
        self.name = name
        self._prefix = prefix
        self._socket = None
        self.process = None

    def __enter__(self):
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=log, stderr=log
            )
        return self

    def __exit__(self, *_):
        if self._socket is not None:
            self._socket.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        bench_machine.forget_eal(self._prefix)

    def cpu_seconds(self):
        """That it took so far."""
        return bench_machine.cpu_seconds(self.process.pid)

    def wait_until_counting(self):
        deadline = time.monotonic() + START_SECONDS
        while True:
            self._assert_alive()
            with contextlib.suppress(OSError, Broken):  # it may say that it is still starting
                self._socket = self._socket or self._connect()
                if self.count() > 0:
                    return
            if time.monotonic() > deadline:
                raise Broken(f"{self.name} received nothing in {START_SECONDS:.0f} s{self._tail()}")
            time.sleep(0.02)

    def _assert_alive(self):
        code = self.process.poll()
        if code is not None:
            raise Broken(f"{self.name} ended early with {code}{self._tail()}")

    def wait_for_end(self):
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise Broken(f"{self.name} did not end in {STOP_SECONDS:.0f} s{self._tail()}") from None
        if code != 0:
            raise Broken(f"{self.name} ended with {code}{self._tail()}")

    def _tail(self):
        lines = self.log_path.read_text(encoding="utf-8", errors="replace").splitlines()
        return "".join(f"\n    {line}" for line in lines[-15:])


class Testpmd(Program):
    """testpmd rxonly on one lcore; its main lcore is on another CPU where there is one."""

    def __init__(self, directory, prefix, memory, trace, rx_cpu, main_cpu):
        super().__init__("dpdk-testpmd", directory, prefix, memory)
        self.command = [
            "dpdk-testpmd",
            "--lcores",
            f"0@{main_cpu},1@{rx_cpu}",
            "--main-lcore",
            "0",
            *self._memory_options(trace),
            "--no-pci",
            "--file-prefix",
            prefix,
            "--vdev",
            trace.device,
            "--",
            "--forward-mode=rxonly",
            f"--burst={BURST}",
            f"--rxd={DESCRIPTORS}",
            "--nb-cores=1",
            f"--total-num-mbufs={_mbufs(trace)}",
            "--no-flush-rx",
        ]

    def _memory_options(self, trace):
        """The same kind of pages that escd takes, in the same manner."""
        if self.memory == "hugepages":
            return [] if bench_machine.hugetlbfs_is_mounted() else ["--in-memory"]
        return ["--no-huge", "--no-shconf", "-m", str(128 + _mbufs(trace) * 2560 // 2**20)]

    def count(self):
        return self._stats()["ipackets"]

    def finish(self):
        stats = self._stats()
        lost = {name: stats[name] for name in ("imissed", "ierrors", "rx_nombuf") if stats[name]}
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        self.wait_for_end()
        if lost:
            raise Broken(f"dpdk-testpmd lost packets: {lost}")
        return {"ipackets": stats["ipackets"]}

    def _stats(self):
        self._socket.send(b"/ethdev/stats,0")
        return json.loads(self._socket.recv(65536))["/ethdev/stats"]

    def _connect(self):
        for directory in bench_machine.runtime_directories(self._prefix):
            path = directory / "dpdk_telemetry.v2"
            if path.exists():
                connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                connection.settimeout(ANSWER_SECONDS)
                connection.connect(str(path))
                connection.recv(16384)  # the greeting
                return connection
        raise FileNotFoundError(f"no telemetry socket for {self._prefix}")


def _mbufs(trace):
    return trace.packets + DESCRIPTORS + SPARE_MBUFS
