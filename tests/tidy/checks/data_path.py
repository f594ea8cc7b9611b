# SPDX-License-Identifier: BSD-3-Clause
"""What code on a data path must not do: log, lock, call the system, allocate, throw or catch, and
loop without an end.

Every folder of lib/ stands in one of two lists: DATA_PATH, whose code an lcore runs, or
CONTROL_SIDE, whose code no lcore runs. A folder in neither list is a problem. Of the folders of
CONTROL_SIDE lcores run the files in HOT, which are looked at too, and files of a data path include
the headers in BORROWED, each for a reason that stands beside it. They may include no other header
of those folders: so code cannot move out of sight.

The files in ALLOWED may do more, each for a reason that stands beside it.
An entry of a list that is not needed is a problem too.

The check reads words. It does not see a container grow; the test that counts allocations does
(tests/dpdk/allocation_test.cpp). Of loops it sees those that have no condition and those that wait
for another thread or for a clock.
"""

import re

import cpp

DATA_PATH = {
    "lib/control/": "states and pressure, which stages read",
    "lib/dispatch/": "the dispatcher",
    "lib/event/": "events and the release of their buffers",
    "lib/identity/": "windows of numbers and the table of keys, which the dispatcher asks",
    "lib/ingest/": "the RX stage",
    "lib/intake/": "reading frames, for the stages that receive",
    "lib/ring/": "the rings between lcores",
    "lib/route/": "finding a topic's route, for the dispatcher",
    "lib/runtime/": "the loop of an lcore",
    "lib/storage/": "the storage stage",
    "lib/tcp/": "the TCP stage",
    "lib/telemetry/": "counters, which stages write",
    "lib/wire/": "parsing packets and frames",
    "lib/worker/": "the worker",
}
CONTROL_SIDE = {
    "lib/appliance/": "the wiring, made on the main lcore",
    "lib/base/": "numbers, names and texts of every program; what is hot is in HOT",
    "lib/cli/": "command lines and standard output of every program",
    "lib/config/": "read before the start, and for a reload",
    "lib/dlq/": "the thread that writes to the disk, and esc-dlq",
    "lib/dpdk/": "EAL, ports and pools, made before the lcores run",
    "lib/files/": "files of every program; no lcore opens one",
    "lib/topology/": "looked at before the start",
}
# Files of CONTROL_SIDE that lcores run.
HOT = (
    "lib/base/align.hpp",
    "lib/base/last_bytes.hpp",
    "lib/base/mix.hpp",
    "lib/base/named.hpp",
    "lib/base/pressure.hpp",
    "lib/base/reasons.hpp",
    "lib/base/units.hpp",
    "lib/dlq/commit_buffer.hpp",
    "lib/dlq/crc32c.cpp",
    "lib/dlq/crc32c.hpp",
    "lib/dlq/record.hpp",
    "lib/dlq/record.cpp",
    "lib/dpdk/rx_queue.hpp",
    "lib/dpdk/restamped_queue.hpp",
)
# Headers of CONTROL_SIDE that files looked at include although no lcore runs them, and why.
BORROWED = {
    "lib/base/errno_text.hpp": "the reason of an error, for the main lcore and threads beside it",
    "lib/base/file_descriptor.hpp": "sockets and files of the main lcore and of threads beside it",
    "lib/base/number.hpp": "text that is read before the start",
    "lib/base/one_thread.hpp": "keeps other threads out of what is the main lcore's",
    "lib/base/start_error.hpp": "what is thrown before the lcores run",
    "lib/config/config.hpp": "plain values",
    "lib/config/health.hpp": "plain values",
    "lib/config/keys.hpp": "names of keys for messages, written by a reload",
    "lib/config/pressure.hpp": "plain values",
    "lib/config/routes.hpp": "plain values",
    "lib/config/topic_pattern.hpp": "patterns are read when a route set is built",
    "lib/dlq/retention.hpp": "for the thread that writes to the disk",
    "lib/dlq/segment.hpp": "sizes, and the layout of a segment's header",
    "lib/dlq/segment_log.hpp": "for the thread that writes to the disk",
    "lib/files/file_error.hpp": "windows in a file: start and end",
    "lib/files/place.hpp": "windows in a file, and the lock of an instance",
    "lib/files/replacement.hpp": "windows in a file: start and end",
    "lib/topology/problem.hpp": "what is said before the start",
}

