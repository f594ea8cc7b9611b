# SPDX-License-Identifier: BSD-3-Clause
"""Signals. SIGTERM and its like in full flow: everything received is accounted for; a second one
ends escd at once. The others do what docs/operations.md says.
"""

import re
import resource
import signal
from pathlib import Path

import harness
import traffic
from harness import Config, Escd, Lcores, Port

FLOWING_PACKETS = 100_000
SECOND_SIGNAL = 9  # exit code
PAGE = Path(__file__).resolve().parents[2] / "docs/operations.md"
CAUGHT, IGNORED, DEFAULT = "SigCgt", "SigIgn", "neither"
# What each row of the page's table means, by its first signal.
DISPOSITIONS = {
    "SIGTERM": CAUGHT,
    "SIGXCPU": CAUGHT,
    "SIGHUP": CAUGHT,
    "SIGUSR1": IGNORED,
    "SIGPIPE": IGNORED,
    "SIGSEGV": DEFAULT,
    "SIGTSTP": DEFAULT,
    "SIGKILL": DEFAULT,
    "SIGCHLD": DEFAULT,
}


def numbers_in(cell: str) -> list[int]:
    """Of "SIGINT, SIGRTMIN to SIGRTMAX"."""
    numbers = []
    for name in cell.split(", "):
        first, _, last = name.partition(" to ")
        begin = signal.Signals[first].value
        numbers += range(begin, (signal.Signals[last].value if last else begin) + 1)
    return numbers


def rows_of_the_page() -> dict[str, list[int]]:
    """First signal of a row -> the numbers of all."""
    table = PAGE.read_text(encoding="utf-8").split("<!-- signals: begin -->")[1]
    table = table.split("<!-- signals: end -->")[0]
    cells = re.findall(r"^\| (SIG[^|]*) \|", table, re.MULTILINE)
    return {cell.split(",")[0]: numbers_in(cell) for cell in cells}


def disposition(status: str, number: int) -> str:
    """By /proc/PID/status."""
    for mask in (CAUGHT, IGNORED):
        if int(re.search(rf"^{mask}:\s*(\w+)$", status, re.MULTILINE)[1], 16) >> (number - 1) & 1:
            return mask
    return DEFAULT


