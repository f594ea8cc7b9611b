# SPDX-License-Identifier: BSD-3-Clause
"""Events with keys, while the appliance is reloaded, paused and held up: each key is delivered
once.
"""

import random

import harness
import craft
import traffic
from control_client import ControlClient
from harness import Config, Escd, Lcores, Port
from network import Send, VethPair
from stopped_thread import StoppedThread, thread_named

IDS, CONTENT, PLAIN, BESIDE = "ids", "content/1", "plain", "beside"
ID_BYTES = 8
PRIORITY = 255  # nothing is shed of it
PAYLOADS = 16_000  # of each topic that has a key
TIMES = 3  # that each of them comes
EVENTS_OF_A_DATAGRAM = 6
KEYED_BYTES = 16 << 20  # room for a hundred times as many keys: no bucket fills up
FEWEST_TURNS = 4  # a loaded machine with a sanitizer made ten
MOST_HOLDS = 15


def datagram(payload: bytes) -> bytes:
    """Without a checksum, which UDP over IPv4 may leave out: there are many of them."""
    return craft.ethernet(craft.IPV4, craft.ipv4(craft.udp(payload, checksum=0)))


def trace() -> list[bytes]:
    """Each key some times, at any distance; some payloads are too short for one, some events have a
    number, and in the topic `plain` nothing is a copy."""
    chooser = random.Random(71)
    payloads = [chooser.randbytes(chooser.choice((7, 8, 9, 60))) for _ in range(PAYLOADS)]
    frames = [
        craft.frame(topic, one, PRIORITY)
        for topic in (IDS, CONTENT, PLAIN)
        for one in payloads
        for _ in range(TIMES)
    ]
    frames += [craft.frame(BESIDE, payloads[0], PRIORITY)] * PAYLOADS
    chooser.shuffle(frames)
    packets = []
    for begin in range(0, len(frames), EVENTS_OF_A_DATAGRAM):
        payload = b"".join(frames[begin : begin + EVENTS_OF_A_DATAGRAM])
        if begin % 10 == 0:
            payload = craft.session(1, 1, begin, 2) + payload
        packets.append(datagram(payload))
    return packets


