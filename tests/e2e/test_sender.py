# SPDX-License-Identifier: BSD-3-Clause
"""The senders of lib/wire, through a socket of the kernel and a veth pair, into an appliance."""

import json
from collections import Counter

import harness
from harness import Config, Escd, Lcores, Port
from network import RECEIVER_ADDRESS, SENDER_ADDRESS, VethPair

UDP_PORT = 9001
TOPICS = 3  # these and the payloads are send_batches.cpp's
MOST_PAYLOAD = 97
PRODUCER, EPOCH = 0xFEED00000000CAFE, 3
# The driver's ring holds 512 packets: one run sends less than that, and the next one waits.
RUNS = 4
EVENTS_OF_A_RUN = {"plain": 8_000, "troubled": 900, "blocks": 2_400}
MOST_DATAGRAMS = 500


class Sender(harness.Scenario):
    def start(self, **more: object) -> tuple[VethPair, Escd, Config]:
        pair = VethPair(self)
        port = Port(f"net_af_packet0,iface={pair.interface}", udp_ports=[UDP_PORT])
        routes = {f"sent/{number}": "count" for number in range(TOPICS)}
        config = Config([port], routes, Lcores.folded(), **more)
        escd = self.start_escd(config, namespace=pair.receiver)
        escd.wait_until_running()
        return pair, escd, config

    def send(self, pair: VethPair, escd: Escd, kind: str, first: int, sent: Counter) -> Counter:
        """One run, from number `first` on; all that was sent until then."""
        said = self.run_command(
            *("ip", "netns", "exec", pair.sender, harness.binary("ESC_SEND_BATCHES"), kind),
            *(RECEIVER_ADDRESS, str(UDP_PORT), str(PRODUCER)),
            *(str(first), str(EVENTS_OF_A_RUN[kind])),
        )
        run = Counter(json.loads(said))
        self.assertLess(run["datagrams"], MOST_DATAGRAMS)
        total = sent + run
        escd.wait_until_drained(total["datagrams"])
        return total

    def check(self, kind: str) -> Counter:
        pair, escd, _ = self.start()
        sent: Counter = Counter()
        for run in range(RUNS):
            sent = self.send(pair, escd, kind, run * EVENTS_OF_A_RUN[kind], sent)
        self.assertEqual(sent["events"] + sent["discarded"], RUNS * EVENTS_OF_A_RUN[kind])
        [seen] = escd.ask("producers")["producers"]
        self.assertEqual((int(seen["producer"]), seen["epoch"]), (PRODUCER, EPOCH))
        self.assertEqual(seen["accepted"], sent["events"])
        self.assertEqual(seen["duplicates"], sent["copies"])
        self.assertEqual(seen["lost"] + seen["missing"], sent["discarded"])
        self.assertEqual((seen["stale"], seen["late"], seen["epochs"]), (0, 0, 1))
        topics = escd.topics()
        ledger = escd.stop()
        self.assert_sound(ledger)
        frames, packets = ledger["frames"], ledger["packets"]
        self.assertEqual(packets["received"], sent["datagrams"])
        self.assertEqual((packets["datagrams"], packets["imissed"]), (sent["datagrams"], 0))
        self.assertEqual(frames["control"], sent["datagrams"], "each begins with a session frame")
        self.assertEqual(frames["delivered"], sent["events"])
        self.assertEqual(frames["duplicate"], sent["copies"])
        self.assertEqual((frames["stale"], frames["dropped"]), (0, {}))
        if not sent["discarded"]:
            self.assert_every_event(topics)
        return sent

    def assert_every_event(self, topics: dict) -> None:
        """By what they are, not how many: event n is of the n-th topic and the n-th length."""
        expected = {f"sent/{number}": {"events": 0, "bytes": 0} for number in range(TOPICS)}
        for number in range(sum(one["events"] for one in topics.values())):
            topic = expected[f"sent/{number % TOPICS}"]
            topic["events"] += 1
            topic["bytes"] += number % MOST_PAYLOAD
        self.assertEqual(topics, expected)

    def test_everything_is_delivered_once(self) -> None:
        sent = self.check("plain")
        self.assertEqual((sent["copies"], sent["discarded"]), (0, 0))

    def test_what_is_sent_again_is_a_copy_and_what_is_given_up_is_lost(self) -> None:
        sent = self.check("troubled")
        self.assertGreater(min(sent["copies"], sent["discarded"]), 500)

    def test_blocks_of_a_stream_each_over_a_connection(self) -> None:
        self.assertGreater(self.check("blocks")["copies"], 500)

    def test_a_producer_is_let_in_by_a_reload(self) -> None:
        """What was refused before is new: it left no mark."""
        pair, escd, config = self.start(producers={PRODUCER: ["192.0.2.0/24"]})
        sent = self.send(pair, escd, "plain", 0, Counter())
        frames = escd.live_ledger()["frames"]
        self.assertEqual(frames["dropped"], {"producer_not_allowed": sent["events"]})
        config.producers = {PRODUCER: [f"{SENDER_ADDRESS}/32"]}
        escd.write_config(config)
        escd.ask("reload")
        sent = self.send(pair, escd, "plain", 0, sent)
        config.producers = {}
        config.route_options = {topic: {"publishers": ["::/0"]} for topic in config.routes}
        escd.write_config(config)
        escd.ask("reload")
        sent = self.send(pair, escd, "plain", 0, sent)
        ledger = escd.stop()
        self.assert_sound(ledger)
        each = sent["events"] // 3
        self.assertEqual(ledger["frames"]["delivered"], each)
        self.assertEqual(
            ledger["frames"]["dropped"], {"producer_not_allowed": each, "topic_not_allowed": each}
        )


if __name__ == "__main__":
    harness.main()
