# SPDX-License-Identifier: BSD-3-Clause
"""The addresses from which events may come: "Publishers and producers" of docs/routing.md."""

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def sender(source: bytes) -> Address:
    """The address in an IP header's 4 or 16 bytes; an IPv4-mapped one counts as that of IPv4."""
    address = ipaddress.ip_address(source)
    mapped = address.ipv4_mapped if address.version == 6 else None
    return mapped or address


class Prefixes:
    """A set of prefixes, such as "10.0.0.0/8", "2001:db8::/32", or one address."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._networks = [ipaddress.ip_network(text) for text in texts]

    def __contains__(self, address: Address | None) -> bool:
        """Whether the address is in one of the prefixes. None, an unknown address, is in none."""
        # A network has no address of the other family.
        return address is not None and any(address in network for network in self._networks)
