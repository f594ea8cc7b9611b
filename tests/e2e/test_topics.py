# SPDX-License-Identifier: BSD-3-Clause
"""escctl shows every topic, however many routes there are."""

import subprocess

import harness
import traffic
from harness import Config, Lcores, Port, binary

# limits.max_routes, unless configured; escctl waits 5 s for the reply, whatever slows escd down.
MAX_ROUTES = 16_384 if harness.SANITIZED else 65_536


class Topics(harness.Scenario):
    def test_as_many_routes_as_there_may_be(self) -> None:
        """The reply is longer than what a slow reader may leave unread."""
        topics = [f"plant/hall/12/line/7/sensor/{number}" for number in range(MAX_ROUTES)]
        device = traffic.pcap_device(
            0, self.directory / "t.pcap", traffic.uniform(100), ",infinite_rx=1"
        )
        routes = dict.fromkeys(topics, "count")
        escd = self.start_escd(Config([Port(device)], routes, Lcores.folded()))
        escd.wait_until_running()
        self.assertEqual(sorted(escd.topics()), sorted(topics))
        socket = str(self.directory / f"{escd.instance}.sock")
        done = subprocess.run(
            [binary("ESC_ESCCTL"), "--socket", socket, "topics"],
            capture_output=True,
            text=True,
            timeout=60,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        shown = [line.split()[0] for line in done.stdout.splitlines()[1:]]
        self.assertEqual(sorted(shown), sorted(topics))
        escd.stop()


if __name__ == "__main__":
    harness.main()