_ENDLESS = "loop endlessly"

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
        r"\bstd::(?:(?:shared_|recursive_|timed_)?mutex|lock_guard|unique_lock|shared_lock"
        r"|scoped_lock|condition_variable|counting_semaphore|binary_semaphore|latch|barrier)\b"
        r"|\bpthread_|\brte_(?:spin|rw|ticket|pf|mcs|seq)\w*lock|\btest_and_set\s*\("
    ),
    "system": re.compile(
        r"\b(?:usleep|nanosleep|sleep|sleep_for|abort|exit|clock_gettime|gettimeofday|sched_yield"
        r"|syscall|ioctl|mmap|fsync|fdatasync|getrandom|rte_delay_\w+)\s*\("
        # A function of the global namespace, a clock of the library, this thread.
        r"|(?<![\w>:])::[a-z]\w*\s*\(|_clock::now\s*\(|\bstd::this_thread\b"
    ),
    "allocate": re.compile(
        r"(?<!operator )\bnew\b(?!\s*\()"
        r"|\b(?:[mc]alloc|realloc|aligned_alloc|posix_memalign|rte_z?malloc\w*)\s*\("
        r"|\bstd::make_(?:unique|shared)\b"
    ),
    "throw": re.compile(r"\bthrow\b|\btry\s*\{|\bcatch\s*\("),
    _ENDLESS: re.compile(
        r"\bwhile\s*\(\s*(?:true|1)\s*\)|\bfor\s*\([^;{}]*;\s*;"
        # Its condition begins with what another thread writes, or with a clock.
        r"|\bwhile\s*\((?:(?!&&)[^;{}])*?"
        r"\b(?:load|exchange|compare_exchange_\w+|rte_\w*(?:rdtsc|cycles)\w*)\s*\("
    ),
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
    "lib/dispatch/dispatch_stage.hpp": {_ENDLESS},  # until its input is empty, at the end
    "lib/dlq/commit_buffer.hpp": {"allocate", "throw"},  # its memory, once, in the constructor
    "lib/identity/key_secret.cpp": {"system", "throw"},  # asks the kernel, once, at the start
    "lib/identity/keyed_table.cpp": {"throw"},  # refuses memory that it is built in, at the start
    "lib/identity/sequence_window.cpp": {_ENDLESS},  # one turn for each word of the window
    "lib/identity/window_file.cpp": {"system", "throw"},  # windows in a file: start and end
    "lib/identity/window_stream.cpp": {"system", "throw"},  # the same
    "lib/intake/datagram_cursor.cpp": {_ENDLESS},  # one turn for each segment of the packet
    "lib/intake/datagram_cursor.hpp": {"allocate"},  # its scratch buffer, once, in the constructor
    "lib/ingest/checksum.cpp": {_ENDLESS},  # one turn for each segment of the packet
    "lib/ingest/packet_head.hpp": {"allocate"},  # its scratch buffer, once, in the constructor
    "lib/ring/storage.hpp": {"throw"},  # looks at the memory a ring is built in, before it is
    "lib/route/producer_bindings.hpp": {_ENDLESS},  # probes a table that is never full
    "lib/route/random_seed.cpp": {"system", "throw"},  # asks the kernel, once, at the start
    "lib/route/slot_registry.cpp": {"throw"},  # slots are given out by a reload: the main lcore
    "lib/route/topic_trie.cpp": {_ENDLESS},  # probes a table that is never full
    # A thread beside the main lcore.
    "lib/runtime/errands.cpp": {"allocate", "lock", "system", "throw", _ENDLESS},
    "lib/runtime/idle.hpp": {"system"},  # the nap of an lcore that has nothing to do
    "lib/runtime/lcore_loop.hpp": {_ENDLESS},  # the loop of an lcore itself, until it is to stop
    "lib/runtime/quiescence.cpp": {"allocate", "throw"},  # its memory, once, in the constructor
    "lib/storage/commit_pipe.hpp": {"allocate"},  # its buffers, once, in the constructor
    "lib/storage/store.hpp": {"allocate", "system"},  # made at the start; waits at the end
    "lib/storage/writing_thread.cpp": {"lock", "system"},  # the thread that waits for the disk
    "lib/storage/writing_thread.hpp": {"system"},  # the same
    "lib/worker/handler_set.hpp": {"throw"},  # handlers are made once, before the start
    # Asked on threads of DPDK's, answered by the main lcore.
    # The kernel's sockets are what the TCP stage reads.
    "lib/tcp/epoll_sockets.cpp": {"system", "throw"},
    "lib/tcp/epoll_sockets.hpp": {"system"},
    "lib/tcp/socket_address.hpp": {"system"},  # an address as the kernel has it
    "lib/tcp/listener.cpp": {"system", "throw"},  # made before the lcores run
    "lib/telemetry/any_reading.hpp": {"allocate"},  # what is shown, on the main lcore
    "lib/telemetry/board.hpp": {"allocate", "lock", "system"},
    "lib/telemetry/dpdk_export.cpp": {"allocate", "lock", "throw"},  # runs on a thread of DPDK's
    "lib/telemetry/exposition.cpp": {"throw"},  # text for escctl: the main lcore
    "lib/wire/numbered_batch.cpp": {"throw"},  # refuses a sender's configuration
    "lib/wire/udp_socket_sink.cpp": {"system", "throw"},  # a sender's socket; no stage has it
    # `slow` spends the time that it is asked for; the rest is made at the start.
    "lib/worker/builtin_handlers.cpp": {"allocate", _ENDLESS},
    "lib/worker/handler_registry.cpp": {"throw"},  # filled at the start
}


