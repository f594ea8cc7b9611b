# SPDX-License-Identifier: BSD-3-Clause
"""Shell scripts have no finding of shellcheck. Skipped where shellcheck is not installed."""

import shutil
import subprocess

NEEDS = "shellcheck"


def problems(tree, root="."):
    scripts = sorted(path for path, kind in tree.scripts().items() if kind == "shell")
    scripts += [path for path in tree.paths(".sh") if path not in scripts]
    if not scripts:
        return
    found = subprocess.run(
        [
            shutil.which(NEEDS),
            "--external-sources",
            "--source-path=SCRIPTDIR",
            "--source-path=.",
            "--format=gcc",
            *scripts,
        ],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    yield from found.stdout.splitlines()
    if found.returncode > 1:
        yield f"shellcheck ended with status {found.returncode}"
