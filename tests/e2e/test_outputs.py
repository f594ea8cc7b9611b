# SPDX-License-Identifier: BSD-3-Clause
"""Where escd writes: a full disk, a log that cannot be opened, an output that nobody reads."""

import fcntl
import json
import os
import shlex
import stat
import subprocess
from pathlib import Path

import harness
import traffic
from harness import Config, Lcores, Port, binary
from stopped_thread import thread_named

OK, CONFIG, START, LEDGER_FILE = 0, 3, 4, 10


class Outputs(harness.Scenario):
    def write_config(self, more: str = "", **tables: dict) -> str:
        device = traffic.pcap_device(0, self.directory / "t.pcap", traffic.uniform(100), more)
        config = Config([Port(device)], traffic.ROUTES, Lcores.folded(), tables)
        path = self.directory / "escd.toml"
        text = config.toml(f"e2e-outputs-{os.getpid()}", self.directory / "c.sock")
        path.write_text(text, encoding="utf-8")
        return str(path)

    def test_a_full_disk_does_not_lose_the_ledger(self) -> None:
        if os.geteuid() != 0:
            self.skipTest("needs root, to mount a small file system")
        disk = self.directory / "disk"
        disk.mkdir()
        mount = ("mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(disk))
        mounted = subprocess.run(
            mount, capture_output=True, text=True, timeout=60, env=os.environ | {"LC_ALL": "C"}
        )
        if "permission denied" in mounted.stderr:
            self.skipTest(f"root may not mount here: {mounted.stderr.splitlines()[0]}")
        self.assertEqual(mounted.returncode, 0, mounted.stderr)
        self.addCleanup(self.run_command, "umount", str(disk))
        (disk / "full").write_bytes(bytes(4096))
        done = self.run_with_ledger(str(disk / "ledger.json"))
        self.assertEqual(done.returncode, LEDGER_FILE, done.stderr)
        logged = done.stderr.partition("here it is: ")[2].splitlines()[0]
        ledger = json.loads(logged)
        self.assertEqual((ledger["frames"]["delivered"], ledger["balanced"]), (100, True))
        self.assertEqual([file.name for file in disk.iterdir()], ["full"], "half a ledger")

    def run_with_ledger(self, ledger: str) -> subprocess.CompletedProcess[str]:
        command = [binary("ESC_ESCD"), "--config", self.write_config(), "--exit-when-idle", "1"]
        return subprocess.run(
            [*command, "--ledger", ledger], capture_output=True, text=True, timeout=60
        )

    def make_device(self, kind: int, major: int, minor: int) -> Path:
        node = self.directory / "node"
        try:
            os.mknod(node, kind | 0o600, os.makedev(major, minor))
        except PermissionError as error:
            self.skipTest(f"may not make a device node: {error}")
        return node

    def test_a_ledger_into_a_directory_or_a_disk(self) -> None:
        """Refused at the start, not at the end."""
        done = self.run_with_ledger(str(self.directory))
        self.assertEqual(done.returncode, CONFIG, done.stderr)
        said = f"--ledger {self.directory}: error: it is a directory; name a file"
        self.assertIn(said, done.stderr)
        disk = self.make_device(stat.S_IFBLK, 7, 255)
        done = self.run_with_ledger(str(disk))
        self.assertEqual(done.returncode, CONFIG, done.stderr)
        self.assertIn(f"--ledger {disk}: error: it is a disk", done.stderr)

    def test_a_ledger_into_a_device_leaves_the_device(self) -> None:
        null = self.make_device(stat.S_IFCHR, 1, 3)
        done = self.run_with_ledger(str(null))
        self.assertEqual(done.returncode, OK, done.stderr)
        self.assertTrue(null.is_char_device(), "it was replaced by a file")

    def test_a_ledger_into_a_link_replaces_what_it_leads_to(self) -> None:
        target, link = self.directory / "target.json", self.directory / "link.json"
        target.touch()
        link.symlink_to(target)
        done = self.run_with_ledger(str(link))
        self.assertEqual(done.returncode, OK, done.stderr)
        self.assertTrue(link.is_symlink(), "it was replaced by a file")
        self.assert_sound(json.loads(target.read_text(encoding="utf-8")))

    def test_a_link_laid_beside_the_ledger_leads_nowhere(self) -> None:
        """The ledger is put together in a file beside it, of a name that nothing has."""
        ledger, victim = self.directory / "ledger.json", self.directory / "victim"
        victim.write_text("untouched", encoding="utf-8")
        beside = self.directory / "ledger.json.new"
        beside.symlink_to(victim)
        done = self.run_with_ledger(str(ledger))
        self.assertEqual(done.returncode, OK, done.stderr)
        self.assertEqual(victim.read_text(encoding="utf-8"), "untouched")
        self.assertTrue(beside.is_symlink())
        self.assert_sound(json.loads(ledger.read_text(encoding="utf-8")))

    def test_a_ledger_over_what_is_no_ledger(self) -> None:
        """The configuration itself, say, when two arguments were swapped."""
        config = self.write_config()
        before = Path(config).read_bytes()
        done = self.run_with_ledger(config)
        self.assertEqual(done.returncode, CONFIG, done.stderr)
        self.assertIn("it is no ledger, and would be replaced by one", done.stderr)
        self.assertEqual(Path(config).read_bytes(), before)
        ledger = self.directory / "ledger.json"
        for _ in range(2):
            self.assertEqual(self.run_with_ledger(str(ledger)).returncode, OK)
            self.assert_sound(json.loads(ledger.read_text(encoding="utf-8")))

    def test_a_ledger_into_a_pipe(self) -> None:
        """By a link such as /dev/stdout is."""
        link = self.directory / "stdout"
        link.symlink_to("/proc/self/fd/1")
        done = self.run_with_ledger(str(link))
        self.assertEqual(done.returncode, OK, done.stderr)
        self.assertTrue(link.is_symlink(), "it was replaced by a file")
        self.assert_sound(json.loads(done.stdout))

    def test_a_ledger_into_an_output_that_is_closed(self) -> None:
        for number in (1, 2):
            command = shlex.join(
                [binary("ESC_ESCD"), "--config", self.write_config(), "--exit-when-idle", "1"]
                + ["--ledger", f"/proc/self/fd/{number}"]
            )
            closed = ["sh", "-c", f"exec {command} {number}>&-"]
            done = subprocess.run(closed, capture_output=True, text=True, timeout=60)
            self.assertNotEqual(done.returncode, OK, done.stderr)

    def test_a_ledger_into_a_fifo_that_nobody_reads(self) -> None:
        fifo = self.directory / "fifo"
        os.mkfifo(fifo)
        done = self.run_with_ledger(str(fifo))
        self.assertEqual(done.returncode, LEDGER_FILE, done.stderr)
        self.assertIn(f"cannot write the ledger to {fifo}: No such device", done.stderr)
        logged = done.stderr.partition("here it is: ")[2].splitlines()[0]
        self.assert_sound(json.loads(logged))
        self.assertTrue(fifo.is_fifo(), "it was replaced by a file")

    def test_a_log_that_cannot_be_opened(self) -> None:
        (self.directory / "file").touch()
        config = self.write_config(log={"file": str(self.directory / "file" / "escd.log")})
        done = subprocess.run(
            [binary("ESC_ESCD"), "--config", config], capture_output=True, text=True, timeout=60
        )
        self.assertEqual(done.returncode, START, done.stderr)
        self.assertIn("escd.toml:", done.stderr)
        self.assertIn("log.file", done.stderr)

    def test_an_output_that_nobody_reads(self) -> None:
        """A full pipe at stdout: control, drain and ledger go on without it."""
        self.run_to_the_end(stdout=self.full_pipe(), stderr=subprocess.DEVNULL)

    def test_a_log_that_nobody_reads(self) -> None:
        """A full pipe at stderr: neither the start nor the drain waits for it."""
        self.run_to_the_end(stdout=subprocess.DEVNULL, stderr=self.full_pipe())

    def test_the_log_is_written_where_the_main_lcore_runs(self) -> None:
        device = traffic.pcap_device(0, self.directory / "t.pcap", traffic.uniform(100))
        escd = self.start_escd(Config([Port(device)], traffic.ROUTES, Lcores.folded()))
        escd.wait_until_running()
        main, writer = escd.process.pid, thread_named(escd.process.pid, "escd-log")
        self.assertEqual(os.sched_getaffinity(writer), os.sched_getaffinity(main))
        escd.stop()
        self.assertIn("asked to stop by SIGTERM: draining", escd.log())

    def full_pipe(self) -> int:
        """The writer's end; the reader's stays open, and nobody reads."""
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        self.addCleanup(os.close, writer)
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        os.write(writer, bytes(4096))
        return writer

    def run_to_the_end(self, *, stdout: int, stderr: int) -> None:
        """It answers, ends at SIGTERM, and leaves a sound ledger."""
        ledger = self.directory / "ledger.json"
        command = [binary("ESC_ESCD"), "--config", self.write_config(",infinite_rx=1")]
        process = subprocess.Popen(
            [*command, "--progress", "--ledger", str(ledger)],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )
        self.addCleanup(harness.end, process)
        self.wait_until(lambda: self.uptime_s() > 3.0, "it answers", harness.START_SECONDS)
        process.terminate()
        self.assertEqual(process.wait(harness.STOP_SECONDS), 0)
        self.assert_sound(json.loads(ledger.read_text(encoding="utf-8")))

    def uptime_s(self) -> float:
        """By escctl; 0 while it does not answer."""
        command = [binary("ESC_ESCCTL"), "--socket", str(self.directory / "c.sock")]
        done = subprocess.run(
            [*command, "--json", "stats"], capture_output=True, text=True, timeout=20
        )
        return json.loads(done.stdout)["uptime_s"] if done.returncode == 0 else 0.0


if __name__ == "__main__":
    harness.main()
