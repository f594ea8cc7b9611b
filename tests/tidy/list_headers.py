#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Prints the headers that no source includes first, one a line. For each of them meson compiles a
file that contains only its #include.
"""

import os

import tree
from checks import headers

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

for path in headers.headers(tree.load(ROOT)):
    print(path)
