# SPDX-License-Identifier: BSD-3-Clause
"""What code on a data path must not do: lock, log, allocate, throw, call the system, spin on shared
producers.

Words can be checked, growing containers cannot: for those there is the test that counts
allocations. It looks at every folder of lib/ but those of CONTROL_SIDE, so that a new folder is
looked at unless somebody says why not. In the others the files for setting things up
(`*_setup.cpp`, `*_setup.hpp`) may do more, and so may the few in ALLOWED, each for a reason that
stands beside it. An excuse that is not needed is a problem too.
"""

import re

import cpp

# Folders that no lcore runs, and why. What lcores do run of them is in HOT.
CONTROL_SIDE = {
    "lib/base/": "files and command lines of every program",
    "lib/cli/": "command lines and standard output of every program",
    "lib/config/": "read before the start, and for a reload",
    "lib/dlq/": "the thread that writes to the disk, and esc-dlq",
    "lib/dpdk/": "EAL, ports and pools, made before the lcores run",
    "lib/files/": "files of every program; no lcore opens one",
    "lib/topology/": "looked at before the start",
}
HOT = (
    "lib/base/align.hpp",
    "lib/base/mix.hpp",
    "lib/base/pressure.hpp",
    "lib/base/reasons.hpp",
    "lib/dlq/commit_buffer.hpp",
    "lib/dlq/record.hpp",
    "lib/dlq/record.cpp",
    "lib/dpdk/rx_queue.hpp",
    "lib/dpdk/restamped_queue.hpp",
)
SETUP = re.compile(r"_setup\.[ch]pp$")

FORBIDDEN_INCLUDES = {
    "log": re.compile(r"<(?:spdlog/.*|iostream|cstdio|stdio\.h|print|rte_log\.h)>"),
    "lock": re.compile(r"<(?:mutex|shared_mutex|condition_variable|semaphore|rte_spinlock\.h)>"),
    "system": re.compile(r"<(?:fstream|filesystem|thread|future|unistd\.h|fcntl\.h|sys/.*)>"),
    "allocate": re.compile(r"<(?:rte_malloc\.h)>"),
}
FORBIDDEN_CODE = {
    "log": re.compile(
        r"\b(?:spdlog::|std::(?:cout|cerr|clog)\b|f?printf\s*\(|puts\s*\(|RTE_LOG\s*\()"
    ),
    "lock": re.compile(
        r"\bstd::(?:mutex|shared_mutex|lock_guard|unique_lock|scoped_lock)\b|\bpthread_"
    ),
    "system": re.compile(
        r"\b(?:usleep|nanosleep|sleep|sleep_for|abort|exit|clock_gettime|sched_yield|syscall|ioctl"
        r"|mmap|fsync|fdatasync|getrandom)\s*\("
    ),
    "allocate": re.compile(
        r"(?<!operator )\bnew\b(?!\s*\()"
        r"|\b(?:[mc]alloc|realloc|aligned_alloc|posix_memalign|rte_z?malloc\w*)\s*\("
        r"|\bstd::make_(?:unique|shared)\b"
    ),
    "throw": re.compile(r"\bthrow\b"),
}
# path -> what it may do, and why.
ALLOWED = {
    "lib/control/answer.cpp": {"throw"},  # answers of the control socket: the main lcore
    "lib/control/bound_socket.cpp": {"system", "throw"},  # the same
    "lib/control/bound_socket.hpp": {"system"},  # the same
    "lib/control/control_server.cpp": {"allocate", "system", "throw"},  # the same
    "lib/control/instance_lock.cpp": {"system", "throw"},  # taken once, before the start
    "lib/control/line_connection.cpp": {"system"},  # answers of the control socket
    "lib/control/own_folder.cpp": {"system", "throw"},  # made once, before the start
    "lib/control/socket_path.cpp": {"system"},  # the same
    "lib/dlq/commit_buffer.hpp": {"allocate", "throw"},  # its memory, once, in the constructor
    "lib/identity/key_secret.cpp": {"system", "throw"},  # asks the kernel, once, at the start
    "lib/identity/keyed_table.cpp": {"throw"},  # refuses memory that it is built in, at the start
    "lib/identity/window_file.cpp": {"system", "throw"},  # windows in a file: start and end
    "lib/identity/window_stream.cpp": {"system", "throw"},  # the same
    "lib/intake/datagram_cursor.hpp": {"allocate"},  # its scratch buffer, once, in the constructor
    "lib/ingest/packet_head.hpp": {"allocate"},  # the same
    "lib/ring/storage.hpp": {"throw"},  # looks at the memory a ring is built in, before it is
    "lib/route/random_seed.cpp": {"system", "throw"},  # asks the kernel, once, at the start
    "lib/route/slot_registry.cpp": {"throw"},  # slots are given out by a reload: the main lcore
    # A thread beside the main lcore.
    "lib/runtime/errands.cpp": {"allocate", "lock", "system", "throw"},
    "lib/runtime/idle.hpp": {"system"},  # the nap of an lcore that has nothing to do
    "lib/runtime/quiescence.cpp": {"allocate", "throw"},  # its memory, once, in the constructor
    "lib/storage/commit_pipe.hpp": {"allocate"},  # its buffers, once, in the constructor
    "lib/telemetry/dpdk_export.cpp": {"allocate", "lock", "throw"},  # runs on a thread of DPDK's
    "lib/wire/numbered_batch.cpp": {"throw"},  # refuses a sender's configuration
    "lib/wire/udp_socket_sink.cpp": {"system", "throw"},  # a sender's socket; no stage has it
}


def problems(tree, allowed=None):
    allowed = ALLOWED if allowed is None else allowed
    for path in tree.paths(".hpp", ".cpp"):
        if not is_hot(path):
            continue
        used = set()
        for line, kind, text in _findings(tree.text(path)):
            used.add(kind)
            if kind not in allowed.get(path, ()):
                yield f"{path}:{line}: a data path must not {_means(kind)}: {text}"
        for kind in sorted(set(allowed.get(path, ())) - used):
            yield f"{path}: is excused to {_means(kind)} in {_HERE} and does not"
    for path in allowed:
        if path not in tree.paths() or not is_hot(path):
            yield f"{path}: is excused in {_HERE} and is not looked at"


_HERE = "tests/tidy/checks/data_path.py"


def is_hot(path):
    """Whether it is looked at."""
    if path in HOT:
        return True
    if not path.startswith("lib/") or path.startswith(tuple(CONTROL_SIDE)):
        return False
    return not SETUP.search(path)


def _findings(text):
    for line, name in cpp.includes(text):
        for kind, pattern in FORBIDDEN_INCLUDES.items():
            if pattern.fullmatch(name):
                yield line, kind, name
    code = cpp.INCLUDE.sub("", cpp.code_only(text))
    for kind, pattern in FORBIDDEN_CODE.items():
        for match in pattern.finditer(code):
            yield code.count("\n", 0, match.start()) + 1, kind, match[0].strip()


def _means(kind):
    return "call the system" if kind == "system" else kind
