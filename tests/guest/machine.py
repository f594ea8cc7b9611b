# SPDX-License-Identifier: BSD-3-Clause
"""A machine of our own with emulated PCI network cards behind an emulated IOMMU: QEMU in software,
without privileges, without a network but for the wires that end in this process.
"""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import image

HERE = Path(__file__).resolve().parent
BOOT_SECONDS = 180.0  # it takes 15 to 20 on an idle machine
COMMAND_SECONDS = 120.0
QEMU_SECONDS = 30.0  # until it opens the agent's line, before the guest runs
ANSWER_SECONDS = 30.0  # beyond a command's own time
MEMORY_MIB = 1536
# The archive lies in memory until it is unpacked into a file system that may have half of the rest.
LARGEST_ROOT_MIB = MEMORY_MIB * 3 // 10
LARGEST_FRAME = 1 << 16
# What every guest has besides what the test puts there.
_OWN_FILES = {
    "/opt/guest/agent.py": ("agent.py", 0o644),
    "/etc/systemd/system/guest-agent.service": ("agent.service", 0o644),
    "/etc/systemd/system/service.d/sanitizer.conf": ("sanitizer.conf", 0o644),  # of every service
}
_KERNEL_LINE = (
    "console=ttyS0 panic=-1 mitigations=off nokaslr intel_iommu=on"
    " rdinit=/sbin/init systemd.unit=multi-user.target systemd.wants=guest-agent.service"
    " systemd.mask=getty@tty1.service systemd.mask=serial-getty@ttyS0.service"
    " modules_load=e1000,e1000e,virtio_pci,virtio_net,vmxnet3"
)


@dataclass(frozen=True)
class Card:
    """A network card in the slot 0000:00:SLOT.0, of a model that QEMU has."""

    slot: int
    model: str

    @property
    def address(self) -> str:
        return f"0000:00:{self.slot:02x}.0"

    def options(self) -> str:
        # Without these options, virtio's rings are not behind the IOMMU, and setting up its port
        # hangs.
        more = ",disable-legacy=on,iommu_platform=on" if self.model == "virtio-net-pci" else ""
        return f"{self.model},netdev=wire{self.slot},romfile=,addr=0x{self.slot:x}{more}"


@dataclass
class Answer:
    status: int
    stdout: str
    stderr: str


class Wire:
    """The other end of a card's cable. Sending waits while the card says that it has no room; not
    every card says so."""

    def __init__(self, directory: Path, slot: int) -> None:
        self._here, self._there = directory / f"host{slot}", directory / f"guest{slot}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self._here))
        self._frames: list[bytes] = []
        self._lock = threading.Lock()  # between the reader's thread and the test's
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def netdev(self, slot: int) -> str:
        return (
            f"dgram,id=wire{slot},local.type=unix,local.path={self._there},"
            f"remote.type=unix,remote.path={self._here}"
        )

    def send(self, frames: Sequence[bytes]) -> None:
        for frame in frames:
            self._socket.sendto(frame, str(self._there))

    def received(self) -> list[bytes]:
        """What the guest has sent since the last forget()."""
        with self._lock:
            return list(self._frames)

    def forget(self) -> None:
        with self._lock:
            self._frames.clear()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._socket.close()

    def _read(self) -> None:
        while frame := self._socket.recv(LARGEST_FRAME):
            with self._lock:
                self._frames.append(frame)


