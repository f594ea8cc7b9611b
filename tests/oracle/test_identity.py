# SPDX-License-Identifier: BSD-3-Clause
"""Tests of numbers and windows: cases computed by hand, comparison with a second model, and cases
in which the order matters.
"""

import contextlib
import io
import itertools
import json
import random
import tempfile
import unittest
from pathlib import Path

import compare
import craft
import oracle
from craft import PORT, datagram4, frame, session
from esc_oracle.comparison import differences, producer_differences
from esc_oracle.frame import FrameRules, Identity
from esc_oracle.identity import DUPLICATE, FIGURES, NEW, STALE, UNTRACKED, OrderMatters, Producers
from esc_oracle.ledger import Expectation
from esc_oracle.packet import PacketRules
from esc_oracle.routes import Route, Routes
from esc_oracle.senders import Prefixes

RULES = PacketRules(frozenset((PORT,)))
ROUTES = Routes({b"a": Route("count"), b"b": Route("fail")})
SHORT = {NEW: "n", DUPLICATE: "d", STALE: "s", UNTRACKED: "u"}


def judged(numbers: list[int], window: int, epoch: int = 1) -> tuple[str, list[int]]:
    """The verdicts as one letter for each number, followed by the figures."""
    producers = Producers(window)
    letters = "".join(SHORT[producers.judge(Identity(5, epoch, n))] for n in numbers)
    return letters, list(producers.figures()["5"].values())


class ByHand(unittest.TestCase):
    """FIGURES: delivered duplicate stale lost missing late reorder_depth epochs."""

    def check(self, numbers: list[int], window: int, letters: str, figures: list[int]) -> None:
        self.assertEqual(judged(numbers, window), (letters, figures))

    def test_in_order(self) -> None:
        self.check([0, 1, 2, 3, 4, 5], 4, "nnnnnn", [6, 0, 0, 0, 0, 0, 0, 1])

    def test_every_copy_in_the_window(self) -> None:
        self.check([7, 7, 8, 7, 8], 4, "ndndd", [2, 3, 0, 0, 0, 0, 0, 1])

    def test_the_edge_of_the_window(self) -> None:
        # H = 14, W = 4: 11 is inside, 10 is below.
        self.check([10, 14, 11, 10], 4, "nnns", [3, 0, 1, 0, 2, 1, 3, 1])
        self.check([10, 13, 10, 9], 4, "nnds", [2, 1, 1, 0, 2, 0, 0, 1])

    def test_first_contact_sets_the_highest_and_lower_ones_inside_are_new(self) -> None:
        # 98 and 99 are taken; 97 may never have been sent, so it is neither lost nor missing.
        self.check([100, 98, 99, 96, 98], 4, "nnnsd", [3, 1, 1, 0, 0, 2, 2, 1])

    def test_a_gap_is_missing_until_it_leaves_the_window(self) -> None:
        self.check([0, 2, 4], 4, "nnn", [3, 0, 0, 0, 2, 0, 0, 1])  # 1 and 3 are missing
        self.check([0, 2, 5], 4, "nnn", [3, 0, 0, 1, 2, 0, 0, 1])  # 1 is lost, 3 and 4 missing
        self.check([0, 2, 5, 3], 4, "nnnn", [4, 0, 0, 1, 1, 1, 2, 1])
        self.check([0, 2, 5, 1], 4, "nnns", [3, 0, 1, 1, 2, 0, 0, 1])  # too late: lost and stale

    def test_a_jump_beyond_the_window(self) -> None:
        # 1 .. 96 leave unseen; 97, 98, 99 are in the window of 100.
        self.check([0, 100], 4, "nn", [2, 0, 0, 96, 3, 0, 0, 1])

    def test_a_window_of_one(self) -> None:
        self.check([5, 5, 6, 5, 8], 1, "ndnsn", [3, 1, 1, 1, 0, 0, 0, 1])

    def test_the_ends_of_the_numbers(self) -> None:
        top = 2**64 - 1
        self.check([top - 1, top, top, 0], 4, "nnds", [2, 1, 1, 0, 0, 0, 0, 1])
        self.check([0, 0], 4, "nd", [1, 1, 0, 0, 0, 0, 0, 1])

    def test_epochs(self) -> None:
        producers = Producers(4)
        sent = [(1, 10), (1, 12), (2, 12), (1, 13), (2, 11), (2, 12), (4, 0), (3, 99)]
        letters = "".join(SHORT[producers.judge(Identity(5, *one))] for one in sent)
        # (1, 11) is lost when epoch 2 begins. (2, 11) is before its first contact, and new.
        self.assertEqual(letters, "nnnsndns")
        expected = [5, 1, 2, 1, 0, 1, 1, 3]
        self.assertEqual(list(producers.figures()["5"].values()), expected)
        self.assertEqual(list(producers.figures()["5"]), FIGURES)

    def test_producers_do_not_see_each_other(self) -> None:
        producers = Producers(4)
        for producer in (1, 2, 2**64 - 1):
            self.assertEqual(producers.judge(Identity(producer, 1, 0)), NEW)
        self.assertEqual(list(producers.figures()), ["1", "2", str(2**64 - 1)])

    def test_bound(self) -> None:
        producers = Producers(4, bound=1)
        letters = [SHORT[producers.judge(Identity(one, 1, 0))] for one in (1, 2, 1, 2)]
        self.assertEqual(letters, list("nudu"))
        self.assertEqual(producers.untracked, 2)

    def test_expiry(self) -> None:
        producers = Producers(4, expiry=10)
        sent = [(0, 5), (9, 5), (18.5, 6), (28.5, 6), (29, 3)]
        letters = [SHORT[producers.judge(Identity(1, 1, n), now)] for now, n in sent]
        self.assertEqual(letters, list("ndnnn"))  # forgotten after exactly 10 s of silence

    def test_an_old_epoch_keeps_nobody_known(self) -> None:
        producers = Producers(4, expiry=10)
        sent = [(0, 2), (6, 1), (12, 1)]
        letters = [SHORT[producers.judge(Identity(1, epoch, 0), now)] for now, epoch in sent]
        self.assertEqual(letters, list("nsn"))

    def test_nonsense(self) -> None:
        with self.assertRaises(ValueError):
            Producers(0)
        with self.assertRaises(ValueError):
            Producers(4, bound=1, expiry=1)


