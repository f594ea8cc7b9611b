# SPDX-License-Identifier: BSD-3-Clause
"""Computes what the ledger must be after the appliance received some packets, in the schema that
the product prints.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from . import frame, identity, packet
from .frame import FrameRules, Identity
from .identity import OrderMatters, Producers
from .keys import Keys
from .packet import PacketRules
from .routes import DELIVERING_HANDLERS, Routes
from .senders import Address, Prefixes, sender


@dataclass
class TopicCount:
    events: int = 0
    payload_bytes: int = 0


@dataclass
class Expectation:
    """Counts what must become of every packet. `producers` judges numbered events, in the order in
    which packets are added; None: the appliance does not judge them. `bindings`: permitted sources
    of producers that are bound to some; `replay_sources`: permitted sources of replayed dead
    letters.
    """

    frame_rules: FrameRules
    routes: Routes
    producers: Producers | None = None
    bindings: Mapping[int, Prefixes] = field(default_factory=dict)
    keys: Keys = field(default_factory=Keys)
    replay_sources: Prefixes | None = None
    # reasons for which an event becomes a dead letter instead of being dropped
    dead: frozenset[str] = frozenset()
    packets_received: int = 0
    datagrams: int = 0
    non_event: Counter[str] = field(default_factory=Counter)
    packets_dropped: Counter[str] = field(default_factory=Counter)
    frames_received: int = 0
    delivered: int = 0
    control: int = 0
    duplicate: int = 0
    stale: int = 0
    duplicate_key: int = 0
    duplicate_replay: int = 0
    frames_dropped: Counter[str] = field(default_factory=Counter)
    dead_lettered: Counter[str] = field(default_factory=Counter)
    replayed: set[tuple[Identity, int]] = field(default_factory=set)
    topics: dict[bytes, TopicCount] = field(default_factory=dict)
    routed: dict[bytes, TopicCount] = field(default_factory=dict)  # by pattern

    def add_packets(self, packets: Iterable[bytes], rules: PacketRules, times: int = 1) -> None:
        """Counts packets that one port received under its rules, the whole list `times` times."""
        if self.producers is None:
            return self._add_pass(packets, rules, times) if times > 0 else None
        packets = list(packets)
        if times > 0:
            self._add_pass(packets, rules, 1)
        if times > 1:
            # From the second pass on no number is new, so all further passes have the same
            # verdicts.
            self._add_pass(packets, rules, times - 1)

    def add_endless(self, trace: Sequence[bytes], rules: PacketRules, total: int) -> None:
        """Counts the first `total` packets of a trace that is repeated without end."""
        passes, rest = divmod(total, len(trace))
        self.add_packets(trace, rules, passes)
        self.add_packets(trace[:rest], rules)

    def add_side_by_side(
        self, ports: Sequence[tuple[Iterable[bytes], PacketRules]], skew: int | None = None
    ) -> None:
        """Counts packets that several ports received in an unknown order. Raises OrderMatters if
        the ledger depends on the order. `skew`: by how many numbers of a producer one port may be
        ahead of another; None: by any.
        """
        arrivals: list[list[frame.Frame]] = []  # numbered events, by port
        for packets, rules in ports:
            arrivals.append([])
            self._add_pass(packets, rules, 1, arrivals[-1] if self.producers else None)
        for producer in sorted({one.identity.producer for port in arrivals for one in port}):
            mine = [[one for one in port if one.identity.producer == producer] for port in arrivals]
            self._add_producer([port for port in mine if port], skew)

    def _add_producer(self, ports: list[list[frame.Frame]], skew: int | None) -> None:
        """Counts numbered events of one producer. `ports`: its events by port, at least one for
        each port.
        """
        if len(ports) == 1:
            for one in ports[0]:
                self._judge(one, 1)
            return
        by_identity: dict[Identity, frame.Frame] = {}
        for one in (one for port in ports for one in port):
            first = by_identity.setdefault(one.identity, one)
            if (first.topic, len(first.payload)) != (one.topic, len(one.payload)):
                raise OrderMatters(f"two events have one identity: {one.identity}")
        assert self.producers is not None
        numbers = [[one.identity for one in port] for port in ports]
        producer = numbers[0][0].producer
        for number in self.producers.judge_side_by_side(producer, numbers, skew):
            self._route(by_identity[number], 1)
        self.duplicate += sum(map(len, ports)) - len(by_identity)

    def _add_pass(
        self,
        packets: Iterable[bytes],
        rules: PacketRules,
        times: int,
        numbered: list[frame.Frame] | None = None,
    ) -> None:
        for data in packets:
            self.packets_received += times
            verdict = packet.judge_packet(data, rules)
            if verdict.what == packet.DATAGRAM:
                self.datagrams += times
                self.add_datagram(verdict.payload, times, sender(verdict.source), numbered)
            elif verdict.what == packet.NON_EVENT:
                self.non_event[verdict.name] += times
            else:
                self.packets_dropped[verdict.name] += times

    def add_datagram(
        self,
        payload: bytes,
        times: int,
        source: Address | None = None,
        numbered: list[frame.Frame] | None = None,
    ) -> None:
        """Counts the frames of one UDP payload that was received `times` times from `source`.
        Without a source it may not go where only some senders may send. If `numbered` is given,
        numbered events are put there and not judged yet.
        """
        self._add_frames(frame.read_datagram(payload, self.frame_rules), times, source, numbered)

    def add_stream(self, data: bytes, source: Address | None = None) -> None:
        """Counts the frames of a TCP stream, from its first byte to its end."""
        self._add_frames(frame.read_stream(data, self.frame_rules), 1, source, None)

    def _add_frames(
        self,
        frames: Iterable[frame.Frame],
        times: int,
        source: Address | None,
        numbered: list[frame.Frame] | None,
    ) -> None:
        for one in frames:
            self.frames_received += times
            if one.what == frame.CONTROL:
                self.control += times
            elif one.what != frame.EVENT:
                self.frames_dropped[one.reason] += times
            elif reason := self._not_allowed(one, source):
                self.frames_dropped[reason] += times
            elif one.replay_count:
                self._judge_replay(one, times)
            elif one.identity and numbered is not None:
                numbered.append(one)
            else:
                self._judge(one, times)

    def _not_allowed(self, event: frame.Frame, source: Address | None) -> str:
        """The reason why this sender may not send the event; empty: it may. This is decided before
        the event's number and key are looked at, so a refused event is not remembered.
        """
        pattern = self.routes.find(event.topic)
        publishers = self.routes[pattern].publishers if pattern is not None else None
        if publishers is not None and source not in publishers:
            return "topic_not_allowed"
        if event.replay_count:
            sources = self.replay_sources
            return "" if sources is not None and source in sources else "replay_not_allowed"
        sources = self.bindings.get(event.identity.producer) if event.identity else None
        return "producer_not_allowed" if sources is not None and source not in sources else ""

    def _judge(self, event: frame.Frame, times: int) -> None:
        if self.producers is None or event.identity is None:
            return self._judge_key(event, times)
        verdict = self.producers.judge(event.identity, times=times)
        if verdict == identity.UNTRACKED:
            self._judge_key(event, times)
        elif verdict == identity.NEW:
            self._route(event, 1)
            self.duplicate += times - 1
        elif verdict == identity.DUPLICATE:
            self.duplicate += times
        else:
            self._lose("stale", times)

    def _judge_replay(self, event: frame.Frame, times: int) -> None:
        assert event.identity is not None
        known = (event.identity, event.replay_count)
        copies = times if known in self.replayed else times - 1
        self.replayed.add(known)
        self.duplicate_replay += copies
        if times > copies:
            self._route(event, times - copies)

    def _lose(self, reason: str, times: int) -> None:
        if reason in self.dead:
            self.dead_lettered[reason] += times
        elif reason == "stale":
            self.stale += times
        else:
            self.frames_dropped[reason] += times

    def _judge_key(self, event: frame.Frame, times: int) -> None:
        pattern = self.routes.find(event.topic)
        rule = self.routes[pattern].key if pattern is not None else None
        copies = self.keys.copies(event.topic, rule, event.payload, times) if rule else 0
        self.duplicate_key += copies
        if times > copies:
            self._route(event, times - copies)

    def _route(self, event: frame.Frame, times: int) -> None:
        _count(self.topics, event.topic, event, times)
        pattern = self.routes.find(event.topic)
        if pattern is None:
            self._lose("unknown_topic", times)
            return
        _count(self.routed, pattern, event, times)
        if self.routes[pattern].handler in DELIVERING_HANDLERS:
            self.delivered += times
        else:
            self._lose("handler_refused", times)

    def ledger(self) -> dict:
        """The ledger, and besides it: `topics`, which counts every event that its sender may send
        and that is no duplicate, whatever became of it; `routes`, which counts by pattern the
        events that a route took; and `producers`, if numbered events are judged.
        """
        ledger = {
            "frames": {
                "received": self.frames_received,
                "delivered": self.delivered,
                "control": self.control,
                "duplicate": self.duplicate + self.duplicate_key + self.duplicate_replay,
                "duplicate_by": {
                    "number": self.duplicate,
                    "key": self.duplicate_key,
                    "replay": self.duplicate_replay,
                },
                "stale": self.stale,
                "dead_lettered": {
                    "durable": self.dead_lettered.total(),
                    "by_reason": dict(sorted(self.dead_lettered.items())),
                },
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
                topic.decode(): self._figures(self.routes.find(topic), count)
                for topic, count in sorted(self.topics.items())
            },
            "routes": {
                pattern.decode(): self._figures(pattern, count)
                for pattern, count in sorted(self.routed.items())
            },
        }
        if self.producers is not None:
            ledger["producers"] = self.producers.figures()
        return ledger

    def _figures(self, pattern: bytes | None, count: TopicCount) -> dict:
        return {
            "handler": None if pattern is None else self.routes[pattern].handler,
            "events": count.events,
            "bytes": count.payload_bytes,
        }


def _count(counts: dict[bytes, TopicCount], name: bytes, event: frame.Frame, times: int) -> None:
    count = counts.setdefault(name, TopicCount())
    count.events += times
    count.payload_bytes += times * len(event.payload)
