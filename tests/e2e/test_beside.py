# SPDX-License-Identifier: BSD-3-Clause
"""Work that may hang or take long is done beside the main lcore, which still answers, reloads
later, and ends.
"""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import harness
import traffic
from control_client import ControlClient
from harness import Config, Escd, Lcores, Port, binary
from held_file import HeldFile
from stopped_thread import StoppedThread, thread_named

LEDGER_FILE = 10  # exit code
HANGS_US = 120_000_000  # an escd that waited for the disk would not end in time


class Beside(harness.Scenario):
    def running(self, lcores: Lcores | None = None) -> Escd:
        device = traffic.pcap_device(0, self.directory / "t.pcap", traffic.uniform(100))
        config = Config([Port(device)], traffic.ROUTES, lcores or Lcores.folded())
        escd = self.start_escd(config)
        escd.wait_until_running()
        return escd

    def ask_beside(self, escd: Escd, *arguments: str) -> subprocess.Popen[str]:
        """escctl, whose answer nobody waits for yet."""
        command = [binary("ESC_ESCCTL"), "--socket", str(escd.socket_path), *arguments]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.addCleanup(harness.end, process)
        return process

    def held(self, content: bytes) -> HeldFile:
        try:
            held = HeldFile(self.directory / "held", content)
            held.__enter__()
        except (OSError, PermissionError) as error:
            self.skipTest(f"no FUSE file system can be mounted here: {error}")
        self.addCleanup(held.__exit__)
        return held

    @harness.whole_machine
    def test_a_read_that_hangs_holds_up_nobody(self) -> None:
        first, second = harness.need_cpus(2)
        escd = self.running(Lcores([first], first, [second]))
        held = self.held(escd.config_path.read_bytes())
        asked = [self.ask_beside(escd, "routes", "--diff", str(held.path))]
        self.assertTrue(held.wait_until_held(harness.STOP_SECONDS))
        asked.append(self.ask_beside(escd, "reload"))
        for _ in range(3):
            self.assertTrue(escd.healthy())
            self.assertTrue(escd.live_ledger()["balanced"])
        escd.ask("pause")
        escd.ask("resume")
        with StoppedThread(thread_named(escd.process.pid, "rte-worker-1")):
            self.wait_until(lambda: " is stalled" in escd.log(), "the watchdog", 20.0)
            self.assertFalse(escd.passes("lcores"))
        self.wait_until(lambda: escd.passes("lcores"), "it is well again", 20.0)
        escd.signal(signal.SIGHUP)
        self.assertEqual([process.poll() for process in asked], [None, None])
        held.release()
        for process in asked:
            said, error = process.communicate(timeout=harness.STOP_SECONDS)
            self.assertEqual(process.returncode, 0, said + error)
        self.wait_until(
            lambda: escd.log().count("reloaded ") == 2, "both reloads", harness.STOP_SECONDS
        )
        self.assert_sound(escd.stop())

    def test_it_ends_while_a_read_hangs(self) -> None:
        escd = self.running()
        held = self.held(b"")
        asked = self.ask_beside(escd, "routes", "--diff", str(held.path))
        self.assertTrue(held.wait_until_held(harness.STOP_SECONDS))
        escd.terminate()
        self.assertEqual(escd.wait(), 0)
        asked.communicate(timeout=harness.STOP_SECONDS)
        self.assertNotEqual(asked.returncode, 0, "it was never answered")
        self.assert_sound(escd.ledger())

    def test_it_ends_while_the_disk_hangs(self) -> None:
        """Neither the ledger nor the windows get there: the log has the ledger."""
        escd = self.running()
        thread = thread_named(escd.process.pid, "escd-end")
        trace = subprocess.Popen(
            [harness.need_tool("strace"), "-qq", "-o", os.devnull, "-p", str(thread)]
            + ["-e", "trace=fsync", "-e", f"inject=fsync:delay_enter={HANGS_US}"],
            stderr=subprocess.DEVNULL,
        )
        self.addCleanup(harness.end, trace)
        status = f"/proc/{escd.process.pid}/task/{thread}/status"
        self.wait_until(
            lambda: "TracerPid:\t0\n" not in Path(status).read_text(encoding="utf-8"),
            "strace has the thread",
            20.0,
        )
        escd.terminate()
        # A strace that delays a call does not reap its thread, so the process stays.
        stat = Path(f"/proc/{escd.process.pid}/stat")
        self.wait_until(
            lambda: stat.read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z",
            "it has ended",
            harness.STOP_SECONDS,
        )
        harness.end(trace)
        self.assertEqual(escd.wait(), LEDGER_FILE)
        said = re.search(r"cannot write the ledger to .*; here it is: (.*)", escd.log())
        assert said is not None, escd.log()
        ledger = json.loads(said[1])
        self.assertTrue(ledger["balanced"])
        self.assertEqual(ledger["frames"]["delivered"], 100)

    def test_files_that_would_hold_up_or_exhaust_their_reader(self) -> None:
        escd = self.running()
        fifo = self.directory / "fifo"
        os.mkfifo(fifo)
        deep = self.directory / "deep.toml"
        deep.write_text(".".join("a" * 60_000) + "=1\n", encoding="utf-8")
        nested = self.directory / "nested.toml"
        nested.write_text("a = " + "[" * 100_000 + "\n", encoding="utf-8")
        unknown = self.directory / "unknown.toml"
        unknown.write_text("".join(f"k{i} = 1\n" for i in range(100_000)), encoding="utf-8")
        cases = {
            str(fifo): "it is a FIFO; name a regular file",
            "/dev/zero": "it is a character device; name a regular file",
            str(self.directory): "it is a directory; name a regular file",
            str(deep): f"{deep}:1: no configuration: a key may be at most 16 parts long",
            str(nested): f"{nested}:1: no configuration: brackets may be at most 16 deep",
            str(unknown): "and 81 more",
        }
        if os.access("/proc/kmsg", os.R_OK):
            cases["/proc/kmsg"] = "/proc/kmsg: "
        for path, expected in cases.items():
            with self.subTest(path):
                self.assertIn(expected, escd.refused("routes", "--diff", path))
                done = subprocess.run(
                    [binary("ESC_ESCD"), "--config", path, "--check"],
                    capture_output=True,
                    text=True,
                    timeout=60,
                )
                self.assertEqual(done.returncode, 3, done.stderr)
                self.assertLess(len(done.stderr.splitlines()), 110)
        self.assert_sound(escd.stop())

    def test_a_path_with_a_byte_0(self) -> None:
        """It would be another file's name, up to there."""
        escd = self.running()
        with ControlClient(escd.socket_path) as client:
            with self.assertRaisesRegex(AssertionError, "the path has a byte 0"):
                client.ask("routes", diff=f"{escd.config_path}\0b")
        self.assert_sound(escd.stop())

    def test_reloads_asked_for_at_once_are_done_one_after_the_other(self) -> None:
        escd = self.running()
        asked = [self.ask_beside(escd, "reload", "--json") for _ in range(8)]
        for process in asked:
            said, error = process.communicate(timeout=harness.STOP_SECONDS)
            self.assertEqual(process.returncode, 0, said + error)
            self.assertFalse(json.loads(said)["pressure_changes"])
        self.assertEqual(escd.log().count("reloaded "), 8)
        self.assert_sound(escd.stop())


if __name__ == "__main__":
    harness.main()
