"""What code on a data path must not do: lock, log, allocate, throw, call the system, spin on shared
producers.

Words can be checked, growing containers cannot: for those there is the test that counts
allocations. It looks at the folders whose code runs per event or per burst. Their files for setting
things up (`*_setup.cpp`, `*_setup.hpp`) may do more, and so may the few in ALLOWED, each for a
reason that stands beside it.
"""

import re

import cpp

FOLDERS = ("lib/ring/", "lib/ingest/", "lib/dispatch/", "lib/worker/", "lib/event/", "lib/wire/")
SETUP = re.compile(r"_setup\.[ch]pp$")

FORBIDDEN_INCLUDES = {
    "log": re.compile(r"<(?:spdlog/.*|iostream|cstdio|stdio\.h|print|rte_log\.h)>"),
    "lock": re.compile(r"<(?:mutex|shared_mutex|condition_variable|semaphore|rte_spinlock\.h)>"),
    "system": re.compile(r"<(?:fstream|filesystem|thread|unistd\.h|sys/.*)>"),
    "allocate": re.compile(r"<(?:rte_malloc\.h)>"),
}
FORBIDDEN_CODE = {
    "log": re.compile(
        r"\b(?:spdlog::|std::(?:cout|cerr|clog)\b|f?printf\s*\(|puts\s*\(|RTE_LOG\s*\()"
    ),
    "lock": re.compile(
        r"\bstd::(?:mutex|shared_mutex|lock_guard|unique_lock|scoped_lock)\b|\bpthread_"
    ),
    "system": re.compile(r"\b(?:usleep|nanosleep|sleep|sleep_for|abort|exit)\s*\("),
    "allocate": re.compile(
        r"(?<!operator )\bnew\b(?!\s*\()|\b(?:malloc|calloc|realloc|rte_z?malloc\w*)\s*\("
        r"|\bstd::make_(?:unique|shared)\b"
    ),
    "throw": re.compile(r"\bthrow\b"),
}
# path -> what it may do, and why.
ALLOWED = {
    "lib/ingest/datagram_cursor.hpp": {"allocate"},  # its scratch buffer, once, in the constructor
    "lib/ingest/packet_head.hpp": {"allocate"},  # the same
    "lib/ring/storage.hpp": {"throw"},  # looks at the memory a ring is built in, before it is
    "lib/wire/numbered_batch.cpp": {"throw"},  # refuses a sender's configuration
    "lib/wire/udp_socket_sink.cpp": {"system", "throw"},  # a sender's socket; no stage has it
}


def problems(tree, allowed=None):
    allowed = ALLOWED if allowed is None else allowed
    for path in tree.paths(".hpp", ".cpp"):
        if not path.startswith(FOLDERS) or SETUP.search(path):
            continue
        may = allowed.get(path, {})
        for line, name in cpp.includes(tree.text(path)):
            for kind, pattern in FORBIDDEN_INCLUDES.items():
                if kind not in may and pattern.fullmatch(name):
                    yield f"{path}:{line}: a data path must not {_means(kind)}: {name}"
        code = cpp.INCLUDE.sub("", cpp.code_only(tree.text(path)))
        for kind, pattern in FORBIDDEN_CODE.items():
            if kind in may:
                continue
            for match in pattern.finditer(code):
                line = code.count("\n", 0, match.start()) + 1
                yield f"{path}:{line}: a data path must not {_means(kind)}: {match[0].strip()}"
    for path in allowed:
        if path not in tree.paths():
            yield f"{path}: is excused in tests/tidy/checks/data_path.py and does not exist"


def _means(kind):
    return "call the system" if kind == "system" else kind