def problems(tree, allowed=None, borrowed=None):
    allowed = ALLOWED if allowed is None else allowed
    borrowed = BORROWED if borrowed is None else borrowed
    yield from _folders(tree)
    included = set()
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
        for line, header in _out_of_sight(tree.text(path)):
            included.add(header)
            if header not in borrowed:
                yield (
                    f"{path}:{line}: includes {header}, which {_HERE} does not look at: name it in"
                    " HOT, or in BORROWED with the reason"
                )
    for path in allowed:
        if path not in tree.paths() or not is_hot(path):
            yield f"{path}: is excused in {_HERE} and is not looked at"
    for header in sorted(set(borrowed) - included):
        yield f"{header}: is in BORROWED of {_HERE} and no file looked at includes it"


_HERE = "tests/tidy/checks/data_path.py"


def is_hot(path):
    """Whether it is looked at: what is in no list is."""
    if path in HOT:
        return True
    return path.startswith("lib/") and not path.startswith(tuple(CONTROL_SIDE))


def _folders(tree):
    """Folders of lib/ that stand in neither list or in both."""
    for folder in sorted(
        {path.split("/")[1] for path in tree.paths(under="lib/") if path.count("/") > 1}
    ):
        lists = [f"lib/{folder}/" in listed for listed in (DATA_PATH, CONTROL_SIDE)]
        if not any(lists):
            yield f"lib/{folder} is in neither DATA_PATH nor CONTROL_SIDE of {_HERE}"
        elif all(lists):
            yield f"lib/{folder} is in both DATA_PATH and CONTROL_SIDE of {_HERE}"


def _out_of_sight(text):
    """Headers of lib/ that it includes and that are not looked at: (line, path)."""
    for line, name in cpp.includes(text):
        header = "lib/" + name.strip('"')
        if name.startswith('"') and header.startswith(tuple(CONTROL_SIDE)) and not is_hot(header):
            yield line, header


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
