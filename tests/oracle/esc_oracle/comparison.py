# SPDX-License-Identifier: BSD-3-Clause
"""Compares two ledgers, and checks the equations of one ledger."""

from collections.abc import Iterable, Iterator

BESIDE = ("imissed", "rx_nombuf", "ierrors")  # packets that never reached the appliance
_BY_NAME = {
    "frames.duplicate_by",
    "frames.dead_lettered.by_reason",
    "frames.dropped",
    "packets.non_event",
    "packets.dropped",
}
_PLAIN = (
    "frames.received frames.delivered frames.control frames.duplicate frames.stale"
    " frames.dead_lettered.durable frames.in_flight packets.received packets.datagrams"
    " packets.reassembled packets.in_flight"
).split() + ["packets." + name for name in BESIDE]


def differences(actual: dict, expected: dict, allowed: Iterable[str] = ()) -> list[str]:
    """Every difference, one line each. `allowed`: figures of BESIDE that are not compared."""
    skipped = {"packets." + name for name in allowed}
    paths = [path for path in _PLAIN if path not in skipped]
    for by_name in sorted(_BY_NAME):
        names = {*_names(actual, by_name), *_names(expected, by_name)}
        paths += [f"{by_name}.{name}" for name in sorted(names)]
    found = []
    for path in paths:
        is_by_name = path.rpartition(".")[0] in _BY_NAME
        absent = (
            0 if is_by_name else None
        )  # only the zeros of maps by name may be left out
        is_, should = _get(actual, path, absent), _get(expected, path, absent)
        if is_ != should or isinstance(is_, bool):
            found.append(_line(path, is_, should))
    return found + list(violations(actual))


def topic_differences(actual: dict, expected: dict) -> list[str]:
    """Differences in `topics` (topic -> {"events", "bytes"}), for every topic that is in one of
    them.
    """
    found = []
    for topic in sorted({*actual, *expected}):
        for key in ("events", "bytes"):
            is_, should = (side.get(topic, {}).get(key, 0) for side in (actual, expected))
            if is_ != should:
                found.append(_line(f"topics.{topic}.{key}", is_, should))
    return found


def producer_differences(actual: dict, expected: dict) -> list[str]:
    """Differences in `producers` (producer -> figures). Both must have the same producers, with
    equal figures; figures that are None in the expectation are not compared.
    """
    found = []
    for producer in sorted({*actual, *expected}, key=int):
        sides = actual.get(producer), expected.get(producer)
        if None in sides:
            what = "expected, and absent" if sides[0] is None else "unexpected"
            found.append(f"producers.{producer}: {what}")
            continue
        for key, should in sides[1].items():
            if should is not None and sides[0].get(key) != should:
                found.append(_line(f"producers.{producer}.{key}", sides[0].get(key), should))
    return found


def violations(ledger: dict) -> Iterator[str]:
    """What is wrong with the ledger of a drained appliance, without another to compare it with: the
    equations, in_flight, and `balanced`.
    """
    frames, packets = ledger.get("frames", {}), ledger.get("packets", {})
    named = ("delivered", "control", "duplicate", "stale", "in_flight")
    parts = [frames.get(name, 0) for name in named]
    dead = frames.get("dead_lettered", {})
    total = sum(parts) + dead.get("durable", 0) + sum(frames.get("dropped", {}).values())
    if frames.get("received") != total:
        yield f"frames do not balance: received {frames.get('received')}, accounted for {total}"
    copies = sum(frames.get("duplicate_by", {}).values())
    if frames.get("duplicate") != copies:
        yield f"duplicate is {frames.get('duplicate')}, and by what tells them {copies}"
    letters = sum(dead.get("by_reason", {}).values())
    if dead.get("durable", 0) != letters:
        yield f"dead_lettered.durable is {dead.get('durable')}, and by reason {letters}"
    parts = [packets.get(name, 0) for name in ("datagrams", "reassembled", "in_flight")]
    total = (
        sum(parts)
        + sum(packets.get("non_event", {}).values())
        + sum(packets.get("dropped", {}).values())
    )
    if packets.get("received") != total:
        yield f"packets do not balance: received {packets.get('received')}, accounted for {total}"
    streams = ledger.get("streams", {})
    total = sum(streams.get("closed", {}).values()) + streams.get("open", 0)
    if streams.get("accepted", 0) != total:
        yield f"streams do not balance: accepted {streams['accepted']}, accounted for {total}"
    for name, side in (("frames", frames), ("packets", packets)):
        if side.get("in_flight") != 0:
            yield f"{name}.in_flight is {side.get('in_flight')}, and must be 0 after a drain"
    if ledger.get("balanced") is not True:
        yield f"balanced is {ledger.get('balanced')}"


def _names(ledger: dict, path: str) -> Iterable[str]:
    found = _get(ledger, path, {})
    return found if isinstance(found, dict) else ()


def _get(ledger: dict, path: str, absent: object) -> object:
    value: object = ledger
    for key in path.split("."):
        if not isinstance(value, dict) or key not in value:
            return absent
        value = value[key]
    return value


def _line(path: str, actual: object, expected: object) -> str:
    def shown(value: object) -> str:
        return "absent" if value is None else str(value)

    delta = ""
    if isinstance(actual, int) and isinstance(expected, int):
        delta = f"  ({actual - expected:+})"
    return f"{path}: {shown(actual)}, expected {shown(expected)}{delta}"
