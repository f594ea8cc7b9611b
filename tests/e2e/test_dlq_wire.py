# SPDX-License-Identifier: BSD-3-Clause
"""What esc-dlq replay puts on the wire: a listener reads it by docs/wire-format.md."""

import fcntl
import json
import os
import re
import socket
import subprocess
import threading
import time

import harness
import craft
from dlq_program import DAMAGED, NOT_REPLAYED, OK, USAGE, dlq
from esc_oracle.dead_letters import Letter, Segment
from esc_oracle.frame import CONTROL, read_datagram

RUN = 0xABCDEF


class Listener:
    """Takes one TCP connection, and everything that comes."""

    def __init__(self, scenario: harness.Scenario, most: int | None = None) -> None:
        self._most = most  # bytes, then it hangs up
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.data = b""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        scenario.addCleanup(self._socket.close)

    def _run(self) -> None:
        try:
            connection, _ = self._socket.accept()
        except OSError:  # nobody came, and the test is over
            return
        with connection:
            while self._most is None or len(self.data) < self._most:
                data = connection.recv(1 << 16)
                if not data:
                    return
                self.data += data

    def events(self) -> list:
        self._thread.join(30)
        return [one for one in read_datagram(self.data) if one.what != CONTROL]


def some_letters() -> list[Letter]:
    letters = []
    for i in range(300):
        numbered = i % 3 != 0
        # Some follow one another, some do not; and one is the last number there is.
        number = 2**64 - 1 if i == 50 else 1000 + i // 7 * 100 + i
        letters.append(
            Letter(
                topic=f"plant/{i % 4}".encode(),
                payload=str(i).encode() * (i % 5),
                reason=("unknown_topic", "stale", "handler_refused")[i % 3],
                priority=i % 256,
                died_ns=1_790_000_000_000_000_000 + i,
                identity=(9, 2, number) if numbered else None,
                replay_count=i // 10 % 5 if numbered else 0,
            )
        )
    return letters


