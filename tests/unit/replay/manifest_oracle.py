#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Builds traces of many shapes; the oracle must read from each exactly what its manifest says."""

import json
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path

EVERYTHING = (
    "--malformed 0.5 --ipv6 0.5 --ip-options 0.4 --frames-per-datagram 1-5 --sessions 6"
    " --unknown-topics 0.1"
)
TRACES = {
    "plain": "--packets 2000",
    "malformed": "--packets 5000 --malformed 0.1",
    "tagged": "--packets 2000 --vlan 2 --malformed 0.2",
    "one-tag": "--packets 1000 --vlan 1 --malformed 0.2 --ipv6 0.5",
    "ipv6": "--packets 3000 --ipv6 0.5 --malformed 0.2",
    "ip-options": "--packets 3000 --ipv6 0.5 --ip-options 1 --malformed 0.3",
    "sessions": "--packets 2000 --sessions 8 --frames-per-datagram 1-6 --malformed bad_session=0.2",
    "open-sessions": "--packets 2000 --sessions 8 --session-count open --frames-per-datagram 1-6"
    " --malformed 0.3",
    "many-frames": "--frames 20000 --frames-per-datagram 1-40 --payload 0-64",
    "long-frames": "--packets 300 --mtu 65400 --payload 0-60000 --frames-per-datagram 1-3"
    " --malformed 0.4",
    "sizes": "--packets 2000 --payload 0-1000 --topic-bytes 1-255 --topics 30 --malformed 0.3"
    " --no-udp-checksum 0.3",
    "everything": "--packets 20000 " + EVERYTHING,
    "other-seed": "--packets 20000 --seed 99 --payload normal:100,60 --vlan 2 " + EVERYTHING,
    "nic": "--packets 5000 --checksum nic " + EVERYTHING,
    "off": "--packets 5000 --checksum off " + EVERYTHING,
    "fail": "--packets 500 --handler fail " + EVERYTHING,
    "bench-64": "--preset bench-64",
    "bench-512": "--preset bench-512",
    "quickstart": "--preset quickstart",
    "copies": "--packets 4000 --sessions 5 --duplicates 0.2 --frames-per-datagram 1-4",
    "copies-off": "--packets 4000 --sessions 5 --duplicates 0.2 --window 0 --restarts 0.01",
    "loss": "--packets 4000 --sessions 3 --loss 0.1 --window 64 --first-sequence 77777",
    "far-behind": "--packets 6000 --sessions 2 --reorder 300 --duplicates 0.1 --window 64"
    " --frames-per-datagram 1-3",
    "restarts": "--packets 6000 --sessions 7 --restarts 0.02 --reorder 20 --duplicates 0.1"
    " --loss 0.1 --window 256 --session-epoch 9 --first-producer 1000000",
    "all-of-it": "--packets 20000 --duplicates 0.1 --loss 0.05 --reorder 100 --restarts 0.001"
    " --window 128 " + EVERYTHING,
    "all-of-it-nic": "--frames 20000 --checksum nic --duplicates 0.1 --loss 0.05 --reorder 5000"
    " --restarts 0.001 --window 64 " + EVERYTHING,
    "two-ports": "--packets 4000 --sessions 4 --loss 0.1 --window 4096",
    "two-ports-complete": "--packets 4000 --sessions 4 --loss 0.3 --complete --window 4096",
    "two-ports-far-behind": "--packets 20000 --loss 0.1 --duplicates 0.05 --reorder 90"
    " --window 512 " + EVERYTHING,
    "two-ports-off": "--packets 1000 --sessions 4 --loss 0.1 --window 0",
}
# Traces that are played in several passes. No pass may repeat an event of an earlier one.
PASSES = 4
PASSED = {
    "one epoch": "--packets 3000 --sessions 6 --frames-per-datagram 1-4",
    "gaps, copies and late ones": "--packets 3000 --sessions 6 --loss 0.1 --duplicates 0.1"
    " --reorder 30 --window 64",
    "restarts": "--packets 3000 --sessions 6 --restarts 0.01 --frames-per-datagram 1-3",
    "all": "--packets 3000 --sessions 2 --restarts 0.01 --loss 0.2 --duplicates 0.2 --reorder 100"
    " --window 64",
}


def option(arguments: list[str], name: str, default: str) -> str:
    return arguments[arguments.index(name) + 1] if name in arguments else default


def build(replay: str, arguments: list[str], folder: Path) -> list[Path]:
    """Makes the trace, or both; returns what was made. t.json and routes.toml lie beside it."""
    traces = [folder / "t.pcap"]
    command = [replay, "build", "--out", traces[0], "--routes-out", folder / "routes.toml"]
    if "--two-ports" in arguments:
        arguments = [one for one in arguments if one != "--two-ports"]
        traces.append(folder / "b.pcap")
        command += ["--out-b", traces[1]]
    subprocess.run([*command, *arguments], check=True, stdout=subprocess.DEVNULL)
    return traces


