# SPDX-License-Identifier: BSD-3-Clause
"""C++ is formatted as .clang-format says. Skipped where clang-format-14 is not installed (other
versions format differently).
"""

import shutil
import subprocess

NEEDS = "clang-format-14"


def problems(tree, root="."):
    sources = tree.paths(".cpp", ".hpp")
    if not sources:
        return
    found = subprocess.run(
        [shutil.which(NEEDS), "--dry-run", "--ferror-limit=1", "--style=file", *sources],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    named = [line for line in found.stdout.splitlines() if "[-Wclang-format-violations]" in line]
    for path in sorted({line.split(":")[0] for line in named}):
        yield f"{path}: not formatted (clang-format-14 -i {path})"
    if found.returncode != 0 and not named:
        yield f"clang-format ended with status {found.returncode}: {found.stdout}"