class ByTcp(harness.Scenario):
    """What goes over the wire, letter by letter."""

    def setUp(self) -> None:
        self.folder = self.directory / "letters"
        self.folder.mkdir()
        self.letters = some_letters()
        self.segments = [
            Segment(3, [self.letters[:100], self.letters[100:150]], run=RUN, first_id=10),
            Segment(9, [self.letters[150:]], run=RUN, first_id=500, sealed=False, size=32 * 4096),
        ]
        self.numbers = [*range(10, 160), *range(500, 650)]
        for segment in self.segments:
            (self.folder / segment.name).write_bytes(segment.bytes())

    def expected(self, meant=lambda letter: True, most: int = 3) -> list[tuple]:
        out = []
        for number, letter in zip(self.numbers, self.letters, strict=True):
            if not meant(letter) or letter.replay_count >= most:
                continue
            identity = letter.identity or (RUN, 0, number)
            out.append((letter.frame(), identity, letter.replay_count + 1))
        return out

    def replay(self, *arguments: object, code: int = OK, most: int | None = None) -> tuple:
        listener = Listener(self, most)
        done = dlq(
            "replay", self.folder, "--json", "--tcp", f"127.0.0.1:{listener.port}", *arguments
        )
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        sent = []
        for one in listener.events() if most is None else []:
            frame = craft.frame(one.topic, one.payload, one.priority)
            sent.append((frame, tuple(one.identity), one.replay_count))
        return sent, json.loads(done.stdout) if done.stdout else {}, done.stderr

    def test_each_frame_as_it_was_under_its_own_identity(self) -> None:
        sent, said, _ = self.replay("--max-replays", 4)
        expected = self.expected(most=4)
        self.assertEqual(sent, expected)
        self.assertEqual(said["letters"], len(expected))
        self.assertEqual(said["left_max_replays"], 300 - len(expected))

    def test_those_that_follow_one_another_share_a_session_frame(self) -> None:
        listener = Listener(self)
        dlq("replay", self.folder, "--tcp", f"127.0.0.1:{listener.port}")
        events = listener.events()
        controls = sum(one.what == CONTROL for one in read_datagram(listener.data))
        self.assertLess(controls, len(events))

    def test_filters_and_a_limit(self) -> None:
        self.assertEqual(
            self.replay("--topic", "plant/2")[0],
            self.expected(lambda letter: letter.topic == b"plant/2"),
        )
        some = ["--reason", "stale", "--limit", 7, "--cursor", self.directory / "some"]
        stale = self.expected(lambda letter: letter.reason == "stale")
        self.assertEqual(self.replay(*some)[0], stale[:7])
        self.assertEqual(self.replay(*some)[0], stale[7:14])

    def test_a_second_replay_goes_on_behind_the_first(self) -> None:
        self.replay()
        self.assertEqual(self.replay()[0], [])
        more = Segment(10, [self.letters[:20]], run=RUN, first_id=900)
        (self.folder / more.name).write_bytes(more.bytes())
        sent, said, _ = self.replay()
        self.assertEqual(len(sent), said["letters"])
        self.assertEqual(len(sent), sum(letter.replay_count < 3 for letter in self.letters[:20]))
        self.assertEqual(self.replay("--restart")[0][: len(self.expected())], self.expected())

    def test_a_slow_one_keeps_its_rate_and_shows_how_far_it_is(self) -> None:
        listener = Listener(self)
        master, slave = os.openpty()
        self.addCleanup(os.close, master)
        letters = len(self.expected())
        began = time.monotonic()
        with subprocess.Popen(
            [harness.binary("ESC_DLQ"), "replay", self.folder, "--rate", str(letters // 2),
             "--tcp", f"127.0.0.1:{listener.port}"],
            stdout=subprocess.DEVNULL, stderr=slave,
        ) as process:  # fmt: skip
            os.close(slave)
            self.assertEqual(process.wait(60), OK)
        # At least: all but the last batch, which is of a second.
        self.assertGreater(time.monotonic() - began, 0.9)
        self.assertEqual(len(listener.events()), letters)
        self.assertIn(b"replaying [#", os.read(master, 1 << 16))

    def test_each_selection_has_a_cursor_of_its_own(self) -> None:
        self.replay("--topic", "plant/1")
        self.assertEqual(len(self.replay()[0]), len(self.expected()))
        cursor = self.directory / "cursor"
        self.replay("--topic", "plant/1", "--cursor", cursor)
        _, _, error = self.replay("--cursor", cursor, code=NOT_REPLAYED, most=0)
        self.assertIn("is of another selection", error)
        sound = {"esc_dlq_cursor": 1, "selection": "", "segment": 3, "run": RUN, "created_ns": 0,
                 "id": 159}  # fmt: skip
        cursor.write_text(json.dumps(sound), encoding="utf-8")
        self.assertEqual(len(self.replay("--cursor", cursor)[0]), len(self.expected()) - 110)
        for spoilt in (
            "{}",
            "[" * 60_000,
            *(json.dumps(sound | {"id": bad}) for bad in (-1, 1.5, 1e300, "1", None)),
            json.dumps(sound | {"esc_dlq_cursor": -1}),
        ):
            cursor.write_text(spoilt, encoding="utf-8")
            _, _, error = self.replay("--cursor", cursor, code=NOT_REPLAYED, most=0)
            self.assertIn("is no cursor", error)

    def test_a_dry_run_sends_nothing_and_moves_nothing(self) -> None:
        before = sorted(path.name for path in self.folder.iterdir())
        done = dlq("replay", self.folder, "--dry-run", "--json")
        self.assertEqual(json.loads(done.stdout)["letters"], len(self.expected()))
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), before)

    def test_who_hangs_up_is_told_of_and_the_cursor_stays(self) -> None:
        _, _, error = self.replay("--rate", 1000, code=NOT_REPLAYED, most=1)
        self.assertIn("TCP:", error)
        self.assertEqual(list(self.folder.glob("*.cursor")), [])
        self.assertEqual(self.replay()[0], self.expected())

    def test_nobody_there(self) -> None:
        # Bound and not listening: nobody else can come to listen there meanwhile.
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            done = dlq("replay", self.folder, "--tcp", f"127.0.0.1:{port}")
        self.assertEqual(done.returncode, NOT_REPLAYED)
        self.assertIn("Connection refused", done.stderr)
        self.assertEqual(dlq("replay", self.folder).returncode, USAGE)

    def test_what_no_receiver_takes_for_an_event_is_left(self) -> None:
        """A session frame would number those behind it, a wrong length would swallow them."""
        session = craft.session(1, 1, 77)[19:]  # its payload
        for bad in (
            Letter(b"$esc/session", session, identity=(9, 2, 50_000)),
            Letter(b"$esc/other", b"x"),
            Letter(b"not\xffutf-8", b"x"),
            Letter(b"", b"x"),
            Letter(b"a", bytes(65_403)),
        ):
            good = Letter(b"good", b"y", identity=(9, 2, 50_001))
            segment = Segment(20, [[bad, good]], run=RUN, size=64 * 4096)
            (self.folder / segment.name).write_bytes(segment.bytes())
            sent, said, _ = self.replay("--restart", code=DAMAGED)
            self.assertEqual(sent, [*self.expected(), (good.frame(), good.identity, 1)])
            self.assertEqual(said["left_no_frame"], 1)

    def test_what_is_yet_to_come_is_sent_when_it_came(self) -> None:
        later = 2**62
        segment = Segment(20, [[Letter(b"x", b"1", died_ns=later), Letter(b"x", b"2")]], run=RUN)
        (self.folder / segment.name).write_bytes(segment.bytes())
        expected = [*self.expected(), (Letter(b"x", b"2").frame(), (RUN, 0, 1), 1)]
        until = ("--until", "0s")  # now
        sent, said, _ = self.replay(*until)
        self.assertEqual((sent, said["left_until"]), (expected, 1))
        self.assertEqual(self.replay(*until)[0], expected[-1:])
        segment.commits[0][0].died_ns = 1
        (self.folder / segment.name).write_bytes(segment.bytes())
        self.assertEqual([one[1][2] for one in self.replay(*until)[0]], [0, 1])
        self.assertEqual(self.replay(*until)[0], [])

    def test_letters_of_a_clock_that_was_ahead_are_sent_once(self) -> None:
        """By the day and by centuries; and a segment that says it was made after the next one."""
        tomorrow = time.time_ns() + 86_400 * 10**9
        ahead = [Letter(b"x", str(i).encode(), died_ns=tomorrow + i) for i in range(50)]
        for number, commit, created in ((1, ahead[:25], tomorrow), (20, ahead[25:], 10)):
            segment = Segment(number, [commit], run=RUN, first_id=number * 100, created_ns=created)
            (self.folder / segment.name).write_bytes(segment.bytes())
        dry = dlq("replay", self.folder, "--dry-run", "--json")
        self.assertEqual(json.loads(dry.stdout)["letters"], len(self.expected()) + 50)
        sent, said, _ = self.replay()
        self.assertEqual(len(sent), len(self.expected()) + 50)
        self.assertEqual(said["letters"], len(sent))
        self.assertEqual({one[0] for one in sent} >= {letter.frame() for letter in ahead}, True)
        self.assertEqual(self.replay()[0], [])

    def test_a_restart_that_was_stopped_goes_on_from_the_beginning(self) -> None:
        self.replay()
        self.assertEqual(len(list(self.folder.glob("*.cursor"))), 1)
        self.replay("--restart", "--rate", 1000, code=NOT_REPLAYED, most=1)
        self.assertEqual(list(self.folder.glob("*.cursor")), [])
        self.assertEqual(self.replay()[0], self.expected())

    def test_a_segment_that_is_damaged_is_said(self) -> None:
        path = self.folder / self.segments[0].name
        content = path.read_bytes()
        # Cut; spoiled in the middle; without a header.
        for spoiled in (
            content[: 2 * 4096],
            content[: 4096 + 100] + b"\xff\xff" + content[4096 + 102 :],
            content[:20] + b"\xff" + content[21:],
        ):
            path.write_bytes(spoiled)
            self.expect_damage()

    def expect_damage(self) -> None:
        for cursor in self.folder.glob("*.cursor"):
            cursor.unlink()
        sent, said, _ = self.replay(code=DAMAGED)
        self.assertLess(len(sent), len(self.expected()))
        self.assertEqual(said["segments_damaged"], 1)
        # It is said once: what is behind the cursor is not read again.
        self.assertEqual(self.replay()[0], [])

    def test_a_folder_that_was_begun_anew(self) -> None:
        self.replay()
        for path in self.folder.glob("*.dlq"):
            path.unlink()
        anew = Segment(1, [[Letter(b"x", b"1")]], run=RUN + 1, created_ns=10)
        (self.folder / anew.name).write_bytes(anew.bytes())
        self.assertEqual(len(self.replay()[0]), 1)
        self.assertEqual(len(self.replay()[0]), 0)

    def test_a_second_one_at_the_same_time(self) -> None:
        cursor = self.directory / "cursor"
        with open(f"{cursor}.lock", "wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _, _, error = self.replay("--cursor", cursor, code=NOT_REPLAYED, most=0)
        self.assertIn("another replay of this selection is under way", error)

    def test_a_damaged_segment(self) -> None:
        path = self.folder / self.segments[0].name
        content = bytearray(path.read_bytes())
        content[4096 + 200] ^= 1
        path.write_bytes(content)
        sent, _, _ = self.replay(code=DAMAGED)
        whole = self.expected()
        self.assertEqual(sent, [one for one in whole if one in sent])
        self.assertLess(len(sent), len(whole))


class ByUdp(harness.Scenario):
    """Over UDP the kernel says at best that nobody listens."""

    def setUp(self) -> None:
        self.folder = self.directory / "letters"
        self.folder.mkdir()
        letters = [Letter(b"x", bytes(1000), died_ns=1 + i) for i in range(500)]
        segment = Segment(3, [letters], run=RUN, size=256 * 4096)
        (self.folder / segment.name).write_bytes(segment.bytes())
        self.receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(self.receiver.close)
        self.receiver.bind(("127.0.0.1", 0))
        self.to = f"127.0.0.1:{self.receiver.getsockname()[1]}"

    def replay(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return dlq("replay", self.folder, "--json", "--udp", self.to, *arguments)

    def cursors(self) -> list:
        return list(self.folder.glob("*.cursor"))

    def test_nobody_listens(self) -> None:
        self.receiver.close()
        for more in ([], ["--limit", 1]):  # of one datagram nothing but the answer tells
            done = self.replay(*more)
            self.assertEqual(done.returncode, NOT_REPLAYED, done.stdout + done.stderr)
            letters = 1 if more else 500
            self.assertRegex(
                done.stderr,
                rf"of {letters} datagrams with {letters} letters at least [0-9]+ were answered "
                r"with 'Connection refused': nobody listens at 127\.0\.0\.1:[0-9]+",
            )
            self.assertIn("--despite-refusals", done.stderr)
            self.assertEqual((done.stdout, self.cursors()), ("", []))
        refused = int(re.search(r"at least ([0-9]+)", self.replay().stderr)[1])
        self.assertGreaterEqual(refused, 2)

    def test_going_on_all_the_same(self) -> None:
        self.receiver.close()
        done = self.replay("--despite-refusals")
        self.assertEqual(done.returncode, OK, done.stderr)
        said = json.loads(done.stdout)
        self.assertEqual(said["letters"], 500)
        self.assertGreaterEqual(said["datagrams_refused"], 2)
        self.assertEqual(len(self.cursors()), 1)
        self.assertEqual(json.loads(self.replay().stdout)["letters"], 0)

    def test_somebody_listens(self) -> None:
        done = self.replay("--limit", 3)
        self.assertEqual(done.returncode, OK, done.stderr)
        said = json.loads(done.stdout)
        self.assertEqual((said["letters"], said["datagrams_refused"]), (3, 0))
        self.receiver.settimeout(30)
        for _ in range(3):
            self.receiver.recv(1 << 16)

    def test_the_advice_for_confirm_names_options_that_are_there(self) -> None:
        for name in ("nobody-of-that-name", str(self.directory / "no.sock"), "not/an instance"):
            done = self.replay("--confirm", name)
            self.assertEqual(done.returncode, NOT_REPLAYED)
            self.assertNotRegex(done.stderr, "--(?!confirm)[a-z]", done.stderr)
            self.assertIn("--confirm takes the name of an instance", done.stderr)


if __name__ == "__main__":
    harness.main()
