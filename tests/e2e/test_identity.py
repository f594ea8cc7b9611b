# SPDX-License-Identifier: BSD-3-Clause
"""Numbered events: each is delivered once, even if it is repeated, late, or comes through two
ports.
"""

import dataclasses
import json
import os
import random
import stat
from pathlib import Path

import harness
import craft
import traffic
from esc_oracle.capture import read_packets
from failing_allocation import FailingAllocation
from harness import Config, Escd, Lcores, Port

FEED = ["--packets", "20000", "--sessions", "40"]


class Identity(harness.Scenario):
    def build(self, *arguments: str) -> tuple[dict, list[str]]:
        """The trace t.pcap; its manifest and topics."""
        manifest, topics = self.directory / "t.json", self.directory / "topics"
        self.run_command(
            harness.binary("ESC_REPLAY"),
            "build",
            "--out",
            str(self.directory / "t.pcap"),
            "--manifest",
            str(manifest),
            "--topics-out",
            str(topics),
            *FEED,
            *arguments,
        )
        return json.loads(manifest.read_text()), topics.read_text().splitlines()

    def port(self, index: int, trace: Path) -> Port:
        return Port(f"net_pcap{index},rx_pcap={trace}")

    def play_feed(self, lcores: Lcores, *arguments: str) -> None:
        manifest, topics = self.build("--window", "256", *arguments)
        port = self.port(0, self.directory / "t.pcap")
        config = Config([port], dict.fromkeys(topics, "count"), lcores, window=256)
        expectation = config.expectation()
        expectation.add_packets(read_packets(self.directory / "t.pcap"), port.rules())
        ledger = self.play(config)
        self.assert_ledger(ledger, expectation)
        for figure in ("duplicate", "stale", "delivered"):
            self.assertEqual(ledger["frames"][figure], manifest["frames"][figure], figure)
            self.assertGreater(ledger["frames"][figure], 0)

    DISORDER = ("--duplicates", "0.05", "--loss", "0.02", "--reorder", "400", "--restarts", "0.001")

    def test_copies_losses_disorder_and_restarts(self) -> None:
        self.play_feed(Lcores.folded(), *self.DISORDER)

    @harness.whole_machine
    def test_the_same_through_three_pipelines(self) -> None:
        """Each producer's window has one owner, whichever pipeline its packets came to."""
        first, second = harness.need_cpus(2)
        self.play_feed(
            Lcores([first], [first, second, second], [second, first, second]), *self.DISORDER
        )

    def play_both(self, lcores: Lcores, *arguments: str) -> tuple[dict, dict]:
        traces = [self.directory / "t.pcap", self.directory / "b.pcap"]
        manifest, topics = self.build("--out-b", str(traces[1]), *arguments)
        ports = [self.port(index, trace) for index, trace in enumerate(traces)]
        ledger = self.play(Config(ports, dict.fromkeys(topics, "count"), lcores))
        self.assert_sound(ledger)
        return ledger["frames"], manifest["frames"]

    @harness.whole_machine
    def test_two_ports_with_one_feed(self) -> None:
        """No packet is lost at both ports: every event is delivered, once."""
        for lcores in (Lcores.folded(), self.apart()):
            frames, expected = self.play_both(lcores, "--loss", "0.1", "--complete")
            for figure in ("delivered", "duplicate", "stale", "control", "received"):
                self.assertEqual(frames[figure], expected[figure], figure)
            self.assertGreater(frames["duplicate"], 0)

    @harness.whole_machine
    def test_two_ports_that_both_lose(self) -> None:
        frames, expected = self.play_both(self.apart(), "--loss", "0.3")
        for figure in ("delivered", "duplicate", "stale", "control", "received"):
            self.assertEqual(frames[figure], expected[figure], figure)

    def apart(self) -> Lcores:
        first, second = harness.need_cpus(2)
        return Lcores([first], second, [second])

    KEYED_BYTES = 16 << 20  # room for a hundred times as many keys: no bucket fills up

    def keyed(self, lcores: Lcores) -> tuple[Config, list[bytes]]:
        """Events with a key, each three times, in some order; and events of every other kind."""
        chooser = random.Random(11)
        ids, content, plain = traffic.TOPICS[1:4]
        payloads = [chooser.randbytes(chooser.choice((4, 11, 12, 40))) for _ in range(6_000)]
        events = [craft.frame(topic, one) for one in payloads for topic in (ids, content, plain)]
        packets = [craft.datagram4(b"".join(chooser.sample(events, 5))) for _ in range(10_000)]
        packets += traffic.mixed(5_000, seed=12)
        chooser.shuffle(packets)
        config = Config([], traffic.ROUTES, lcores)
        config.route_options = {
            ids: {"dedup": "payload-id", "dedup_offset": 4, "dedup_bytes": 8},
            content: {"dedup": "content"},
        }
        config.sections["deduplication"] = {"keyed_bytes": self.KEYED_BYTES}
        return config, packets

    def play_keyed(self, lcores: Lcores) -> None:
        config, packets = self.keyed(lcores)
        escd, expectation = self.play_through(config, packets)
        keys = escd.ask("keys")
        self.assertEqual(keys["duplicates"], expectation.duplicate_key)
        self.assertGreater(keys["duplicates"], 10_000)
        self.assertEqual(keys["unkeyed"], expectation.keys.unkeyed)
        self.assertGreater(keys["unkeyed"], 1_000)
        self.assertEqual((keys["evicted"], keys["expired"]), (0, 0))
        self.assertEqual(keys["known"], keys["new"])
        self.assertEqual(keys["memory_bytes"], self.KEYED_BYTES)
        # To a tick of this machine's clock, whose rate need not divide a second.
        self.assertAlmostEqual(
            keys["effective_window_seconds"], keys["window_seconds"], places=6
        )
        self.assert_topics(escd.topics(), expectation)
        self.assert_ledger(escd.stop(), expectation)

    def test_keys(self) -> None:
        self.play_keyed(Lcores.folded())

    @harness.whole_machine
    def test_one_table_of_keys_for_three_pipelines(self) -> None:
        first, second = harness.need_cpus(2)
        self.play_keyed(Lcores([first], [first, second, second], [second, first, second]))

    @harness.whole_machine
    def test_two_ports_with_one_feed_of_keys(self) -> None:
        """Whichever copy comes first, and through whichever pipeline."""
        first, second = harness.need_cpus(2)
        lcores = Lcores([first, second], [first, second], [second, first])
        config, packets = self.keyed(lcores)
        devices = [
            traffic.pcap_device(index, self.directory / f"{index}.pcap", packets)
            for index in range(2)
        ]
        config.ports = [Port(device) for device in devices]
        config.window = None  # numbers are not what this is about
        expectation = config.expectation()
        for port in config.ports:
            expectation.add_packets(packets, port.rules())
        self.assert_ledger(self.play(config), expectation)

    def test_memory_for_keys_runs_short(self) -> None:
        """Then events may come twice, and none is lost: what is delivered and what is a copy are
        all there were."""
        config, packets = self.keyed(Lcores.folded())
        config.sections["deduplication"] = {"keyed_bytes": 64 << 10}
        escd, expectation = self.play_through(config, packets)
        keys = escd.ask("keys")
        self.assertGreater(keys["evicted"], 0)
        self.assertLess(keys["effective_window_seconds"], keys["window_seconds"])
        expected = expectation.ledger()["frames"]
        frames = escd.stop()["frames"]
        self.assertLess(frames["duplicate"], expected["duplicate"])
        total = expected["delivered"] + expected["duplicate"]
        self.assertEqual(frames["delivered"] + frames["duplicate"], total)

    def test_what_operators_see_of_producers(self) -> None:
        manifest, topics = self.build("--loss", "0.05", "--duplicates", "0.05")
        port = self.port(0, self.directory / "t.pcap")
        config = Config([port], dict.fromkeys(topics, "count"), Lcores.folded())
        escd = self.start_escd(config)
        escd.wait_until_running()
        escd.wait_until_drained(manifest["packets"]["received"])
        expectation = config.expectation()
        expectation.add_packets(read_packets(self.directory / "t.pcap"), port.rules())
        figures = expectation.producers.figures()
        found = escd.ask("producers", "--top", "1000")
        self.assertEqual(found["known"], len(figures))
        for seen in found["producers"]:
            expected = figures[str(seen["producer"])]
            for figure in ("lost", "missing", "late", "reorder_depth"):
                self.assertEqual(seen[figure], expected[figure], figure)
            self.assertEqual(seen["accepted"], expected["delivered"])
            self.assertEqual(seen["duplicates"], expected["duplicate"])
        one = found["producers"][3]["producer"]
        self.assertEqual(escd.ask("producers", "--id", str(one))["producers"][0]["producer"], one)
        self.assertIn("no window", escd.refused("producers", "--id", "12345678901"))
        self.assert_ledger(escd.stop(), expectation)

    def test_a_restart_delivers_nothing_twice(self) -> None:
        """The second run is sent all of the first one's packets again, and new ones of the same
        producers."""
        manifest, topics = self.build()
        packets = list(read_packets(self.directory / "t.pcap"))
        config = Config([], dict.fromkeys(topics, "count"), Lcores.folded(), instance="restarted")
        config.sections["deduplication"] = {"state_file": str(self.directory / "windows")}
        half = len(packets) // 2
        ledgers = []
        for run, sent in enumerate((packets[:half], packets)):
            device = traffic.pcap_device(0, self.directory / f"{run}.pcap", sent)
            config.ports = [Port(device)]
            ledgers.append(self.play(config))
        expectation = config.expectation()
        for sent in (packets[:half], packets):
            expectation.add_packets(sent, Port("").rules())
        expected = expectation.ledger()["frames"]
        for figure in ("delivered", "duplicate", "stale", "received"):
            total = sum(ledger["frames"][figure] for ledger in ledgers)
            self.assertEqual(total, expected[figure], figure)
        self.assertGreater(ledgers[1]["frames"]["duplicate"], 0)
        self.assertTrue((self.directory / "windows").exists())
        self.assertTrue((self.directory / "windows.loaded").exists())

    @harness.whole_machine
    def test_drains_in_full_flow_and_other_pipelines_after_each(self) -> None:
        """Each run is sent the whole feed from its beginning, through other pipelines than the one
        before, and is drained on the way; the last one has it all."""
        first, second = harness.need_cpus(2)
        three = Lcores([first], [first, second, second], [second, first, second])
        two = Lcores([first], [second, first], [first, second])
        shape = ("--payload", "30-60", "--priorities", "255")  # nothing is shed of that priority
        _, topics = self.build("--window", "256", *shape, *self.DISORDER)
        packets = list(read_packets(self.directory / "t.pcap"))
        port = self.port(0, self.directory / "t.pcap")
        # Slow, and with little room inside: the feed is not over when the drain is asked for.
        config = Config([port], dict.fromkeys(topics, "slow"), three, window=256)
        config.instance = "drained"
        config.sections = {
            "deduplication": {"state_file": str(self.directory / "windows")},
            "rings": {"ingest_cells": 1024, "worker_cells": 256, "hold_cells": 256},
        }
        expectation = config.expectation()
        cut = 0
        for lcores, share in ((three, 0.1), (three, 0.2), (two, 0.3), (Lcores.folded(), 0.4)):
            config.lcores = lcores
            escd = self.start_escd(config)
            escd.wait_until_running()
            escd.wait_for_packets(int(share * len(packets)))
            self.assertIn(escd.ask("drain")["state"], ("draining", "stopped"))
            self.assertEqual(escd.wait(), 0)
            expectation = dataclasses.replace(
                config.expectation(), producers=expectation.producers
            )
            received = escd.ledger()["packets"]["received"]
            cut += received < len(packets)
            expectation.add_packets(packets[:received], port.rules())
            self.assert_ledger(escd.ledger(), expectation)
        self.assertGreater(cut, 0, "a drain in full flow")
        config.lcores = three
        expectation = dataclasses.replace(config.expectation(), producers=expectation.producers)
        expectation.add_packets(packets, port.rules())
        ledger = self.play(config)
        self.assert_ledger(ledger, expectation)
        for figure in ("delivered", "duplicate", "stale"):
            self.assertGreater(ledger["frames"][figure], 1_000)

    def numbered(self, state_file: Path) -> tuple[dict, Config]:
        """A feed, and what plays it and keeps windows there."""
        manifest, topics = self.build()
        port = self.port(0, self.directory / "t.pcap")
        config = Config([port], dict.fromkeys(topics, "count"), Lcores.folded())
        config.sections["deduplication"] = {"state_file": str(state_file)}
        return manifest, config

    def run_numbered(self, state_file: Path) -> Escd:
        """From start to end, which is a good one."""
        manifest, config = self.numbered(state_file)
        escd = self.start_escd(config, "--exit-when-idle", "1")
        self.assertEqual(escd.wait(), 0)
        frames = escd.ledger()["frames"]
        self.assertEqual(frames["delivered"], manifest["frames"]["delivered"])
        return escd

    def test_a_file_of_windows_that_is_refused_is_kept(self) -> None:
        """Torn: the drain does not write over it."""
        windows = self.directory / "windows"
        self.run_numbered(windows)
        refused = self.directory / "windows.refused"
        whole = windows.read_bytes()
        for torn in (whole[: len(whole) // 2], whole[:-1] + bytes([whole[-1] ^ 1])):
            windows.write_bytes(torn)
            log = self.run_numbered(windows).log()
            self.assertIn("escd starts without saved windows", log)
            self.assertIn(f"{windows} is kept as {refused}", log)
            self.assertEqual(refused.read_bytes(), torn)
            self.assertNotEqual(windows.read_bytes(), torn)

    def test_the_windows_of_another_instance_are_not_ours(self) -> None:
        windows = self.directory / "windows"
        first = self.run_numbered(windows)
        before = windows.read_bytes()
        _, config = self.numbered(windows)
        escd = self.start_escd(config, "--exit-when-idle", "1")
        self.assertEqual(escd.wait(), 3)
        self.assertIn(f'has the windows of instance "{first.instance}"', escd.log())
        self.assertEqual(windows.read_bytes(), before)
        self.assertEqual(list(self.directory.glob("windows.*")), [])

    def test_what_is_no_file_of_windows_is_left_alone(self) -> None:
        """Neither renamed nor replaced: --check and the start refuse it."""
        windows = self.directory / "windows"
        _, config = self.numbered(windows)
        kinds = {
            "a character device": lambda: os.mknod(
                windows, stat.S_IFCHR | 0o600, os.makedev(1, 3)
            ),
            "a FIFO": lambda: os.mkfifo(windows),
            "a directory": windows.mkdir,
            "a symbolic link": lambda: windows.symlink_to("target"),
            "no file of windows": lambda: windows.write_text("[other]\n", encoding="utf-8"),
        }
        for kind, make in kinds.items():
            with self.subTest(kind):
                make()
                before = os.lstat(windows)
                for more in (["--check"], []):
                    escd = self.start_escd(config, "--exit-when-idle", "1", *more)
                    self.assertEqual(escd.wait(), 3, escd.log())
                    self.assertIn(f"{windows} is {kind}", escd.log())
                after = os.lstat(windows)
                self.assertEqual((after.st_ino, after.st_mode), (before.st_ino, before.st_mode))
                self.assertFalse((self.directory / "windows.refused").exists())
                windows.rmdir() if windows.is_dir() else windows.unlink()

    def test_windows_that_cannot_be_looked_for(self) -> None:
        loop = self.directory / "loop"
        loop.symlink_to(loop)
        log = self.run_numbered(loop / "windows").log()
        self.assertIn(f"{loop}/windows cannot be looked for: Too many levels", log)

    def test_windows_that_find_no_memory_do_not_cost_the_ledger(self) -> None:
        """What they are written through takes more than a MiB, and nothing else does by then."""
        no_memory = FailingAllocation(self.directory, 1 << 20)
        manifest, config = self.numbered(self.directory / "windows")
        escd = self.start_escd(config, environment=no_memory.environment)
        escd.wait_until_running()
        escd.wait_until_drained(manifest["packets"]["received"])
        with no_memory.armed():
            ledger = escd.stop()
        self.assertEqual(len(no_memory.failed), 1, no_memory.failed)
        self.assert_sound(ledger)
        self.assertEqual(ledger["frames"]["delivered"], manifest["frames"]["delivered"])
        self.assertIn(f"{self.directory}/windows cannot be written", escd.log())
        self.assertFalse((self.directory / "windows").exists())


if __name__ == "__main__":
    harness.main()
