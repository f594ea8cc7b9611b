# SPDX-License-Identifier: BSD-3-Clause
"""One check a module: `problems(tree)` yields a sentence for each breach, `path:line: what`."""
