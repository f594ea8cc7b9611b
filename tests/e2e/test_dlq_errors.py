# SPDX-License-Identifier: BSD-3-Clause
"""What esc-dlq says to impossible requests, and when its readers stop reading."""

import random
import re
import subprocess

import harness
from dlq_letters import (
    DLQ,
    NO_FOLDER,
    NOT_WRITTEN,
    OK,
    PAGE,
    USAGE,
    commits,
    dlq,
)
from esc_oracle.dead_letters import BLOCK, Segment


class Errors(harness.Scenario):
    def test_each_says_what_to_do(self):
        for arguments, code in (
            (["ls", self.directory / "nowhere"], NO_FOLDER),
            (["ls", __file__], NO_FOLDER),
            (["ls"], USAGE),
            ([], USAGE),
            (["cat", self.directory, "--since", "yesterday"], USAGE),
            (["cat", self.directory, "--topic", "a/#/b"], USAGE),
            (["cat", self.directory, "--reason", "bored"], USAGE),
            (["cat", self.directory, "--topic", ""], USAGE),
            (["cat", self.directory, "--since", "2026-02-30T00:00:00Z"], USAGE),
            (["cat", self.directory, "--until", "9999-01-01T00:00:00Z"], USAGE),
            (["cat", self.directory, "--until", "2026-1-1T0:0:0Z"], USAGE),
            (["cat", self.directory, "--until", "-1h"], USAGE),
            (["cat", self.directory, "--json", "--hex"], USAGE),
            (["purge", self.directory], USAGE),
            (["purge", self.directory, "--all", "--until", "1d"], USAGE),
            (["purge", self.directory / "nowhere", "--all"], NO_FOLDER),
            (["ls", "/nowhere\x1b[31m"], NO_FOLDER),
        ):
            found = dlq(*arguments)
            self.assertEqual(found.returncode, code, arguments)
            self.assertRegex(found.stderr, r"\Aesc-dlq: .+\n  fix: .+\n\Z")
            self.assertNotIn("\x1b", found.stderr)
            self.assertEqual(found.stdout, "")
        self.assertEqual(dlq("ls", self.directory).returncode, OK)

    def test_a_reader_that_has_enough_ends_it(self):
        folder = self.directory / "letters"
        folder.mkdir()
        segment = Segment(1, commits(random.Random(1), 700), size=200 * BLOCK)
        (folder / segment.name).write_bytes(segment.bytes())
        with subprocess.Popen([DLQ, "cat", folder], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as process:
            process.stdout.readline()
            process.stdout.close()
            self.assertEqual((process.wait(60), process.stderr.read()), (OK, ""))
        with open("/dev/full", "wb") as full:
            done = subprocess.run([DLQ, "cat", folder], stdout=full, stderr=subprocess.PIPE,
                                  text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, NOT_WRITTEN)
        self.assertIn("No space left on device", done.stderr)

    def test_the_page_has_the_exit_codes(self):
        text = dlq("--help").stdout
        table = re.findall(r"^  (\d)  (.+)$", text, re.M)
        page = PAGE.read_text(encoding="utf-8")
        for code, meaning in table:
            self.assertIn(f"| {code} | {meaning} |", page)
        self.assertEqual([code for code, _ in table], list("012345"))


if __name__ == "__main__":
    harness.main()
