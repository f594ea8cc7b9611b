# SPDX-License-Identifier: BSD-3-Clause
"""The repository as the checks see it: paths and texts. Self-tests make one from a dictionary."""

import os

SKIPPED_FOLDERS = {".git", ".cache", "__pycache__", "corpus", "golden"}


class Tree:
    """Files by their path from the top of the repository. `files` maps paths to texts."""

    def __init__(self, files, executable=()):
        self._files = dict(files)
        self.executable = set(executable)

    def paths(self, *suffixes, under=""):
        """The sorted paths in one folder that have one of these endings; all paths if none is
        given.
        """
        return sorted(
            path
            for path in self._files
            if path.startswith(under) and (not suffixes or path.endswith(suffixes))
        )

    def text(self, path):
        return self._files[path]

    def lines(self, path):
        return self._files[path].splitlines()

    def scripts(self):
        """Programs whose names have no ending, recognised by their first line: {path: interpreter}.
        """
        found = {}
        for path, text in self._files.items():
            if text.startswith("#!"):
                first = text.split("\n", 1)[0]
                found[path] = "python" if "python" in first else "shell" if "sh" in first else first
        return found


def load(root):
    """Every text file of the repository except what git ignores, which is recognised by the names
    of folders.
    """
    files, executable = {}, set()
    for folder, subfolders, names in os.walk(root):
        top = os.path.relpath(folder, root)
        subfolders[:] = sorted(
            name
            for name in subfolders
            if name not in SKIPPED_FOLDERS and not (top == "." and name.startswith("build"))
        )
        for name in names:
            if name in SKIPPED_FOLDERS:
                continue  # .git is a file where the tree is one of several work trees
            full = os.path.join(folder, name)
            path = os.path.normpath(os.path.join(top, name))
            try:
                with open(full, encoding="utf-8") as file:
                    files[path] = file.read()
            except (UnicodeDecodeError, OSError):
                continue  # not text
            if os.access(full, os.X_OK):
                executable.add(path)
    return Tree(files, executable)