class Machine:
    """Running from construction to close(). Owned and used by one thread."""

    def __init__(
        self,
        directory: Path,
        system: image.Image,
        cards: Sequence[Card],
        files: dict[str, tuple[Path, int]],
    ) -> None:
        """directory: for its sockets and logs; a short path, since the sockets' addresses are."""
        self.console = directory / "console.log"
        self.wires = {card.slot: Wire(directory, card.slot) for card in cards}
        own = {place: (HERE / name, mode) for place, (name, mode) in _OWN_FILES.items()}
        extra, initrd = directory / "extra.cpio", directory / "initrd"
        image.archive(own | files, extra)
        with initrd.open("wb") as out:
            for part in (system.root, extra):
                out.write(part.read_bytes())
        root_mib = initrd.stat().st_size >> 20
        if root_mib > LARGEST_ROOT_MIB:
            raise RuntimeError(
                f"the guest's files take {root_mib} MiB of its memory, where {LARGEST_ROOT_MIB} MiB"
                f" fit: raise MEMORY_MIB in {__file__}"
            )
        self._qemu_log = (directory / "qemu.log").open("wb")
        command = self._command(directory, system.kernel, initrd, cards)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(directory / "agent"))
            listener.listen(1)
            listener.settimeout(QEMU_SECONDS)
            try:
                self._boot(command, listener)
            except OSError as error:
                # Seen on a busy host: the machine printed nothing for four minutes. Nothing of ours
                # runs by then.
                print(f"the guest did not come up ({error}), a second try", file=sys.stderr)
                self._boot(command, listener)

    def _boot(self, command: list[str], listener: socket.socket) -> None:
        """Starts QEMU and waits for the guest's agent. OSError: it does not come up, and QEMU was
        ended."""
        self._pending = b""
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._qemu_log, stderr=self._qemu_log
        )
        try:
            self._line, _ = listener.accept()
            self._wait_for_agent()
        except OSError as error:
            self._process.kill()
            self._process.wait()
            if hasattr(self, "_line"):
                self._line.close()
            raise OSError(f"{error}\n{self.last_words()}") from error

    def run(self, *command: str, text: str = "", timeout_s: float = COMMAND_SECONDS) -> Answer:
        """Runs a command in the guest, as root, to its end; status 124: it took longer and was
        killed. Raises TimeoutError if the guest does not answer at all."""
        words = [str(word) for word in command]
        request = {"command": words, "input": text, "timeout_s": timeout_s}
        self._line.settimeout(timeout_s)
        self._line.sendall(json.dumps(request).encode() + b"\n")
        return Answer(**json.loads(self._read_line(timeout_s + ANSWER_SECONDS)))

    def last_words(self) -> str:
        """The ends of what QEMU and the guest's console said."""
        logs = (self.console.parent / "qemu.log", self.console)
        return "\n".join(log.read_text(errors="replace")[-2000:] for log in logs if log.exists())

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._line.close()
        self._qemu_log.close()
        for wire in self.wires.values():
            wire.close()

    def _command(
        self, directory: Path, kernel: Path, initrd: Path, cards: Sequence[Card]
    ) -> list[str]:
        words = ["setpriv", "--pdeathsig", "KILL"]  # it never outlives the test
        words += ["qemu-system-x86_64", "-machine", "q35", "-accel", "tcg,thread=multi"]
        words += ["-cpu", "max,la57=off", "-smp", "2", "-m", f"{MEMORY_MIB}M"]
        words += ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
        words += ["-kernel", str(kernel), "-initrd", str(initrd), "-append", _KERNEL_LINE]
        words += ["-serial", f"file:{self.console}"]
        words += ["-chardev", f"socket,id=agent,path={directory / 'agent'}"]
        words += ["-serial", "chardev:agent"]
        # 48 bits, because with AddressSanitizer EAL's memory is at addresses that need more than
        # the default of 39 bits.
        words += ["-device", "intel-iommu,intremap=on,caching-mode=on,aw-bits=48"]
        for card in cards:
            words += ["-netdev", self.wires[card.slot].netdev(card.slot)]
            words += ["-device", card.options()]
        return words

    def _wait_for_agent(self) -> None:
        self._line.settimeout(BOOT_SECONDS)
        while self._read_line(BOOT_SECONDS) != b"ready":
            pass

    def _read_line(self, timeout_s: float) -> bytes:
        deadline = time.monotonic() + timeout_s
        while b"\n" not in self._pending:
            self._line.settimeout(max(deadline - time.monotonic(), 0.001))
            more = self._line.recv(1 << 16)
            if not more:
                raise ConnectionError(f"the guest is gone\n{self.last_words()}")
            self._pending += more
        line, _, self._pending = self._pending.partition(b"\n")
        return line.rstrip(b"\r")
