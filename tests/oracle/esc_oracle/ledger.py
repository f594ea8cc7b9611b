"""What the ledger must be after a number of packets, in the schema that the product prints."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from . import frame, packet
from .frame import FrameRules
from .packet import PacketRules

DELIVERING_HANDLERS = ("count", "null")
REFUSING_HANDLERS = ("fail",)


@dataclass
class TopicCount:
    events: int = 0
    payload_bytes: int = 0


@dataclass
class Expectation:
    """Counts what every packet must come to. `routes`: topic -> handler."""

    frame_rules: FrameRules
    routes: Mapping[bytes, str]
    packets_received: int = 0
    datagrams: int = 0
    non_event: Counter[str] = field(default_factory=Counter)
    packets_dropped: Counter[str] = field(default_factory=Counter)
    frames_received: int = 0
    delivered: int = 0
    control: int = 0
    frames_dropped: Counter[str] = field(default_factory=Counter)
    topics: dict[bytes, TopicCount] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for topic, handler in self.routes.items():
            if handler not in DELIVERING_HANDLERS + REFUSING_HANDLERS:
                raise ValueError(
                    f'what handler "{handler}" (topic {topic!r}) does is not known here'
                )

    def add_packets(self, packets: Iterable[bytes], rules: PacketRules, times: int = 1) -> None:
        """Counts packets that one port received under its rules, each of them `times` times."""
        for data in packets:
            self.packets_received += times
            verdict = packet.judge_packet(data, rules)
            if verdict.what == packet.DATAGRAM:
                self.datagrams += times
                self.add_datagram(verdict.payload, times)
            elif verdict.what == packet.NON_EVENT:
                self.non_event[verdict.name] += times
            else:
                self.packets_dropped[verdict.name] += times

    def add_endless(self, trace: Sequence[bytes], rules: PacketRules, total: int) -> None:
        """Counts the first `total` packets of a trace that is repeated without end."""
        passes, rest = divmod(total, len(trace))
        self.add_packets(trace[:rest], rules, passes + 1)
        if passes:
            self.add_packets(trace[rest:], rules, passes)

    def add_datagram(self, payload: bytes, times: int) -> None:
        """Counts the frames of one UDP payload, received `times` times."""
        for one in frame.read_datagram(payload, self.frame_rules):
            self.frames_received += times
            if one.what == frame.EVENT:
                self._add_event(one, times)
            elif one.what == frame.CONTROL:
                self.control += times
            else:
                self.frames_dropped[one.reason] += times

    def _add_event(self, event: frame.Frame, times: int) -> None:
        topic = self.topics.setdefault(event.topic, TopicCount())
        topic.events += times
        topic.payload_bytes += times * len(event.payload)
        handler = self.routes.get(event.topic)
        if handler is None:
            self.frames_dropped["unknown_topic"] += times
        elif handler in DELIVERING_HANDLERS:
            self.delivered += times
        else:
            self.frames_dropped["handler_refused"] += times

    def ledger(self) -> dict:
        """The ledger, with `topics` besides: every event by topic, whatever became of it."""
        return {
            "frames": {
                "received": self.frames_received,
                "delivered": self.delivered,
                "control": self.control,
                "duplicate": 0,
                "stale": 0,
                "dead_lettered": {"durable": 0, "by_reason": {}},
                "dropped": dict(sorted(self.frames_dropped.items())),
                "in_flight": 0,
            },
            "packets": {
                "received": self.packets_received,
                "datagrams": self.datagrams,
                "reassembled": 0,
                "non_event": dict(sorted(self.non_event.items())),
                "dropped": dict(sorted(self.packets_dropped.items())),
                "in_flight": 0,
                "imissed": 0,
                "rx_nombuf": 0,
                "ierrors": 0,
            },
            "balanced": True,
            "topics": {
                topic.decode(): {
                    "handler": self.routes.get(topic),
                    "events": count.events,
                    "bytes": count.payload_bytes,
                }
                for topic, count in sorted(self.topics.items())
            },
        }
