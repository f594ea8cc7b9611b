# SPDX-License-Identifier: BSD-3-Clause
"""escd as tools/bench runs it: its configuration, what it answers, whether a run of it counts."""

import json
import signal
import socket
from dataclasses import dataclass, field
from pathlib import Path

from bench_programs import ANSWER_SECONDS, BURST, DESCRIPTORS, Broken, Program, Trace

PROTOCOL = 2  # of the control socket


@dataclass
class Setting:
    """What an escd runs with; roles by CPU number."""

    trace: Trace
    rx: int
    dispatch: int
    workers: list
    main: int
    checksum: str = "nic"
    port: dict = field(default_factory=dict)  # further keys of [[port]]
    deduplication: dict = field(default_factory=dict)
    rings: dict = field(default_factory=dict)
    tolerated: tuple = ()  # reasons for which frames may be dropped
    sections: dict = field(default_factory=dict)  # further tables


class Escd(Program):
    """escd on one trace with the routes given. `look(escd)`, if there is one, is asked at the end
    of the run, before the drain, for what speaks against it."""

    def __init__(self, directory, prefix, memory, binary, routes, setting, look=None):
        super().__init__("escd", directory, prefix, memory)
        self._control = Path(directory) / f"{prefix}.sock"
        self._ledger = Path(directory) / f"{prefix}.ledger.json"
        self._config = Path(directory) / f"{prefix}.toml"
        self._setting = setting
        self._look = look
        self.write_routes(routes)
        self.command = [str(binary), "--config", str(self._config), "--ledger", str(self._ledger)]

    def write_routes(self, routes):
        """Over those in its file: for a reload."""
        self._config.write_text(self._configuration() + routes, encoding="utf-8")

    def _configuration(self):
        setting = self._setting
        tables = {
            "": {"instance": self._prefix},
            "[eal]": {"args": ["--no-pci"]},
            "[memory]": {"hugepages": "require" if self.memory == "hugepages" else "off"},
            "[control]": {"socket": str(self._control)},
            **self._entry(),
            "[lcores]": {
                "rx": [setting.rx],
                "dispatch": setting.dispatch,
                "workers": setting.workers,
                "main": setting.main,
                "idle": "busy",
            },
            "[rings]": {"burst": BURST} | setting.rings,
            "[deduplication]": setting.deduplication,
        } | setting.sections
        # JSON's strings, numbers, booleans and arrays of them are TOML's.
        lines = [
            line
            for head, keys in tables.items()
            for line in (head, *(f"{key} = {json.dumps(value)}" for key, value in keys.items()))
        ]
        return "\n".join(lines).lstrip() + "\n"

    def _entry(self):
        """By which way events come in."""
        setting = self._setting
        port = {
            "device": setting.trace.device,
            "udp_ports": [9001],
            "rx_descriptors": DESCRIPTORS,
            "checksum": setting.checksum,
        }
        return {"[[port]]": port | setting.port}

    def count(self):
        return self.ask("ledger")["frames"]["delivered"]

    def finish(self):
        wrong = self._look(self) if self._look else []
        self.process.send_signal(signal.SIGTERM)
        self.wait_for_end()
        ledger = json.loads(self._ledger.read_text(encoding="utf-8"))
        wrong += account_faults(ledger, self._setting.tolerated)
        if wrong:
            raise Broken(f"escd's run does not count: {'; '.join(wrong)}")
        frames = ledger["frames"]
        return {name: frames[name] for name in ("received", "delivered", "control", "dropped")}

    def ask(self, command, **arguments):
        """What it answers over its control socket."""
        request = json.dumps({"protocol": PROTOCOL, "command": command, **arguments})
        self._socket.sendall(request.encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            piece = self._socket.recv(1 << 20)
            if not piece:
                raise ConnectionResetError("escd closed its control socket")
            answer += piece
        reply = json.loads(answer)
        if not reply.get("ok"):
            raise Broken(f"escd refused {command}: {reply.get('error')}")
        return reply["result"]

    def _connect(self):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(ANSWER_SECONDS)
        connection.connect(str(self._control))
        return connection


def account_faults(ledger, tolerated=()):
    """Why a rate taken from this ledger would be worth nothing: it must balance, and every event
    that was received must have been delivered or be a durable dead letter, but for those dropped
    for a reason that is tolerated; session frames are control, no events.
    """
    frames, packets = ledger["frames"], ledger["packets"]
    faults = []
    if ledger.get("balanced") is not True:
        faults.append("not balanced")
    if frames["received"] == 0:
        faults.append("nothing received")
    given_up = sum(frames["dropped"].get(reason, 0) for reason in tolerated)
    events = frames["received"] - frames["control"]
    given_up += frames["dead_lettered"]["durable"]
    if frames["delivered"] + given_up != events:
        faults.append(f"delivered {frames['delivered']} of {events} frames")
    if packets["datagrams"] != packets["received"]:
        faults.append(f"{packets['datagrams']} datagrams in {packets['received']} packets")
    for kind, account in (("frames", frames), ("packets", packets)):
        dropped = {
            reason: count
            for reason, count in account["dropped"].items()
            if count and (kind == "packets" or reason not in tolerated)
        }
        if dropped:
            faults.append(f"dropped {kind}: {dropped}")
        if account["in_flight"]:
            faults.append(f"{account['in_flight']} {kind} in flight after the drain")
    for name in ("imissed", "rx_nombuf", "ierrors"):
        if packets[name]:
            faults.append(f"{name} {packets[name]}")
    return faults
