# SPDX-License-Identifier: BSD-3-Clause
"""Tests the programs of deploy/ on a made-up machine: a sysfs in a temporary directory, and
replacements for the programs that they call.
"""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
PORT, OTHER = "0000:01:00.0", "0000:02:00.0"

# Changes the made-up sysfs as the real program changes the kernel's, for `--bind=DRIVER PCI` and
# `--unbind PCI`.
DEVBIND = """#!/bin/bash
driver= pci=
for word in "$@"; do
  case $word in
    --bind=*) driver=${word#--bind=} ;;
    --*) ;;
    *) pci=$word ;;
  esac
done
rm -f "$ESC_ROOT/sys/bus/pci/devices/$pci/driver"
[ -z "$driver" ] || ln -s "../drivers/$driver" "$ESC_ROOT/sys/bus/pci/devices/$pci/driver"
"""
IP = """#!/bin/bash
case "$*" in
  "-o route show default") echo "default via 10.0.0.1 dev bond0 proto dhcp" ;;
  "-o address show to 10.0.0.9") echo "3: ssh0    inet 10.0.0.9/24 scope global ssh0" ;;
esac
"""

# Prints the file `ss` of the made-up machine, which has what `ss -Hatnp` would print.
SS = """#!/bin/sh
[ "$*" != -Hatnp ] || [ ! -e "$ESC_ROOT/ss" ] || cat "$ESC_ROOT/ss"
"""


class Unit(unittest.TestCase):
    """Compares the service unit with the meaning of escd's exit codes."""

    def setUp(self):
        self.lines = (DEPLOY / "systemd/escd@.service").read_text(encoding="utf-8").splitlines()

    def value(self, key):
        values = [line.partition("=")[2] for line in self.lines if line.startswith(f"{key}=")]
        self.assertEqual(len(values), 1, key)
        return values[0]

    def test_what_does_not_get_better_is_not_tried_again(self):
        codes = (DEPLOY.parent / "app/escd/exit_codes.hpp").read_text(encoding="utf-8")
        hopeless = re.findall(r"kExit(?:Usage|Config) = (\d+)", codes)
        self.assertEqual(len(hopeless), 2)
        self.assertEqual(self.value("RestartPreventExitStatus").split(), hopeless)

    def test_nothing_fails_before_the_main_process(self):
        """RestartPreventExitStatus looks at the main process only."""
        self.assertEqual([line for line in self.lines if line.startswith("ExecStartPre")], [])

    def test_what_might_get_better_is_tried_a_few_times(self):
        self.assertEqual(self.value("StartLimitBurst"), "5")
        self.assertEqual(self.value("StartLimitIntervalSec"), "60s")
        self.assertLess(self.lines.index("StartLimitBurst=5"), self.lines.index("[Service]"))


