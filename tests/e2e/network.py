# SPDX-License-Identifier: BSD-3-Clause
"""Two network namespaces with a veth pair between them, and a plain kernel UDP sender in one of
them.

Nothing but what the sender sends crosses the pair: no IPv6, no ARP (the neighbour is permanent), no
offload that
would leave a checksum unfinished or a datagram uncut.
"""

import contextlib
import itertools
import os
import shutil
import struct
import subprocess
import sys
import unittest
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import harness
from esc_oracle.ledger import Expectation

MTU = 1500
SENDER_ADDRESS = "10.9.0.1"
RECEIVER_ADDRESS = "10.9.0.2"  # nobody has it: the packets are for the port alone
SENDER_PORT = 40_000  # the first; never by chance, so that every run has the same checksums
_RECEIVER_MAC = "02:e5:c0:00:00:02"


@dataclass
class Send:
    """One datagram as the sender is told to send it: the manifest."""

    payload: bytes
    port: int = 9001


class VethPair:
    """sender namespace [esc-tx] ---- [esc-rx] receiver namespace. Created on construction, gone
    with close().

    queues: of each end. offloads: as the kernel makes a pair, which leaves checksums unfinished.
    """

    def __init__(
        self, scenario: harness.Scenario, *, queues: int = 1, offloads: bool = False
    ) -> None:
        for tool in ("ip", "ethtool", "sysctl"):
            harness.need_tool(tool)
        if os.geteuid() != 0:
            raise unittest.SkipTest("network namespaces need root")
        self._scenario = scenario
        self.sender = f"esc-e2e-{os.getpid()}-tx"
        self.receiver = f"esc-e2e-{os.getpid()}-rx"
        self.interface = "esc-rx"
        self._queues = str(queues)
        self._offloads = offloads
        self._next_port = SENDER_PORT
        scenario.addCleanup(self.close)
        for namespace in (self.sender, self.receiver):
            self._add_namespace(namespace)
        self._connect()

    def close(self) -> None:
        for namespace in (self.sender, self.receiver):
            subprocess.run(["ip", "netns", "delete", namespace], capture_output=True)

    def send(self, datagrams: Sequence[Send], flows: int = 1) -> None:
        """Sends all of them as fast as it goes, and returns when the kernel has taken the last one:
        no more than the port's ring holds, or some are lost when this machine is busy.

        flows: how many ports of the sender take turns; each call has others."""
        python = [sys.executable, __file__, *self._task(datagrams, "all", flows)]
        self._scenario.run_command("ip", "netns", "exec", self.sender, *python)

    @contextlib.contextmanager
    def sending(self, datagrams: Sequence[Send]) -> Iterator[Callable[[int], None]]:
        """Call what it yields to have so many more of them sent; it returns when the kernel has
        taken the last one."""
        python = [sys.executable, __file__, *self._task(datagrams, "asked", 1)]
        with subprocess.Popen(
            ["ip", "netns", "exec", self.sender, *python],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as sender:

            def more(count: int) -> None:
                print(count, file=sender.stdin, flush=True)
                self._scenario.assertEqual(sender.stdout.readline(), "sent\n")

            try:
                yield more
                sender.stdin.close()
            finally:
                harness.end(sender)

    def _task(self, datagrams: Sequence[Send], how: str, flows: int) -> list[str]:
        """The arguments of a sender."""
        first_port, self._next_port = self._next_port, self._next_port + flows
        manifest = self._scenario.directory / "datagrams"
        with manifest.open("wb") as out:
            for one in datagrams:
                out.write(struct.pack("!HI", one.port, len(one.payload)) + one.payload)
        return [str(manifest), how, str(first_port), str(flows)]

    def interface_drops(self) -> str:
        """What the kernel says of the receiving end, for a message."""
        return self._scenario.run_command(
            "ip", "-n", self.receiver, "-s", "link", "show", self.interface
        )

    def set_receiver(self, *what: str) -> None:
        """ip link set for the receiving end."""
        self._scenario.run_command("ip", "-n", self.receiver, "link", "set", self.interface, *what)

    def delete(self) -> None:
        """The pair goes, the namespaces stay."""
        self._scenario.run_command("ip", "-n", self.receiver, "link", "delete", self.interface)

    def connect(self) -> None:
        """Makes the pair, anew after delete()."""
        self._connect()

    def send_from_receiver(self, count: int, port: int = 9001) -> None:
        """Datagrams of the receiving host itself, out of the interface that escd receives from."""
        run = self._scenario.run_command
        own = "10.9.1.1"
        run("ip", "-n", self.receiver, "address", "replace", f"{own}/24", "dev", self.interface)
        neighbour = ("10.9.1.2", "lladdr", "02:e5:c0:00:00:09", "nud", "permanent")
        run("ip", "-n", self.receiver, "neighbour", "replace", *neighbour, "dev", self.interface)
        send = (
            "import socket, sys\n"
            "out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
            "for _ in range(int(sys.argv[1])): out.sendto(b'own', ('10.9.1.2', int(sys.argv[2])))"
        )
        self._inside(self.receiver, sys.executable, "-c", send, str(count), str(port))

    def _add_namespace(self, name: str) -> None:
        done = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
        if done.returncode != 0:
            raise unittest.SkipTest(f"no network namespaces here: {done.stderr.strip()}")
        for scope in (
            "all",
            "default",
        ):  # before there is an interface, so that none ever says a word
            if Path("/proc/sys/net/ipv6").exists():
                self._inside(name, "sysctl", "-q", "-w", f"net.ipv6.conf.{scope}.disable_ipv6=1")

    def _connect(self) -> None:
        run = self._scenario.run_command
        run(
            "ip",
            "-n",
            self.sender,
            "link",
            "add",
            "esc-tx",
            "mtu",
            str(MTU),
            "numtxqueues",
            self._queues,
            "numrxqueues",
            self._queues,
            "type",
            "veth",
            "peer",
            "name",
            self.interface,
            "netns",
            self.receiver,
            "address",
            _RECEIVER_MAC,
            "mtu",
            str(MTU),
            "numtxqueues",
            self._queues,
            "numrxqueues",
            self._queues,
        )
        for namespace, interface in ((self.sender, "esc-tx"), (self.receiver, self.interface)):
            for offload in () if self._offloads else ("tx", "tso", "gso", "gro"):
                self._inside(namespace, "ethtool", "-K", interface, offload, "off")
            run("ip", "-n", namespace, "link", "set", interface, "up")
        run("ip", "-n", self.sender, "address", "add", f"{SENDER_ADDRESS}/24", "dev", "esc-tx")
        run(
            "ip",
            "-n",
            self.sender,
            "neighbour",
            "add",
            RECEIVER_ADDRESS,
            "lladdr",
            _RECEIVER_MAC,
            "nud",
            "permanent",
            "dev",
            "esc-tx",
        )

    def _inside(self, namespace: str, *command: str) -> None:
        self._scenario.run_command("ip", "netns", "exec", namespace, *command)


def expect(
    config: harness.Config, datagrams: Sequence[Send], *, kernel_joins: int = 0
) -> Expectation:
    """The ledger after all of them have arrived, from the manifest alone.

    kernel_joins: the kernel puts fragments together again before the port sees them, and then cuts
    what is longer
    than so many bytes of IP; 0 if it does not.
    """
    expectation = config.expectation()
    ports = config.ports[0].udp_ports
    for one in datagrams:
        ip_bytes = 28 + len(one.payload)
        fragments = -(-(ip_bytes - 20) // (MTU - 20)) if ip_bytes > MTU and not kernel_joins else 1
        expectation.packets_received += fragments
        if fragments > 1:
            expectation.packets_dropped["fragment"] += fragments
        elif ip_bytes > MTU and ip_bytes > kernel_joins:
            expectation.packets_dropped["ip_truncated"] += 1
        elif one.port not in ports:
            expectation.packets_dropped["wrong_port"] += 1
        elif not one.payload:
            expectation.non_event["empty_datagram"] += 1
        else:
            expectation.datagrams += 1
            expectation.add_datagram(one.payload, 1)
    return expectation


def _datagrams(manifest: str) -> Iterator[tuple[int, bytes]]:
    data = Path(manifest).read_bytes()
    offset = 0
    while offset < len(data):
        port, size = struct.unpack_from("!HI", data, offset)
        offset += 6
        yield port, data[offset : offset + size]
        offset += size


def _send_all(manifest: str, how: str, first_port: int, flows: int) -> None:
    """`how`: all of them as fast as it goes, or as many as each line of standard input says."""
    import socket

    left = _datagrams(manifest)
    with contextlib.ExitStack() as open_sockets:
        sockets = [
            open_sockets.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            for _ in range(flows)
        ]
        for number, out in enumerate(sockets):
            out.bind((SENDER_ADDRESS, first_port + number))
        turns = itertools.cycle(sockets)
        for count in map(int, sys.stdin) if how == "asked" else [None]:
            for port, payload in itertools.islice(left, count):
                next(turns).sendto(payload, (RECEIVER_ADDRESS, port))
            print("sent", flush=True)


if __name__ == "__main__":
    _send_all(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
