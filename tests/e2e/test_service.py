# SPDX-License-Identifier: BSD-3-Clause
"""deploy/systemd/escd@.service under systemd, in a machine of its own: what it lets escd do, and
what it makes of an escd that ends."""

import re
from pathlib import Path

import harness
import traffic
from guest_appliance import HUGEPAGES, INSTANCE, Card, GuestScenario
from harness import Config, Lcores, Port

KERNEL = Card(4, "virtio-net-pci")  # of those there are, the one whose driver has native XDP
DPDK = Card(5, "e1000e")
SMALL = {"rings": {"ingest_cells": 1024, "worker_cells": 1024}}
FRAMES = 2_000


def config(device: str) -> Config:
    return Config([Port(device)], traffic.ROUTES, Lcores([0], 1, [1]), SMALL, eal_args=())


class Service(GuestScenario):
    CARDS = (KERNEL, DPDK)

    def check_kernel_interface(self, device: str) -> None:
        """Under the capabilities, the file system and the system calls that the unit leaves it."""
        interface = self.interface(KERNEL)
        self.must_run("sysctl", "-w", f"net.ipv6.conf.{interface}.disable_ipv6=1")
        self.must_run("ip", "link", "set", interface, "up")
        self.addCleanup(self.must_run, "ip", "link", "set", interface, "down")
        self.deliver(config(device.format(interface=interface)), KERNEL)

    def interface(self, card: Card) -> str:
        """The kernel's name of the card."""
        find = (
            f"ls -d /sys/bus/pci/devices/{card.address}/net/* /sys/bus/pci/devices/*/virtio*/net/*"
        )
        named = [
            path for path in self.guest.run("sh", "-c", find).stdout.split() if card.address in path
        ]
        self.assertEqual(len(named), 1, named)
        return Path(named[0]).name

    def deliver(self, configured: Config, card: Card) -> None:
        self.configure(configured)
        self.start_service()
        packets = traffic.uniform(FRAMES)
        expectation = configured.expectation()
        expectation.add_packets(packets, configured.ports[0].rules())
        self.send({card: packets})
        self.assert_ledger(self.stop_service(), expectation)

    def test_af_packet(self) -> None:
        self.check_kernel_interface("net_af_packet0,iface={interface}")

    def test_af_xdp(self) -> None:
        self.check_kernel_interface("net_af_xdp0,iface={interface}")

    def test_af_xdp_on_a_driver_without_xdp(self) -> None:
        interface = self.interface(DPDK)
        self.must_run("ip", "link", "set", interface, "up")
        self.addCleanup(self.must_run, "ip", "link", "set", interface, "down")
        path = self.configure(config(f"net_af_xdp0,iface={interface}"))
        said = self.refused(4, "escd", "--config", path)
        self.assertIn('port "net_af_xdp0": RX queue 0 was refused', said)
        self.assertIn("no XDP of its own, take net_af_packet", said)

    def test_a_killed_escd_is_started_again(self) -> None:
        """On hugepages, though those of the killed one are all there are."""
        self.bind(DPDK)
        configured = config(DPDK.address)
        configured.sections = SMALL | {"memory": {"hugepages": "require"}}
        needed = re.search(
            r"EAL take (\d+) MiB of hugepages",
            self.must_run("escd", "--config", self.configure(configured), "--check"),
        )
        self.set_hugepages(-(-int(needed[1]) // 2))
        self.addCleanup(self.set_hugepages, HUGEPAGES)
        self.start_service()
        killed = self.main_pid()
        self.must_run("systemctl", "kill", "--signal", "KILL", f"escd@{INSTANCE}")
        self.wait_until(
            lambda: self.main_pid() not in ("0", killed) and self.escctl("health").status == 0,
            "escd is running again",
            60.0,
        )
        packets = traffic.uniform(FRAMES)
        expectation = configured.expectation()
        expectation.add_packets(packets, configured.ports[0].rules())
        self.send({DPDK: packets})
        self.assert_ledger(self.stop_service(), expectation)

    def test_a_configuration_that_is_not_fit_is_not_tried_again(self) -> None:
        configured = config(DPDK.address)
        configured.sections = SMALL | {"limits": {"no_such_key": 1}}
        path = self.configure(configured)
        self.must_run("systemctl", "start", f"escd@{INSTANCE}")
        self.wait_until(lambda: self.show("ActiveState") == "failed", "escd has ended", 30.0)
        self.assertEqual(self.show("ExecMainStatus"), "3")
        self.assertEqual(self.show("NRestarts"), "0")
        self.assertIn(f"{path}:", self.journal())
        self.assertIn("unknown key 'no_such_key' in [limits]", self.journal())
        self.must_run("systemctl", "reset-failed", f"escd@{INSTANCE}")

    def set_hugepages(self, pages: int) -> None:
        self.must_run("sysctl", "-w", f"vm.nr_hugepages={pages}")

    def main_pid(self) -> str:
        return self.show("MainPID")

    def show(self, key: str) -> str:
        return self.must_run(
            "systemctl", "show", f"escd@{INSTANCE}", "--property", key, "--value"
        ).strip()


if __name__ == "__main__":
    harness.main()
