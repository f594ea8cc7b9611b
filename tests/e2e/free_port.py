# SPDX-License-Identifier: BSD-3-Clause
"""TCP ports for tests."""

import socket


def free_port(family: socket.AddressFamily = socket.AF_INET) -> int:
    """One of the loopback address on which nobody listens now."""
    with socket.socket(family) as one:
        one.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
        return one.getsockname()[1]