class AgainstAnotherModel(unittest.TestCase):
    def test_a_list_of_the_last_w_numbers(self) -> None:
        """A second model: the window is a list of marks that moves by one number at a time."""
        chooser = random.Random(4)
        for window in (1, 2, 3, 8, 64):
            for _ in range(60):
                numbers = [100 + chooser.randrange(4 * window) for _ in range(40)]
                highest, marks = numbers[0], [False] * window  # marks[0] is that of highest
                letters, figures = "", {"delivered": 0, "duplicate": 0, "stale": 0, "lost": 0}
                since = 0  # numbers that have entered since first contact
                for number in numbers:
                    while number > highest:
                        left = marks.pop()
                        if since >= window - 1:
                            figures["lost"] += not left
                        marks.insert(0, False)
                        highest, since = highest + 1, since + 1
                    behind = highest - number
                    if behind >= window:
                        letters, name = letters + "s", "stale"
                    elif marks[behind]:
                        letters, name = letters + "d", "duplicate"
                    else:
                        marks[behind] = True
                        letters, name = letters + "n", "delivered"
                    figures[name] += 1
                said, told = judged(numbers, window)
                self.assertEqual(said, letters, numbers)
                told_of = dict(zip(FIGURES, told, strict=True))
                self.assertEqual({name: told_of[name] for name in figures}, figures, numbers)


