# SPDX-License-Identifier: BSD-3-Clause
"""dpdk-testpmd, a sender that nobody here wrote, forwards a trace into a memif port of ours."""

import re
import subprocess
from pathlib import Path

import harness
import traffic
from harness import Config, Lcores, Port

MEMIF = "net_memif0,role={role},id=0,socket={socket},socket-abstract=no"


class Testpmd:
    """testpmd with its command line on a pipe: port 0 is the trace, port 1 our memif, traffic goes
    from 0 to 1.

    It retries for ever when the memif ring is full, so that it loses nothing.
    """

    def __init__(self, scenario: "Memif", trace: Path, socket: Path) -> None:
        program = harness.need_tool("dpdk-testpmd")
        harness.need_tool("stdbuf")  # testpmd would keep what it says in a buffer
        self._scenario = scenario
        self._log_path = scenario.directory / "testpmd.log"
        cpu = harness.cpus()[-1]
        eal = [
            "--lcores",
            f"0@{cpu},1@{cpu}",
            "--no-pci",
            "--no-huge",
            "--no-shconf",
            "--no-telemetry",
            "-m",
            "256",
            "--file-prefix",
            scenario.directory.name,
            "--vdev",
            f"net_pcap0,rx_pcap={trace}",
            "--vdev",
            MEMIF.format(role="client", socket=socket),
        ]
        # Without --no-flush-rx testpmd throws away what it finds at its start: of a trace, all of
        # it.
        own = ["-i", "--no-flush-rx", "--forward-mode=io", "--total-num-mbufs=8192"]
        with self._log_path.open("wb") as log:
            self.process = subprocess.Popen(
                ["stdbuf", "-oL", program, *eal, "--", *own],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                text=True,
            )
        scenario.addCleanup(self._close)

    def wait_for_link(self) -> None:
        """Asking for the link is what makes memif's client connect."""

        def is_up() -> bool:
            self.say("show port info 1")
            return "Link status: up" in self._said()

        self._scenario.wait_until(is_up, "the memif link is up", harness.START_SECONDS)

    def forward(self) -> None:
        self.say("set fwd io retry", "set burst tx delay 1 retry 4294967295", "start")

    def wait_until_sent(self, packets: int) -> None:
        """Until testpmd's own statistics say that it has put so many into the memif."""

        def have_gone() -> bool:
            self.say("show port stats 1")
            found = re.findall(r"TX-packets:\s*(\d+)\s+TX-errors", self._said())
            return bool(found) and int(found[-1]) == packets

        self._scenario.wait_until(have_gone, f"testpmd has sent {packets} packets", 60.0)

    def stop(self) -> None:
        self.say("stop", "quit")
        self._scenario.assertEqual(
            self.process.wait(harness.STOP_SECONDS), 0, "exit code of testpmd"
        )
        self._scenario.assertEqual(
            set(re.findall(r"TX-dropped: (\d+)", self._said())), {"0"}, "testpmd lost some"
        )

    def say(self, *lines: str) -> None:
        code = self.process.poll()
        self._scenario.assertIsNone(code, f"testpmd exited early with {code}")
        assert self.process.stdin is not None
        self.process.stdin.write("".join(line + "\n" for line in lines))
        self.process.stdin.flush()

    def _said(self) -> str:
        return self._log_path.read_text(errors="replace")

    def _close(self) -> None:
        harness.end(self.process)
        if self.process.stdin:
            self.process.stdin.close()


class Memif(harness.Scenario):
    def forward(self, packets: list[bytes]) -> None:
        trace = self.directory / "forwarded.pcap"
        traffic.craft.write_pcap(trace, packets)
        socket = self.directory / "memif.sock"
        config = Config(
            [Port(MEMIF.format(role="server", socket=socket))], traffic.ROUTES, Lcores.folded()
        )
        escd = self.start_escd(config)
        escd.wait_until_running()
        testpmd = Testpmd(self, trace, socket)
        testpmd.wait_for_link()
        testpmd.forward()
        escd.wait_for_packets(len(packets))
        # Not before: what is in the shared ring is lost when the client goes.
        testpmd.wait_until_sent(len(packets))
        testpmd.stop()
        expectation = config.expectation()
        expectation.add_packets(packets, config.ports[0].rules())
        self.assert_ledger(escd.stop(), expectation)

    def test_mixed_traffic(self) -> None:
        self.forward(traffic.mixed(30_000, seed=31))

    def test_malformed_traffic(self) -> None:
        # A packet of no bytes is none on any wire, and net_memif sends an old descriptor's length
        # in its place.
        self.forward([packet for packet in traffic.with_malformed(10_000, seed=32) if packet])


if __name__ == "__main__":
    harness.main()
