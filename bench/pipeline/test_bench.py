# SPDX-License-Identifier: BSD-3-Clause
"""How tools/bench evaluates its runs: which figures count, medians, targets, what it writes."""

import copy
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "tools" / "lib"))

import bench_decisions
import bench_escd
import bench_machine
import bench_micro
import bench_path
import bench_programs
import bench_report

ROWS = bench_path.all_rows()
GOOD = {
    "frames": {
        "received": 1000, "delivered": 1000, "control": 0, "duplicate": 0, "stale": 0,
        "dead_lettered": {"durable": 0, "by_reason": {}}, "dropped": {}, "in_flight": 0,
    },
    "packets": {
        "received": 1000, "datagrams": 1000, "reassembled": 0, "non_event": {}, "dropped": {},
        "in_flight": 0, "imissed": 0, "rx_nombuf": 0, "ierrors": 0,
    },
    "balanced": True,
}  # fmt: skip


def ledger(**changes):
    """GOOD with changes, as frames_delivered=999."""
    changed = copy.deepcopy(GOOD)
    for name, value in changes.items():
        table, _, key = name.partition("_")
        if key:
            changed[table][key] = value
        else:
            changed[name] = value
    return changed


class Account(unittest.TestCase):
    def test_a_sound_ledger_counts(self):
        self.assertEqual(bench_escd.account_faults(GOOD), [])

    def test_anything_amiss_does_not(self):
        for changes, fault in (
            ({"balanced": False}, "not balanced"),
            ({"frames_delivered": 999}, "delivered 999 of 1000 frames"),
            ({"packets_datagrams": 998}, "998 datagrams in 1000 packets"),
            ({"frames_dropped": {"handler_refused": 1}}, "dropped frames: {'handler_refused': 1}"),
            ({"packets_dropped": {"fragment": 2}}, "dropped packets: {'fragment': 2}"),
            ({"frames_in_flight": 3}, "3 frames in flight after the drain"),
            ({"packets_rx_nombuf": 4}, "rx_nombuf 4"),
            ({"packets_imissed": 5}, "imissed 5"),
        ):
            with self.subTest(fault):
                self.assertEqual(bench_escd.account_faults(ledger(**changes)), [fault])

    def test_session_frames_are_no_events(self):
        numbered = ledger(frames_control=100, frames_delivered=900)
        self.assertEqual(bench_escd.account_faults(numbered), [])
        for changes, fault in (
            ({"frames_duplicate": 1}, "delivered 899 of 900 frames"),
            ({"frames_stale": 1}, "delivered 899 of 900 frames"),
        ):
            lost = ledger(frames_control=100, frames_delivered=899, **changes)
            self.assertEqual(bench_escd.account_faults(lost), [fault])

    def test_only_what_a_row_is_about_may_be_dropped(self):
        dropped = ledger(frames_delivered=990, frames_dropped={"hold_expired": 10})
        self.assertEqual(bench_escd.account_faults(dropped, ("hold_expired",)), [])
        self.assertEqual(
            bench_escd.account_faults(dropped, ("worker_full",)),
            ["delivered 990 of 1000 frames", "dropped frames: {'hold_expired': 10}"],
        )

    def test_dead_letters_count_as_what_became_of_them(self):
        dead = {"durable": 10, "by_reason": {"unknown_topic": 10}}
        kept = ledger(frames_delivered=990, frames_dead_lettered=dead)
        self.assertEqual(bench_escd.account_faults(kept), [])
        lost = ledger(frames_delivered=989, frames_dead_lettered=dead)
        self.assertEqual(bench_escd.account_faults(lost), ["delivered 989 of 1000 frames"])

    def test_an_empty_run_does_not(self):
        empty = ledger(frames_received=0, frames_delivered=0)
        self.assertEqual(bench_escd.account_faults(empty), ["nothing received"])


def figure(rate, cpus_used=1.0):
    return bench_programs.Figure(rate, 6.0, 0.0, cpus_used, "command")


