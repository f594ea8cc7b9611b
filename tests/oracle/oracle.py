#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Computes what the ledger must be after the appliance has received the packets of some capture
files.
"""

import argparse
import json
import sys
import tomllib
from pathlib import Path

from esc_oracle.capture import CaptureError, read_packets
from esc_oracle.configuration import read_bindings, read_replay_sources, read_routes
from esc_oracle.frame import FrameRules
from esc_oracle.identity import OrderMatters, Producers
from esc_oracle.ledger import Expectation
from esc_oracle.packet import PacketRules


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("captures", nargs="+", metavar="PCAP", help="pcap or pcapng, Ethernet")
    parser.add_argument("--udp-port", type=int, action="append", required=True, help="repeatable")
    parser.add_argument("--checksum", choices=("verify", "nic", "off"), default="verify")
    parser.add_argument(
        "--route", action="append", default=[], metavar="TOPIC=HANDLER", help="repeatable"
    )
    parser.add_argument(
        "--routes-from", metavar="CONFIG.toml", help="take routes and producers of a configuration"
    )
    parser.add_argument("--max-frame-bytes", type=int, default=FrameRules().max_frame_bytes)
    parser.add_argument("--max-topic-bytes", type=int, default=FrameRules().max_topic_bytes)
    parser.add_argument("--passes", type=int, default=1, help="how often each capture is played")
    parser.add_argument(
        "--packets",
        type=int,
        metavar="N",
        help="the first N packets of one capture that is repeated without end",
    )
    parser.add_argument(
        "--window", type=int, default=0, metavar="W", help="numbered events are judged; 0: are not"
    )
    parser.add_argument("--max-producers", type=int, metavar="N", help="producers that have room")
    parser.add_argument(
        "--side-by-side",
        action="store_true",
        help="each capture came by a port of its own, and nobody knows how they took turns",
    )
    parser.add_argument(
        "--skew",
        type=int,
        metavar="N",
        help="with --side-by-side: numbers of a producer by which one port may be ahead of another",
    )
    options = parser.parse_args(arguments)
    if options.packets is not None and (len(options.captures) > 1 or options.passes != 1):
        parser.error("--packets goes with one capture and without --passes")
    if options.side_by_side and (options.packets is not None or options.passes != 1):
        parser.error("--side-by-side goes without --packets and --passes")
    if options.skew is not None and not options.side_by_side:
        parser.error("--skew goes with --side-by-side")
    return options


def read_config(options: argparse.Namespace) -> dict:
    """The configuration, with the routes of the command line added. A topic may contain "=": the
    handler follows the last one.
    """
    config: dict = {}
    if options.routes_from:
        config = tomllib.loads(Path(options.routes_from).read_text(encoding="utf-8"))
    for text in options.route:
        topic, equals, handler = text.rpartition("=")
        if not equals:
            raise ValueError(f'"{text}" is not TOPIC=HANDLER')
        config.setdefault("route", []).append({"topic": topic, "handler": handler})
    return config


def expect(options: argparse.Namespace) -> Expectation:
    config = read_config(options)
    expectation = Expectation(
        FrameRules(options.max_frame_bytes, options.max_topic_bytes),
        read_routes(config),
        Producers(options.window, options.max_producers) if options.window else None,
        read_bindings(config),
        replay_sources=read_replay_sources(config),
    )
    rules = PacketRules(frozenset(options.udp_port), options.checksum)
    if options.side_by_side:
        ports = [(read_packets(capture), rules) for capture in options.captures]
        expectation.add_side_by_side(ports, options.skew)
        return expectation
    for capture in options.captures:
        if options.packets is None:
            expectation.add_packets(read_packets(capture), rules, options.passes)
        else:
            expectation.add_endless(list(read_packets(capture)), rules, options.packets)
    return expectation


def main(arguments: list[str]) -> int:
    options = parse_arguments(arguments)
    try:
        ledger = expect(options).ledger()
    except (CaptureError, OrderMatters, OSError, ValueError) as error:
        print(f"oracle: {error}", file=sys.stderr)
        return 2
    json.dump(ledger, sys.stdout, indent=2, ensure_ascii=False)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
