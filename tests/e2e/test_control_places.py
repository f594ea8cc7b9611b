# SPDX-License-Identifier: BSD-3-Clause
"""A thousand connections to the control socket, silent or in the middle of a line, while requests
for the appliance's health are still answered.
"""

import json
import socket

import harness
import traffic
from harness import Config, Lcores, Port

CONNECTIONS = 1_000
PROBE_EVERY = 100


class ControlPlaces(harness.Scenario):
    def setUp(self) -> None:
        device = traffic.pcap_device(0, self.directory / "t.pcap", traffic.uniform(10))
        self.escd = self.start_escd(Config([Port(device)], traffic.ROUTES, Lcores.folded()))
        self.escd.wait_until_running()
        self.held: list[socket.socket] = []
        self.addCleanup(lambda: [one.close() for one in self.held])

    def connect(self, first: bytes = b"") -> socket.socket:
        one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        one.settimeout(20)
        one.connect(str(self.escd.socket_path))
        try:
            one.sendall(first)
        except BrokenPipeError:
            pass  # it gave way before it had said anything
        self.held.append(one)
        return one

    def test_a_thousand_connections(self) -> None:
        health = b'{"protocol":2,"command":"health"}\n'
        for number in range(1, CONNECTIONS + 1):
            self.connect((b"", b'{"command":"led', b"{")[number % 3])
            if number % PROBE_EVERY != 0:
                continue
            self.assertTrue(self.escd.healthy(), f"escctl health, with {number} connections open")
            # And from the very process that opens them.
            with self.connect(health).makefile("rb") as answers:
                self.assertIs(json.loads(answers.readline())["result"]["healthy"], True)
        self.assertTrue(self.escd.healthy())
        self.escd.stop()


if __name__ == "__main__":
    harness.main()
