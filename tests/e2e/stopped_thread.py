# SPDX-License-Identifier: BSD-3-Clause
"""Stops one thread of a process, as a handler that hangs would: PTRACE_SEIZE and
PTRACE_INTERRUPT."""

import ctypes
import os
from pathlib import Path
from types import TracebackType

_PTRACE_SEIZE = 0x4206
_PTRACE_INTERRUPT = 0x4207
_PTRACE_DETACH = 17
_WALL = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


def thread_named(pid: int, name: str) -> int:
    """The id of the thread of that name."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        if (task / "comm").read_text(encoding="utf-8").strip() == name:
            return int(task.name)
    raise LookupError(f"process {pid} has no thread {name}")


class StoppedThread:
    """Stops the thread on entry, lets it go on at exit. Use from one thread: ptrace belongs to
    it."""

    def __init__(self, thread: int) -> None:
        self._thread = thread

    def __enter__(self) -> "StoppedThread":
        _ptrace(_PTRACE_SEIZE, self._thread)
        _ptrace(_PTRACE_INTERRUPT, self._thread)
        os.waitpid(self._thread, _WALL)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            _ptrace(_PTRACE_DETACH, self._thread)
        except ProcessLookupError:
            # The process has ended meanwhile. It remains a zombie until its tracer has reaped the
            # thread.
            os.waitpid(self._thread, _WALL)


def _ptrace(request: int, thread: int) -> None:
    if _libc.ptrace(request, thread, None, None) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"ptrace {request:#x}: {os.strerror(number)}")