class SideBySide(unittest.TestCase):
    def interleavings(self, first: list[int], second: list[int]) -> list[list[int]]:
        total = len(first) + len(second)
        found = []
        for places in itertools.combinations(range(total), len(first)):
            rest, other = iter(first), iter(second)
            found.append([next(rest) if i in places else next(other) for i in range(total)])
        return found

    def test_what_is_said_holds_for_every_order(self) -> None:
        """Where the oracle gives an answer, every order of the packets has that result."""
        chooser = random.Random(6)
        said = unsaid = 0
        for _ in range(150):
            feed = list(range(10, 15))
            ports = [[n for n in feed if chooser.random() < 0.8] or [12] for _ in range(2)]
            chooser.shuffle(ports[0])
            window = chooser.choice((3, 4, 5, 6))
            outcomes = set()
            for numbers in self.interleavings(*ports):
                told = dict(zip(FIGURES, judged(numbers, window)[1], strict=True))
                outcomes.add((told["delivered"], told["duplicate"], told["stale"]))
            producers = Producers(window)
            identities = [[Identity(1, 1, n) for n in port] for port in ports]
            try:
                delivered = producers.judge_side_by_side(1, identities)
            except OrderMatters:
                unsaid += 1
                continue
            said += 1
            figures = producers.figures()["1"]
            expected = (figures["delivered"], figures["duplicate"], figures["stale"])
            self.assertEqual(outcomes, {expected}, (ports, window))
            self.assertEqual({one.sequence for one in delivered}, {*ports[0], *ports[1]})
        self.assertGreater(min(said, unsaid), 20)

    def test_figures_that_depend_on_the_order_are_left_out(self) -> None:
        producers = Producers(64)
        ports = [[Identity(1, 1, n) for n in numbers] for numbers in ([1, 2, 4], [2, 4, 5])]
        producers.judge_side_by_side(1, ports)
        self.assertEqual(list(producers.figures()["1"].values()), [4, 2, 0, *[None] * 4, 1])
        ports = [[Identity(2, 1, n) for n in numbers] for numbers in ([1, 2, 4], [1, 4, 5])]
        producers.judge_side_by_side(2, ports)
        self.assertEqual(list(producers.figures()["2"].values()), [4, 2, 0, 0, 1, None, None, 1])

    def test_a_bounded_skew_says_more(self) -> None:
        ports = [[Identity(1, 1, n) for n in range(100)] for _ in range(2)]
        with self.assertRaises(OrderMatters):
            Producers(99).judge_side_by_side(1, ports)
        with self.assertRaises(OrderMatters):
            Producers(99).judge_side_by_side(1, ports, skew=99)
        self.assertEqual(len(Producers(99).judge_side_by_side(1, ports, skew=98)), 100)
        self.assertEqual(len(Producers(100).judge_side_by_side(1, ports)), 100)
        # One port is itself 30 behind: with a skew of 70 a number may be 100 behind, with 69 99.
        ports[0] = [Identity(1, 1, n) for n in (*range(30), *range(31, 61), 30, *range(61, 200))]
        with self.assertRaises(OrderMatters):
            Producers(100).judge_side_by_side(1, ports, skew=70)
        self.assertEqual(len(Producers(100).judge_side_by_side(1, ports, skew=69)), 200)

    def test_what_is_not_said(self) -> None:
        two = [[Identity(1, 1, 0)], [Identity(1, 2, 0)]]
        with self.assertRaisesRegex(OrderMatters, "several epochs"):
            Producers(4).judge_side_by_side(1, two)
        known = Producers(4)
        known.judge(Identity(1, 1, 0))
        for producers in (known, Producers(4, bound=9)):
            with self.assertRaisesRegex(OrderMatters, "known before"):
                producers.judge_side_by_side(1, [two[0], two[0]])