def row(name, *pairs):
    payload, checksum, layout = name.split("-", 2)
    made = bench_path.Row(int(payload), checksum, layout)
    made.rounds = [{"escd": figure(escd), "testpmd": figure(pmd)} for escd, pmd in pairs]
    return made


class Rows(unittest.TestCase):
    def test_the_ratio_is_of_each_pair(self):
        # The medians alone would say 30 / 100; no pair but one says so.
        result = bench_path.result(row("64-nic-folded", (10, 100), (30, 60), (40, 160)))
        self.assertEqual(result["escd"]["median"], 30)
        self.assertEqual(result["testpmd"]["median"], 100)
        self.assertEqual(result["ratio"], {"median": 0.25, "min": 0.1, "max": 0.5})

    def test_without_a_round_there_is_no_ratio(self):
        broken = row("64-nic-folded")
        broken.broken.append("round 1: it broke")
        result = bench_path.result(broken)
        self.assertNotIn("ratio", result)
        self.assertEqual(result["broken"], ["round 1: it broke"])

    def test_each_row_is_judged_by_its_own_target(self):
        rows = [
            row("64-nic-folded", (50, 100)),
            row("64-nic-rx-apart", (39, 100)),
            row("64-nic-worker-apart", (39, 100)),
            row("64-verify-folded", (43, 90)),
            row("512-nic-folded", (61, 100)),
        ]
        verdicts = bench_path.judge([bench_path.result(each) for each in rows])
        self.assertEqual(
            [(v["row"], v["beside"], v["ratio"], v["held"]) for v in verdicts],
            [
                ("64-nic-folded", "testpmd", 0.50, True),
                ("512-nic-folded", "testpmd", 0.61, False),
                ("64-nic-rx-apart", "testpmd", 0.39, False),
                ("64-verify-folded", "64-nic-folded", 0.86, True),
            ],
        )

    def test_beside_a_row_that_did_not_run_or_broke(self):
        verify = bench_path.result(row("64-verify-folded", (43, 90)))
        self.assertEqual(bench_path.judge([verify]), [])
        broken = bench_path.result(row("64-nic-folded"))
        verdicts = bench_path.judge([verify, broken])
        self.assertEqual([v["held"] for v in verdicts], [False, False])

    def test_a_row_that_broke_holds_nothing(self):
        verdicts = bench_path.judge([bench_path.result(row("512-nic-folded"))])
        self.assertEqual([v["held"] for v in verdicts], [False])

    def test_patterns(self):
        names = [each.name for each in bench_path.select(["64-nic-*", "512-verify-folded"], ROWS)]
        self.assertEqual(
            names,
            ["64-nic-folded", "64-nic-worker-apart", "64-nic-rx-apart", "512-verify-folded"],
        )
        with self.assertRaises(bench_machine.Refused):
            bench_path.select(["64-*", "128-*"], ROWS)

    def test_quick_rows_exist(self):
        self.assertEqual(len(bench_path.select(bench_path.QUICK_ROWS, ROWS)), 2)


def run_of_it(name, family, repetition, **figures):
    return {
        "name": name, "run_name": name, "run_type": "iteration", "family_index": family,
        "per_family_instance_index": 0, "repetition_index": repetition,
        "real_time": 5.0, "time_unit": "us", **figures,
    }  # fmt: skip


