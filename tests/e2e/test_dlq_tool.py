# SPDX-License-Identifier: BSD-3-Clause
"""esc-dlq on folders that independent code wrote from docs/dead-letters.md: whole, torn, damaged
and hostile ones.
"""

import datetime
import fcntl
import json
import os
import random
import re
import shutil
import subprocess
from collections import Counter

import harness
from dlq_letters import (
    DAMAGED,
    DLQ,
    HOUR_NS,
    NO_FOLDER,
    OK,
    PEER_TEXT,
    START_NS,
    TOPICS,
    commits,
    dlq,
    letters,
    shown,
)
from esc_oracle import dead_letters
from esc_oracle.capture import read_packets
from esc_oracle.dead_letters import BLOCK, REASONS, STAGES, Letter, Segment
from esc_oracle.frame import read_datagram
from esc_oracle.packet import DATAGRAM, PacketRules, judge_packet
from esc_oracle.senders import sender


class Tool(harness.Scenario):
    def setUp(self):
        self.folder = self.directory / "letters"
        self.folder.mkdir()
        self.chance = random.Random(7)
        self.segments = [
            Segment(3, commits(self.chance, 60), first_id=10),
            Segment(4, commits(self.chance, 50, 60), first_id=70, sealed=False),
            Segment(0x1F, commits(self.chance, 20, 4000), run=9, first_id=1),
        ]
        for segment in self.segments:
            (self.folder / segment.name).write_bytes(segment.bytes())
        self.all = [
            (segment, number, letter)
            for segment in self.segments
            for number, letter in segment.letters()
        ]

    def cat(self, *arguments, damaged=0):
        """`damaged`: segments that it must say are."""
        found = dlq("cat", self.folder, "--json", *arguments)
        self.expect_damage(found, damaged)
        lines = [json.loads(line) for line in found.stdout.splitlines()]
        for line in lines:
            self.assertTrue(line.pop("received") and line.pop("died"))
        return lines

    def expect_damage(self, found, damaged):
        said = (
            f"esc-dlq: {damaged} segments are damaged: letters of theirs are missing here\n"
            "  fix: see esc-dlq verify\n"
        )
        self.assertEqual(
            (found.returncode, found.stderr), (DAMAGED, said) if damaged else (OK, "")
        )

    def expect_cat(self, arguments, meant):
        expected = [shown(*each) for each in self.all if meant(each[2])]
        self.assertEqual(self.cat(*arguments), expected)

    def test_cat_shows_each_as_it_was(self):
        self.expect_cat([], lambda letter: True)
        self.assertEqual(self.cat("--limit", 9), self.cat()[:9])
        self.assertEqual(len(dlq("cat", self.folder).stdout.splitlines()), len(self.all))

    def test_cat_takes_what_is_asked_for(self):
        self.expect_cat(["--reason", "stale"], lambda letter: letter.reason == "stale")
        self.expect_cat(
            ["--reason", "stale,worker_full", "--topic", "plant/+"],
            lambda letter: letter.reason in ("stale", "worker_full") and b"plant" in letter.topic,
        )
        self.expect_cat(["--topic", "net/#"], lambda letter: letter.topic.startswith(b"net/"))
        self.expect_cat(["--topic", "net/x"], lambda letter: False)
        # A pattern that begins with a wildcard takes none that begins with '$'.
        self.expect_cat(["--topic", "#"], lambda letter: not letter.topic.startswith(b"$"))
        self.expect_cat(["--topic", "+/x"], lambda letter: False)
        self.expect_cat(["--topic", "$sys/+"], lambda letter: letter.topic == b"$sys/x")
        self.expect_cat(
            ["--producer", "2"], lambda letter: letter.identity and letter.identity[0] == 2
        )
        middle = START_NS + 60 * 1_000_000_000
        text = "2026-09-21T14:14:20Z"
        self.expect_cat(["--since", text], lambda letter: letter.died_ns >= middle)
        self.expect_cat(["--until", text], lambda letter: letter.died_ns < middle)

    def test_hex_shows_the_frame(self):
        printed = dlq("cat", self.folder, "--hex").stdout
        found = "".join(
            "".join(match.split()) + "|"
            for match in re.findall(r"^  [0-9a-f]{8}  ((?:[0-9a-f]{2} ?)+)", printed, re.M)
        )
        self.assertEqual(
            found.replace("|", ""), "".join(letter.frame().hex() for _, _, letter in self.all)
        )

    def test_pcap_has_a_packet_for_each(self):
        capture = self.directory / "letters.pcap"
        with open(capture, "wb") as out:
            subprocess.run([DLQ, "cat", self.folder, "--pcap"], stdout=out, check=True, timeout=60)
        rules = PacketRules(frozenset([9001]), "verify")
        packets = list(read_packets(capture))
        self.assertEqual(len(packets), len(self.all))
        for packet, (_, _, letter) in zip(packets, self.all, strict=True):
            verdict = judge_packet(packet, rules)
            self.assertEqual(verdict.what, DATAGRAM)
            *control, event = read_datagram(verdict.payload)
            self.assertEqual(len(control), bool(letter.identity))
            self.assertEqual((event.topic, event.payload), (letter.topic, letter.payload))
            self.assertEqual(event.identity and tuple(event.identity), letter.identity)
            self.assertEqual(event.replay_count, letter.replay_count if letter.identity else 0)
            if letter.peer:
                self.assertEqual(str(sender(verdict.source)), PEER_TEXT[letter.peer])
        times = self.run_command("tcpdump", "-r", str(capture), "-n", "-tt", "--nano").split("\n")
        first = self.all[0][2].received_ns
        self.assertTrue(times[0].startswith(f"{first // 10**9}.{first % 10**9:09}"), times[0])

    def test_stats_count_by_everything(self):
        stats = json.loads(dlq("stats", self.folder, "--json").stdout)
        every = [letter for _, _, letter in self.all]
        self.assertEqual(stats["letters"], len(every))
        self.assertEqual(stats["frame_bytes"], sum(len(letter.frame()) for letter in every))

        def counted(by, key):
            return {line[key]: line["letters"] for line in stats[by]}

        self.assertEqual(
            counted("by_reason", "reason"), Counter(letter.reason for letter in every)
        )
        self.assertEqual(
            counted("by_topic", "topic"), Counter(letter.topic.decode() for letter in every)
        )
        hours = Counter(letter.died_ns // HOUR_NS for letter in every)
        self.assertEqual(list(counted("by_hour", "hour").values()), list(hours.values()))
        self.assertEqual(sum(counted("by_source", "source").values()), len(every))
        few = json.loads(dlq("stats", self.folder, "--json", "--top", 1).stdout)
        self.assertEqual(few["by_topic"], stats["by_topic"][:1])
        self.assertEqual(few["topics"], len(TOPICS))
        some = json.loads(dlq("stats", self.folder, "--json", "--reason", "stale").stdout)
        self.assertEqual(some["letters"], sum(letter.reason == "stale" for letter in every))

    def test_ls_and_verify_see_sound_segments(self):
        listed = json.loads(dlq("ls", self.folder, "--json").stdout)
        self.assertEqual(
            [(each["segment"], each["records"], each["state"]) for each in listed["segments"]],
            [
                (self.segments[0].name, 60, "sealed"),
                (self.segments[1].name, 50, "nothing_written"),
                (self.segments[2].name, 20, "sealed"),
            ],
        )
        verified = dlq("verify", self.folder)
        self.assertEqual(verified.returncode, OK)
        self.assertIn("3 segments, 130 dead letters; 0 segments end", verified.stdout)

    def change(self, segment, offset, data):
        path = self.folder / segment.name
        content = bytearray(path.read_bytes())
        content[offset : offset + len(data)] = data
        path.write_bytes(content)

    def verify(self):
        found = dlq("verify", self.folder, "--json")
        return found.returncode, json.loads(found.stdout)

    def test_a_torn_end_is_no_damage_and_damage_is(self):
        # The last commit of the second segment has one letter, the 50th.
        self.change(self.segments[1], 8 * BLOCK + 100, b"\xff\xff")
        code, verdict = self.verify()
        self.assertEqual((code, verdict["torn"], verdict["damaged"]), (OK, 1, 0))
        self.assertEqual(verdict["records"], 129)
        self.change(self.segments[0], BLOCK + 100, b"\xff\xff")
        code, verdict = self.verify()
        self.assertEqual((code, verdict["torn"], verdict["damaged"]), (DAMAGED, 1, 1))
        self.assertEqual(verdict["complaints"][0]["records_behind_damage"], 53)
        self.assertEqual(len(self.cat(damaged=1)), 69)

    def test_headers_that_decayed_are_foreign_or_newer(self):
        self.change(self.segments[0], 20, b"\xff")
        self.change(self.segments[1], 0, b"somebody else's")
        block = dead_letters.header(0x1F, 9, 1, 16 * BLOCK, "later", version=2)
        self.change(self.segments[2], 0, block)
        code, verdict = self.verify()
        self.assertEqual((code, verdict["damaged"]), (DAMAGED, 3))
        states = [each["state"] for each in verdict["complaints"]]
        self.assertEqual(states, ["damaged_header", "foreign", "newer_version"])
        self.assertEqual(self.cat(damaged=3), [])

    def test_a_file_that_is_shorter_than_its_header_says_is_damaged(self):
        size = 1024 * BLOCK
        for sealed in (True, False):
            segment = Segment(3, commits(self.chance, 54), first_id=10, size=size, sealed=sealed)
            path = self.folder / segment.name
            path.write_bytes(segment.bytes())
            self.assertEqual(self.verify()[0], OK)
            for keep, left in ((3 * BLOCK, 14), (BLOCK, 0), (9 * BLOCK, 54), (size - 1, 54)):
                path.write_bytes(segment.bytes()[:keep])
                code, verdict = self.verify()
                self.assertEqual((code, verdict["torn"], verdict["damaged"]), (DAMAGED, 0, 1))
                complaint = verdict["complaints"][0]
                self.assertEqual(
                    (complaint["state"], complaint["records"], complaint["bytes"]),
                    ("cut", left, keep),
                )
                self.assertEqual(complaint["bytes_by_header"], size)
                said = dlq("verify", self.folder).stdout
                self.assertIn(f"DAMAGED {segment.name}: has fewer bytes than the {size}", said)
                self.assertEqual(len(self.cat(damaged=1)), verdict["records"])
                stats = dlq("stats", self.folder, "--json")
                self.expect_damage(stats, 1)
                self.assertEqual(json.loads(stats.stdout)["segments_damaged"], 1)
            # A longer one has lost nothing.
            path.write_bytes(segment.bytes() + bytes(BLOCK))
            self.assertEqual(self.verify()[0], OK)

    def test_a_header_that_is_gone_is_damage_where_letters_lie_behind_it(self):
        """It was on the disk before the first of them: purge must not take it for an empty one."""
        for lost in (512, BLOCK):
            self.change(self.segments[0], 0, bytes(lost))
            code, verdict = self.verify()
            self.assertEqual((code, verdict["damaged"]), (DAMAGED, 1))
            self.assertEqual(verdict["complaints"][0]["state"], "damaged_header")
            self.cat(damaged=1)
            self.purge("--until", "3650d")
            self.assertTrue((self.folder / self.segments[0].name).exists())
        # One that was never begun, its blocks reserved.
        (self.folder / "0000000000000020.dlq").write_bytes(bytes(64 * BLOCK))
        self.assertEqual(self.verify()[1]["damaged"], 1)

    def test_a_spare_file_and_others_do_not_count(self):
        content = self.segments[0].bytes()
        (self.folder / "0000000000000002.spare").write_bytes(content)
        (self.folder / "0000000000000020.dlq").write_bytes(content)  # used again, not yet begun
        (self.folder / "notes.txt").write_text("mine", encoding="utf-8")
        code, verdict = self.verify()
        self.assertEqual((code, verdict["records"], verdict["segments"]), (OK, 130, 4))
        self.assertEqual(len(self.cat()), 130)

    def test_what_is_named_like_a_segment_and_is_no_file_is_foreign(self):
        """escd would not take the folder, and nothing follows the link."""
        (self.folder / "0000000000000021.dlq").mkdir()
        (self.folder / "0000000000000022.dlq").symlink_to(self.folder / self.segments[0].name)
        os.mkfifo(self.folder / "0000000000000023.dlq")
        code, verdict = self.verify()
        self.assertEqual((code, verdict["records"]), (DAMAGED, 130))
        self.assertEqual([each["state"] for each in verdict["complaints"]], ["foreign"] * 3)
        self.assertEqual(len(self.cat()), 130)

    def purge(self, *arguments):
        found = dlq("purge", self.folder, "--json", *arguments)
        self.assertEqual((found.returncode, found.stderr), (OK, ""))
        said = json.loads(found.stdout)
        return said["files"], said["letters"]

    def test_purge_removes_whole_segments_in_which_all_is_older(self):
        # The last letter of the second segment died 109 s and 5 ns after the first one began.
        names = [segment.name for segment in self.segments]
        (self.folder / "0000000000000002.spare").write_bytes(bytes(BLOCK))
        last = datetime.datetime.fromtimestamp(
            START_NS // 1_000_000_000 + 109, datetime.timezone.utc
        )
        then = [
            (last + datetime.timedelta(seconds=more)).strftime("%Y-%m-%dT%H:%M:%SZ")
            for more in (0, 1)
        ]
        self.assertEqual(self.purge("--dry-run", "--until", then[1]), (names[:2], 110))
        self.assertEqual(len(self.cat()), 130)
        self.assertEqual(self.purge("--until", then[0]), (names[:1], 60))
        self.assertEqual(self.purge("--until", then[0]), ([], 0))
        # In a damaged one there may be letters that cannot be read.
        self.change(self.segments[1], BLOCK + 100, b"\xff\xff")
        self.assertEqual(self.purge("--until", then[1]), ([], 0))
        files, _ = self.purge("--all")
        self.assertEqual(files, [*names[1:], "0000000000000002.spare"])
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_purge_leaves_what_is_not_ours_and_what_an_appliance_has(self):
        before = sorted(self.folder.iterdir())
        holder = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, holder)
        fcntl.flock(holder, fcntl.LOCK_EX)
        found = dlq("purge", self.folder, "--all")
        self.assertEqual(found.returncode, NO_FOLDER)
        self.assertIn("another program has the folder", found.stderr)
        fcntl.flock(holder, fcntl.LOCK_UN)
        self.change(self.segments[2], 0, b"somebody else's")
        found = dlq("purge", self.folder, "--all")
        self.assertEqual(found.returncode, NO_FOLDER)
        self.assertIn("no segment of dead letters", found.stderr)
        self.assertEqual(sorted(self.folder.iterdir()), before)

    def test_what_the_disk_refuses_is_said(self):
        if shutil.which("strace") is None:
            self.skipTest("strace is not installed")
        refused = self.folder / self.segments[0].name
        for command in ("cat", "stats", "verify"):
            found = subprocess.run(
                ["strace", "-f", "-qq", "-o", os.devnull, "-P", refused, "-e", "trace=pread64",
                 "-e", "inject=pread64:error=EIO", DLQ, command, self.folder],
                capture_output=True, text=True, timeout=120, check=False,
                env=os.environ | {"ASAN_OPTIONS": "detect_leaks=0"},
            )  # fmt: skip
            self.assertEqual(found.returncode, DAMAGED, command)
            said = found.stdout if command == "verify" else found.stderr
            what = "Input/output error" if command == "verify" else "1 segments could not be read"
            self.assertIn(what, said)
            if command == "cat":
                self.assertEqual(len(found.stdout.splitlines()), 70)

    def test_whatever_decays_nothing_is_invented(self):
        known = {json.dumps(shown(*each), sort_keys=True) for each in self.all}
        sound = [segment.bytes() for segment in self.segments]
        for _ in range(60):
            for segment, content in zip(self.segments, sound, strict=True):
                damaged = bytearray(content)
                for _ in range(self.chance.randrange(4)):
                    at = self.chance.randrange(len(damaged))
                    damaged[at] ^= 1 << self.chance.randrange(8)
                keep = self.chance.choice([len(damaged), self.chance.randrange(len(damaged))])
                (self.folder / segment.name).write_bytes(damaged[:keep])
            code, verdict = self.verify()
            self.assertEqual(code, DAMAGED if verdict["damaged"] else OK)
            cat = self.cat(damaged=verdict["damaged"])
            self.assertLessEqual({json.dumps(each, sort_keys=True) for each in cat}, known)
            self.expect_damage(dlq("stats", self.folder), verdict["damaged"])
            self.assertEqual(dlq("ls", self.folder).returncode, OK)


