# SPDX-License-Identifier: BSD-3-Clause
"""The file that [log] names: opened anew at SIGHUP, as logrotate wants it."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import harness
import traffic
from harness import Config, Escd, Lcores, Port
from stopped_thread import thread_named

HANGS_US = 600_000_000
ANEW, NOT_ANEW = "the log's file was opened anew", "the log's file cannot be opened anew"


class LogFile(harness.Scenario):
    def setUp(self) -> None:
        self.log, self.moved = self.directory / "escd.txt", self.directory / "escd.txt.1"

    def start(self) -> Escd:
        device = traffic.pcap_device(
            0, self.directory / "t.pcap", traffic.uniform(100), ",infinite_rx=1"
        )
        config = Config([Port(device)], traffic.ROUTES, Lcores.folded())
        config.sections["log"] = {"file": str(self.log)}
        escd = self.start_escd(config)
        escd.wait_until_running()
        return escd

    def wait_for(self, path: Path, text: str) -> None:
        def there() -> bool:
            return path.is_file() and text in path.read_text(encoding="utf-8")

        self.wait_until(there, f"{path.name} has {text!r}", 20.0)

    def test_the_file_was_moved_away(self) -> None:
        escd = self.start()
        self.log.rename(self.moved)
        escd.signal(signal.SIGHUP)
        self.wait_for(self.log, ANEW)
        self.wait_for(self.log, "reloaded ")
        self.assert_sound(escd.stop())
        old, new = (path.read_text(encoding="utf-8") for path in (self.moved, self.log))
        self.assertIn("running: ", old)
        self.assertNotIn("running: ", new)
        self.assertIn("drained in ", new)
        self.assertNotIn("drained in ", old)

    def test_something_else_stands_there(self) -> None:
        """It is left alone, and the log goes on in the old file until it is gone."""
        escd = self.start()
        self.log.rename(self.moved)
        os.mkfifo(self.log)
        escd.signal(signal.SIGHUP)
        self.wait_for(self.moved, f"{NOT_ANEW}: {self.log}: it is a FIFO; the log goes on")
        self.wait_for(self.moved, "reloaded ")
        self.assertTrue(self.log.is_fifo())
        self.log.unlink()
        escd.signal(signal.SIGHUP)
        self.wait_for(self.log, ANEW)
        self.assert_sound(escd.stop())
        self.assertEqual(self.moved.read_text(encoding="utf-8").count("reloaded "), 1)

    def test_a_file_that_hangs_holds_up_nobody(self) -> None:
        """Only the thread that writes the log waits for it."""
        if shutil.which("strace") is None:
            self.skipTest("needs strace")
        escd = self.start()
        writer = thread_named(escd.process.pid, "escd-log")
        trace = subprocess.Popen(
            ["strace", "-o", str(self.directory / "strace"), "-p", str(writer)]
            + ["-e", "trace=open,openat", "-e", f"inject=openat,open:delay_enter={HANGS_US}"],
            stderr=subprocess.PIPE,
        )
        self.addCleanup(trace.stderr.close)
        self.addCleanup(harness.end, trace)
        self.assertIn(b"attached", trace.stderr.readline())
        self.log.rename(self.moved)
        escd.signal(signal.SIGHUP)
        status = Path(f"/proc/{escd.process.pid}/task/{writer}/status")
        # strace stops it for moments elsewhere, and here for good.
        self.wait_until(
            lambda: all("State:\tt" in status.read_text(encoding="ascii") for _ in range(100)),
            "the thread is held",
            20.0,
        )
        self.assertTrue(escd.healthy())
        escd.ask("reload")
        escd.terminate()
        self.wait_until(escd.has_ledger, "the ledger is written", 20.0)
        harness.end(trace)  # or the process would wait for the thread that is held
        self.assertEqual(escd.wait(), 0)
        self.assert_sound(escd.ledger())

    def test_at_the_start_only_a_regular_file(self) -> None:
        os.mkfifo(self.log)
        device = traffic.pcap_device(0, self.directory / "t.pcap", traffic.uniform(1))
        config = Config([Port(device)], traffic.ROUTES, Lcores.folded())
        config.sections["log"] = {"file": str(self.log)}
        for arguments in (["--check"], []):
            escd = self.start_escd(config, *arguments)
            self.assertEqual(escd.wait(), 4)
            self.assertIn(f"'{self.log}' is a FIFO; name a regular file", escd.log())


if __name__ == "__main__":
    harness.main()