class Micro(unittest.TestCase):
    def test_medians_in_the_programs_order(self):
        document = {
            "benchmarks": [
                run_of_it("b/iterations:8/real_time", 1, 0, s_per_element=3e-9),
                run_of_it("a", 0, 0, **{"time/topic": 2e-9}),
                run_of_it("a", 0, 1, **{"time/topic": 9e-9}),
                run_of_it("a", 0, 2, **{"time/topic": 4e-9}),
                run_of_it("a", 0, 0, **{"time/topic": 7.0}) | {"run_type": "aggregate"},
                run_of_it("c", 2, 0),
            ]
        }
        rows = bench_micro.medians(document)
        self.assertEqual([each["name"] for each in rows], ["a", "b", "c"])
        self.assertEqual([each["per"] for each in rows], ["topic", "element", "iteration"])
        for each, expected in zip(rows, (4, 3, 5000), strict=True):
            self.assertAlmostEqual(each["median_ns"], expected)
        self.assertAlmostEqual(rows[0]["min_ns"], 2)
        self.assertAlmostEqual(rows[0]["max_ns"], 9)

    def test_an_error_is_an_error(self):
        broken = run_of_it("a", 0, 0, error_occurred=True, error_message="the wrong topic")
        with self.assertRaisesRegex(ValueError, "a: the wrong topic"):
            bench_micro.medians({"benchmarks": [broken]})


    def test_targets_are_of_differences(self):
        def named(name, ns):
            return {"name": name, "median_ns": ns}

        found = {
            "identity": [
                named("traffic_alone/producers:65536/in_a_row:1", 2.0),
                named("producer_table/producers:65536/in_a_row:1", 6.9),
                named("traffic_alone/producers:65536/in_a_row:8", 1.0),
                named("producer_table/producers:65536/in_a_row:8", 6.1),
                named("producer_table/producers:64/in_a_row:8", 99.0),
            ],
            "keyed": [named("keyed_table_new/MiB:1024", 20.0)],  # what it is less of did not run
        }
        verdicts = bench_micro.judge(found)
        self.assertEqual([verdict["held"] for verdict in verdicts], [True, False])
        self.assertAlmostEqual(verdicts[0]["ns"], 4.9)
        lines = list(bench_report.micro_verdicts(verdicts))
        self.assertIn("5.10 ns an event; target 5: **missed**", lines[1])


    def test_targets_of_the_disk_are_ratios_and_rates(self):
        found = {
            "dlq": [
                {"name": "raw_write_and_sync", "median_ns": 400.0},
                {"name": "log_commit/io_uring", "median_ns": 510.0},
                {"name": "verify", "median_ns": 8 * (64 << 20) / 2.5},
            ]
        }
        verdicts = bench_micro.judge(found)
        self.assertEqual([verdict["held"] for verdict in verdicts], [False, True])
        lines = list(bench_report.micro_verdicts(verdicts))
        self.assertIn("0.78 of the rate of `raw_write_and_sync`; target 0.80: **missed**", lines[0])
        self.assertIn("2.50 GB/s; target 2.00: **held**", lines[1])


MACHINE = (
    "date", "commit", "cpu", "cpus_online", "cpus_allowed", "memory_gib", "system",
    "kernel", "load_average", "dpdk", "build", "compiler",
)  # fmt: skip


class Page(unittest.TestCase):
    PAGE = "x\n<!-- micro: begin -->\nold\n<!-- micro: end -->\ny\n"

    def test_only_the_section_changes(self):
        self.assertEqual(
            bench_report.replace_section(self.PAGE, "micro", r"new \1"),
            "x\n<!-- micro: begin -->\nnew \\1\n<!-- micro: end -->\ny\n",
        )

    def test_a_page_without_the_section_is_refused(self):
        with self.assertRaises(ValueError):
            bench_report.replace_section(self.PAGE, "whole-path", "new")

    def test_a_missed_target_is_written_as_missed(self):
        document = {
            "machine": dict.fromkeys(MACHINE, "?"),
            "memory": "hugepages",
            "command": "tools/bench",
            "rows": [bench_path.result(row("64-nic-folded", (20e6, 100e6), (22e6, 100e6)))],
        }
        document["targets"] = bench_path.judge(document["rows"])
        text = bench_report.whole_path(document)
        self.assertIn("| 64 B | `nic` | all roles on one CPU | 100.00 (100.00 - 100.00) |", text)
        self.assertIn("| 21.00 (20.00 - 22.00) | 0.210 (0.200 - 0.220) |", text)
        self.assertIn("`64-nic-folded`: 0.210 of `testpmd`; target 0.50: **missed**", text)
        self.assertIn(
            "| 64 B, all roles on one CPU | 100.00 (100.00 - 100.00) | 21.00 (20.00 - 22.00)"
            " | 0.210 (0.200 - 0.220) | 0.50 |",
            bench_report.headline(document),
        )


