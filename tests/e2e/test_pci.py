# SPDX-License-Identifier: BSD-3-Clause
"""escd and esc-replay on PCI network cards: emulated ones of four kinds, in a machine of their own,
bound with deploy/bind-port and run by deploy/systemd."""

import dataclasses
import json
import unittest
from pathlib import Path

import harness
import traffic
from esc_oracle.capture import read_packets
from guest_appliance import DEPLOY, INSTANCE, Card, GuestScenario
from harness import Config, Lcores, Port

INTEL = Card(4, "e1000e")
VIRTIO = Card(5, "virtio-net-pci")
VMWARE = Card(6, "vmxnet3")
OLD_INTEL = Card(7, "e1000")
CARDS = (INTEL, VIRTIO, VMWARE, OLD_INTEL)  # bound to vfio-pci for all tests
SPARE = Card(8, "e1000")  # the kernel's, unless a test binds it
SHORTEST_FRAME = 60  # a wire carries none that is shorter; cards differ in who pads it
SMALL = {"rings": {"ingest_cells": 4096, "worker_cells": 1024}}  # and so the pools
PASSES = 3
TRACE = "/opt/guest/trace.pcap"


# An emulated machine is slow, and a sanitizer in it many times slower. Here the sanitizer only has
# to watch the path of the frames.
plain_build = unittest.skipIf(harness.SANITIZED, "shown by the plain build")


def config(*cards: Card, rx_queues: int = 1) -> Config:
    ports = [Port(card.address, more={"rx_queues": rx_queues}) for card in cards]
    rx = [0, 1] if len(cards) * rx_queues > 1 else [0]
    return Config(ports, traffic.ROUTES, Lcores(rx, 1, [1]), SMALL, eal_args=())


def taken_by(card: Card) -> list[bytes]:
    """In a plain build each card takes every malformed packet. A sanitizer sees each of them once:
    the cards share them.
    """
    if not harness.SANITIZED:
        return traffic.with_malformed(6_000, seed=card.slot)
    share = traffic.malformed()[CARDS.index(card) :: len(CARDS)]
    return traffic.mixed(400, seed=card.slot) + share


def on_the_wire(packets: list[bytes]) -> list[bytes]:
    return [packet.ljust(SHORTEST_FRAME, b"\0") for packet in packets]


