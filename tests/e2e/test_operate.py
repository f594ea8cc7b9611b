# SPDX-License-Identifier: BSD-3-Clause
"""Telling a running appliance what to do: reload, pause, resume, drain."""

import re
import signal
from pathlib import Path

import harness
import craft
import traffic
from control_client import ControlClient
from failing_allocation import FailingAllocation
from harness import Config, Lcores, Port

FLOWING_PACKETS = 20_000
RELOADS = 1_000
RELOADS_TO_SETTLE = 100
MORE_ROUTES = 2_000
TAKEN = traffic.TOPICS[1]
OVERFLOWING_PACKETS = 500_000
OVERFLOW = 5_000


def resident_bytes(pid: int) -> int:
    """Of its own memory, without hugepages and what lies in files."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"RssAnon:\s+(\d+) kB", status)[1]) * 1024


class Operate(harness.Scenario):
    def endless(self, routes: dict[str, str]) -> Config:
        device = traffic.pcap_device(
            0, self.directory / "endless.pcap", traffic.uniform(1000), ",infinite_rx=1"
        )
        return Config([Port(device)], routes, Lcores.folded(workers=2))

    def test_a_thousand_reloads_under_full_load(self) -> None:
        """Every event is delivered or of an unknown topic; memory does not grow; the ledger fits
        at every look."""
        config = self.endless({TAKEN: "count"})
        many = {f"unused/{i}": "null" for i in range(MORE_ROUTES)}
        without = Config(config.ports, {"a/+": "null"} | many, config.lcores)
        escd = self.start_escd(config)
        escd.wait_until_running()
        escd.wait_for_packets(FLOWING_PACKETS)
        settled = 0
        with ControlClient(escd.socket_path) as client:
            for turn in range(RELOADS):
                escd.write_config((without, config)[turn % 2])
                changes = client.reload()["routes"]
                added, removed = changes["added"]["count"], changes["removed"]["count"]
                there = (MORE_ROUTES + 1, 1)
                self.assertEqual((added, removed), (there, there[::-1])[turn % 2])
                if turn == RELOADS_TO_SETTLE:
                    settled = resident_bytes(escd.process.pid)
                if turn % 50 == 0:
                    self.assertTrue(client.ask("ledger")["balanced"])
            grown = resident_bytes(escd.process.pid) - settled
        # A set that is not freed takes more than this many bytes a route. How much the allocator
        # keeps for later is its own affair, and a page may be of 2 MiB. AddressSanitizer keeps what
        # is freed.
        if not harness.SANITIZED:
            self.assertLess(grown, 30 * MORE_ROUTES * (RELOADS - RELOADS_TO_SETTLE))
        ledger = escd.stop()
        self.assert_sound(ledger)
        frames = ledger["frames"]
        self.assertGreater(frames["dropped"]["unknown_topic"], 0)
        self.assertEqual(set(frames["dropped"]), {"unknown_topic"})
        self.assertEqual(
            frames["received"], frames["delivered"] + frames["dropped"]["unknown_topic"]
        )

    def test_a_bad_file_changes_nothing(self) -> None:
        config = self.endless({TAKEN: "count"})
        escd = self.start_escd(config)
        escd.wait_until_running()
        good = escd.config_path.read_text()
        escd.config_path.write_text(good + '\n[[route]]\ntopic = "a/#/b"\nhandler = "count"\n')
        line = good.count("\n") + 3
        self.assertIn(f"{escd.config_path}:{line}:", escd.refused("reload"))
        escd.config_path.write_text(good + "\n[rings]\nburst = 32\n")
        place = f"{escd.config_path}:{good.count(chr(10)) + 3}:9: "
        self.assertIn(
            place + "'rings.burst' cannot change while escd runs", escd.refused("reload")
        )
        escd.process.send_signal(signal.SIGHUP)
        self.wait_until(lambda: "SIGHUP: " in escd.log(), "the refusal is in the log", 20.0)
        self.assertTrue(escd.passes("state") and escd.passes("ledger"))
        escd.config_path.write_text(good)
        other = self.directory / "other.toml"
        other.write_text(good + '\n[[route]]\ntopic = "new"\nhandler = "null"\n')
        diff = escd.ask("routes", "--diff", str(other))["routes"]
        self.assertEqual(diff["added"]["first"], ["new"])
        self.assertEqual(diff["unchanged"], 1)
        escd.process.send_signal(signal.SIGHUP)
        self.wait_until(lambda: "reloaded " in escd.log(), "the reload is in the log", 20.0)
        self.assert_sound(escd.stop())

    def test_a_reload_that_finds_no_memory(self) -> None:
        """By SIGHUP: it is in the log, events go on, and the next one is taken."""
        no_memory = FailingAllocation(self.directory, 1 << 20)
        config = self.endless({TAKEN: "count"})
        escd = self.start_escd(config, environment=no_memory.environment)
        escd.wait_until_running()
        large = {f"unused/{i:0200}": "null" for i in range(20_000)}
        escd.write_config(Config(config.ports, config.routes | large, config.lcores))
        with no_memory.armed():
            escd.signal(signal.SIGHUP)
            self.wait_until(lambda: "SIGHUP: " in escd.log(), "it failed", 20.0)
        self.assertGreater(len(no_memory.failed), 0)
        self.assertRegex(escd.log(), "SIGHUP: .*: there is not enough memory; nothing was changed")
        escd.wait_for_packets(escd.live_ledger()["packets"]["received"] + FLOWING_PACKETS)
        self.assertNotIn("reloaded ", escd.log())
        escd.signal(signal.SIGHUP)
        self.wait_until(lambda: "reloaded " in escd.log(), "the reload is in the log", 20.0)
        self.assert_sound(escd.stop())

    def test_pause_and_resume_lose_nothing_where_nothing_can_be_lost(self) -> None:
        packets = traffic.mixed(20_000)
        device = traffic.pcap_device(0, self.directory / "mixed.pcap", packets)
        config = Config([Port(device)], traffic.ROUTES, Lcores.folded())
        expectation = config.expectation()
        expectation.add_packets(packets, config.ports[0].rules())
        escd = self.start_escd(config)
        escd.wait_until_running()
        for _ in range(5):
            self.assertEqual(escd.ask("pause")["state"], "paused")
            self.assertIn("paused", escd.refused("pause"))
            self.assertFalse(escd.passes("state"))
            self.assertEqual(escd.ask("resume")["state"], "running")
        self.assertIn("running", escd.refused("resume"))
        escd.wait_until_drained(len(packets))
        self.assert_ledger(escd.stop(), expectation)

    def test_a_pause_is_no_idleness(self) -> None:
        """--exit-when-idle counts from when it was resumed."""
        packets = traffic.uniform(1000)
        device = traffic.pcap_device(0, self.directory / "t.pcap", packets)
        escd = self.start_escd(
            Config([Port(device)], traffic.ROUTES, Lcores.folded()), "--exit-when-idle", "3"
        )
        escd.wait_until_running()
        escd.ask("pause")
        self.wait_until(
            lambda: escd.ask("state")["for_s"] > 4.0, "it was paused for 4 s, and lives", 60.0
        )
        self.assertEqual(escd.ask("resume")["state"], "running")
        self.assertEqual(escd.wait(), 0)
        ledger = escd.ledger()
        self.assert_sound(ledger)
        self.assertEqual(ledger["frames"]["delivered"], len(packets))

    def test_nothing_flows_while_it_is_paused(self) -> None:
        escd = self.start_escd(self.endless({TAKEN: "count"}))
        escd.wait_until_running()
        escd.wait_for_packets(FLOWING_PACKETS)
        escd.ask("pause")

        def stands_still() -> bool:
            before = escd.live_ledger()["frames"]["delivered"]
            return escd.live_ledger()["frames"]["delivered"] == before

        self.wait_until(stands_still, "nothing is delivered", 20.0)
        paused = escd.live_ledger()["frames"]["delivered"]
        self.assertEqual(escd.ask("state")["state"], "paused")
        escd.ask("resume")
        self.wait_until(
            lambda: escd.live_ledger()["frames"]["delivered"] > paused, "it flows again", 20.0
        )
        self.assert_sound(escd.stop())

    def test_what_overflows_while_it_is_paused_is_counted(self) -> None:
        """A port that may lose is polled now and then, and events for which there is no room inside
        are `paused`: those and the delivered ones are all that came. On one CPU the port is polled
        as often as the worker, so that nothing else can overflow.
        """
        frame = craft.frame(TAKEN, b"", 255)  # nothing is shed of that priority
        packets = [craft.datagram4(frame)] * OVERFLOWING_PACKETS
        device = traffic.pcap_device(0, self.directory / "long.pcap", packets)
        port = Port(device, more={"lossless": False})
        escd = self.start_escd(Config([port], {TAKEN: "slow"}, Lcores.folded()))
        escd.wait_until_running()
        with ControlClient(escd.socket_path) as client:
            client.ask("pause")

            def overflowed() -> int:
                return client.ask("ledger")["frames"]["dropped"].get("paused", 0)

            self.wait_until(lambda: overflowed() > OVERFLOW, "frames are dropped as paused", 20.0)
            delivered = client.ask("ledger")["frames"]["delivered"]
            self.assertEqual(client.ask("ledger")["frames"]["delivered"], delivered)
            client.ask("resume")
        escd.wait_until_drained(len(packets))
        ledger = escd.stop()
        self.assert_sound(ledger)
        frames = ledger["frames"]
        self.assertEqual((frames["received"], ledger["packets"]["imissed"]), (len(packets), 0))
        self.assertEqual(set(frames["dropped"]), {"paused"})
        self.assertGreater(frames["dropped"]["paused"], OVERFLOW)
        self.assertEqual(frames["delivered"], len(packets) - frames["dropped"]["paused"])
        self.assertGreater(frames["delivered"], delivered)

    def test_drain_ends_it(self) -> None:
        escd = self.start_escd(self.endless({TAKEN: "count"}))
        escd.wait_until_running()
        escd.wait_for_packets(FLOWING_PACKETS)
        escd.ask("pause")
        self.assertIn(escd.ask("drain")["state"], ("draining", "stopped"))
        self.assertEqual(escd.wait(), 0)
        self.assert_sound(escd.ledger())
        self.assertEqual(escd.ledger()["frames"]["in_flight"], 0)


if __name__ == "__main__":
    harness.main()
