# SPDX-License-Identifier: BSD-3-Clause
"""Reads routes and permitted senders from a configuration (docs/configuration.md)."""

from collections.abc import Mapping

from .keys import KeyRule
from .routes import Route, Routes
from .senders import Prefixes


def read_routes(document: Mapping) -> Routes:
    """The [[route]] tables, and [default_route] if events with unknown topics go there."""
    listed = document.get("route", [])
    routes = {table["topic"].encode(): _route(table) for table in listed}
    if len(routes) < len(listed):
        raise ValueError("two routes have one topic")
    unknown = document.get("routing", {}).get("unknown_topic")
    return Routes(routes, _route(document["default_route"]) if unknown == "route" else None)


def read_bindings(document: Mapping) -> dict[int, Prefixes]:
    """The permitted sources of each producer that has a [[producer]] table."""
    return {
        int(str(table["id"]), 0): Prefixes(table["sources"])
        for table in document.get("producer", [])
    }


def read_replay_sources(document: Mapping) -> Prefixes | None:
    """The permitted sources of replayed dead letters; None: there are none."""
    sources = document.get("replay", {}).get("sources")
    return Prefixes(sources) if sources else None


def _route(table: Mapping) -> Route:
    keyed = table.get("dedup", "none") != "none"
    publishers = table.get("publishers")
    return Route(
        table["handler"],
        KeyRule(table.get("dedup_offset", 0), table.get("dedup_bytes", 0)) if keyed else None,
        Prefixes(publishers) if publishers else None,
    )