class PciPorts(GuestScenario):
    CARDS = (*CARDS, SPARE)

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.must_run(f"{DEPLOY}/bind-port", *(card.address for card in CARDS))

    @classmethod
    def more_files(cls) -> dict[str, tuple[Path, int]]:
        cls.trace, cls.topics = cls.place / "trace.pcap", cls.place / "topics"
        # PASSES of it are fewer than the 10,000 packets that QEMU keeps for a slow reader.
        shape = ["--packets", "3000", "--sessions", "8", "--frames-per-datagram", "1-4"]
        spoiled = ["--malformed", "topic_not_utf8=0.05,bad_udp_checksum=0.05,arp=0.02"]
        build = [harness.binary("ESC_REPLAY"), "build", "--out", str(cls.trace), *shape, *spoiled]
        harness.run_to_end(*build, "--vlan", "1")
        return {TRACE: (cls.trace, 0o644)}

    def test_frames_of_four_cards(self) -> None:
        """Nine in ten of them sound. The checksums are judged by the card where it can."""
        # The cards' malformed packets have producers in common: what is a copy of what would depend
        # on their turns.
        configured = dataclasses.replace(config(*CARDS), window=None)
        self.configure(configured)
        self.start_service()
        packets = {card: on_the_wire(taken_by(card)) for card in CARDS}
        expectation = configured.expectation()
        for card, port in zip(CARDS, configured.ports, strict=True):
            expectation.add_packets(packets[card], port.rules())
        self.send(packets)
        self.assert_ledger(self.stop_service(), expectation)

    @plain_build
    def test_two_queues_of_a_card_that_does_not_spread(self) -> None:
        """It is said, and everything is taken all the same."""
        configured = config(INTEL, rx_queues=2)
        self.configure(configured)
        self.start_service()
        packets = on_the_wire(traffic.mixed(6_000, seed=71))
        expectation = configured.expectation()
        expectation.add_packets(packets, configured.ports[0].rules())
        self.send({INTEL: packets})
        self.assertIn(f'port "{INTEL.address}": net_e1000_em does not spread', self.journal())
        self.assert_ledger(self.stop_service(), expectation)

    @plain_build
    def test_esc_replay_sends_through_each_card(self) -> None:
        packets = list(read_packets(self.trace))
        rules = config(INTEL).ports[0].rules()
        # Each pass has numbers of its own: none of them is seen twice.
        expectation = dataclasses.replace(config(), window=None).expectation()
        for _ in range(PASSES):
            expectation.add_packets(packets, rules)
        for card in CARDS:
            with self.subTest(card.model):
                self.replay(card, packets)
                sent = self.guest.wires[card.slot].received()
                first = [frame[: len(packet)] for frame, packet in zip(sent, packets)]
                self.assertEqual(first, packets)
                found = dataclasses.replace(config(), window=None).expectation()
                found.add_packets(sent, rules)
                self.assertEqual(found.ledger(), expectation.ledger())

    def replay(self, card: Card, packets: list[bytes]) -> None:
        """Everything that the guest's kernel sent on the wire before is forgotten."""
        wire = self.guest.wires[card.slot]
        wire.forget()
        send = ("esc-replay", "send", TRACE, "--quiet", "--json", "--loop", str(PASSES))
        said = self.must_run(*send, "--port", card.address)
        self.assertEqual(json.loads(said)["packets"], PASSES * len(packets))
        self.wait_until(
            lambda: len(wire.received()) >= PASSES * len(packets),
            f"all packets of {card.model} are on the wire",
            60.0,
        )

    @plain_build
    def test_a_port_that_cannot_be_had(self) -> None:
        path = self.configure(config(SPARE))
        other = self.configure(config(SPARE), "other")
        unbound = f"PCI device {SPARE.address} is bound to kernel driver 'e1000'"
        fix = f"deploy/bind-port {SPARE.address}"
        self.assertIn(f"{unbound}; {fix}", self.refused(4, "escd", "--config", path, "--check"))
        self.assertIn(f"{unbound}; {fix}", self.refused(4, "escd", "--config", path))
        send = ("esc-replay", "send", TRACE, "--port")
        self.assertIn(f"{unbound}; {fix}", self.refused(1, *send, SPARE.address))
        self.assertIn("there is no PCI device 0000:00:1e.0", self.refused(1, *send, "00:1e.0"))

        self.bind(SPARE)
        self.start_service()
        # That it runs is all that is held against its own configuration.
        said = self.refused(4, "escd", "--config", path, "--check")
        self.assertIn("instance already running", said)
        self.assertIn("1 error: escd would not start", said)
        used = f"PCI device {SPARE.address} is in use: another process has its IOMMU group"
        self.assertIn(used, self.refused(4, "escd", "--config", other, "--check"))
        self.assertIn(used, self.refused(4, "escd", "--config", other))
        self.assertIn(used, self.refused(1, *send, SPARE.address))
        self.assert_sound(self.stop_service())

    @plain_build
    def test_a_port_is_bound_and_given_back(self) -> None:
        device = f"/sys/bus/pci/devices/{SPARE.address}"
        interface = self.must_run("ls", f"{device}/net").strip()
        bind = (f"{DEPLOY}/bind-port", SPARE.address)

        self.must_run("ip", "address", "add", "10.8.0.1/24", "dev", interface)
        self.must_run("ip", "link", "set", interface, "up")
        self.must_run("ip", "route", "add", "default", "via", "10.8.0.2", "dev", interface)
        self.assertIn("carries the default route", self.refused(1, *bind))
        self.must_run("ip", "route", "delete", "default")
        said = self.must_run(*bind, "--dry-run")
        self.assertIn(f"would run: dpdk-devbind.py --force --bind=vfio-pci {device[-12:]}", said)
        self.assertEqual(self.driver(SPARE), "e1000")

        self.addCleanup(self.guest.run, f"{DEPLOY}/unbind-port", SPARE.address)
        self.must_run(*bind)
        self.assertEqual(self.driver(SPARE), "vfio-pci")
        self.assertIn("already bound to vfio-pci", self.must_run(*bind))
        self.must_run(f"{DEPLOY}/unbind-port", SPARE.address)
        self.assertEqual(self.driver(SPARE), "e1000")
        self.assertNotEqual(self.must_run("ls", f"{device}/net").strip(), "")
        self.assertIn("was not bound", self.refused(1, f"{DEPLOY}/unbind-port", SPARE.address))


if __name__ == "__main__":
    harness.main()