class Keyed(harness.Scenario):
    packets = trace()

    def config(self, lcores: Lcores, **rings: int) -> Config:
        """The topic `ids` is slow to handle, so that there is time to disturb it."""
        routes = {IDS: "slow", CONTENT: "count", PLAIN: "count", BESIDE: "count"}
        config = Config([], routes, lcores, {"deduplication": {"keyed_bytes": KEYED_BYTES}})
        if rings:
            config.sections["rings"] = rings
        config.route_options = {
            IDS: {"dedup": "payload-id", "dedup_bytes": ID_BYTES},
            CONTENT: {"dedup": "content"},
        }
        config.ports = [Port(traffic.pcap_device(0, self.directory / "t.pcap", self.packets))]
        return config

    @staticmethod
    def other(config: Config) -> Config:
        """Treats every event alike, and differs in much else: a pattern takes the place of a topic
        whose keys are what they were."""
        routes = {f"unused/{number}/+": "null" for number in range(300)} | config.routes
        routes["content/+"] = routes.pop(CONTENT)
        options = dict(config.route_options)
        options["content/+"] = options.pop(CONTENT) | {"priority": 3}
        options[PLAIN] = {"spread": "round-robin"}
        return Config(config.ports, routes, config.lcores, config.sections, route_options=options)

    def check(self, escd: Escd, config: Config) -> None:
        """When all has been played."""
        escd.wait_until_drained(len(self.packets))
        expectation = config.expectation()
        expectation.add_packets(self.packets, config.ports[0].rules())
        keys = escd.ask("keys")
        self.assertEqual(keys["duplicates"], expectation.duplicate_key)
        self.assertEqual(keys["unkeyed"], expectation.keys.unkeyed)
        self.assertGreater(min(keys["duplicates"], keys["unkeyed"]), PAYLOADS // 2)
        self.assertEqual((keys["evicted"], keys["expired"]), (0, 0))
        beside = expectation.ledger()["topics"][BESIDE]["events"]
        self.assertEqual(escd.topics()[BESIDE]["events"], beside)
        self.assert_ledger(escd.stop(), expectation)

    def disturb(self, lcores: Lcores) -> None:
        config = self.config(lcores)
        configs = (config, self.other(config))
        escd = self.start_escd(config)
        escd.wait_until_running()
        turns = 0
        with ControlClient(escd.socket_path) as client:
            while client.ask("ledger")["packets"]["received"] < len(self.packets):
                turns += 1
                escd.write_config(configs[turns % 2])
                client.reload()
                self.assertEqual(client.ask("pause")["state"], "paused")
                self.assertEqual(client.ask("resume")["state"], "running")
        self.assertGreaterEqual(turns, FEWEST_TURNS)
        self.check(escd, config)

    def test_reloads_and_pauses_on_one_cpu(self) -> None:
        self.disturb(Lcores.folded(workers=2))

    @harness.whole_machine
    def test_reloads_and_pauses_of_three_pipelines_with_one_table(self) -> None:
        first, second = harness.need_cpus(2)
        self.disturb(Lcores([first], [first, second, second], [second, first, second]))

    @harness.whole_machine
    def test_a_worker_that_is_held(self) -> None:
        """Events wait in every ring, and each is judged once, whatever is asked for meanwhile."""
        first, second = harness.need_cpus(2)
        config = self.config(
            Lcores([first], first, [second, first]),
            ingest_cells=1024,
            worker_cells=64,
            hold_cells=64,
            hold_timeout_ms=60_000,
        )
        config.route_options[IDS] |= {"spread": "worker", "worker": 0}  # it is the slow one
        escd = self.start_escd(config)
        escd.wait_until_running()

        def dispatch() -> dict:
            return escd.stages()["dispatch0"]

        def came() -> bool:
            return escd.live_ledger()["packets"]["received"] == len(self.packets)

        held = 0
        while held < MOST_HOLDS and not came():
            before = dispatch()
            with StoppedThread(thread_named(escd.process.pid, "rte-worker-1")):
                self.wait_until(
                    lambda: dispatch()["polls_blocked"] > before["polls_blocked"] or came(),
                    "events wait in the input",
                    20.0,
                )
                if held == 0:
                    escd.write_config(self.other(config))
                    escd.ask("reload")
                escd.ask("pause")
                escd.ask("resume")
            held += 1
            self.wait_until(
                lambda: dispatch()["events"] > before["events"] or came(), "it goes on", 20.0
            )
        self.assertGreater(held, 0)
        self.check(escd, config)

    def test_another_rule_has_other_keys(self) -> None:
        """And those of the old one stay."""
        pair = VethPair(self)
        rules = [{"dedup": "payload-id", "dedup_bytes": bytes_} for bytes_ in (8, 4)]
        rules.append({"dedup": "content"})
        port = Port(f"net_af_packet0,iface={pair.interface}")
        sections = {"deduplication": {"keyed_bytes": KEYED_BYTES}}
        configs = [
            Config([port], {IDS: "count"}, Lcores.folded(), sections, route_options={IDS: rule})
            for rule in rules
        ]
        # The upper half of an id is one of a few.
        payloads = [bytes([n % 7, 0, 0, 0, n % 256, n // 256, 0, 0, n % 3]) for n in range(300)]
        datagrams = [Send(craft.frame(IDS, one)) for one in payloads]
        escd = self.start_escd(configs[0], namespace=pair.receiver)
        escd.wait_until_running()
        expectation = configs[0].expectation()
        for turn, which in enumerate((0, 1, 0, 2, 1), 1):
            escd.write_config(configs[which])
            escd.ask("reload")
            pair.send(datagrams)
            escd.wait_until_drained(turn * len(datagrams))
            expectation.routes = configs[which].expectation().routes
            before = expectation.delivered
            expectation.add_packets(
                [craft.datagram4(one.payload) for one in datagrams], port.rules()
            )
            self.assertEqual(expectation.delivered - before, (300, 7, 0, 300, 0)[turn - 1])
        self.assertEqual(escd.ask("keys")["known"], 300 + 7 + 300)
        self.assert_ledger(escd.stop(), expectation)


if __name__ == "__main__":
    harness.main()
