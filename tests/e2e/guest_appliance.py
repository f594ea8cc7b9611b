# SPDX-License-Identifier: BSD-3-Clause
"""The appliance on a machine of its own, set up as deploy/ does it: emulated PCI network cards
behind an IOMMU, bound to vfio-pci, and escd under systemd.
"""

import dataclasses
import json
import os
import re
import shutil
import sys
import tempfile
import unittest
from collections.abc import Sequence
from pathlib import Path

import harness

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests" / "guest"))

import image  # noqa: E402
import machine  # noqa: E402
from machine import Answer, Card  # noqa: E402

INSTANCE = "pci"
DEPLOY = "/opt/escd/deploy"
HUGEPAGES = 200
WINDOW_PACKETS = 250
RUNNING_SECONDS = 60.0
DRAINED_SECONDS = 120.0


class GuestScenario(harness.Scenario):
    """One machine for all tests of a class. CARDS: what is plugged into it."""

    CARDS: Sequence[Card] = ()

    @classmethod
    def setUpClass(cls) -> None:
        for tool in ("qemu-system-x86_64", "mmdebstrap", "bsdtar", "depmod"):
            harness.need_tool(tool)
        # A short path: addresses of sockets have 107 bytes.
        cls.place = Path(tempfile.mkdtemp(prefix="esc-vm-"))
        cls.addClassCleanup(shutil.rmtree, cls.place, ignore_errors=True)
        system = _image()
        cls.guest = machine.Machine(cls.place, system, cls.CARDS, _files() | cls.more_files())
        cls.addClassCleanup(cls.guest.close)
        cls.must_run(f"{DEPLOY}/reserve-hugepages", str(HUGEPAGES))

    @classmethod
    def more_files(cls) -> dict[str, tuple[Path, int]]:
        """Further files for the guest, path there -> (file here, mode)."""
        return {}

    @classmethod
    def must_run(cls, *command: str, text: str = "") -> str:
        """Runs it in the guest; what it printed. Raises AssertionError if it fails."""
        answer = cls.guest.run(*command, text=text)
        if answer.status != 0:
            raise AssertionError(f"{command}: {answer.status}\n{answer.stdout}{answer.stderr}")
        return answer.stdout

    def refused(self, status: int, *command: str) -> str:
        """Runs it in the guest; what it said. The scenario fails unless that is its exit status."""
        answer: Answer = self.guest.run(*command)
        self.assertEqual(answer.status, status, f"{command}\n{answer.stdout}{answer.stderr}")
        return answer.stdout + answer.stderr

    def bind(self, *cards: Card) -> None:
        """To vfio-pci, until the test ends."""
        addresses = [card.address for card in cards]
        self.must_run(f"{DEPLOY}/bind-port", *addresses)
        self.addCleanup(self.must_run, f"{DEPLOY}/unbind-port", *addresses)

    def driver(self, card: Card) -> str:
        link = f"/sys/bus/pci/devices/{card.address}/driver"
        return Path(self.must_run("readlink", link).strip()).name

    def configure(self, config: harness.Config, instance: str = INSTANCE) -> str:
        """Writes the configuration to where the unit looks for it; its path."""
        path = f"/etc/escd/{instance}.toml"
        self.must_run("mkdir", "-p", "/etc/escd")
        # The guest's hugepages are its own, whatever runs beside it here.
        sections = {"memory": {"hugepages": "auto"}} | config.sections
        text = dataclasses.replace(config, sections=sections).toml(instance, None)
        self.must_run("tee", path, text=text)
        return path

    def start_service(self) -> None:
        """Until it is running. It is stopped when the test ends."""
        self.must_run("journalctl", "--rotate")
        self.must_run("journalctl", "--vacuum-time", "1s")  # what earlier tests had to say
        self.addCleanup(self.stop_and_keep_journal)
        self.must_run("systemctl", "start", f"escd@{INSTANCE}")
        self.wait_until(
            lambda: self.escctl("health").status == 0, "escd is running", RUNNING_SECONDS
        )

    def stop_and_keep_journal(self) -> None:
        """In the scenario's directory, whose logs are shown when it fails."""
        self.guest.run("systemctl", "stop", f"escd@{INSTANCE}")
        (self.directory / "journal.log").write_text(self.journal(), encoding="utf-8")

    def send(self, packets: dict[Card, list[bytes]]) -> None:
        """Sends each card its own packets, in windows that the smallest receive ring holds, since
        not every card makes its sender wait.
        """
        sent = 0
        for begin in range(0, max(map(len, packets.values())), WINDOW_PACKETS):
            for card, ones in packets.items():
                window = ones[begin : begin + WINDOW_PACKETS]
                self.guest.wires[card.slot].send(window)
                sent += len(window)
            self.wait_until_drained(sent)

    def wait_until_drained(self, packets: int) -> None:
        """Waits until so many were received, or lost by a card, and none is in flight."""

        def drained() -> bool:
            counted = json.loads(self.escctl("ledger", "--json").stdout)["packets"]
            arrived = sum(counted[key] for key in ("received", "imissed", "rx_nombuf"))
            return arrived >= packets and counted["in_flight"] == 0

        try:
            self.wait_until(drained, f"escd has {packets} packets, and is done", DRAINED_SECONDS)
        finally:
            (self.directory / "stats.log").write_text(self.escctl("stats").stdout)

    def stop_service(self) -> dict:
        """A clean exit, and the ledger of it."""
        self.must_run("systemctl", "stop", f"escd@{INSTANCE}")
        show = ("systemctl", "show", f"escd@{INSTANCE}", "--property")
        self.assertEqual(self.must_run(*show, "Result").strip(), "Result=success", self.journal())
        self.assertEqual(self.must_run(*show, "ExecMainStatus").strip(), "ExecMainStatus=0")
        return json.loads(self.must_run("cat", f"/var/lib/escd/{INSTANCE}/ledger.json"))

    def escctl(self, *arguments: str) -> Answer:
        return self.guest.run("escctl", "--instance", INSTANCE, *arguments)

    def journal(self) -> str:
        return self.guest.run("journalctl", "--no-pager", "-u", f"escd@{INSTANCE}").stdout


def _files() -> dict[str, tuple[Path, int]]:
    programs = {"escd": "ESC_ESCD", "escctl": "ESC_ESCCTL", "esc-replay": "ESC_REPLAY"}
    files = {
        f"/usr/bin/{name}": (Path(harness.binary(variable)), 0o755)
        for name, variable in programs.items()
    }
    for script in ("bind-port", "unbind-port", "reserve-hugepages", "common.sh"):
        files[f"{DEPLOY}/{script}"] = (REPOSITORY / "deploy" / script, 0o755)
    unit = "escd@.service"
    files[f"/etc/systemd/system/{unit}"] = (REPOSITORY / "deploy" / "systemd" / unit, 0o644)
    return files


def _image() -> image.Image:
    try:
        # The same for every build: tools/test has it made once.
        place = os.environ.get("ESC_GUEST_IMAGE", os.environ["ESC_GUEST_DIR"])
        return image.ensure(Path(place))
    except RuntimeError as error:
        if re.search("Could not (resolve|connect)|Temporary failure resolving", str(error)):
            raise unittest.SkipTest("no network to fetch a Debian system from") from error
        if os.geteuid() == 0:
            raise
        # mmdebstrap does without root only where user namespaces are allowed.
        raise unittest.SkipTest(f"this user cannot make a Debian system: {error}") from error
