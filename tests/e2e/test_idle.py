"""An appliance with nothing to do leaves the CPU to others: idle = "adaptive"."""

import os
import time
from pathlib import Path

import harness
import traffic
from harness import Config, Lcores, Port

MEASURED_SECONDS = 4.0
CORE_SHARE = 0.10


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Idle(harness.Scenario):
    def test_under_a_tenth_of_a_core(self) -> None:
        first, second = harness.need_cpus(2)
        device = traffic.pcap_device(0, self.directory / "one.pcap", traffic.uniform(1))
        config = Config([Port(device)], traffic.ROUTES, Lcores([first], second, [second]))
        escd = self.start_escd(config)
        escd.wait_until_running()
        escd.wait_until_drained(1)
        began, used = time.monotonic(), cpu_seconds(escd.process.pid)
        self.wait_until(
            lambda: time.monotonic() - began >= MEASURED_SECONDS, "the time is over", 60.0
        )
        used = cpu_seconds(escd.process.pid) - used
        share = used / (time.monotonic() - began)
        print(f"idle: {100 * share:.1f} % of a core, two lcores and the main lcore together")
        self.assertLess(share, CORE_SHARE)
        escd.stop()


if __name__ == "__main__":
    harness.main()