class Signals(harness.Scenario):
    def start_endless(self, packets: list[bytes], lcores: Lcores) -> tuple[Config, Escd]:
        device = traffic.pcap_device(0, self.directory / "endless.pcap", packets, ",infinite_rx=1")
        config = Config([Port(device)], traffic.ROUTES, lcores)
        escd = self.start_escd(config)
        escd.wait_until_running()
        escd.wait_for_packets(FLOWING_PACKETS)
        return config, escd

    def stop_in_full_flow(self, number: signal.Signals, lcores: Lcores) -> None:
        """The device repeats the trace in order, so the number of packets alone says what they
        were."""
        packets = traffic.with_malformed(8_000, seed=21)
        config, escd = self.start_endless(packets, lcores)
        escd.signal(number)
        self.assertEqual(escd.wait(), 0)
        ledger = escd.ledger()
        expectation = config.expectation()
        expectation.add_endless(packets, config.ports[0].rules(), ledger["packets"]["received"])
        self.assertGreaterEqual(ledger["packets"]["received"], FLOWING_PACKETS)
        self.assert_ledger(ledger, expectation)
        self.assertIn(f"asked to stop by {number.name}: draining", escd.log())
        self.assert_says_drained(escd)

    def assert_says_drained(self, escd: Escd) -> None:
        """The log has the ledger's figures."""
        frames, packets = escd.ledger()["frames"], escd.ledger()["packets"]
        said = (
            f" ms: {packets['received']} packets received, {sum(packets['dropped'].values())} of "
            f"them dropped, {packets['imissed']} missed by the ports; {frames['received']} frames "
            f"received: {frames['delivered']} delivered, {frames['control']} control, "
            f"{frames['duplicate']} duplicate, {frames['stale']} stale, "
            f"{frames['dead_lettered']['durable']} dead-lettered, "
            f"{sum(frames['dropped'].values())} dropped; none is in flight"
        )
        self.assertIn(said, escd.log())

    def test_sigterm_on_one_cpu(self) -> None:
        self.stop_in_full_flow(signal.SIGTERM, Lcores.folded())

    @harness.whole_machine
    def test_sigint_on_two_cpus(self) -> None:
        first, second = harness.need_cpus(2)
        self.stop_in_full_flow(signal.SIGINT, Lcores([first], second, [second]))

    def test_clean_trace_is_delivered_whole(self) -> None:
        _, escd = self.start_endless(traffic.uniform(1000), Lcores.folded())
        ledger = escd.stop()
        self.assert_sound(ledger)
        self.assertEqual(ledger["frames"]["delivered"], ledger["frames"]["received"])
        self.assertEqual(ledger["frames"]["received"], ledger["packets"]["received"])

    def test_a_second_signal_exits_at_once(self) -> None:
        """Both are pending before escd sees either, so the second is there while the drain has yet
        to begin."""
        _, escd = self.start_endless(traffic.uniform(1000), Lcores.folded())
        escd.signal(signal.SIGSTOP)
        escd.signal(signal.SIGTERM)
        escd.signal(signal.SIGINT)
        escd.signal(signal.SIGCONT)
        self.assertEqual(escd.wait(), SECOND_SIGNAL)
        self.assertFalse(escd.has_ledger(), "nothing is written by then")

    def test_sigquit_drains(self) -> None:
        self.stop_in_full_flow(signal.SIGQUIT, Lcores.folded())

    def test_a_limit_on_cpu_time_drains(self) -> None:
        """The kernel sends SIGXCPU, and again each second; that and SIGPWR are no second signal."""
        _, escd = self.start_endless(traffic.uniform(1000), Lcores.folded())
        escd.signal(signal.SIGSTOP)
        escd.signal(signal.SIGPWR)
        limit = (1, resource.RLIM_INFINITY)
        resource.prlimit(escd.process.pid, resource.RLIMIT_CPU, limit)
        escd.signal(signal.SIGCONT)
        self.wait_until(lambda: "asked to stop by SIGPWR" in escd.log(), "it drains", 20.0)
        escd.signal(signal.SIGXCPU)
        self.assertEqual(escd.wait(), 0)
        self.assert_sound(escd.ledger())
        _, escd = self.start_endless(traffic.uniform(1000), Lcores.folded())
        resource.prlimit(escd.process.pid, resource.RLIMIT_CPU, limit)
        self.assertEqual(escd.wait(), 0)
        self.assertIn("asked to stop by SIGXCPU", escd.log())
        self.assert_sound(escd.ledger())

    def test_every_signal_does_what_the_page_says(self) -> None:
        rows = rows_of_the_page()
        self.assertEqual(list(rows), list(DISPOSITIONS))
        named = sorted(number for numbers in rows.values() for number in numbers)
        self.assertEqual(named, sorted(signal.valid_signals()))
        _, escd = self.start_endless(traffic.uniform(1000), Lcores.folded())
        status = Path(f"/proc/{escd.process.pid}/status").read_text(encoding="ascii")
        for first, numbers in rows.items():
            for number in numbers:
                if first == "SIGSEGV" and harness.SANITIZED:
                    continue  # the sanitizer has its own handlers
                self.assertEqual(
                    disposition(status, number), DISPOSITIONS[first], signal.strsignal(number)
                )
        for number in rows["SIGUSR1"] + rows["SIGPIPE"] + rows["SIGCHLD"]:
            escd.process.send_signal(number)
        self.assertTrue(escd.healthy())
        ledger = escd.stop()
        self.assert_sound(ledger)
        self.assertEqual(ledger["frames"]["delivered"], ledger["frames"]["received"])

    def test_signal_before_the_first_packet(self) -> None:
        # A port that nobody has connected to yet.
        device = f"net_memif0,role=server,id=0,socket={self.directory}/m.sock,socket-abstract=no"
        config = Config([Port(device)], traffic.ROUTES, Lcores.folded())
        escd = self.start_escd(config)
        escd.wait_until_running()
        self.assert_ledger(escd.stop(), config.expectation())


if __name__ == "__main__":
    harness.main()
