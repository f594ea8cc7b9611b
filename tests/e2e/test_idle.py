# SPDX-License-Identifier: BSD-3-Clause
"""An appliance with nothing to do leaves the CPU to others: idle = "adaptive"."""

import time

import harness
import traffic
from harness import Config, Escd, Lcores, Port

MEASURED_SECONDS = 2.0
STEP_ROUNDS = 256  # runtime::kHousekeepingRounds; without naps they are over in a moment
NAP_SECONDS = 0.001  # the default of lcores.sleep_max_us; those without a port nap longer


def rounds_and_sleeps(escd: Escd) -> list[tuple[int, int]]:
    return [(one["rounds"], one["sleeps"]) for one in escd.ask("lcores")["lcores"]]


def only_naps(before: list[tuple[int, int]], after: list[tuple[int, int]]) -> bool:
    """Each lcore napped, and came round no more often than that. Rounds are counted in steps."""
    return all(
        sleeps > sleeps_then and rounds - rounds_then <= sleeps - sleeps_then + STEP_ROUNDS
        for (rounds, sleeps), (rounds_then, sleeps_then) in zip(after, before, strict=True)
    )


@harness.whole_machine
class Idle(harness.Scenario):
    def test_every_round_ends_in_a_nap(self) -> None:
        """So there are no more rounds than naps fit into the time, on a fast machine or a slow
        one: a nap may last longer, and never less."""
        first, second = harness.need_cpus(2)
        device = traffic.pcap_device(0, self.directory / "one.pcap", traffic.uniform(1))
        config = Config([Port(device)], traffic.ROUTES, Lcores([first], second, [second]))
        escd = self.start_escd(config)
        escd.wait_until_running()
        escd.wait_until_drained(1)
        looks = [rounds_and_sleeps(escd)]

        def settled() -> bool:
            looks.append(rounds_and_sleeps(escd))
            return only_naps(*looks[-2:])

        self.wait_until(settled, "every round ends in a nap", 60.0)
        began, before = time.monotonic(), rounds_and_sleeps(escd)
        self.wait_until(
            lambda: time.monotonic() - began >= MEASURED_SECONDS, "the time is over", 60.0
        )
        after, took = rounds_and_sleeps(escd), time.monotonic() - began
        self.assertTrue(only_naps(before, after), (before, after))
        for (_, sleeps), (_, sleeps_then) in zip(after, before):
            self.assertLessEqual(sleeps - sleeps_then, took / NAP_SECONDS + 2)
        escd.stop()


if __name__ == "__main__":
    harness.main()
