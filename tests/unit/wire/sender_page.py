#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Builds the program of docs/sender.md by the command on that page, without any flag of this
build, and lets the oracle read what it sends."""

import re
import shlex
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

EVENTS = 1000
PRODUCER, EPOCH, PRIORITY = 42, 1, 100


def block(page: str, language: str) -> str:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[0]


def received(program: Path) -> list[bytes]:
    """The datagrams that the program sends: loopback has them all when it has ended."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.setblocking(False)
        port = str(receiver.getsockname()[1])
        subprocess.run([program, "127.0.0.1", port], check=True, timeout=20)
        datagrams = []
        while True:
            try:
                datagrams.append(receiver.recv(65536))
            except BlockingIOError:
                return datagrams


def main(root: str) -> None:
    sys.path.insert(0, str(Path(root) / "tests/oracle"))
    from esc_oracle import frame

    page = (Path(root) / "docs/sender.md").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "send.cpp").write_text(block(page, "cpp"), encoding="utf-8")
        (Path(folder) / "lib").symlink_to(Path(root).resolve() / "lib")
        build = shlex.split(block(page, "sh").splitlines()[0])
        subprocess.run([*build, "-Wall", "-Wextra", "-Werror"], cwd=folder, check=True)
        datagrams = received(Path(folder) / "send")

    frames = [one for datagram in datagrams for one in frame.read_datagram(datagram)]
    events = [one for one in frames if one.what == frame.EVENT]
    numbered = [one.identity for one in events]
    assert numbered == [frame.Identity(PRODUCER, EPOCH, i) for i in range(EVENTS)], numbered
    assert {one.priority for one in events} == {PRIORITY}
    assert len(frames) - len(events) == len(datagrams), "a session frame leads each datagram"
    assert 1 < len(datagrams) < 100 and max(map(len, datagrams)) <= 1452, len(datagrams)
    print(f"{len(events)} events in {len(datagrams)} datagrams, numbered as they should be")


if __name__ == "__main__":
    main(sys.argv[1])