class Deploy(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name, "a machine")  # a blank in the path, on purpose
        self.tools = Path(folder.name, "bin")
        self.tools.mkdir()
        for name, text in [
            ("dpdk-devbind.py", DEVBIND),
            ("ip", IP),
            ("ss", SS),
            ("modprobe", "#!/bin/sh\n"),
            ("systemctl", "#!/bin/sh\n"),
            ("id", "#!/bin/sh\necho 0\n"),
        ]:
            path = self.tools / name
            path.write_text(text, encoding="utf-8")
            path.chmod(0o755)
        self.device(PORT, "ixgbe", "eth1", group=1)
        self.device(OTHER, "e1000e", "eth2", group=2)

    def device(self, pci, driver, interface, group):
        device = self.root / "sys/bus/pci/devices" / pci
        (device / "net" / interface).mkdir(parents=True)
        (device / "class").write_text("0x020000\n")
        (device / "driver").symlink_to(f"../drivers/{driver}")
        members = self.root / f"sys/kernel/iommu_groups/{group}/devices"
        members.mkdir(parents=True, exist_ok=True)
        (members / pci).symlink_to(device)
        (device / "iommu_group").symlink_to(members.parent)
        net = self.root / "sys/class/net" / interface
        net.mkdir(parents=True)
        (net / "device").symlink_to(f"../../../bus/pci/devices/{pci}")

    def virtio_device(self, pci, interface, group):
        """Like device(), but the interface belongs to a child device of the card."""
        self.device(pci, "virtio-pci", interface, group)
        device = self.root / "sys/bus/pci/devices" / pci
        (device / "virtio0").mkdir()
        (device / "net").rename(device / "virtio0/net")
        link = self.root / "sys/class/net" / interface / "device"
        link.unlink()
        link.symlink_to(f"../../../bus/pci/devices/{pci}/virtio0")

    def uses(self, interface, lower):
        """Makes `interface` one that is built on `lower`, as a bond is on its ports."""
        path = self.root / "sys/class/net" / interface
        path.mkdir(parents=True, exist_ok=True)
        (path / f"lower_{lower}").symlink_to(f"../{lower}")

    def run_it(self, program, *arguments, **environment):
        path = f"{self.tools}:{os.environ['PATH']}"
        return subprocess.run(
            [DEPLOY / program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env={"PATH": path, "ESC_ROOT": str(self.root)} | environment,
        )

    def driver(self, pci=PORT):
        path = self.root / "sys/bus/pci/devices" / pci / "driver"
        return path.readlink().name if path.is_symlink() else None

    def refused(self, done, *words):
        self.assertEqual(done.returncode, 1, done.stdout)
        for word in words:
            self.assertIn(word, done.stdout)
        self.assertEqual(self.driver(), "ixgbe")

    def test_bound_and_given_back(self):
        done = self.run_it("bind-port", "eth1")
        self.assertEqual((done.returncode, self.driver()), (0, "vfio-pci"), done.stdout)
        again = self.run_it("bind-port", "01:00.0")
        self.assertIn("already bound", again.stdout)
        back = self.run_it("unbind-port", PORT)
        self.assertEqual((back.returncode, self.driver()), (0, "ixgbe"), back.stdout)
        self.refused(self.run_it("unbind-port", PORT), "not bound by deploy/bind-port")

    def test_a_virtio_card_that_carries_the_default_route(self):
        virtio = "0000:03:00.0"
        self.virtio_device(virtio, "eth3", group=3)
        self.uses("bond0", "eth3")
        for name in (virtio, "eth3"):
            done = self.run_it("bind-port", name)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn(f"{virtio} is interface eth3, which carries the default", done.stdout)

    def test_a_device_without_a_driver_is_given_back_to_none(self):
        (self.root / "sys/bus/pci/devices" / PORT / "driver").unlink()
        self.assertEqual(self.run_it("bind-port", PORT).returncode, 0)
        self.assertEqual(self.run_it("unbind-port", PORT).returncode, 0)
        self.assertIsNone(self.driver())

    def test_a_dry_run_changes_nothing(self):
        done = self.run_it("bind-port", "--dry-run", PORT)
        self.assertEqual((done.returncode, self.driver()), (0, "ixgbe"), done.stdout)
        self.assertIn(f"would run: dpdk-devbind.py --force --bind=vfio-pci {PORT}", done.stdout)
        self.assertFalse((self.root / "var").exists())

    def test_the_default_route_even_through_a_bond(self):
        self.uses("bond0", "eth1")
        self.refused(self.run_it("bind-port", PORT), "the default route", "--force")
        self.assertEqual(self.run_it("bind-port", OTHER).returncode, 0)
        self.assertEqual(self.run_it("bind-port", "--force", PORT).returncode, 0)

    def test_an_ssh_session(self):
        self.uses("ssh0", "eth1")
        session = "10.0.0.2 50000 10.0.0.9 22"
        self.refused(self.run_it("bind-port", PORT, SSH_CONNECTION=session), "an SSH session")
        self.assertEqual(self.run_it("bind-port", PORT).returncode, 0)

    def sockets(self, *lines):
        self.root.mkdir(exist_ok=True)
        (self.root / "ss").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def test_an_ssh_session_that_the_environment_does_not_show(self):
        """sudo strips SSH_CONNECTION, and sshd need not listen on port 22."""
        self.uses("ssh0", "eth1")
        peer = "10.0.0.2:50000"
        sshd = 'users:(("sshd-session",pid=9,fd=4),("sshd",pid=7,fd=4))'
        listener = 'LISTEN 0 128 0.0.0.0:2222 0.0.0.0:* users:(("sshd",pid=1,fd=3))'
        for case, lines in {
            "a process of sshd": [f"ESTAB 0 0 10.0.0.9:2222 {peer} {sshd}"],
            "dropbear": [f'ESTAB 0 0 10.0.0.9:2222 {peer} users:(("dropbear",pid=7,fd=4))'],
            "mapped, of an interface": [f"ESTAB 0 0 [::ffff:10.0.0.9%ssh0]:2222 {peer} {sshd}"],
            "a port that sshd listens on": [f"ESTAB 0 0 10.0.0.9:2222 {peer}", listener],
            "port 22": [f"ESTAB 0 0 10.0.0.9:22 {peer}"],
        }.items():
            with self.subTest(case):
                self.sockets(*lines)
                self.refused(self.run_it("bind-port", PORT), "an SSH session", "on ssh0")

    def test_a_connection_that_is_no_ssh_session(self):
        self.uses("ssh0", "eth1")
        self.sockets(
            "LISTEN 0 128 10.0.0.9:2222 0.0.0.0:*",
            'LISTEN 0 128 0.0.0.0:2022 0.0.0.0:* users:(("sshd",pid=1,fd=3))',
            'ESTAB 0 0 10.0.0.9:40000 10.0.0.2:22 users:(("ssh",pid=8,fd=3))',
            'ESTAB 0 0 10.0.0.9:443 10.0.0.2:50000 users:(("nginx",pid=8,fd=3))',
        )
        self.assertEqual(self.run_it("bind-port", PORT).returncode, 0)

    def test_no_iommu(self):
        subprocess.run(["rm", "-rf", self.root / "sys/kernel/iommu_groups"], check=True)
        self.refused(self.run_it("bind-port", PORT), "no IOMMU", "intel_iommu=on")
        unsafe = self.root / "sys/module/vfio/parameters/enable_unsafe_noiommu_mode"
        unsafe.parent.mkdir(parents=True)
        unsafe.write_text("Y\n")
        self.assertEqual(self.run_it("bind-port", PORT).returncode, 0)

    def test_a_shared_iommu_group(self):
        members = self.root / "sys/kernel/iommu_groups/1/devices"
        (members / OTHER).symlink_to(self.root / "sys/bus/pci/devices" / OTHER)
        self.refused(self.run_it("bind-port", PORT), "shares its IOMMU group", "e1000e")

    def test_what_is_no_port(self):
        self.refused(self.run_it("bind-port", "0000:09:00.0"), "no PCI device")
        self.refused(self.run_it("bind-port", "eth9"), "neither a PCI address")
        (self.root / "sys/bus/pci/devices" / PORT / "class").write_text("0x010000\n")
        self.refused(self.run_it("bind-port", PORT), "not a network device")

    def test_a_bifurcated_driver(self):
        driver = self.root / "sys/bus/pci/devices" / OTHER / "driver"
        driver.unlink()
        driver.symlink_to("../drivers/mlx5_core")
        self.refused(self.run_it("bind-port", OTHER), "beside the kernel's driver")

    def knob(self, node, pages, kib=2048):
        path = (
            self.root
            / f"sys/devices/system/node/node{node}/hugepages/hugepages-{kib}kB/nr_hugepages"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{pages}\n")
        meminfo = self.root / "proc/meminfo"
        meminfo.parent.mkdir(exist_ok=True)
        meminfo.write_text("Hugepagesize:       2048 kB\n")
        return path

    def test_hugepages_are_raised_and_never_lowered(self):
        first, second = self.knob(0, 100), self.knob(1, 600)
        done = self.run_it("reserve-hugepages", "512")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual((first.read_text(), second.read_text()), ("512\n", "600\n"))
        self.run_it("reserve-hugepages", "0=700")
        self.assertEqual((first.read_text(), second.read_text()), ("700\n", "600\n"))

    def test_persistent_hugepages(self):
        self.knob(0, 100)
        self.assertEqual(self.run_it("reserve-hugepages", "--persistent", "512").returncode, 0)
        sysctl = self.root / "etc/sysctl.d/60-escd-hugepages.conf"
        self.assertEqual(sysctl.read_text(), "vm.nr_hugepages = 512\n")
        self.knob(1, 100)
        self.assertEqual(self.run_it("reserve-hugepages", "--persistent", "1=9").returncode, 0)
        unit = (self.root / "etc/systemd/system/escd-hugepages-2M.service").read_text()
        self.assertIn("echo 100 > /sys/devices/system/node/node1/", unit)
        self.assertNotIn(str(self.root), unit)

    def test_hugepages_that_cannot_be(self):
        for arguments in (["--size", "4M", "1"], ["5=1"], ["many"], ["--size", "1G", "1"],
                          ["99999999999999999999"], ["0=99999999999999999999"], ["-1"], ["010"]):
            self.knob(0, 100)
            with self.subTest(arguments=arguments):
                self.assertEqual(self.run_it("reserve-hugepages", *arguments).returncode, 1)


if __name__ == "__main__":
    unittest.main()
