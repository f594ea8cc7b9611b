# SPDX-License-Identifier: BSD-3-Clause
"""One check in each module: `problems(tree)` yields a sentence for each problem, `path:line: what`.
"""
