# SPDX-License-Identifier: BSD-3-Clause
"""`--check` says what a start would do: each bad situation is shown to both, and both must end with
the same exit code and the same sentences. And --check changes nothing.
"""

import fcntl
import os
import re
import shutil
import socket
import stat
import struct
import subprocess
import unittest
from pathlib import Path

import harness
import traffic
from harness import Config, Lcores, Port, binary

OK, CONFIG, START = 0, 3, 4
NOBODY = 65534
# `where: error: what; fix`
SENTENCE = re.compile(r"^.*?: error: (.*)$", re.M)


def tree(folder: Path) -> dict[str, tuple]:
    """Every name below a folder with all that would change if somebody touched it."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        found[str(path)] = (
            status.st_mode,
            status.st_ino,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
        )
    return found


class Check(harness.Scenario):
    def setUp(self) -> None:
        self.place = self.directory / "place"
        self.place.mkdir()
        self.trace = traffic.pcap_device(0, self.directory / "t.pcap", traffic.uniform(10))
        self.instance = f"e2e-check-{os.getpid()}"
        self.socket = self.place / "own" / "c.sock"
        self.socket.parent.mkdir(mode=0o700)

    def run_escd(self, *arguments: str, inside: tuple[str, ...] = ()) -> tuple[int, str]:
        command = (*inside, binary("ESC_ESCD"), "--config", str(self.path), "--exit-when-idle", "1")
        done = subprocess.run(
            (*command, *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        return done.returncode, done.stdout

    def configure(
        self,
        device: str | None = None,
        *,
        socket_path: Path | None = None,
        lcores: Lcores | None = None,
        routes: dict[str, str] | None = None,
        **tables: dict,
    ) -> None:
        config = Config(
            [Port(device or self.trace)],
            routes or traffic.ROUTES,
            lcores or Lcores.folded(),
            tables,
        )
        self.path = self.directory / "escd.toml"
        text = config.toml(self.instance, socket_path or self.socket)
        self.path.write_text(text, encoding="utf-8")

    def both_say(
        self, code: int, words: str, *arguments: str, inside: tuple[str, ...] = ()
    ) -> str:
        """What --check says. `words` must be in a sentence of both, except in rows that both let
        pass.
        """
        before = tree(self.place)
        checked, said = self.run_escd("--check", *arguments, inside=inside)
        self.assertEqual(tree(self.place), before, "--check changed something")
        self.assertEqual(checked, code, f"--check: {said}")
        started, logged = self.run_escd(*arguments, inside=inside)
        self.assertEqual(started, code, f"the start: {logged}")
        if code == OK:
            return said
        sentences = SENTENCE.findall(said)
        self.assertTrue(any(words in sentence for sentence in sentences), said)
        # What is free may be another figure a moment later.
        for sentence in sentences:
            self.assertIn(without_figures(sentence), without_figures(logged))
        return said

    # The control socket.

    def test_a_socket_in_a_folder_that_cannot_be_made(self) -> None:
        self.configure(socket_path=self.place / "no" / "such" / "folder" / "c.sock")
        self.both_say(START, "cannot create")

    def test_a_socket_in_a_folder_of_another_user(self) -> None:
        self.need_root()
        os.chown(self.socket.parent, NOBODY, NOBODY)
        self.configure()
        self.both_say(START, f"belongs to user {NOBODY}")

    def test_a_socket_in_a_folder_that_is_open_to_others(self) -> None:
        self.socket.parent.chmod(0o755)
        self.configure()
        self.both_say(START, "is open to group or others")

    def test_a_file_where_the_socket_is_to_be(self) -> None:
        self.socket.write_text("mine", encoding="utf-8")
        self.configure()
        self.both_say(START, "exists and is not a socket")

    def test_a_socket_whose_folder_another_start_holds(self) -> None:
        self.configure()
        with locked(self.socket.parent):
            self.both_say(START, "another instance of this name is starting")

    def test_a_socket_that_was_left_behind(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
            dead.bind(str(self.socket))
        self.configure()
        self.both_say(OK, "")

    def test_an_instance_that_runs(self) -> None:
        config = Config(
            [Port(f"{self.trace},infinite_rx=1")], traffic.ROUTES, Lcores.folded(), self.letters()
        )
        first = self.start_escd(config)
        first.wait_until_running()
        self.path = first.config_path
        self.both_say(START, "instance already running")
        # It is recognised by its name, wherever its socket is; what it uses itself is no problem.
        other = ("--set", f"control.socket={self.socket}")
        runs = f"instance already running: process {first.process.pid}"
        said = self.both_say(START, runs, *other)
        self.assertIn("1 error: escd would not start", said)
        first.stop()

    # Files.

    def test_files(self) -> None:
        folder, fifo = self.place / "folder", self.place / "fifo"
        folder.mkdir()
        os.mkfifo(fifo)
        link = self.place / "link"
        link.symlink_to(self.place / "nowhere")
        missing = self.place / "no" / "file"
        rows = [
            ("log in no folder", {"log": {"file": str(missing)}}, START, "no directory"),
            ("log is a folder", {"log": {"file": str(folder)}}, START, "is a directory"),
            ("log is a FIFO", {"log": {"file": str(fifo)}}, START, "is a FIFO"),
            ("windows in a folder's place", windows(folder), CONFIG, "is a directory"),
            ("windows in a FIFO", windows(fifo), CONFIG, "is a FIFO"),
            ("windows in a link", windows(link), CONFIG, "is a symbolic link"),
            ("windows in no folder", windows(missing), OK, ""),
        ]
        if os.geteuid() == 0:
            node = self.place / "null"
            os.mknod(node, stat.S_IFCHR | 0o600, os.makedev(1, 3))
            rows.append(("windows in a device", windows(node), CONFIG, "device"))
        for name, tables, code, words in rows:
            with self.subTest(name):
                self.configure(**tables)
                self.both_say(code, words)

    def test_files_that_are_one(self) -> None:
        """The log in the configuration, say: neither would be of use to anybody afterwards."""
        file, trace = self.place / "file", self.directory / "t.pcap"
        own = self.directory / "escd.toml"
        log, saved = {"log": {"file": str(file)}}, windows(file)
        ledger = ("--ledger", str(self.place / "." / "file"))
        rows = [
            ("the ledger and the log", log, ledger),
            ("the ledger and the windows", saved, ledger),
            ("the log and the windows", log | saved, ()),
            ("the log and the trace", {"log": {"file": str(trace)}}, ()),
            ("the log and the configuration", {"log": {"file": str(own)}}, ()),
        ]
        for name, tables, arguments in rows:
            with self.subTest(name):
                self.configure(**tables)
                before = self.path.read_bytes(), trace.read_bytes()
                self.both_say(CONFIG, " too", *arguments)
                self.assertEqual((self.path.read_bytes(), trace.read_bytes()), before)

    def test_a_lock_that_is_no_file(self) -> None:
        for make in (os.mkfifo, os.mkdir, lambda path: os.symlink("nowhere", path)):
            folder = Path("/run/escd") / self.instance
            if os.geteuid() != 0:
                self.skipTest("the folder of the lock is another one")
            folder.mkdir(mode=0o700, parents=True)
            lock = folder / "instance.lock"
            try:
                make(lock)
                self.configure()
                self.both_say(START, "it is no regular file")
            finally:
                lock.rmdir() if lock.is_dir() and not lock.is_symlink() else lock.unlink()
                folder.rmdir()

    def test_a_socket_that_is_named_like_a_folder(self) -> None:
        for name in ("new/", "new/.", "new/.."):
            with self.subTest(name):
                self.configure()
                there = f'control.socket="{self.place}/{name}"'
                self.both_say(START, "names a folder", "--set", there)
                self.assertFalse((self.place / "new").exists())

    def test_ledgers(self) -> None:
        self.configure()
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(self.place / "socket"))
        manifest = self.place / "manifest.json"
        manifest.write_text('{"trace": {"frames": 1}, "frames": {}}', encoding="utf-8")
        for name, words in (
            (self.place, "is a directory"),
            (self.place / "no" / "l", "/no"),
            (self.place / "socket", "is a socket"),
            (manifest, "it is no ledger"),
            ("/proc/ledger", "the kernel's own figures"),
        ):
            with self.subTest(str(name)):
                self.both_say(CONFIG, words, "--ledger", str(name))

    # Dead letters.

    def letters(self, folder: Path | None = None) -> dict[str, dict]:
        directory = str(folder or self.place / "letters")
        return {"dead_letters": {"directory": directory, "min_free_bytes": 0}}

    def test_a_folder_of_dead_letters_that_another_has(self) -> None:
        folder = self.place / "letters"
        folder.mkdir()
        self.configure(**self.letters())
        with locked(folder):
            self.both_say(START, "another program writes into it")
        self.both_say(OK, "")

    def test_folders_of_dead_letters(self) -> None:
        segment = f"{1:020d}.escdlq"
        files = {
            "foreign": b"#!/bin/sh\n" + bytes(8192),
            "newer": None,
        }
        for name, content in files.items():
            with self.subTest(name):
                folder = self.place / name
                folder.mkdir()
                names = self.segment_of(folder)
                if content is not None:
                    names.write_bytes(content)
                else:
                    self.make_newer(names)
                self.configure(**self.letters(folder))
                words = "is no segment" if content is not None else "has format version"
                self.both_say(START, words)
        (self.place / segment).touch()
        rows = (
            ("a file", self.place / segment, "Not a directory"),
            ("no parent", self.place / "no" / "letters", "No such file"),
        )
        for name, folder, words in rows:
            with self.subTest(name):
                self.configure(**self.letters(folder))
                self.both_say(START, words)

    def segment_of(self, folder: Path) -> Path:
        """The first segment that an appliance writes there: no route takes what comes."""
        self.configure(routes={"nobody/sends/this": "count"}, **self.letters(folder))
        code, said = self.run_escd()
        self.assertEqual(code, OK, said)
        return min(folder.iterdir())

    def make_newer(self, segment: Path) -> None:
        """With the checksum that its header should have then (docs/dead-letters.md)."""
        block = bytearray(segment.read_bytes()[:4096])
        struct.pack_into("<I", block, 8, 99)
        struct.pack_into("<I", block, 4092, crc32c(bytes(block[:4092])))
        with segment.open("r+b") as file:
            file.write(block)

    # Memory, devices and rights.

    def test_machine(self) -> None:
        cpu = harness.cpus()[0]
        missing = self.directory / "missing.pcap"
        huge = ("--set", "port[0].pool_mbufs=4194304")
        rows = [
            ("limit", {"memory": {"limit_mib": 64}}, None, CONFIG, "memory.limit_mib is 64", ()),
            ("hugepages", {"memory": {"hugepages": "require"}}, None, START, "are free", huge),
            ("interface", {}, "net_af_packet0,iface=esc-none", START, "no network interface", ()),
            ("driver", {}, "net_nosuch0", CONFIG, "DPDK has no driver net_nosuch", ()),
            ("trace", {}, f"net_pcap0,rx_pcap={missing}", CONFIG, "missing.pcap", ()),
            ("PCI", {}, "0000:ff:1f.7", START, "there is no PCI device", ()),
        ]
        for name, tables, device, code, words, arguments in rows:
            with self.subTest(name):
                self.configure(device, **tables)
                if device == "0000:ff:1f.7":
                    text = self.path.read_text(encoding="utf-8").replace('"--no-pci"', "")
                    self.path.write_text(text, encoding="utf-8")
                self.both_say(code, words, *arguments)
        self.configure(lcores=Lcores([900], cpu, [cpu]))
        for arguments in (("--check",), ()):
            code, said = self.run_escd(*arguments)
            self.assertEqual(code, CONFIG, said)
            self.assertIn("CPU 900 does not exist", said)

    def test_rights(self) -> None:
        self.need_root()
        harness.need_tool("setpriv")
        self.configure("net_af_packet0,iface=lo")
        without = ("setpriv", "--bounding-set=-net_raw,-net_admin", "--inh-caps=-all")
        self.both_say(CONFIG, "needs CAP_NET_RAW and CAP_NET_ADMIN", inside=without)

    def test_an_interface_that_is_down(self) -> None:
        self.need_root()
        harness.need_tool("unshare")
        self.configure("net_pcap0,iface=lo")  # which is down in a namespace of its own
        mounted = 'mount -t sysfs none /sys && exec "$@"'
        inside = ("unshare", "-n", "-m", "sh", "-c", mounted, "sh")
        self.both_say(START, "network interface 'lo' is down", inside=inside)

    def test_too_few_open_files(self) -> None:
        self.configure(memory={"hugepages": "off"})
        inside = ("sh", "-c", 'ulimit -n 24; exec "$@"', "sh")
        self.both_say(CONFIG, "this process may have 24", inside=inside)

    @unittest.skipIf(harness.SANITIZED, "a sanitizer takes more of it before main()")
    def test_too_little_data(self) -> None:
        self.configure()
        inside = ("sh", "-c", 'ulimit -d 51200; exec "$@"', "sh")
        self.both_say(CONFIG, "of data are needed, and this process may have 50 MiB", inside=inside)

    def test_an_option_that_eal_does_not_know(self) -> None:
        self.configure()
        text = self.path.read_text(encoding="utf-8")
        self.path.write_text(text.replace("--no-pci", "--nonsense"), encoding="utf-8")
        for arguments in (("--check",), ()):
            code, said = self.run_escd(*arguments)
            self.assertEqual(code, CONFIG, said)
            self.assertIn("EAL has no option '--nonsense'", said)

    def in_own_mounts(self) -> tuple[str, ...]:
        """A command's beginning: with hugetlbfs mounted at a place that nobody else sees."""
        self.need_root()
        harness.need_tool("unshare")
        mount = self.directory / "huge"
        mount.mkdir()
        script = f'mount -t hugetlbfs none {mount} && exec "$@"'
        inside = ("unshare", "-m", "sh", "-c", script, "sh")
        done = subprocess.run((*inside, "true"), capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            self.skipTest(f"no hugetlbfs to be mounted here: {done.stderr}")
        return inside

    @harness.whole_machine
    def test_hugepages_that_a_killed_run_left(self) -> None:
        """They are free as far as both are concerned; and those of another name are not."""
        self.in_own_mounts()
        free = free_hugepages()
        if free < 300:
            self.skipTest("needs 300 free hugepages")
        self.configure(memory={"hugepages": "require"})
        # All but a few pages are in a file of another name, then of this instance's.
        script = f"""
            mount -t hugetlbfs none {self.directory}/huge || exit 99
            cd {self.directory}/huge && fallocate -l $(({free - 8} << 21)) anothermap_0 || exit 98
            "$@" --check; a=$?; "$@"; b=$?
            mv anothermap_0 {self.instance}map_0
            "$@" --check; c=$?; "$@"
            echo "codes $a $b $c $?"
        """
        escd = (binary("ESC_ESCD"), "--config", str(self.path), "--exit-when-idle", "1")
        done = subprocess.run(
            ("unshare", "-m", "sh", "-c", script, "sh", *escd),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=180,
        )
        self.assertIn(f"codes {START} {START} {OK} {OK}", done.stdout)

    @harness.whole_machine
    def test_a_file_prefix_that_another_process_has(self) -> None:
        inside = self.in_own_mounts()
        if free_hugepages() < 300:
            self.skipTest("needs 300 free hugepages")
        self.configure()
        runtime = Path("/var/run/dpdk") / self.instance
        runtime.mkdir(parents=True, exist_ok=True)
        self.addCleanup(shutil.rmtree, runtime, True)
        with (runtime / "config").open("w+b") as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            self.both_say(START, f"(process {os.getpid()})", inside=inside)

    def need_root(self) -> None:
        if os.geteuid() != 0:
            self.skipTest("needs root")


def without_figures(text: str) -> str:
    return re.sub(r"[0-9]+", "0", text)


def windows(path: Path) -> dict[str, dict]:
    return {"deduplication": {"state_file": str(path)}}


def free_hugepages() -> int:
    text = Path("/proc/meminfo").read_text(encoding="ascii")
    return int(re.search(r"HugePages_Free: +(\d+)", text).group(1))


def crc32c(data: bytes) -> int:
    """Castagnoli's, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


class locked:
    """With a `with`: a folder's lock, as an escd holds it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        self._fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)


if __name__ == "__main__":
    harness.main()
