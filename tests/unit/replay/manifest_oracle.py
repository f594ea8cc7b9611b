#!/usr/bin/env python3
"""Builds traces of many shapes; the oracle must read from each exactly what its manifest says."""

import subprocess
import sys
import tempfile
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
}


def option(arguments: list[str], name: str, default: str) -> str:
    return arguments[arguments.index(name) + 1] if name in arguments else default


def check(replay: str, oracle: Path, arguments: list[str], folder: Path) -> str:
    """What differs, or an empty string."""
    pcap, manifest, routes = folder / "t.pcap", folder / "t.json", folder / "routes.toml"
    build = [replay, "build", "--out", pcap, "--routes-out", routes, *arguments]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
    expected = folder / "oracle.json"
    python = [sys.executable, "-B"]
    with expected.open("w") as out:
        read = [*python, oracle / "oracle.py", pcap, "--udp-port", "9001", "--routes-from", routes]
        read += ["--checksum", option(arguments, "--checksum", "verify")]
        subprocess.run(read, check=True, stdout=out)
    compare = [*python, oracle / "compare.py", manifest, expected, "--topics"]
    outcome = subprocess.run(compare, capture_output=True, text=True)
    return outcome.stdout + outcome.stderr if outcome.returncode != 0 else ""


def main(replay: str, oracle: str) -> int:
    failures = 0
    for name, text in TRACES.items():
        with tempfile.TemporaryDirectory() as folder:
            difference = check(replay, Path(oracle), text.split(), Path(folder))
        print(f"{name}: {'agree' if not difference else 'DIFFER'}\n{difference}", end="")
        failures += 1 if difference else 0
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
