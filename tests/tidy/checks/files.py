# SPDX-License-Identifier: BSD-3-Clause
"""Only lib/files opens, replaces and removes files. It first looks at what is there, so that no
device, FIFO, link or file of something else is touched. Files that do this themselves are listed in
ALLOWED, with the reason.
"""

import re

import cpp

UNDER = ("lib/", "app/", "tools/")
HOME = "lib/files/"

FORBIDDEN_INCLUDES = re.compile(r"<(?:fstream)>")
# word -> what to use instead.
FORBIDDEN_CODE = {
    re.compile(r"(?<![\w>])::open(?:64)?\s*\("): "opens a file",
    # Matches a call, not a declaration.
    re.compile(r"(?<![\w.>:])open(?:64)?\s*\((?!\)|const\b|std::)"): "opens a file",
    re.compile(r"(?<![\w.>])(?:std::)?f(?:re)?open(?:64)?\s*\("): "opens a file",
    re.compile(r"\b(?:openat2?|creat)\s*\("): "opens a file",
    re.compile(r"\bstd::(?:basic_)?(?:i|o)?fstream\b"): "opens a file",
    re.compile(r"\bbasic_file_sink_\w+|\brotating_file_sink_\w+"): "opens a file",
    re.compile(r"\bpcap_(?:open_offline|dump_open)\w*\s*\("): "opens a file",
    re.compile(r"(?:(?:std|fs|filesystem)|(?<![\w>]))::rename\s*\("): "renames a file",
    re.compile(r"\brenameat2?\s*\("): "renames a file",
    re.compile(r"\b(?:unlink|unlinkat)\s*\("): "removes a file",
    re.compile(r"\b(?:std|fs|filesystem)::remove(?:_all)?\s*\((?!\w+\.begin)"): "removes a file",
    re.compile(r"\b(?:f?truncate|resize_file|copy_file)\s*\("): "changes a file",
}
# path -> why it may.
ALLOWED = {
    "lib/control/bound_socket.cpp": "binds a socket and removes its own, judged by inode",
    "lib/control/own_folder.cpp": "opens a folder",
    "lib/control/control_server.cpp": "holds a descriptor of /dev/null in reserve",
    "lib/cli/standard_output.cpp": "puts a descriptor where a standard one was closed",
    "lib/config/checks_memory.cpp": "reads /proc under a root that tests choose",
    "lib/dlq/folder.cpp": "opens a folder",
    "lib/dlq/posix_file_system.cpp": "makes segment files, which must be new, with O_DIRECT",
    "lib/dpdk/eal.cpp": "removes what a killed run left in hugetlbfs, under its lock",
    "lib/dpdk/probe_fix.cpp": "reads /proc/net/unix",
    "lib/topology/interface.cpp": "reads /sys under a root that tests choose",
    "lib/topology/limits.cpp": "reads /proc under a root that tests choose",
    "lib/topology/memory.cpp": "reads /proc under a root that tests choose",
    "lib/topology/pci_device.cpp": "asks whether a vfio group can be had, by opening it",
    "lib/topology/small_file.hpp": "reads /proc and /sys under a root that tests choose",
    "lib/topology/topology.cpp": "reads /sys under a root that tests choose",
}


def problems(tree, allowed=None):
    allowed = ALLOWED if allowed is None else allowed
    used = set()
    for path in tree.paths(".hpp", ".cpp"):
        if not path.startswith(UNDER) or path.startswith(HOME):
            continue
        for line, what in _breaches(tree.text(path)):
            if path in allowed:
                used.add(path)
            else:
                yield f"{path}:{line}: {what}; lib/files does that"
    for path in allowed:
        if path not in used:
            yield f"{path}: is excused in tests/tidy/checks/files.py for nothing"


def _breaches(text):
    for line, name in cpp.includes(text):
        if FORBIDDEN_INCLUDES.fullmatch(name):
            yield line, f"includes {name}"
    code = cpp.INCLUDE.sub("", cpp.code_only(text))
    for pattern, what in FORBIDDEN_CODE.items():
        for match in pattern.finditer(code):
            yield code.count("\n", 0, match.start()) + 1, f"{what} ({match[0].strip()})"