def decision(section, *pairs, judged=True):
    made = bench_decisions.Row(section, f"{section}-row", judged=judged)
    made.pairs = [{"without": without, "with": with_it} for without, with_it in pairs]
    return bench_decisions.result(made)


class Decisions(unittest.TestCase):
    def test_the_ratio_is_of_each_pair(self):
        # The medians alone would say 100 / 100; no pair but one says so.
        ratio = decision("reload", (100, 90), (200, 100), (50, 100), (100, 100), (100, 97))["ratio"]
        self.assertEqual((ratio["median"], ratio["min"], ratio["max"]), (0.97, 0.5, 2.0))
        self.assertEqual((ratio["lower_quartile"], ratio["upper_quartile"]), (0.9, 1.0))

    def test_each_row_is_judged_by_its_sections_target(self):
        results = [
            decision("sequences", (100, 90)),
            decision("sequences", (100, 89)),
            decision("keys", (100, 61)),
            decision("reload", (100, 97)),
            decision("reload", (100, 50), judged=False),
            decision("bulkheads", (100, 91)),
            decision("bulkheads"),
        ]
        verdicts = bench_decisions.judge(results)
        self.assertEqual(
            [(each["section"], each["held"]) for each in verdicts],
            [
                ("sequences", True), ("sequences", False), ("keys", True), ("reload", False),
                ("bulkheads", True), ("bulkheads", False),
            ],
        )  # fmt: skip

    def test_what_speaks_against_a_run(self):
        good = {"known": 7, "events_untracked": 0, "producers": [{"producer": 1, "lost": 0}]}
        self.assertEqual(bench_decisions.producer_faults(good, 7), [])
        self.assertEqual(
            bench_decisions.producer_faults(
                {"known": 6, "events_untracked": 5, "producers": [{"producer": 1, "lost": 4}]}, 7
            ),
            [
                "6 producers known, 7 in the trace",
                "5 events of producers without a window",
                "producer 1 lost 4",
            ],
        )
        good = {"unkeyed": 0, "duplicates": 0, "new": 5}
        self.assertEqual(bench_decisions.key_faults(good), [])
        self.assertEqual(
            bench_decisions.key_faults({"unkeyed": 2, "duplicates": 3, "new": 0}),
            ["2 events without a key", "3 duplicate keys", "no key was judged"],
        )

    def test_rows_and_their_sections(self):
        rows = bench_decisions.all_rows()
        self.assertEqual({row.section for row in rows}, set(bench_decisions.TARGETS))
        self.assertEqual(len({row.name for row in rows}), len(rows))
        quick = bench_path.select(bench_decisions.QUICK_ROWS, rows)
        self.assertEqual({row.section for row in quick}, set(bench_decisions.TARGETS))

    def test_a_table_says_what_was_held(self):
        document = {
            "machine": dict.fromkeys(MACHINE, "?"),
            "memory": "hugepages",
            "command": "tools/bench --decisions",
            "rows": [
                decision("reload", (20e6, 19e6)),
                decision("reload", (20e6, 10e6), judged=False) | {"name": "shown"},
                decision("keys", (10e6, 5e6)),
            ],
        }
        document["targets"] = bench_decisions.judge(document["rows"])
        text = bench_report.decisions(document, "reload")
        self.assertIn(
            "| `reload-row` | 20.00 (20.00 - 20.00) | 19.00 (19.00 - 19.00)"
            " | 0.950 (0.950 - 0.950) [0.950 - 0.950] | 0.98: **missed** |",
            text,
        )
        self.assertIn("| `shown` |", text)
        self.assertIn("| not judged |", text)
        self.assertNotIn("keys-row", text)
        self.assertIn("0.60: **missed**", bench_report.decisions(document, "keys"))


if __name__ == "__main__":
    unittest.main()
