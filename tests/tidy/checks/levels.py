# SPDX-License-Identifier: BSD-3-Clause
"""A folder of lib/ includes only folders of lower levels, never one of its own level or a higher
one.
"""

import re

import cpp

LEVELS = [
    ["base"],
    ["files"],
    ["wire", "ring", "telemetry", "topology"],
    ["config", "event", "dlq"],
    ["dpdk", "identity", "route", "control", "runtime", "storage", "cli"],
    ["intake"],
    ["ingest", "tcp", "dispatch", "worker"],
    ["appliance"],
]
LEVEL_OF = {folder: level for level, folders in enumerate(LEVELS) for folder in folders}
APP_LEVEL = len(LEVELS)

# Only lib/dpdk uses ports of DPDK; the sender of esc-replay may too, as it is a separate program.
ETHDEV_HEADERS = {"<rte_ethdev.h>", "<rte_ethdev_driver.h>", "<rte_ethdev_core.h>"}
ETHDEV_USERS = ("lib/dpdk/", "tools/esc-replay/dpdk_sink.cpp", "tests/dpdk/")
# Programs without DPDK can embed these.
WITHOUT_DPDK = ("base", "files", "wire", "ring", "topology", "config", "dlq", "cli")


def problems(tree):
    for path in tree.paths(".hpp", ".cpp", ".h"):
        for line, name in cpp.includes(tree.text(path)):
            for what in _wrong_include(path, name):
                yield f"{path}:{line}: {what}"


def _wrong_include(path, name):
    parts = path.split("/")
    own = parts[1] if parts[0] == "lib" and len(parts) > 2 else None
    bare = name.strip('<>"')

    if own is not None and own not in LEVEL_OF:
        yield f"lib/{own} has no place in the order of dependencies (tests/tidy/checks/levels.py)"
        return
    if name in ETHDEV_HEADERS and not path.startswith(ETHDEV_USERS):
        yield f"{bare} is for lib/dpdk alone"
    if own in WITHOUT_DPDK and re.match(r"rte_\w+\.h$", bare):
        yield f"lib/{own} knows nothing of DPDK, and includes {bare}"

    if not name.startswith('"'):
        if bare.split("/")[0] in LEVEL_OF and bare.endswith(".hpp"):
            yield f'our own headers are included in quotes: "{bare}"'
        return
    if own is None:
        return
    if ".." in bare.split("/"):
        yield f'"{bare}": name headers from lib/ downward, without ".."'
        return
    used = bare.split("/")[0]
    if "/" not in bare:
        yield f'"{bare}": name headers with their folder, "{own}/{bare}"'
    elif used not in LEVEL_OF:
        yield f'"{bare}": lib/ uses nothing outside lib/'
    elif used != own and LEVEL_OF[used] == LEVEL_OF[own]:
        yield f'"{bare}": lib/{used} is on the same level as lib/{own}'
    elif LEVEL_OF[used] > LEVEL_OF[own]:
        yield f'"{bare}": lib/{used} is above lib/{own}'
