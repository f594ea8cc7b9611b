# SPDX-License-Identifier: BSD-3-Clause
"""Events that cannot be delivered: kept on the disk, each once, with its reason and its frame."""

import json
import os
from collections import Counter

import harness
import craft
import traffic
from harness import Config, Lcores, Port
from network import SENDER_ADDRESS, Send, VethPair
from stopped_thread import StoppedThread, thread_named

TOPICS = {"fine/1": "count", "fine/2": "count", "bad/1": "fail", "bad/2": "fail"}


class DeadLetters(harness.Scenario):
    def setUp(self) -> None:
        self.letters = self.directory / "letters"

    def config(self, packets: list[bytes], **letters: object) -> Config:
        trace = self.directory / "trace.pcap"
        device = traffic.pcap_device(0, trace, packets)
        config = Config([Port(device)], dict(TOPICS), Lcores.folded())
        config.sections["dead_letters"] = {"directory": str(self.letters)} | letters
        return config

    def packets(self, count: int) -> tuple[list[bytes], Counter]:
        """Datagrams of three events, and what must become dead letters."""
        packets, dead = [], Counter()
        topics = [*TOPICS, "nobody/1", "nobody/\u00e9\u00e8"]
        for number in range(count):
            frames = b""
            for part in range(3):
                topic = topics[(number * 7 + part * 5) % len(topics)]
                payload = f"{number}.{part}".encode()
                frames += craft.frame(topic, payload)
                if not topic.startswith("fine"):
                    reason = "handler_refused" if topic.startswith("bad") else "unknown_topic"
                    dead[reason, topic, payload] += 1
            packets.append(craft.datagram4(frames))
        return packets, dead

    def kept(self) -> Counter:
        """What esc-dlq finds."""
        lines = harness.run_to_end(
            harness.binary("ESC_DLQ"), "cat", str(self.letters), "--json"
        ).splitlines()
        return Counter(
            (letter["reason"], letter["topic"], bytes.fromhex(letter["payload_hex"]))
            for letter in map(json.loads, lines)
        )

    def test_each_is_kept_once_with_its_frame(self) -> None:
        packets, dead = self.packets(6_000)
        config = self.config(packets)
        expectation = config.expectation()
        expectation.add_packets(packets, config.ports[0].rules())
        escd = self.start_escd(config)
        escd.wait_until_running()
        escd.wait_until_drained(len(packets))
        self.assertEqual(escd.live_ledger()["frames"]["in_flight"], 0)
        shown = escd.ask("dlq")
        by_reason = Counter()
        for (reason, *_), times in dead.items():
            by_reason[reason] += times
        self.assertEqual((shown["durable"], shown["by_reason"]), (dead.total(), dict(by_reason)))
        self.assertEqual((shown["last_error"], shown["segments"]), ("none", 1))
        stages = escd.stages()
        self.assertEqual(
            [stages[stage]["dead_lettered"] for stage in ("rx0", "dispatch0", "worker0")],
            [0, by_reason["unknown_topic"], by_reason["handler_refused"]],
        )
        self.assertEqual([each["storage"] for each in escd.ask("plan")["lcores"]], [True])
        self.assert_ledger(escd.stop(), expectation)
        self.assertEqual(self.kept(), dead)
        harness.run_to_end(harness.binary("ESC_DLQ"), "verify", str(self.letters))

    def test_what_was_durable_survives_a_kill_and_the_next_start_goes_on(self) -> None:
        packets, dead = self.packets(3_000)
        config = self.config(packets)
        escd = self.start_escd(config)
        escd.wait_until_running()
        escd.wait_until_drained(len(packets))
        durable = escd.live_ledger()["frames"]["dead_lettered"]["durable"]
        self.assertEqual(durable, dead.total())
        escd.kill()
        self.assertEqual(self.kept(), dead)
        again = self.start_escd(config)
        again.wait_until_running()
        again.wait_until_drained(len(packets))
        ledger = again.stop()
        self.assert_sound(ledger)
        self.assertIn(f"dead letters: {durable} in 1 segments", again.log())
        self.assertEqual(self.kept(), dead + dead)

    def test_what_is_too_old_to_be_told_is_kept_if_the_rule_says_so(self) -> None:
        # Every second datagram is of a number that fell out of the window long ago.
        packets, dead = [], Counter()
        for number in range(2_000):
            sequence = 100_000 + number if number % 2 == 0 else number
            payload = str(number).encode()
            packets.append(
                craft.datagram4(craft.session(7, 1, sequence) + craft.frame("fine/1", payload))
            )
            if number % 2 == 1:
                dead["stale", "fine/1", payload] += 1
        for kept in (True, False):
            with self.subTest(kept=kept):
                self.letters = self.directory / f"letters-{kept}"
                config = self.config(packets, stale=kept)
                expectation = config.expectation()
                expectation.add_packets(packets, config.ports[0].rules())
                escd = self.start_escd(config)
                escd.wait_until_running()
                escd.wait_until_drained(len(packets))
                self.assert_ledger(escd.stop(), expectation)
                self.assertEqual(self.kept(), dead if kept else Counter())

    @harness.whole_machine
    def test_what_a_worker_that_stands_still_has_no_room_for(self) -> None:
        first, second = harness.need_cpus(2)
        pair = VethPair(self)
        cells, held = 64, 20
        config = Config(
            [Port(f"net_af_packet0,iface={pair.interface}")],
            {"letter": "count", "hold": "count"},
            Lcores([first], first, [second, first]),
            {
                "rings": {"worker_cells": cells, "hold_cells": 64, "hold_timeout_ms": 200},
                "dead_letters": {"directory": str(self.letters)},
            },
        )
        stuck = {"spread": "worker", "worker": 0}
        config.route_options = {"letter": stuck | {"on_full": "dead-letter"}, "hold": stuck}
        escd = self.start_escd(config, namespace=pair.receiver)
        escd.wait_until_running()
        dead = Counter()

        def send(topic: str, count: int, reason: str | None = None) -> None:
            pair.send([Send(craft.frame(topic, b"x"))] * count)
            if reason is not None:
                dead[reason, topic, b"x"] += count
            self.wait_until(
                lambda: escd.ask("dlq")["durable"] == dead.total(), f"{dead} are durable", 20.0
            )

        with StoppedThread(thread_named(escd.process.pid, "rte-worker-1")):
            send("letter", cells)
            self.wait_until(
                lambda: escd.rings()["worker0"]["depth"] == cells, "it is full", 20.0
            )
            send("letter", 50, "worker_full")
            send("hold", held, "hold_expired")
            send("hold", 5, "hold_expired")  # nothing waits any more for a worker that has stopped
        escd.wait_until_drained(cells + dead.total())
        ledger = escd.stop()
        self.assert_sound(ledger)
        self.assertEqual(ledger["frames"]["delivered"], cells)
        self.assertEqual(ledger["frames"]["dropped"], {})
        self.assertEqual(self.kept(), dead)
        lines = harness.run_to_end(harness.binary("ESC_DLQ"), "cat", str(self.letters), "--json")
        peers = [json.loads(line)["peer"] for line in lines.splitlines()]
        self.assertEqual({peer.rpartition(":")[0] for peer in peers}, {SENDER_ADDRESS})
        # Each call has a socket of its own, whose port the kernel chose.
        ports = Counter(peer.rpartition(":")[2] for peer in peers)
        self.assertEqual(sorted(ports.values()), [5, held, 50])
        self.assertNotIn("0", ports)

    def test_a_folder_that_is_not_ours_is_refused(self) -> None:
        self.letters.mkdir()
        (self.letters / f"{1:016x}.dlq").write_bytes(b"somebody's thesis" * 1000)
        escd = self.start_escd(self.config(self.packets(10)[0]))
        self.assertEqual(escd.wait(), 4)
        self.assertIn("no segment of dead letters", escd.log())

    def test_what_is_named_like_a_segment_and_is_no_file_is_left_alone(self) -> None:
        self.letters.mkdir()
        name = self.letters / f"{1:016x}.dlq"
        makes = (lambda: name.symlink_to("nowhere"), lambda: os.mkfifo(name), name.mkdir)
        for make in makes:
            make()
            before = os.lstat(name)
            escd = self.start_escd(self.config(self.packets(10)[0]))
            self.assertEqual(escd.wait(), 4)
            self.assertIn("is named like one of its files, and is none", escd.log())
            after = os.lstat(name)
            self.assertEqual((after.st_ino, after.st_mode), (before.st_ino, before.st_mode))
            name.rmdir() if name.is_dir() and not name.is_symlink() else name.unlink()

    def test_two_appliances_do_not_share_a_folder(self) -> None:
        packets, _ = self.packets(10)
        first = self.start_escd(self.config(packets))
        first.wait_until_running()
        second = self.start_escd(self.config(packets))
        self.assertEqual(second.wait(), 4)
        self.assertIn("another program writes into it", second.log())
        self.assert_sound(first.stop())


if __name__ == "__main__":
    harness.main()
