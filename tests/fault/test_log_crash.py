# SPDX-License-Identifier: BSD-3-Clause
"""Dead letters outlive their writer and the power. The long forms are in docs/dead-letters.md."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

LOG_CRASH = os.environ["ESC_LOG_CRASH"]
KILLS = int(os.environ.get("ESC_KILLS", "400"))
POWER_CYCLES = int(os.environ.get("ESC_POWER_CYCLES", "200"))  # of each file system
IMAGE_BYTES = {"ext4": 64 << 20, "xfs": 320 << 20}  # mkfs.xfs takes no less than 300 MB


def run(*command):
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False
    )


class Crash(unittest.TestCase):
    def setUp(self):
        self.directory = Path(tempfile.mkdtemp(prefix="esc-fault-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def expect_nothing_lost(self, *command):
        done = run(LOG_CRASH, *command)
        self.assertEqual(done.returncode, 0, done.stderr[-4000:])
        print(f"[ crashes  ] {done.stdout.strip()}")


class Kill(Crash):
    def test_at_any_moment(self):
        self.expect_nothing_lost(self.directory, "kill", KILLS, 1)


class PowerFailure(Crash):
    def mount(self, kind):
        if os.geteuid() != 0 or shutil.which(f"mkfs.{kind}") is None:
            self.skipTest(f"needs root and mkfs.{kind}")
        image = self.directory / "disk"
        image.touch()
        os.truncate(image, IMAGE_BYTES[kind])
        mount = self.directory / "mount"
        mount.mkdir()
        made = run(f"mkfs.{kind}", "-q", image)
        self.assertEqual(made.returncode, 0, made.stderr)
        mounted = run("mount", "-o", "loop", "-t", kind, image, mount)
        if mounted.returncode != 0:
            self.skipTest(f"no {kind} on a loop device here: {mounted.stderr.strip()}")
        self.addCleanup(run, "umount", mount)
        # What a process that was killed had in an io_uring is given back a little later, and until
        # its device is free the file system that was shut down would be mounted once more.
        leave = (
            f"for i in $(seq 500); do umount '{mount}' 2>/dev/null;"
            f" mountpoint -q '{mount}' || [ -n \"$(losetup -j '{image}')\" ] || exit 0;"
            " sleep 0.02; done; exit 1"
        )
        return mount, f"({leave}) && mount -o loop -t {kind} '{image}' '{mount}'"

    def test_ext4(self):
        mount, again = self.mount("ext4")
        self.expect_nothing_lost(mount, "power", POWER_CYCLES, 1, again)

    def test_xfs(self):
        mount, again = self.mount("xfs")
        self.expect_nothing_lost(mount, "power", POWER_CYCLES, 1, again)


if __name__ == "__main__":
    unittest.main(verbosity=2)
