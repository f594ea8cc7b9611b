# SPDX-License-Identifier: BSD-3-Clause
"""A port receives what comes to it, all of it and nothing else, or says that it does not."""

import os
import subprocess
import sys
import time

import harness
import traffic
from af_xdp import need_af_xdp
from harness import Config, Escd, Lcores, Port, binary
from network import Send, VethPair, expect

OK, CONFIG = 0, 3
AF_PACKET = "net_af_packet0,iface=esc-rx"
HEADER_BYTES, RECORD_BYTES = 24, 16
FLOWS = 16  # over two queues by their hash: each queue gets some


def config_of(*ports: Port) -> Config:
    return Config(list(ports), traffic.ROUTES, Lcores.folded())


def one_event(number: int) -> Send:
    return Send(traffic.craft.frame(traffic.TOPICS[1], number.to_bytes(4, "big")))


class Refused(harness.Scenario):
    """--check and the start say the same: what one refuses the other does not run."""

    def said(self, config: Config, *arguments: str, namespace: str | None = None) -> str:
        """By both, with exit code 3; the lines that name the problem are the same."""
        path = self.directory / "refused.toml"
        path.write_text(config.toml(f"e2e-receive-{os.getpid()}", None), encoding="utf-8")
        inside = ["ip", "netns", "exec", namespace] if namespace else []
        problems = []
        for more in (["--check"], ["--exit-when-idle", "1"]):
            command = [*inside, binary("ESC_ESCD"), "--config", str(path), *more, *arguments]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, CONFIG, f"{more}: {done.stdout}{done.stderr}")
            lines = (done.stdout + done.stderr).splitlines()
            problems.append([line for line in lines if ": error: " in line])
        self.assertTrue(problems[0])
        self.assertEqual(problems[0], problems[1])
        return "\n".join(problems[0])

    def of_trace(self, data: bytes, arguments: str = "") -> str:
        trace = self.directory / "t.pcap"
        trace.write_bytes(data)
        return self.said(config_of(Port(f"net_pcap0,rx_pcap={trace}{arguments}")))

    def sound_trace(self) -> bytes:
        path = self.directory / "sound.pcap"
        traffic.craft.write_pcap(path, traffic.uniform(10))
        return path.read_bytes()

    def test_a_damaged_trace(self) -> None:
        sound = self.sound_trace()
        for arguments in ("", ",infinite_rx=1"):
            self.assertIn("it is damaged after packet 9:", self.of_trace(sound[:-1], arguments))
            huge = sound[: HEADER_BYTES + 8] + b"\xff" * 8 + sound[HEADER_BYTES + RECORD_BYTES :]
            self.assertIn("it is damaged at its first packet", self.of_trace(huge, arguments))

    def test_a_trace_that_is_not_of_ethernet_or_empty(self) -> None:
        sound = self.sound_trace()
        any_interface = sound[:20] + (113).to_bytes(4, "little") + sound[24:]
        self.assertIn("its link type is 113, not Ethernet (1)", self.of_trace(any_interface))
        for arguments in ("", ",infinite_rx=1"):
            said = self.of_trace(sound[:HEADER_BYTES], arguments)
            self.assertIn("it holds no packet", said)

    def test_more_traces_than_queues(self) -> None:
        trace = self.directory / "t.pcap"
        trace.write_bytes(self.sound_trace())
        said = self.said(config_of(Port(f"net_pcap0,rx_pcap={trace},rx_pcap={trace}")))
        self.assertIn("rx_queues is 1, but the device has 2 receive queues", said)
        self.assertIn("set rx_queues = 2", said)

    def test_more_queues_of_an_interface_than_the_port_polls(self) -> None:
        pair = VethPair(self, queues=2)
        said = self.said(config_of(Port(AF_PACKET + ",qpairs=2")), namespace=pair.receiver)
        self.assertIn("set rx_queues = 2", said)
        said = self.said(config_of(Port("net_af_xdp0,iface=esc-rx")), namespace=pair.receiver)
        self.assertIn("no port polls queue 1", said)


