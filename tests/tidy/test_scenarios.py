# SPDX-License-Identifier: BSD-3-Clause
"""The check that finds end-to-end tests which do not run."""

import unittest

import tree
from checks import scenarios


def found(sources):
    return list(scenarios.problems(tree.Tree(sources, ())))


class Scenarios(unittest.TestCase):
    def test_scenarios(self):
        lists = "e2e_on_one_cpu = ['a', 'b']\ne2e_alone = ['b', 'c']\n"
        plain = "class A(harness.Scenario):\n    def test_x(self):\n        pass\n"
        marked = plain.replace("    def", "    @harness.whole_machine\n    def")
        whole = "@harness.whole_machine\n" + plain.replace("class A", "class B")
        sources = {"tests/e2e/meson.build": lists, "tests/e2e/harness.py": plain}
        good = {
            "tests/e2e/test_a.py": plain,
            "tests/e2e/test_b.py": plain + whole,
            "tests/e2e/test_c.py": marked,
        }
        self.assertEqual(found(sources | good), [])
        bad = {
            "tests/e2e/test_a.py": plain + marked,
            "tests/e2e/test_c.py": plain,
            "tests/e2e/test_d.py": plain,
        }
        self.assertEqual(
            found(sources | good | bad),
            [
                "tests/e2e/test_a.py: is missing from e2e_alone in tests/e2e/meson.build",
                "tests/e2e/test_c.py: is missing from e2e_on_one_cpu in tests/e2e/meson.build",
                "tests/e2e/test_c.py: has no test for e2e_alone in tests/e2e/meson.build",
                "tests/e2e/test_d.py: is missing from e2e_on_one_cpu in tests/e2e/meson.build",
            ],
        )


if __name__ == "__main__":
    unittest.main()
