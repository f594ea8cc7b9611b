# SPDX-License-Identifier: BSD-3-Clause
"""esc-dlq replay: letters sent again, over kernel UDP, to an appliance whose routes were corrected.
"""

import json
import os
import signal
import subprocess
import sys
from collections import Counter

import harness
import craft
from dlq_program import NOT_REPLAYED, OK, dlq
from esc_oracle.dead_letters import Letter, Segment
from harness import Config, Escd, Lcores, Port
from network import RECEIVER_ADDRESS, SENDER_ADDRESS, VethPair

ROUND_TRIP_PACKETS = int(os.environ.get("ESC_ROUND_TRIP_PACKETS", "125000"))  # of eight events
STALE = 1_000
RUN = 0xABCDEF


class ToAnAppliance(harness.Scenario):
    """Letters of one appliance, sent over kernel UDP to one that can deliver them."""

    def setUp(self) -> None:
        self.letters = self.directory / "letters"
        self.pair = VethPair(self)

    def die(self, packets: int, topics: int = 8) -> tuple[list[str], int]:
        """Runs an appliance that can deliver next to nothing of a trace; the topics of the trace,
        and how many letters there are."""
        trace, names = self.directory / "t.pcap", self.directory / "topics"
        self.run_command(
            harness.binary("ESC_REPLAY"), "build", "--out", str(trace), "--topics-out", str(names),
            "--packets", str(packets), "--topics", str(topics), "--frames-per-datagram", "8",
            "--payload", "16", "--sessions", "5",
        )  # fmt: skip
        topics_of = names.read_text(encoding="utf-8").splitlines()
        # As many numbered ones that are too old, and the same without a number.
        stale = self.directory / "stale.pcap"
        late = [craft.session(77, 1, 100_000) + craft.frame("late", b"x")]
        late += [craft.session(77, 1, i + 1) + craft.frame("late", b"x") for i in range(STALE)]
        craft.write_pcap(stale, [craft.datagram4(one) for one in late])
        ports = [Port(f"net_pcap{i},rx_pcap={path}") for i, path in enumerate((trace, stale))]
        config = Config(ports, {"late": "count"}, Lcores.folded())
        for topic in topics_of[1:4]:
            config.routes[topic] = "fail"
        config.sections["dead_letters"] = {"directory": str(self.letters), "stale": True}
        config.sections["dead_letters"] |= {"ring_cells": 65_536}
        ledger = self.play(config)
        self.assert_sound(ledger)
        dead = ledger["frames"]["dead_lettered"]
        made = json.loads(trace.with_suffix(".json").read_text(encoding="utf-8"))
        events = made["frames"]["received"] - made["frames"]["control"] + STALE + 1
        self.assertEqual(dead["durable"] + ledger["frames"]["delivered"], events)
        self.assertEqual(set(dead["by_reason"]), {"unknown_topic", "handler_refused", "stale"})
        self.assertEqual(dead["by_reason"]["stale"], STALE)
        return topics_of, dead["durable"]

    def repaired_config(self, topics: list[str], replay: dict[str, object]) -> Config:
        config = Config(
            [Port(f"net_af_packet0,iface={self.pair.interface}")],
            dict.fromkeys([*topics, "late"], "count"),
            Lcores.folded(),
        )
        config.sections["deduplication"] = {"keyed_bytes": 64 << 20}
        config.sections["replay"] = replay
        return config

    def repaired(self, topics: list[str], **replay: object) -> Escd:
        config = self.repaired_config(topics, replay or {"sources": [SENDER_ADDRESS]})
        escd = self.start_escd(config, namespace=self.pair.receiver)
        escd.wait_until_running()
        return escd

    def replay(self, escd: Escd, *arguments: object) -> subprocess.CompletedProcess[str]:
        return dlq(
            "replay", self.letters, "--udp", f"{RECEIVER_ADDRESS}:9001", "--confirm",
            escd.socket_path, "--json", *arguments, inside=self.pair.sender,
        )  # fmt: skip

    def kept(self) -> Counter:
        lines = self.run_command(harness.binary("ESC_DLQ"), "stats", str(self.letters), "--json")
        by_topic = json.loads(lines)["by_topic"]
        return Counter({line["topic"]: line["letters"] for line in by_topic})

    def assert_each_once(self, escd: Escd, letters: int) -> dict:
        """Every letter was delivered, none of them twice; the ledger."""
        topics = {topic: count["events"] for topic, count in escd.topics().items()}
        self.assertEqual(Counter({t: n for t, n in topics.items() if n}), self.kept())
        ledger = escd.stop()
        self.assert_sound(ledger)
        self.assertEqual(ledger["frames"]["delivered"], letters)
        self.assertEqual(ledger["frames"]["duplicate_by"]["number"], 0)
        self.assertEqual(ledger["frames"]["dropped"], {})
        return ledger

    def test_a_million_of_mixed_reasons_each_delivered_once(self) -> None:
        topics, letters = self.die(ROUND_TRIP_PACKETS)
        self.assertEqual(letters, 8 * ROUND_TRIP_PACKETS + STALE)
        escd = self.repaired(topics)
        done = self.replay(escd, "--rate", 0)
        self.assertEqual(done.returncode, OK, done.stderr)
        said = json.loads(done.stdout)
        self.assertEqual(said["letters"], letters)
        ledger = self.assert_each_once(escd, letters)
        self.assertLessEqual(ledger["frames"]["duplicate"], said["resent"])

    def test_what_the_way_loses_is_sent_again(self) -> None:
        topics, letters = self.die(2_000)
        escd = self.repaired(topics)
        rules = (
            "table netdev t {\n chain c {\n type filter hook egress device esc-tx priority 0;\n"
            # One early packet for sure, so that something is lost, and some at random.
            " numgen inc mod 1000 == 10 drop\n numgen random mod 100 < 3 drop\n }\n}"
        )
        self.run_command(
            "ip", "netns", "exec", self.pair.sender, harness.need_tool("nft"), rules
        )
        done = self.replay(escd, "--limit", 2_000, "--rate", 0)
        self.assertEqual(done.returncode, OK, done.stderr)
        self.assertGreater(json.loads(done.stdout)["resent"], 0)
        self.run_command(
            "ip", "netns", "exec", self.pair.sender, "nft", "delete table netdev t"
        )
        done = self.replay(escd)
        self.assertEqual(done.returncode, OK, done.stderr)
        self.assert_each_once(escd, letters)

    def test_a_replay_that_was_killed_goes_on(self) -> None:
        topics, letters = self.die(4_000)
        escd = self.repaired(topics)
        command = [
            "ip", "netns", "exec", self.pair.sender, harness.binary("ESC_DLQ"), "replay",
            str(self.letters), "--udp", f"{RECEIVER_ADDRESS}:9001", "--confirm",
            str(escd.socket_path), "--rate", "8000",
        ]  # fmt: skip
        killed = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self.addCleanup(harness.end, killed)
        self.wait_until(
            lambda: any(self.letters.glob("*.cursor")), "a batch was delivered", 60.0
        )
        killed.send_signal(signal.SIGKILL)
        self.assertEqual(killed.wait(), -signal.SIGKILL)
        done = self.replay(escd)
        self.assertEqual(done.returncode, OK, done.stderr)
        self.assertLess(json.loads(done.stdout)["letters"], letters)
        self.assert_each_once(escd, letters)

    def test_what_is_too_long_for_the_path_is_left(self) -> None:
        self.letters.mkdir()
        letters = [Letter(b"long", bytes(1_500)), *(Letter(b"x", bytes(200)) for _ in range(20))]
        segment = Segment(1, [letters], run=RUN)
        (self.letters / segment.name).write_bytes(segment.bytes())
        to = ("replay", self.letters, "--udp", f"{RECEIVER_ADDRESS}:9001")
        done = dlq(*to, inside=self.pair.sender)
        self.assertEqual(done.returncode, NOT_REPLAYED, done.stderr)
        self.assertIn("20 dead letters in", done.stdout)
        self.assertIn("1 left: too long for a datagram", done.stdout)
        done = dlq(*to, "--restart", "--datagram-bytes", 3_000, inside=self.pair.sender)
        self.assertEqual(done.returncode, NOT_REPLAYED, done.stderr)
        self.assertIn("give a lower --datagram-bytes", done.stderr)

    def test_one_that_is_never_taken_does_not_hold_up_the_others(self) -> None:
        """Its topic is not for whoever replays."""
        topics, letters = self.die(200)
        forbidden = topics[5]
        times = self.kept()[forbidden]
        self.assertGreater(times, 0)
        config = self.repaired_config(topics, {"sources": [SENDER_ADDRESS]})
        config.route_options[forbidden] = {"publishers": ["10.7.0.1"]}
        escd = self.start_escd(config, namespace=self.pair.receiver)
        escd.wait_until_running()
        done = self.replay(escd, "--rate", 0)
        self.assertEqual(done.returncode, NOT_REPLAYED, done.stderr)
        said = json.loads(done.stdout)
        self.assertEqual((said["letters"], said["left_not_taken"]), (letters - times, times))
        ledger = escd.stop()
        self.assertEqual(ledger["frames"]["delivered"], letters - times)
        self.assertEqual(set(ledger["frames"]["dropped"]), {"topic_not_allowed"})

    def test_a_stranger_does_not_stop_it(self) -> None:
        """A sender that claims to replay, and may not."""
        topics, letters = self.die(200)
        escd = self.repaired(topics, sources=["10.9.0.3", SENDER_ADDRESS])
        self.run_command(
            "ip", "-n", self.pair.sender, "address", "add", "10.9.0.4/24", "dev", "esc-tx"
        )
        stray = craft.session(1, 1, 1, flags=0x10) + craft.frame("late")
        script = (
            "import socket,time\n"
            "s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n"
            "s.bind(('10.9.0.4',0))\n"
            f"while True: s.sendto(bytes.fromhex('{stray.hex()}'),('{RECEIVER_ADDRESS}',9001));"
            "time.sleep(0.01)"
        )
        command = ["ip", "netns", "exec", self.pair.sender, sys.executable, "-c", script]
        stranger = subprocess.Popen(command)
        self.addCleanup(harness.end, stranger)
        self.wait_until(
            lambda: escd.live_ledger()["frames"]["dropped"].get("replay_not_allowed", 0) > 0,
            "the stranger is refused",
            20.0,
        )
        done = self.replay(escd)
        self.assertEqual(done.returncode, OK, done.stderr)
        harness.end(stranger)
        self.assertEqual(json.loads(done.stdout)["letters"], letters)
        self.assertEqual(escd.stop()["frames"]["delivered"], letters)

    def test_nobody_may_unless_he_is_named(self) -> None:
        topics, _ = self.die(50)
        for sources in ([], ["10.9.0.0/30"], ["10.8.0.0/16"]):
            with self.subTest(sources=sources):
                escd = self.repaired(topics, sources=sources)
                done = self.replay(escd, "--restart")
                allowed = sources == ["10.9.0.0/30"]
                self.assertEqual(done.returncode, OK if allowed else NOT_REPLAYED)
                if not allowed:
                    self.assertIn("takes no replays from here", done.stderr)
                    self.assertIn("replay.sources", done.stderr)
                ledger = escd.stop()
                self.assert_sound(ledger)
                refused = ledger["frames"]["dropped"].get("replay_not_allowed", 0)
                self.assertEqual(refused == 0, allowed)
                self.assertEqual(ledger["frames"]["delivered"] == 0, not allowed)

    def test_what_dies_again_does_not_go_round_for_ever(self) -> None:
        topics, letters = self.die(50)
        other = self.letters
        config = Config(
            [Port(f"net_af_packet0,iface={self.pair.interface}")], {"x": "count"}, Lcores.folded()
        )
        self.letters = self.directory / "again"
        config.sections["dead_letters"] = {"directory": str(self.letters)}
        config.sections["replay"] = {"sources": [SENDER_ADDRESS]}
        escd = self.start_escd(config, namespace=self.pair.receiver)
        escd.wait_until_running()
        self.letters = other
        self.assertEqual(self.replay(escd).returncode, OK)
        self.letters = self.directory / "again"
        escd.wait_until_drained(0)
        for times in (2, 3):
            done = self.replay(escd)
            self.assertEqual(json.loads(done.stdout)["letters"], letters, done.stderr)
            escd.wait_until_drained(0)
        said = json.loads(self.replay(escd).stdout)
        self.assertEqual((said["letters"], said["left_max_replays"]), (0, letters))
        self.assert_sound(escd.stop())
        lines = self.run_command(harness.binary("ESC_DLQ"), "cat", str(self.letters), "--json")
        counts = Counter(json.loads(line)["replay_count"] for line in lines.splitlines())
        self.assertEqual(counts, Counter({1: letters, 2: letters, 3: letters}))

    def test_sources_reload(self) -> None:
        topics, letters = self.die(50)
        escd = self.repaired(topics, sources=["10.8.0.0/16"])
        self.assertEqual(self.replay(escd).returncode, NOT_REPLAYED)
        text = escd.config_path.read_text(encoding="utf-8")
        escd.config_path.write_text(text.replace("10.8.0.0/16", SENDER_ADDRESS), encoding="utf-8")
        self.assertTrue(escd.ask("reload")["replay_changes"])
        self.assertEqual(self.replay(escd).returncode, OK)
        ledger = escd.stop()
        self.assertEqual(ledger["frames"]["delivered"], letters)


if __name__ == "__main__":
    harness.main()