class Received(harness.Scenario):
    def start_on(self, pair: VethPair, *ports: Port, under: tuple[str, ...] = ()) -> Escd:
        self.config = config_of(*(ports or [Port(AF_PACKET)]))
        # LeakSanitizer traces the program itself, which has one tracer at a time.
        environment = {"ASAN_OPTIONS": "detect_leaks=0"} if under else {}
        escd = self.start_escd(
            self.config, namespace=pair.receiver, under=under, environment=environment
        )
        escd.wait_until_running()
        return escd

    def assert_received(
        self, escd: Escd, pair: VethPair, datagrams: list[Send], flows: int = 1
    ) -> None:
        """Those and no others, once they have been sent."""
        pair.send(datagrams, flows)
        escd.wait_for_packets(len(datagrams))
        self.assert_ledger(escd.stop(), expect(self.config, datagrams))

    def test_every_flow_over_two_queues(self) -> None:
        pair = VethPair(self, queues=2)
        port = Port(AF_PACKET + ",qpairs=2", more={"rx_queues": 2})
        escd = self.start_on(pair, port)
        self.assert_received(escd, pair, [one_event(i) for i in range(400)], FLOWS)

    def test_every_queue_of_af_xdp(self) -> None:
        need_af_xdp()
        pair = VethPair(self, queues=2)
        ports = [Port(f"net_af_xdp{i},iface=esc-rx,start_queue={i}") for i in range(2)]
        escd = self.start_on(pair, *ports)
        self.assert_received(escd, pair, [one_event(i) for i in range(400)], FLOWS)

    def test_not_what_the_host_itself_sends(self) -> None:
        for device in (AF_PACKET, "net_pcap0,rx_iface=esc-rx"):
            with self.subTest(device):
                pair = VethPair(self)
                escd = self.start_on(pair, Port(device))
                pair.send_from_receiver(50)
                self.assert_received(escd, pair, [one_event(i) for i in range(20)])
                pair.close()

    def test_not_what_other_interfaces_receive(self) -> None:
        """The driver's socket listens to all of them until it is bound, which takes long here."""
        harness.need_tool("strace")
        pair = VethPair(self)
        self.run_command("ip", "-n", pair.receiver, "link", "set", "lo", "up")
        flood = subprocess.Popen(
            ["ip", "netns", "exec", pair.receiver, sys.executable, __file__, "flood"]
        )
        self.addCleanup(harness.end, flood)
        slow_bind = ("--trace=bind", "--inject=bind:delay_enter=200000", "-o", os.devnull)
        escd = self.start_on(pair, under=(harness.need_tool("strace"), "-D", "-f", *slow_bind))
        harness.end(flood)
        port = escd.ask("ports")["ports"][0]
        self.assertGreater(port["before_start"], 0, "the fault that this is about did not happen")
        self.assertEqual(port["packets"], 0)
        self.assertIn("that came before it was started were put aside", escd.log())
        self.assert_received(escd, pair, [one_event(i) for i in range(20)])

    def test_checksums_that_nobody_computed(self) -> None:
        pair = VethPair(self, offloads=True)
        fix = "ethtool -K IFACE tx off"
        escd = self.start_on(pair)
        self.assertEqual(escd.log().count(fix), 1, "before a datagram came")
        pair.send([one_event(i) for i in range(110)])
        escd.wait_for_packets(110)
        self.wait_until(lambda: escd.log().count(fix) == 2, "the log has the fix", 10)
        ledger = escd.stop()
        self.assertEqual(ledger["packets"]["dropped"]["bad_udp_checksum"], 110)
        self.assertEqual(escd.log().count(fix), 2)


class Links(harness.Scenario):
    def link(self, escd: Escd) -> str:
        return escd.ask("ports")["ports"][0]["link"]

    def wait_for_link(self, escd: Escd, state: str, says: str) -> None:
        self.wait_until(lambda: self.link(escd) == state, f"the link is {state}", 10)
        self.wait_until(lambda: says in escd.log(), f'the log says "{says}"', 10)

    def test_a_link_that_goes_and_comes(self) -> None:
        pair = VethPair(self)
        config = config_of(Port(AF_PACKET))
        escd = self.start_escd(config, namespace=pair.receiver)
        escd.wait_until_running()
        # The kernel says so within a second of a pair's making.
        self.wait_until(lambda: self.link(escd) == "up", "the link is up", 10)
        pair.set_receiver("down")
        self.wait_for_link(escd, "down", "its link is down: nothing comes in until it is up again")
        self.assertFalse(escd.healthy())
        pair.set_receiver("up")
        self.wait_for_link(escd, "up", "its link is up")
        self.assertTrue(escd.healthy())
        datagrams = [one_event(i) for i in range(20)]
        pair.send(datagrams)
        escd.wait_for_packets(len(datagrams))
        self.assert_ledger(escd.stop(), expect(config, datagrams))

    def test_an_interface_that_goes_away(self) -> None:
        for device in (AF_PACKET, "net_pcap0,rx_iface_in=esc-rx"):
            with self.subTest(device):
                pair = VethPair(self)
                escd = self.start_escd(config_of(Port(device)), namespace=pair.receiver)
                escd.wait_until_running()
                pair.delete()
                self.wait_for_link(escd, "gone", "start escd again once it is there")
                pair.connect()
                self.assertEqual(self.link(escd), "gone", "the new interface is another one")
                self.assertFalse(escd.healthy())
                escd.terminate()
                self.assertEqual(escd.wait(), OK)
                pair.close()

    def test_what_has_no_link(self) -> None:
        escd, _ = self.play_through(config_of(), traffic.uniform(10))
        self.assertEqual(self.link(escd), "none")
        escd.stop()


def _flood() -> None:
    """Datagrams over lo until it is killed."""
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        while True:
            out.sendto(b"not for the port", ("127.0.0.1", 9001))
            time.sleep(0.0005)


if __name__ == "__main__":
    if sys.argv[1:] == ["flood"]:
        _flood()
    else:
        harness.main()
