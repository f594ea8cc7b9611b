# SPDX-License-Identifier: BSD-3-Clause
"""Streams: events for each CPU second of the receiver, beside a loop that only receives and counts
frames, and that the same sender feeds. The two take turns, and the figure is the ratio of a pair.
"""

import contextlib
import mmap
import signal
import socket
import struct
import subprocess
import time
from dataclasses import dataclass, field

import bench_escd
import bench_machine
import bench_path
import bench_programs
from bench_programs import STOP_SECONDS, Broken, Program

TARGETS = {"64-1": 0.40, "64-64": 0.40, "1024-1": 0.70, "1024-64": 0.70}
QUICK_ROWS = ("64-1",)
PAYLOADS = (64, 1024)


@dataclass
class Row:
    payload_bytes: int
    connections: int
    rounds: list = field(default_factory=list)  # {"bare": Figure, "escd": Figure}
    broken: list = field(default_factory=list)  # reasons

    @property
    def name(self):
        return f"{self.payload_bytes}-{self.connections}"


def all_rows():
    return [Row(payload, connections) for payload in PAYLOADS for connections in (1, 64)]


class Sender:
    """stream-peer, on a CPU of its own, as long as it is in a `with`."""

    def __init__(self, peer, port, trace, connections, cpu):
        self._command = [
            "taskset", "-c", str(cpu), str(peer), "send", "--port", str(port),
            "--connections", str(connections), "--trace", str(trace),
        ]

    def __enter__(self):
        self.process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def stop(self):
        """Returns once it has sent whole frames on all its connections, and closed them."""
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(STOP_SECONDS) != 0:
            raise Broken("stream-peer could not send")


class Fed:
    """A receiver together with its sender."""

    def __enter__(self):
        super().__enter__()
        self._stack = contextlib.ExitStack()
        self._stack.enter_context(self._sender)
        return self

    def __exit__(self, *reason):
        self._stack.close()
        super().__exit__(*reason)


class Bare(Fed, Program):
    def __init__(self, directory, prefix, peer, port, sender, cpu):
        super().__init__("bare", directory, prefix, "ordinary")
        self._counter = directory / f"{prefix}.counter"
        self._counter.write_bytes(bytes(8))
        self._sender = sender
        self.command = [
            "taskset", "-c", str(cpu), str(peer), "receive", "--port", str(port),
            "--counter", str(self._counter),
        ]

    def _connect(self):
        with self._counter.open("rb") as file:
            return mmap.mmap(file.fileno(), 8, prot=mmap.PROT_READ)

    def count(self):
        return struct.unpack("=Q", self._socket[:])[0]

    def finish(self):
        self._sender.stop()
        self.process.send_signal(signal.SIGTERM)
        self.wait_for_end()
        return {"frames": self.count()}


class Escd(Fed, bench_escd.Escd):
    def __init__(self, directory, prefix, memory, binary, routes, port, sender, cpu, main):
        lcores = {"dispatch": cpu, "workers": [cpu], "main": main, "idle": "adaptive"}
        setting = bench_escd.Setting(None, 0, 0, [], 0, sections={"[lcores]": lcores})
        self._port = port
        self._sender = sender
        super().__init__(directory, prefix, memory, binary, routes, setting)

    def _entry(self):
        return {"[[tcp]]": {"listen": f"127.0.0.1:{self._port}"}}

    def cpu_seconds(self):
        """Without the rounds of its lcore that found nothing to do: an lcore polls, and the sender
        may be the slower one. The other side waits in the kernel then."""
        pid = self.process.pid
        others = bench_machine.cpu_seconds(pid) - bench_machine.polling_seconds(pid)
        return others + sum(lcore["work_s"] for lcore in self.ask("lcores")["lcores"])

    def finish(self):
        self._sender.stop()
        deadline = time.monotonic() + STOP_SECONDS
        while self._open_connections() != 0:
            if time.monotonic() > deadline:
                raise Broken("escd did not read to the end of its connections")
            time.sleep(0.02)
        return super().finish()

    def _open_connections(self):
        return sum(stage["open"] for stage in self.ask("stats")["stages"] if "open" in stage)


class Bench:
    def __init__(self, programs, directory, memory, cpus, warm_up, seconds):
        """programs: paths of escd, esc_replay and stream_peer."""
        self._programs, self._directory, self._memory = programs, directory, memory
        self._sending, self._receiving = (cpus * 2)[:2]
        self._warm_up, self._seconds = warm_up, seconds
        self._traces, self._routes = {}, {}
        self._runs = 0

    def build_traces(self, payloads):
        for payload in payloads:
            trace = self._directory / f"tcp-{payload}.pcap"
            _, self._routes[payload] = bench_programs.build_trace(
                self._programs["esc_replay"], trace, "--preset", "bench-64",
                "--payload", str(payload),
            )
            self._traces[payload] = trace

    def run(self, rows, rounds):
        for number in range(rounds):
            for row in rows:
                self._round(row, number)

    def _round(self, row, number):
        order = ("bare", "escd") if number % 2 == 0 else ("escd", "bare")
        try:
            figures = {
                name: bench_programs.measure(
                    self._make(name, row), self._warm_up, self._seconds
                )
                for name in order
            }
        except Broken as error:
            row.broken.append(str(error))
            print(f"{row.name}: {error}", flush=True)
            return
        row.rounds.append(figures)
        print(f"{row.name}: {ratio(figures):.3f}", flush=True)

    def _make(self, name, row):
        self._runs += 1
        prefix = f"tcp-{self._directory.name[-8:]}-{self._runs}"
        port = free_port()
        peer = self._programs["stream_peer"]
        sender = Sender(
            peer, port, self._traces[row.payload_bytes], row.connections, self._sending
        )
        if name == "bare":
            return Bare(self._directory, prefix, peer, port, sender, self._receiving)
        return Escd(
            self._directory, prefix, self._memory, self._programs["escd"],
            self._routes[row.payload_bytes], port, sender, self._receiving, self._sending,
        )


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def by_cpu(figure):
    """Frames for each CPU second."""
    return figure.packets_per_second / figure.cpus_used


def ratio(figures):
    return by_cpu(figures["escd"]) / by_cpu(figures["bare"])


def result(row):
    found = {
        "name": row.name,
        "payload_bytes": row.payload_bytes,
        "connections": row.connections,
        "target": TARGETS[row.name],
        "broken": row.broken,
    }
    if row.rounds:
        for name in ("bare", "escd"):
            found[name] = bench_path.spread([by_cpu(figures[name]) for figures in row.rounds])
        found["ratio"] = bench_path.spread([ratio(figures) for figures in row.rounds])
        found["held"] = found["ratio"]["median"] >= found["target"]
    return found
