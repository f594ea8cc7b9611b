"""The two programs that tools/bench measures, each driven to the same trace and asked twice how far
it is: testpmd over DPDK's telemetry, escd over its control socket.
"""

import contextlib
import json
import shlex
import signal
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


@dataclass
class Setting:
    """What an escd runs with; `layout` is (rx, dispatch, workers) as CPU numbers."""

    trace: Trace
    checksum: str
    rx: int
    dispatch: int
    worker: int
    main: int


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
    cpu_seconds = bench_machine.cpu_seconds(program.process.pid)
    before = time.monotonic()
    count = program.count()
    after = time.monotonic()
    return _Sample(count, (before + after) / 2, after - before, cpu_seconds)


class _Program:
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

    def wait_until_counting(self):
        deadline = time.monotonic() + START_SECONDS
        while True:
            self._assert_alive()
            with contextlib.suppress(OSError):
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

    def _wait(self):
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise Broken(f"{self.name} did not end in {STOP_SECONDS:.0f} s{self._tail()}") from None
        if code != 0:
            raise Broken(f"{self.name} ended with {code}{self._tail()}")

    def _tail(self):
        lines = self.log_path.read_text(encoding="utf-8", errors="replace").splitlines()
        return "".join(f"\n    {line}" for line in lines[-15:])


class Testpmd(_Program):
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
        self._wait()
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


class Escd(_Program):
    """escd with the `count` handler on every topic of the trace."""

    def __init__(self, directory, prefix, memory, binary, routes, setting):
        super().__init__("escd", directory, prefix, memory)
        self._control = Path(directory) / f"{prefix}.sock"
        self._ledger = Path(directory) / f"{prefix}.ledger.json"
        config = Path(directory) / f"{prefix}.toml"
        config.write_text(self._configuration(setting) + routes, encoding="utf-8")
        self.command = [str(binary), "--config", str(config), "--ledger", str(self._ledger)]

    def _configuration(self, setting):
        # JSON's strings and numbers are TOML's.
        return "\n".join(
            [
                f"instance = {json.dumps(self._prefix)}",
                "[eal]",
                'args = ["--no-pci"]',
                "[memory]",
                f'hugepages = "{"require" if self.memory == "hugepages" else "off"}"',
                "[control]",
                f"socket = {json.dumps(str(self._control))}",
                "[[port]]",
                f"device = {json.dumps(setting.trace.device)}",
                "udp_ports = [9001]",
                f"rx_descriptors = {DESCRIPTORS}",
                f'checksum = "{setting.checksum}"',
                "[lcores]",
                f"rx = [{setting.rx}]",
                f"dispatch = {setting.dispatch}",
                f"workers = [{setting.worker}]",
                f"main = {setting.main}",
                'idle = "busy"',
                "[rings]",
                f"burst = {BURST}",
                "",
            ]
        )

    def count(self):
        return self._live_ledger()["frames"]["delivered"]

    def finish(self):
        self.process.send_signal(signal.SIGTERM)
        self._wait()
        ledger = json.loads(self._ledger.read_text(encoding="utf-8"))
        wrong = account_faults(ledger)
        if wrong:
            raise Broken(f"escd's ledger does not count: {'; '.join(wrong)}")
        return {name: ledger["frames"][name] for name in ("received", "delivered")}

    def _live_ledger(self):
        self._socket.sendall(b'{"command":"ledger"}\n')
        answer = b""
        while not answer.endswith(b"\n"):
            piece = self._socket.recv(1 << 20)
            if not piece:
                raise ConnectionResetError("escd closed its control socket")
            answer += piece
        reply = json.loads(answer)
        if not reply.get("ok"):
            raise Broken(f"escd refused to show its ledger: {reply.get('error')}")
        return reply["result"]

    def _connect(self):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(ANSWER_SECONDS)
        connection.connect(str(self._control))
        return connection


def account_faults(ledger):
    """Why a rate taken from this ledger would be worth nothing: it must balance, and every frame
    and packet that was received must have been delivered.
    """
    frames, packets = ledger["frames"], ledger["packets"]
    faults = []
    if ledger.get("balanced") is not True:
        faults.append("not balanced")
    if frames["received"] == 0:
        faults.append("nothing received")
    if frames["delivered"] != frames["received"]:
        faults.append(f"delivered {frames['delivered']} of {frames['received']} frames")
    if packets["datagrams"] != packets["received"]:
        faults.append(f"{packets['datagrams']} datagrams in {packets['received']} packets")
    for kind, account in (("frames", frames), ("packets", packets)):
        if any(account["dropped"].values()):
            faults.append(f"dropped {kind}: {account['dropped']}")
        if account["in_flight"]:
            faults.append(f"{account['in_flight']} {kind} in flight after the drain")
    for name in ("imissed", "rx_nombuf", "ierrors"):
        if packets[name]:
            faults.append(f"{name} {packets[name]}")
    return faults


def _mbufs(trace):
    return trace.packets + DESCRIPTORS + SPARE_MBUFS
