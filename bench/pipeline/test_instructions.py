# SPDX-License-Identifier: BSD-3-Clause
"""How tools/bench --instructions reads what callgrind wrote."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "tools" / "lib"))

import bench_instructions
import bench_report

# Two functions of escd, one of which has code of another file inlined and calls into a library.
CALLGRIND = """\
positions: line
events: Ir
ob=(1) /opt/build/app/escd/escd
fl=(1) rx_stage.hpp
fn=(1) poll(unsigned long)
10 100
+2 20
fi=(2) parser.hpp
5 30
fe=(1)
cob=(2) /usr/lib/libpcap.so
cfi=(3) ???
cfn=(2) pcap_next_ex
calls=4 7
12 9999
* 5

ob=(2)
fl=(3)
fn=(2)
7 800

ob=(1)
fl=(1)
fn=(3) ask_timed(run)
20 4000

fn=(1)
30 45
"""


class Callgrind(unittest.TestCase):
    def test_what_the_binary_executes_itself(self):
        lines = CALLGRIND.splitlines()
        self.assertEqual(
            bench_instructions.by_function(lines, "/escd"),
            {"poll(unsigned long)": 100 + 20 + 30 + 5 + 45},
        )
        self.assertEqual(
            bench_instructions.by_function(lines, "/libpcap.so"), {"pcap_next_ex": 800}
        )
        self.assertEqual(bench_instructions.by_function(lines, "/other"), {})

    def test_what_is_held(self):
        row = bench_instructions.Row("one", "an event", before=673, must=288)
        held = bench_instructions.result(row, 288.0)
        missed = bench_instructions.result(row, 288.04)
        self.assertEqual((held["held"], missed["held"]), (True, False))
        self.assertIn("288.0 instructions", bench_report.instructions_line(missed))
        self.assertIn("missed", bench_report.instructions_line(missed))


if __name__ == "__main__":
    unittest.main()
