# SPDX-License-Identifier: BSD-3-Clause
"""The scenarios for a port on a kernel interface; test_af_packet.py and test_af_xdp.py say which
driver.

The sender is a plain UDP socket in another network namespace, and its own list of what it sent is
the oracle.
"""

import random
import signal

import harness
import traffic
from control_client import ControlClient
from harness import Config, Escd, Lcores, Port
from network import MTU, Send, VethPair, expect

WINDOW_DATAGRAMS = 100  # far fewer than either driver's ring holds, cut into fragments or not
OVERLOAD_DATAGRAMS = 20_000  # far more than any of the kernel's rings holds


def some_datagrams(count: int) -> list[Send]:
    """Sound and unsound frames, empty datagrams, another port, and datagrams that the kernel must
    cut."""
    chooser, numbers = random.Random(41), traffic.Numbers(41)
    bad = [payload for _, payload, _ in traffic.catalogue.DATAGRAMS if len(payload) <= MTU - 28]
    datagrams = []
    for _ in range(count):
        kind = chooser.choices(("events", "bad", "empty", "elsewhere", "large"), (85, 8, 3, 3, 1))[
            0
        ]
        payload = traffic.events(chooser, 1400, numbers)
        if kind == "bad":
            payload = chooser.choice(bad)
        elif kind == "empty":
            payload = b""
        elif kind == "large":
            payload = traffic.craft.frame(
                traffic.TOPICS[0], bytes(chooser.choice((1500, 3000, 9000)))
            )
        datagrams.append(Send(payload, 9002 if kind == "elsewhere" else 9001))
    return datagrams


class KernelSender(harness.Scenario):
    """device: the port's device string for an interface. kernel_joins: as network.expect() has
    it."""

    device = ""
    kernel_joins = 0

    def start(self) -> tuple[VethPair, Config, Escd]:
        pair = VethPair(self)
        port = Port(self.device.format(interface=pair.interface))
        config = Config([port], traffic.ROUTES, Lcores.folded())
        escd = self.start_escd(config, namespace=pair.receiver)
        escd.wait_until_running()
        return pair, config, escd

    def check_every_datagram(self) -> None:
        pair, config, escd = self.start()
        datagrams = some_datagrams(20_000)
        expectation = expect(config, datagrams, kernel_joins=self.kernel_joins)
        sent = 0
        with ControlClient(escd.socket_path) as client, pair.sending(datagrams) as more:
            for begin in range(0, len(datagrams), WINDOW_DATAGRAMS):
                window = datagrams[begin : begin + WINDOW_DATAGRAMS]
                sent += expect(config, window, kernel_joins=self.kernel_joins).packets_received
                more(len(window))
                self.wait_until(
                    lambda: client.ask("ledger")["packets"]["received"] >= sent,
                    f"{sent} packets are there",
                    20.0,
                )
        self.assert_ledger(escd.stop(), expectation)

    def check_drops_of_the_kernel_are_shown(self) -> None:
        """escd is stopped while the kernel's rings overflow: sent = received + what the port
        reports as missed."""
        pair, config, escd = self.start()
        datagrams = [Send(traffic.craft.frame(traffic.TOPICS[1], b"payload"))] * OVERLOAD_DATAGRAMS
        escd.signal(signal.SIGSTOP)
        pair.send(datagrams)
        escd.signal(signal.SIGCONT)
        escd.wait_for_packets(len(datagrams))
        ledger = escd.stop()
        missed = ledger["packets"]["imissed"]
        self.assertGreater(ledger["packets"]["received"], 0)
        self.assertGreater(
            missed, 0, f"the overload did not overflow anything:\n{pair.interface_drops()}"
        )
        self.assert_ledger(ledger, expect(config, datagrams[missed:]), allowed=["imissed"])
