#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs a test that needs one CPU on a CPU that no other such test has meanwhile.

usage: one_cpu.py BUILD_DIRECTORY PROGRAM [ARGUMENT...]

A path of PROGRAM that is relative is so to the build directory, as meson writes it.

A lock on BUILD_DIRECTORY/.cpu-N stands for CPU N. Of the CPUs that this process may use it takes
one that is free, or waits until one is. It binds itself to that CPU and becomes the program, which
finds the CPU in its affinity mask and keeps the lock until it ends. ESC_ONE_CPU is set, so that a
test which needs more CPUs knows that it was not given them. Exit status: the program's; 2 if there
is none to run.
"""

import fcntl
import os
import sys
import time

POLL_SECONDS = 0.05


def take_cpu(directory: str, cpus: list[int]) -> int:
    """The first CPU that is free. Its lock is held as long as this process or the program that it
    becomes has the file open.
    """
    locks = {
        cpu: os.open(os.path.join(directory, f".cpu-{cpu}"), os.O_RDWR | os.O_CREAT, 0o666)
        for cpu in cpus
    }
    while True:
        for cpu, lock in locks.items():
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            os.set_inheritable(lock, True)
            return cpu
        time.sleep(POLL_SECONDS)


def main() -> int:
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    directory, command = sys.argv[1], sys.argv[2:]
    if os.sep in command[0]:
        command[0] = os.path.join(directory, command[0])
    os.sched_setaffinity(0, {take_cpu(directory, sorted(os.sched_getaffinity(0)))})
    os.environ["ESC_ONE_CPU"] = "1"
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