class Ledgers(unittest.TestCase):
    def expectation(self, window: int | None = 64) -> Expectation:
        producers = Producers(window) if window else None
        return Expectation(FrameRules(), ROUTES, producers)

    def frames(self, expectation: Expectation) -> dict:
        ledger = expectation.ledger()
        self.assertEqual(differences(ledger, ledger), [])
        names = ("received", "delivered", "duplicate", "stale", "dropped")
        return {name: ledger["frames"][name] for name in names}

    def test_copies_are_counted_before_routes_are_looked_at(self) -> None:
        one = datagram4(session(1, 1, 0) + frame("a") + frame("b") + frame("?") + frame("\n"))
        expectation = self.expectation()
        expectation.add_packets([one, one], RULES)
        dropped = {"handler_refused": 1, "topic_control_character": 2, "unknown_topic": 1}
        expected = {"received": 10, "delivered": 1, "duplicate": 3, "stale": 0, "dropped": dropped}
        self.assertEqual(self.frames(expectation), expected)
        topics = expectation.ledger()["topics"]
        self.assertEqual(
            {name: topic["events"] for name, topic in topics.items()}, {"a": 1, "b": 1, "?": 1}
        )

    def test_off(self) -> None:
        one = datagram4(session(1, 1, 0) + frame("a"))
        expectation = self.expectation(None)
        expectation.add_packets([one, one], RULES)
        self.assertEqual(self.frames(expectation)["delivered"], 2)
        self.assertNotIn("producers", expectation.ledger())

    def test_events_without_a_number_are_never_copies(self) -> None:
        past_count = datagram4(session(1, 1, 0, 1) + frame("a") + frame("a"))
        expectation = self.expectation()
        expectation.add_packets([past_count, past_count, datagram4(frame("a"))], RULES)
        self.assertEqual(self.frames(expectation)["delivered"], 4)
        self.assertEqual(self.frames(expectation)["duplicate"], 1)

    def test_replays_are_known_by_their_count_and_pass_the_window(self) -> None:
        live, once, twice = (
            datagram4(session(1, 1, 7, flags=count << 4) + frame("a")) for count in range(3)
        )
        expectation = self.expectation()
        expectation.replay_sources = Prefixes(["10.9.0.0/16"])
        expectation.add_packets([live, once, once, twice, live], RULES, 2)
        found = expectation.ledger()["frames"]
        self.assertEqual(found["delivered"], 3)
        self.assertEqual(found["duplicate_by"], {"number": 3, "key": 0, "replay": 4})

    def test_a_replay_from_elsewhere(self) -> None:
        one = datagram4(session(1, 1, 7, flags=0x10) + frame("a"))
        for sources in (None, Prefixes(["10.8.0.0/16"])):
            expectation = self.expectation()
            expectation.replay_sources = sources
            expectation.add_packets([one], RULES)
            self.assertEqual(self.frames(expectation)["dropped"], {"replay_not_allowed": 1})

    def test_a_refused_frame_leaves_a_gap(self) -> None:
        expectation = self.expectation()
        expectation.add_packets(
            [datagram4(session() + frame("a") + frame("\n") + frame("a"))], RULES
        )
        self.assertEqual(expectation.ledger()["producers"]["1"]["missing"], 1)

    def trace(self, chooser: random.Random) -> list[bytes]:
        return [
            datagram4(
                session(chooser.randrange(3), chooser.choice((1, 1, 2)), chooser.randrange(90))
                + frame("a") * chooser.randrange(1, 4)
            )
            for _ in range(40)
        ]

    def test_passes(self) -> None:
        """Repeats that are counted at once give the same figures as repeats judged one by one."""
        for seed in range(20):
            trace = self.trace(random.Random(seed))
            for times in (1, 2, 5):
                quick, walked = self.expectation(8), self.expectation(8)
                quick.add_packets(trace, RULES, times)
                for _ in range(times):
                    walked.add_packets(trace, RULES)
                self.assertEqual(quick.ledger(), walked.ledger())
            endless, walked = self.expectation(8), self.expectation(8)
            endless.add_endless(trace, RULES, 133)
            walked.add_packets((trace * 4)[:133], RULES)
            self.assertEqual(endless.ledger(), walked.ledger())

    def test_two_ports_with_one_feed(self) -> None:
        feed = [datagram4(session(1, 1, n) + frame("a", bytes([n]))) for n in range(50)]
        expectation = self.expectation()
        ports = [(feed[:10] + feed[20:], RULES), (feed[:30] + feed[31:49], RULES)]
        expectation.add_side_by_side(ports)
        expected = {"received": 2 * 88, "delivered": 50, "duplicate": 38, "stale": 0, "dropped": {}}
        self.assertEqual(self.frames(expectation), expected)
        self.assertEqual(expectation.ledger()["topics"]["a"]["bytes"], 50)
        self.assertEqual(expectation.ledger()["producers"]["1"]["missing"], 0)
        with self.assertRaises(OrderMatters):
            expectation.add_packets(feed, RULES)

    def test_producers_of_one_port_are_judged_in_its_order(self) -> None:
        alone = [datagram4(session(2, 1, n) + frame("a")) for n in (0, 90, 5, 90)]
        shared = [datagram4(session(1, 1, n) + frame("a")) for n in range(5)]
        expectation = self.expectation()
        expectation.add_side_by_side([(shared, RULES), (alone + shared, RULES)])
        expected = {"received": 28, "delivered": 7, "duplicate": 6, "stale": 1, "dropped": {}}
        self.assertEqual(self.frames(expectation), expected)

    def test_one_identity_for_two_events(self) -> None:
        ports = [([datagram4(session() + frame("a", text))], RULES) for text in (b"", b"x")]
        with self.assertRaisesRegex(OrderMatters, "two events"):
            self.expectation().add_side_by_side(ports)
        off = self.expectation(None)
        off.add_side_by_side(ports)
        self.assertEqual(off.ledger()["frames"]["delivered"], 2)


