# SPDX-License-Identifier: BSD-3-Clause
"""A disk that fails under a running appliance: events go on, every dead letter is accounted for,
nothing that is not on the disk is called durable, and when the disk works again dead letters are
kept again.
"""

import fcntl
import json
import os
import resource
import shutil
import subprocess
import tempfile
from pathlib import Path

import harness
import craft
import traffic
from harness import Config, Escd, Lcores, Port

DISK_BYTES = 96 << 20
SEGMENT_BYTES = 4 << 20
WAIT_S = 60.0
SHUT_DOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
WITHOUT_FLUSH = (2).to_bytes(4, "little")
HANGS_US = 600_000_000


class Faults(harness.Scenario):
    def start(self, letters: Path, **more: object) -> Escd:
        """One event in a hundred is a dead letter, for ever."""
        packets = []
        for number in range(200):
            topic = "nobody" if number % 100 == 0 else "fine"
            packets.append(craft.datagram4(craft.frame(topic, bytes(24))))
        device = traffic.pcap_device(0, self.directory / "trace.pcap", packets, ",infinite_rx=1")
        config = Config([Port(device)], {"fine": "count"}, Lcores.folded())
        config.sections["dead_letters"] = {
            "directory": str(letters),
            "segment_bytes": SEGMENT_BYTES,
            "min_free_bytes": 0,
        } | more
        escd = self.start_escd(config)
        escd.wait_until_running()
        self.escd = escd
        self.wait_for(lambda now: now["durable"] > 0, "dead letters are durable")
        return escd

    def wait_for(self, condition, what: str) -> dict:
        """What escctl dlq says once that is so."""
        said = {}

        def fulfilled() -> bool:
            said.update(self.escd.ask("dlq"))
            return condition(said)

        self.wait_until(fulfilled, what, WAIT_S)
        return said

    def expect_flow(self) -> None:
        before = self.escd.live_ledger()["frames"]["delivered"]
        self.wait_until(
            lambda: self.escd.live_ledger()["frames"]["delivered"] > before + 100_000,
            "events go on",
            WAIT_S,
        )

    def fail_and_come_back(self, letters: Path, error: str, fail, mend, **more: object) -> dict:
        """The ledger at the end."""
        self.start(letters, **more)
        fail()
        self.wait_for(lambda now: now["write_failed"] > 0, "a commit has failed")
        self.wait_for(lambda now: now["last_error"] == error, error)
        self.wait_until(lambda: not self.escd.passes("dead_letters"), "the probe says so", WAIT_S)
        self.expect_flow()
        mend()
        durable = self.escd.ask("dlq")["durable"]
        self.wait_for(lambda now: now["durable"] > durable, "dead letters are durable again")
        self.wait_until(
            lambda: "dead letters are kept again" in self.escd.log(), "the log says so", WAIT_S
        )
        self.wait_until(
            lambda: self.escd.passes("dead_letters"), "the probe says so", WAIT_S
        )
        # What the disk did not take is lost, and stays so for longer than the fault.
        self.assertGreater(
            self.escd.health()["losses"]["places"]["frames.dlq_write_failed"]["in_window"], 0
        )
        self.assertIn(f"cannot be written to '{letters}': {error}", self.escd.log())
        ledger = self.escd.stop()
        self.assert_sound(ledger)
        self.assertGreater(ledger["frames"]["dropped"]["dlq_write_failed"], 0)
        return ledger

    def letters_in(self, folder: Path) -> int:
        shown = harness.run_to_end(harness.binary("ESC_DLQ"), "verify", str(folder), "--json")
        return json.loads(shown)["records"]

    def mount(self) -> Path:
        """A small ext4 of our own, on an image that is not in the test's own folder."""
        if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
            self.skipTest("needs root and mkfs.ext4")
        place = Path(tempfile.mkdtemp(prefix="esc-e2e-disk-"))
        self.addCleanup(shutil.rmtree, place)
        image, mount = place / "image", place / "mount"
        image.touch()
        os.truncate(image, DISK_BYTES)
        mount.mkdir()
        harness.run_to_end("mkfs.ext4", "-q", str(image))
        mounted = subprocess.run(
            ["mount", "-o", "loop", str(image), str(mount)], capture_output=True, text=True
        )
        if mounted.returncode != 0:
            self.skipTest(f"no loop device here: {mounted.stderr.strip()}")
        self.addCleanup(harness.run_to_end, "umount", str(mount))
        self.image = image
        return mount

    def test_a_full_disk(self) -> None:
        mount = self.mount()
        letters = mount / "letters"
        def fail() -> None:
            room = os.statvfs(mount)
            free = room.f_bavail * room.f_frsize
            with open(mount / "filler", "wb") as file:
                os.posix_fallocate(file.fileno(), 0, free - SEGMENT_BYTES)

        def mend() -> None:
            (mount / "filler").unlink()

        ledger = self.fail_and_come_back(letters, "No space left on device", fail, mend)
        self.assertEqual(ledger["frames"]["dead_lettered"]["durable"], self.letters_in(letters))

    def test_a_disk_that_breaks(self) -> None:
        mount = self.mount()
        letters = mount / "letters"

        def fail() -> None:
            folder = os.open(mount, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.ioctl(folder, SHUT_DOWN, WITHOUT_FLUSH)
            finally:
                os.close(folder)

        def mend() -> None:
            # What the disk has, over what is broken: at no time is there neither.
            other = self.image.with_name("other")
            harness.run_to_end("cp", "--sparse=always", str(self.image), str(other))
            harness.run_to_end("mount", "-o", "loop", str(other), str(mount))
            self.addCleanup(harness.run_to_end, "umount", str(mount))

        ledger = self.fail_and_come_back(letters, "Input/output error", fail, mend)
        # What a commit was given back for may be there nevertheless.
        self.assertGreaterEqual(
            self.letters_in(letters), ledger["frames"]["dead_lettered"]["durable"]
        )

    def test_commits_go_through_io_uring_unless_it_is_forbidden(self) -> None:
        for io_uring, path in ((True, "io_uring"), (False, "system_calls")):
            self.start(self.directory / path, io_uring=io_uring)
            taken = self.escd.ask("dlq")["commit_path"]
            if io_uring and "io_uring is not to be had here" in self.escd.log():
                self.skipTest("no io_uring here")
            self.assertEqual(taken, path)
            ledger = self.escd.stop()
            self.assert_sound(ledger)
            durable = ledger["frames"]["dead_lettered"]["durable"]
            self.assertEqual(self.letters_in(self.directory / path), durable)

    def test_a_limit_on_file_sizes(self) -> None:
        """Below segment_bytes: what does not fit is an error of the disk, and not SIGXFSZ."""
        for io_uring in (True, False):
            with self.subTest(io_uring=io_uring):
                letters = self.directory / f"limited-{io_uring}"

                def limit(most: int) -> None:
                    limits = (most, resource.RLIM_INFINITY)
                    resource.prlimit(self.escd.process.pid, resource.RLIMIT_FSIZE, limits)

                ledger = self.fail_and_come_back(
                    letters,
                    "File too large",
                    lambda: limit(SEGMENT_BYTES // 2),
                    lambda: limit(resource.RLIM_INFINITY),
                    io_uring=io_uring,
                )
                self.assertIn("ulimit -f", self.escd.log())
                # What of a commit fitted below the limit is there, and was not called durable.
                self.assertGreaterEqual(
                    self.letters_in(letters), ledger["frames"]["dead_lettered"]["durable"]
                )

    def test_the_oldest_segments_go(self) -> None:
        letters = self.directory / "letters"
        self.start(letters, max_segments=2)
        said = self.wait_for(
            lambda now: now["segments_removed"] > 2 and now["segments"] <= 2, "segments go"
        )
        self.assertGreater(said["letters_removed"], 0)
        ledger = self.escd.stop()
        self.assert_sound(ledger)
        kept = self.letters_in(letters)
        self.assertGreater(kept, 0)
        self.assertLess(kept, ledger["frames"]["dead_lettered"]["durable"])

    def test_a_disk_that_hangs_does_not_hold_up_the_end(self) -> None:
        self.start(self.directory / "letters", io_uring=False)
        trace = self.inject("fdatasync", f"delay_enter={HANGS_US}")
        self.wait_for(lambda now: now["backlog"] > 0, "all that goes round is on its way")
        self.expect_flow()
        self.escd.terminate()
        self.wait_until(
            lambda: "the disk did not take the last dead letters" in self.escd.log(),
            "it gives the disk up",
            WAIT_S,
        )
        harness.end(trace)  # or the process would wait for the thread that is held
        self.assertEqual(self.escd.wait(), 8)
        ledger = self.escd.ledger()
        self.assertGreater(ledger["frames"]["in_flight"], 0)
        self.assertTrue(ledger["balanced"])

    def test_a_folder_that_is_removed(self) -> None:
        letters = self.directory / "letters"
        gone = []

        def fail() -> None:
            # Moved first, so that its contents can still be counted and nobody writes there any
            # more.
            letters.rename(self.directory / "moved")
            gone.append(self.letters_in(self.directory / "moved"))
            shutil.rmtree(self.directory / "moved")

        self.start(letters)
        fail()
        self.wait_for(lambda now: now["write_failed"] > 0, "a commit has failed")
        self.expect_flow()
        self.wait_until(letters.exists, "the folder is made again", WAIT_S)
        durable = self.escd.ask("dlq")["durable"]
        self.wait_for(lambda now: now["durable"] > durable, "dead letters are durable again")
        ledger = self.escd.stop()
        self.assert_sound(ledger)
        there = self.letters_in(letters)
        self.assertGreater(there, 0)
        # Between the count and the removal more may have become durable, and then gone.
        self.assertGreaterEqual(ledger["frames"]["dead_lettered"]["durable"], gone[0] + there)

    def inject(self, call: str, fault: str) -> subprocess.Popen:
        """Spoils that system call of the writing thread until the process is ended."""
        if shutil.which("strace") is None:
            self.skipTest("needs strace")
        for task in Path(f"/proc/{self.escd.process.pid}/task").iterdir():
            if (task / "comm").read_text().strip() == "esc-dlq-writer":
                break
        else:
            self.fail("no thread writes dead letters")
        log = self.directory / "strace"
        trace = subprocess.Popen(
            ["strace", "-qq", "-o", str(log), "-p", task.name]
            + ["-e", f"trace={call}", "-e", f"inject={call}:{fault}"],
            stderr=subprocess.DEVNULL,
        )
        self.addCleanup(harness.end, trace)
        return trace

    def test_calls_that_fail(self) -> None:
        for call, error, text in (
            ("fdatasync", "EIO", "Input/output error"),
            ("pwritev2", "EIO", "Input/output error"),
            ("pwritev2", "EDQUOT", "Disk quota exceeded"),
            ("pwritev2", "EROFS", "Read-only file system"),
            ("openat", "EROFS", "Read-only file system"),
        ):
            with self.subTest(call=call, error=error):
                letters = self.directory / f"{call}-{error}"
                traced = []
                ledger = self.fail_and_come_back(
                    letters,
                    text,
                    lambda: traced.append(self.inject(call, f"error={error}")),
                    lambda: harness.end(traced[0]),
                    io_uring=False,
                )
                durable = ledger["frames"]["dead_lettered"]["durable"]
                there = self.letters_in(letters)
                # What a sync failed for may be on the disk nevertheless: nobody was told that.
                if call == "fdatasync":
                    self.assertGreaterEqual(there, durable)
                else:
                    self.assertEqual(there, durable)


if __name__ == "__main__":
    harness.main()