def check(replay: str, oracle: Path, arguments: list[str], folder: Path) -> str:
    """What differs, or an empty string."""
    traces = build(replay, arguments, folder)
    manifest, expected = folder / "t.json", folder / "oracle.json"
    said = json.loads(manifest.read_text(encoding="utf-8"))
    python = [sys.executable, "-B"]
    with expected.open("w") as out:
        read = [*python, oracle / "oracle.py", *traces, "--udp-port", "9001"]
        read += ["--routes-from", folder / "routes.toml"]
        read += ["--checksum", option(arguments, "--checksum", "verify")]
        read += ["--window", str(said["trace"]["window"])]
        if len(traces) > 1:
            read += ["--side-by-side"]
            if said["trace"]["most_skew"] is not None:
                read += ["--skew", str(said["trace"]["most_skew"])]
        subprocess.run(read, check=True, stdout=out)
    compare = [*python, oracle / "compare.py", manifest, expected, "--topics", "--producers"]
    outcome = subprocess.run(compare, capture_output=True, text=True)
    if outcome.returncode != 0:
        return outcome.stdout + outcome.stderr
    return wrong_with_two_ports(said, arguments) if len(traces) > 1 else ""


def wrong_with_two_ports(said: dict, arguments: list[str]) -> str:
    """What one feed is to bring, against what the manifest says both bring."""
    if said["trace"]["window"] == 0 or "--malformed" in arguments:
        return ""
    made = sum(one["numbers"] for one in said["trace"]["sessions"])
    whole = said["frames"]["delivered"] == made
    if whole != ("--complete" in arguments):
        return f"{said['frames']['delivered']} of {made} events are delivered\n"
    if not all(feed["lost"] > 0 for feed in said["trace"]["feeds"]):
        return "a feed lost nothing\n"
    return ""


def received(replay: str, trace: Path, *more: str) -> bytes:
    """What `send` puts into a TCP stream in PASSES passes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)  # should it end before it connects
        port = listener.getsockname()[1]
        command = [replay, "send", trace, "--tcp", f"127.0.0.1:{port}", "--loop", str(PASSES)]
        sender = subprocess.Popen([*command, "--quiet", *more], stdout=subprocess.DEVNULL)
        connection, _ = listener.accept()
        with connection:
            parts = []
            while part := connection.recv(1 << 20):
                parts.append(part)
        if sender.wait() != 0:
            raise RuntimeError("esc-replay send failed")
    return b"".join(parts)


def check_passes(replay: str, arguments: list[str], folder: Path) -> str:
    """The numbers of several passes, by the oracle. A stream carries every session frame with its
    count, so that it reads as one long datagram."""
    from esc_oracle import frame, identity

    (trace,) = build(replay, arguments, folder)
    said = json.loads((folder / "t.json").read_text(encoding="utf-8"))
    producers = identity.Producers(said["trace"]["window"])
    verdicts = Counter(
        producers.judge(one.identity)
        for one in frame.read_datagram(received(replay, trace, "--epoch", "5"))
        if one.what == frame.EVENT
    )
    names = {identity.NEW: "delivered", identity.DUPLICATE: "duplicate", identity.STALE: "stale"}
    found = ""
    for verdict, name in names.items():
        if verdicts[verdict] != PASSES * said["frames"][name]:
            found += f"{verdict}: {verdicts[verdict]}, not {PASSES} x {said['frames'][name]}\n"
    epochs = {one["epochs"] for one in producers.figures().values()}
    if ("--restarts" in arguments) == (epochs == {1}):
        found += f"epochs: {epochs}\n"
    return found


def check_passes_of_two(replay: str, folder: Path) -> str:
    """Two traces of one feed stay in step if the manifest gives the steps."""
    from esc_oracle import frame

    arguments = "--two-ports --packets 400 --sessions 8 --loss 0.3".split()
    traces = build(replay, arguments, folder)
    said = json.loads((folder / "t.json").read_text(encoding="utf-8"))
    numbers = {one["producer"]: one["numbers"] for one in said["trace"]["sessions"]}
    ahead = []
    for trace in traces:
        stream = received(replay, trace, "--manifest", str(folder / "t.json"))
        found = [one.identity for one in frame.read_datagram(stream) if one.identity]
        ahead.append({(one.producer, one.sequence % numbers[one.producer]) for one in found})
        if len(found) != PASSES * len(ahead[-1]) or len(set(found)) != len(found):
            return f"{len(found)} events, {len(set(found))} of them different, in {PASSES} passes\n"
    both = len(ahead[0] | ahead[1])
    delivered = said["frames"]["delivered"]
    return "" if both == delivered else f"{both} different events in a pass, not {delivered}\n"


def main(replay: str, oracle: str) -> int:
    sys.path.insert(0, oracle)
    checks = {
        name: partial(check, replay, Path(oracle), two_ports(name) + text.split())
        for name, text in TRACES.items()
    }
    checks |= {
        f"passes: {name}": partial(check_passes, replay, text.split())
        for name, text in PASSED.items()
    }
    checks["passes: two ports"] = partial(check_passes_of_two, replay)
    failures = 0
    for name, function in checks.items():
        with tempfile.TemporaryDirectory() as folder:
            difference = function(Path(folder))
        print(f"{name}: {'agree' if not difference else 'DIFFER'}\n{difference}", end="")
        failures += 1 if difference else 0
    return 1 if failures else 0


def two_ports(name: str) -> list[str]:
    return ["--two-ports"] if name.startswith("two-ports") else []


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
