#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Prints a ledger file for people, with a summary, and checks its sums anew instead of trusting
what it says of itself.

Exit status: 0 when it balances and shows at least one delivered frame, 1 when not, 2 when it cannot
be read.
"""

import argparse
import json
import re
import sys


def frames_accounted(frames):
    """The right-hand side of the frames' equation."""
    return (
        frames["delivered"]
        + frames["control"]
        + frames["duplicate"]
        + frames["stale"]
        + frames["dead_lettered"]["durable"]
        + sum(frames["dropped"].values())
        + frames["in_flight"]
    )


def packets_accounted(packets):
    """The right-hand side of the packets' equation."""
    return (
        packets["datagrams"]
        + packets["reassembled"]
        + sum(packets["non_event"].values())
        + sum(packets["dropped"].values())
        + packets["in_flight"]
    )


def rows(title, values, indent="  "):
    yield f"{indent}{title}"
    for name, value in values.items():
        if isinstance(value, dict):
            if any(value.values()):
                yield from rows(
                    name, {key: each for key, each in value.items() if each}, indent + "  "
                )
        else:
            yield f"{indent}  {name:<{32 - len(indent)}} {value:>18,}"


def problems(ledger):
    """Everything that is wrong with the sums, as sentences."""
    frames, packets = ledger["frames"], ledger["packets"]
    if frames["received"] != frames_accounted(frames):
        yield f"frames: {frames['received']} received, {frames_accounted(frames)} accounted for"
    if packets["received"] != packets_accounted(packets):
        yield f"packets: {packets['received']} received, {packets_accounted(packets)} accounted for"
    streams = ledger["streams"]
    ended = sum(streams["closed"].values()) + streams["open"]
    if streams["accepted"] != ended:
        yield f"streams: {streams['accepted']} accepted, {ended} accounted for"
    if frames["in_flight"] or packets["in_flight"]:
        left = f"{frames['in_flight']} frames, {packets['in_flight']} packets"
        yield f"in flight after the drain: {left}"
    if ledger["balanced"] is not True:
        yield "escd itself says that it does not balance"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ledger")
    parser.add_argument("--seconds", type=_seconds, help="how long the run took, for the rate")
    options = parser.parse_args(arguments)
    try:
        with open(options.ledger, encoding="utf-8") as file:
            ledger = json.load(file)
        frames, packets, wrong = ledger["frames"], ledger["packets"], list(problems(ledger))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"error: {options.ledger} is not a ledger: {error!r}", file=sys.stderr)
        return 2

    print("Ledger")
    print("\n".join([*rows("frames", frames), *rows("packets", packets)]))
    if ledger["streams"]["accepted"] or ledger["streams"]["refused"]:
        print("\n".join(rows("streams", ledger["streams"])))
    print("Summary")
    if options.seconds:
        print(
            f"  {frames['delivered'] / options.seconds / 1e6:.2f} million events a second "
            f"delivered, for {options.seconds:g} s"
        )
    dropped = sum(frames["dropped"].values()) + sum(packets["dropped"].values())
    lost = packets["imissed"] + packets["rx_nombuf"] + packets["ierrors"]
    print(
        f"  {frames['received']:,} frames received, {frames['delivered']:,} delivered, "
        f"{dropped:,} frames or packets dropped, "
        f"{lost:,} packets never reached the appliance"
    )
    if frames["delivered"] == 0:
        wrong.append("no event was delivered")
    for each in wrong:
        print(f"  NOT IN ORDER: {each}")
    if not wrong:
        print("  The ledger balances: every frame and every packet is accounted for.")
    return 1 if wrong else 0


def _seconds(text):
    value = float(text) if re.fullmatch("[0-9.]{1,12}", text, re.ASCII) else 0
    if value <= 0:
        raise argparse.ArgumentTypeError("a number above 0")
    return value


if __name__ == "__main__":
    sys.exit(main())
