# SPDX-License-Identifier: BSD-3-Clause
"""Runs in the guest: reads commands from the second serial port, one JSON object a line, runs them
and answers with the result.

request: {"command": [word, ...], "input": text, "timeout_s": seconds}
answer:  {"status": n, "stdout": text, "stderr": text}
"""

import json
import subprocess
import tty

LINE = "/dev/ttyS1"
TIMED_OUT = 124  # as timeout(1) has it


def answer(request: dict) -> dict:
    try:
        done = subprocess.run(
            request["command"],
            input=request["input"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=request["timeout_s"],
        )
    except subprocess.TimeoutExpired:
        return {"status": TIMED_OUT, "stdout": "", "stderr": "ended: it took too long"}
    except OSError as error:
        return {"status": 127, "stdout": "", "stderr": str(error)}
    return {"status": done.returncode, "stdout": done.stdout, "stderr": done.stderr}


def main() -> None:
    with open(LINE, "r+b", buffering=0) as line:
        tty.setraw(line)
        line.write(b"ready\n")
        pending = b""
        while True:
            pending += line.read(4096)
            while b"\n" in pending:
                request, _, pending = pending.partition(b"\n")
                reply = memoryview(json.dumps(answer(json.loads(request))).encode() + b"\n")
                while reply:
                    reply = reply[line.write(reply) :]


if __name__ == "__main__":
    main()
