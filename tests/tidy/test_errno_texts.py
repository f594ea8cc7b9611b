# SPDX-License-Identifier: BSD-3-Clause
"""What the check of the texts of errors finds, and what it leaves alone."""

import unittest

from checks import errno_texts
from test_checks import found


class ErrnoTexts(unittest.TestCase):
    def test_each_way_past_the_one_function(self):
        for line in [
            "std::string text = std::strerror(errno);",
            "strerror_r(error, text, sizeof text);",
            'perror("open");',
            "text = std::generic_category().message(error);",
            "text = std::system_category()\n    .message(error);",
        ]:
            for path in ("app/escd/a.cpp", "lib/wire/a.hpp", "tools/escctl/a.cpp"):
                with self.subTest(line=line, path=path):
                    self.assertEqual(len(found(errno_texts, {path: line + "\n"})), 1)

    def test_other_texts_are_none_of_its_business(self):
        text = "gai_strerror(error); rte_strerror(error); strerrorname_np(error);\n"
        self.assertEqual(found(errno_texts, {"lib/wire/a.cpp": text}), [])
        text = "return std::generic_category().message(error);\n"
        self.assertEqual(found(errno_texts, {"lib/base/errno_text.hpp": text}), [])
