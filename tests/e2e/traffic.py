# SPDX-License-Identifier: BSD-3-Clause
"""Traces for the scenarios: made by tests/oracle/craft.py, the same on every run."""

import random
from collections.abc import Sequence
from pathlib import Path

import harness  # noqa: F401  (makes the oracle's folder importable)
import catalogue
import craft
from craft import IPV4, IPV6, QINQ, VLAN
from esc_oracle import vectors

WIRE_FORMAT = Path(__file__).resolve().parents[2] / "docs" / "wire-format.md"
MAX_PLAIN_BYTES = 1514  # what fits one mbuf of the default size, and a network of the default MTU

TOPICS = [f"plant/{line}/sensor/{number}" for line in range(4) for number in range(16)]
REFUSED_TOPICS = ["refused/a", "refused/b"]
UNKNOWN_TOPICS = ["unknown", "größe/μ", "a b"]
ROUTES = {topic: "count" if index % 8 else "null" for index, topic in enumerate(TOPICS)}
ROUTES |= {topic: "fail" for topic in REFUSED_TOPICS}

_NOISE = [
    craft.ethernet(craft.ARP, bytes(28)),
    craft.ethernet(0x0026, bytes(46)),
    craft.ethernet(0x88CC, bytes(46)),
    craft.ethernet(IPV4, craft.ipv4(bytes(20), craft.TCP)),
    craft.ethernet(IPV4, craft.ipv4(bytes(8), craft.ICMP)),
    craft.ethernet(IPV6, craft.ipv6(bytes(24), craft.ICMPV6)),
    craft.datagram4(b"x" * 20, 53),
    craft.datagram6(b""),
]


class Numbers:
    """Producers of one trace, whose numbers go up: no event is a copy, nor stale. Traces of
    different seeds have different producers."""

    _STEP = 10  # what a datagram may use up, and some that nobody sends

    def __init__(self, seed: int) -> None:
        self._first = 1000 * seed
        self._next: dict[int, int] = {}

    def session(self, chooser: random.Random) -> bytes:
        producer = self._first + chooser.randrange(1, 50)
        number = self._next.get(producer, chooser.randrange(10**6))
        self._next[producer] = number + self._STEP
        return craft.session(producer, 1, number, chooser.choice((0, 1, 5)))


def events(chooser: random.Random, max_bytes: int, numbers: Numbers) -> bytes:
    """A datagram of sound frames, some under a session; most have a route."""
    payload = b""
    if chooser.random() < 0.2:
        payload = numbers.session(chooser)
    for _ in range(chooser.choice((1, 1, 1, 2, 4, 9))):
        topics = chooser.choices((TOPICS, REFUSED_TOPICS, UNKNOWN_TOPICS), (94, 3, 3))[0]
        size = chooser.choice((0, 1, 64, 100, chooser.randrange(400)))
        one = craft.frame(chooser.choice(topics), chooser.randbytes(size), chooser.randrange(256))
        if len(payload) + len(one) <= max_bytes:
            payload += one
    return payload or craft.frame(TOPICS[0])


def mixed(count: int, seed: int = 1, port: int = craft.PORT) -> list[bytes]:
    """Packets as a network has them: tags, both IP versions, several frames in most, and some that
    are not for us."""
    chooser, numbers = random.Random(seed), Numbers(seed)
    packets = []
    for _ in range(count):
        if chooser.random() < 0.05:
            packets.append(chooser.choice(_NOISE))
            continue
        make = chooser.choice((craft.datagram4, craft.datagram4, craft.datagram6))
        vlans = chooser.choice(((), (), (VLAN,), (QINQ, VLAN)))
        packets.append(make(events(chooser, 1400, numbers), port, vlans))
    return packets


def malformed() -> list[bytes]:
    """Every handcrafted packet and datagram and every golden vector, each as one packet of the
    usual size."""
    packets = catalogue.trace()
    for vector in vectors.read_vectors(WIRE_FORMAT):
        packets.append(
            vector.data if vector.table == vectors.PACKETS else craft.datagram4(vector.data[:65507])
        )
    return [packet for packet in packets if len(packet) <= MAX_PLAIN_BYTES]


def with_malformed(count: int, seed: int = 2) -> list[bytes]:
    """`count` packets, nine in ten of them sound; the rest is malformed(), over and over."""
    chooser = random.Random(seed)
    sound, bad = mixed(count - count // 10, seed), malformed()
    if count // 10 < len(bad):
        raise ValueError(f"{count} packets do not hold each of {len(bad)} malformed ones")
    packets = sound + [bad[index % len(bad)] for index in range(count // 10)]
    chooser.shuffle(packets)
    return packets


def jumbo(count: int, seed: int = 3) -> list[bytes]:
    """Datagrams of 2 to 65 kB, whose frames lie across every boundary between the buffers they are
    received into."""
    chooser = random.Random(seed)
    packets = []
    for index in range(count):
        room = chooser.choice((2100, 4096, 9000, 20000, 65000))
        payload = b""
        while len(payload) < room - 100:
            size = chooser.choice((0, 50, 700, 2048, 5000, room))
            size = min(size, room - len(payload) - 60)
            payload += craft.frame(chooser.choice(TOPICS), chooser.randbytes(size), index % 256)
        payload += (b"", b"\x00", craft.frame(b"\xff"), craft.frame(TOPICS[0], length=65000))[
            index % 4
        ]
        packets.append((craft.datagram4, craft.datagram6)[index % 2](payload))
    # A frame of the largest length there is; and boundaries swept byte by byte across a frame's
    # header.
    packets.append(craft.datagram4(craft.frame(TOPICS[0], bytes(65403 - 3 - len(TOPICS[0])))))
    two = craft.frame(TOPICS[1], b"x" * 30) + craft.frame(TOPICS[2], b"y" * 30)
    filler = craft.frame(TOPICS[3])
    for size in range(
        2048 - 14 - 28 - len(filler) - len(two) - 4, 2048 - 14 - 28 - len(filler) + 4
    ):
        packets.append(craft.datagram4(craft.frame(TOPICS[3], bytes(size)) + two + b"z" * 3))
    return packets


def uniform(count: int) -> list[bytes]:
    """The same packet of one event, so that losing any is losing any other."""
    return [craft.datagram4(craft.frame(TOPICS[1], b"payload"))] * count


def pcap_device(index: int, path: Path, packets: Sequence[bytes], more: str = "") -> str:
    """Writes the trace and names the device that plays it."""
    craft.write_pcap(path, packets)
    return f"net_pcap{index},rx_pcap={path}{more}"