class Hostile(harness.Scenario):
    def test_nothing_a_sender_wrote_reaches_the_terminal(self):
        folder = self.directory / "letters"
        folder.mkdir()
        bad = b"\x1b]0;owned\x07\r\nINFO all is well\x00\xc2\x9b31m\xe2\x80\xae\xff\xfe"
        segment = Segment(1, [[Letter(bad, bad), Letter(b"", b""), Letter(b"x" * 255, bad * 100)]])
        segment.instance = "a\x1b[31mb"
        (folder / segment.name).write_bytes(segment.bytes())
        commands = [
            ("cat", folder),
            ("cat", folder, "--json"),
            ("cat", folder, "--hex"),
            ("stats", folder),
            ("stats", folder, "--json"),
            ("ls", folder),
            ("ls", folder, "--json"),
            ("verify", folder),
        ]
        for command in commands:
            printed = subprocess.run([DLQ, *command], capture_output=True, check=True).stdout
            self.assertRegex(printed.decode(), r"\A[\n\t\x20-\x7e]*\Z", command)
            self.assertTrue(printed)

    def cat_of(self, *made):
        folder = self.directory / "letters"
        folder.mkdir(exist_ok=True)
        segment = Segment(1, [list(made)], size=64 * BLOCK)
        (folder / segment.name).write_bytes(segment.bytes())
        return [dlq(command, folder).stdout for command in ("cat", "stats")]

    def test_no_field_is_forged_by_the_one_before_it(self):
        forger = b"x' priority 255 payload 0 bytes '"
        cat, _ = self.cat_of(Letter(forger, b"it's \\ \\'", priority=3))
        self.assertIn(r"topic 'x\' priority 255 payload 0 bytes \'' priority 3 payload", cat)
        self.assertTrue(cat.endswith(r"bytes 'it\'s \\ \\\''" + "\n"), cat)
        # What is escaped can be told from what is written so.
        cat, stats = self.cat_of(Letter(b"\x1b", b""), Letter(rb"\x1b", b""))
        for said in (cat, stats):
            self.assertEqual(len(re.findall(r"(?<!\\)\\x1b", said)), 1, said)
            self.assertEqual(said.count(r"\\x1b"), 1, said)

    def test_what_nobody_sees_is_shown(self):
        unseen = "\u00ad\u034f\u115f\u3164\u2800\u00a0\u2003\u3000\ufeff\ufe0f\U000e0041"
        seen = "ü€𝄞"
        for said in self.cat_of(Letter(f"a{unseen}{seen}".encode(), unseen.encode())):
            for one in unseen:
                self.assertNotIn(one, said)
                digits = 4 if ord(one) < 0x10000 else 6
                self.assertIn(f"\\u{{{ord(one):0{digits}x}}}", said)
            self.assertIn(seen, said)

    def test_a_frame_that_is_none_is_shown_as_bytes(self):
        class Odd(Letter):
            def frame(self):
                return b"\x00\x00\x01\x00\x05\x00\xffabc"

        folder = self.directory / "letters"
        folder.mkdir()
        segment = Segment(1, [[Odd(b"", b"")]])
        (folder / segment.name).write_bytes(segment.bytes())
        line = json.loads(dlq("cat", folder, "--json").stdout)
        self.assertEqual(line["frame_hex"], "00000100" "0500ff" "616263")
        self.assertIn("no frame, 10 bytes", dlq("cat", folder).stdout)


if __name__ == "__main__":
    harness.main()
