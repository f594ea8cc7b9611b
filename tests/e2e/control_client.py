# SPDX-License-Identifier: BSD-3-Clause
"""A connection to an appliance's control socket that stays open: for hundreds of requests."""

import json
import socket
import time
from pathlib import Path

ANSWER_SECONDS = 60.0
PROTOCOL = 2  # of the control socket


class ControlClient:
    """With a `with`; one request at a time."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(ANSWER_SECONDS)
        self._socket.connect(str(path))
        self._answers = self._socket.makefile("r", encoding="ascii")

    def __enter__(self) -> "ControlClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._answers.close()
        self._socket.close()

    def ask(self, command: str, **fields: object) -> dict:
        """The result; AssertionError with what escd says if it refuses."""
        answer = self._answer(command, **fields)
        if not answer["ok"]:
            raise AssertionError(f"{command}: {answer}")
        return answer["result"]

    def reload(self) -> dict:
        """The result. Retries a reload that is refused because the kernel has kept an lcore from
        ending its round for as long as several reloads take.
        """
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            answer = self._answer("reload")
            if answer["ok"]:
                return answer["result"]
            if "does not come round" not in answer["error"] or time.monotonic() > deadline:
                raise AssertionError(f"reload: {answer}")

    def _answer(self, command: str, **fields: object) -> dict:
        request = {"protocol": PROTOCOL, "command": command} | fields
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        return json.loads(self._answers.readline())