class Commands(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory(prefix="esc-oracle-")
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        packets = [datagram4(session(3, 1, n) + frame("a")) for n in (0, 1, 1, 200, 1)]
        craft.write_pcap(self.directory / "t.pcap", packets)

    def oracle(self, *arguments: str) -> tuple[int, str]:
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            common = ["--udp-port", str(PORT), "--route", "a=count"]
            code = oracle.main([*arguments, str(self.directory / "t.pcap"), *common])
        return code, out.getvalue()

    def test_window(self) -> None:
        ledger = json.loads(self.oracle("--window", "64")[1])
        frames = ledger["frames"]
        self.assertEqual((frames["delivered"], frames["duplicate"], frames["stale"]), (3, 1, 1))
        self.assertEqual(ledger["producers"]["3"]["lost"], 200 - 64 - 1)
        self.assertEqual(json.loads(self.oracle()[1])["frames"]["delivered"], 5)
        self.assertEqual(
            json.loads(self.oracle("--window", "64", "--max-producers", "0")[1])["frames"][
                "delivered"
            ],
            5,
        )

    def test_side_by_side(self) -> None:
        again = str(self.directory / "t.pcap")
        code, said = self.oracle("--window", "64", "--side-by-side", again)
        self.assertEqual(code, 2)
        self.assertIn("producer 3 comes by several ports", said)
        code, said = self.oracle("--window", "256", "--side-by-side", again)
        self.assertEqual(json.loads(said)["frames"]["duplicate"], 7)
        code, _ = self.oracle("--window", "256", "--side-by-side", "--skew", "9", again)
        self.assertEqual(code, 0)

    def test_compare(self) -> None:
        expected = self.directory / "expected"
        ledger = json.loads(self.oracle("--window", "64")[1])
        expected.write_text(json.dumps(ledger))
        for figure in FIGURES:
            other = json.loads(json.dumps(ledger))
            other["producers"]["3"][figure] += 1
            actual = self.directory / "actual"
            actual.write_text(json.dumps(other))
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                self.assertEqual(compare.main([str(actual), str(expected)]), 0)
                self.assertEqual(compare.main([str(actual), str(expected), "--producers"]), 1)
            self.assertTrue(out.getvalue().startswith(f"producers.3.{figure}: "))

    def test_producers_that_only_one_side_has(self) -> None:
        found = producer_differences({"1": {"lost": 1}}, {"1": {"lost": None}, "2": {}})
        self.assertEqual(found, ["producers.2: expected, and absent"])
        self.assertEqual(producer_differences({"10": {}}, {}), ["producers.10: unexpected"])


if __name__ == "__main__":
    unittest.main()
