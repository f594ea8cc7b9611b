# SPDX-License-Identifier: BSD-3-Clause
"""What makes the appliance unhealthy: losses by place, gaps of producers, the handler that takes
the time; each with exact counts.
"""

import subprocess

import harness
import craft
import traffic
from harness import Config, Escd, Lcores, Port, binary

WAIT_S = 20.0
START_FAILED = 4  # exit code
LOSSES = ("port_losses", "losses", "shed", "dropped_as_told", "refused", "producer_gaps")


def datagrams(*frames: bytes) -> list[bytes]:
    return [craft.datagram4(frame) for frame in frames]


class Health(harness.Scenario):
    def values(self, escd: Escd) -> dict:
        """Of each check for losses: what was lost in the window, and whether that is healthy."""
        checks = escd.health()
        return {name: (checks[name]["value"], checks[name]["ok"]) for name in LOSSES}

    def expect(self, escd: Escd, **wanted: tuple[int, bool]) -> None:
        """What was lost, and whether that is healthy; nothing else was."""
        self.assertEqual(self.values(escd), dict.fromkeys(LOSSES, (0, True)) | wanted)

    def reload(self, escd: Escd, config: Config, **sections: dict) -> None:
        config.sections = config.sections | sections
        escd.write_config(config)
        escd.ask("reload")

    def test_losses_by_place_and_bound(self) -> None:
        """Unknown topics, a handler that refuses, and what senders send wrong."""
        packets = datagrams(
            *[craft.frame("nobody", b"x")] * 5,
            *[craft.frame("refused", b"x")] * 3,
            *[craft.frame("good", b"x")] * 11,
            *[b"\xff\xff\xff\xff"] * 4,  # a length out of bounds
        )
        packets += [craft.datagram4(craft.frame("good", b"x"), 9999)] * 2  # another port
        routes = {"refused": "fail", "good": "count"}
        config = Config([], routes, Lcores.folded())
        escd, _ = self.play_through(config, packets)
        self.expect(escd, losses=(8, False), refused=(6, True))
        checks = escd.health()
        self.assertEqual(
            checks["losses"]["places"],
            {
                "frames.unknown_topic": {"in_window": 5, "since_start": 5},
                "frames.handler_refused": {"in_window": 3, "since_start": 3},
            },
        )
        self.assertEqual(
            checks["refused"]["places"],
            {
                "frames.length_out_of_bounds": {"in_window": 4, "since_start": 4},
                "packets.wrong_port": {"in_window": 2, "since_start": 2},
            },
        )
        self.assertEqual((checks["losses"]["threshold"], checks["losses"]["window_s"]), (0, 300))
        self.assertIsNone(checks["refused"]["threshold"])
        # An earlier request takes nothing away from a later one.
        self.assertEqual(escd.health()["losses"], checks["losses"])

        self.reload(escd, config, routing={"unknown_topic": "drop"})
        self.expect(escd, losses=(3, False), dropped_as_told=(5, True), refused=(6, True))
        self.reload(escd, config, health={"max_losses": 3, "max_dropped_as_told": 4})
        self.expect(escd, losses=(3, True), dropped_as_told=(5, False), refused=(6, True))
        self.reload(escd, config, health={"max_losses": 3, "max_refused": 5})
        self.expect(escd, losses=(3, True), dropped_as_told=(5, True), refused=(6, False))
        self.reload(escd, config, health={"max_losses": 3, "max_refused": 6})
        self.assertTrue(escd.healthy())
        # A window of a second is over soon; what was lost since the start stays.
        self.reload(escd, config, health={"window_s": 1})
        self.wait_until(escd.healthy, "the losses have left the window", WAIT_S)
        self.expect(escd)
        self.assertEqual(escd.health()["losses"]["since_start"], 3)
        escd.stop()

    @harness.whole_machine
    def test_what_a_route_sheds_is_expected(self) -> None:
        """A worker that takes 1.4 ms over an event has room for 64 and a burst; the others are
        dropped, as told or not."""
        first, second = harness.need_cpus(2)
        for on_full, place in (("shed", "dropped_as_told"), ("dead-letter", "losses")):
            with self.subTest(on_full=on_full):
                work = craft.frame("work", bytes(1400))
                packets = datagrams(*[work] * 1024)
                config = Config(
                    [],
                    {"work": "slow"},
                    Lcores([first], first, [second]),
                    {"rings": {"worker_cells": 64}},
                    route_options={"work": {"on_full": on_full}},
                )
                escd, _ = self.play_through(config, packets)
                lost = escd.live_ledger()["frames"]["dropped"]["worker_full"]
                self.assertGreater(lost, 0)
                self.expect(escd, **{place: (lost, place == "dropped_as_told")})
                topic = self.topics(escd)["work"]
                self.assertEqual((topic["delivered"], topic["dropped"]), (1024 - lost, lost))
                escd.stop()

    def topics(self, escd: Escd) -> dict:
        return {topic["topic"]: topic for topic in escd.ask("topics")["topics"]}

    def test_a_gap_outlives_its_producer(self) -> None:
        """Of 0 to 5 three never come; a second of silence, and they are lost for good."""
        event = craft.frame("a", b"x")
        packets = datagrams(
            craft.session(7, 1, 0, 2) + event + event, craft.session(7, 1, 5, 1) + event
        )
        config = Config(
            [], {"a": "count"}, Lcores.folded(), {"deduplication": {"idempotency_s": 1}}
        )
        escd, _ = self.play_through(config, packets)

        def forgotten() -> bool:
            return escd.live_ledger()["producers"]["expired"] == 1

        self.wait_until(forgotten, "the producer is forgotten", WAIT_S)
        totals = {"known": 0, "expired": 1, "events_untracked": 0, "missing": 0, "lost": 3}
        self.assertEqual(escd.live_ledger()["producers"], totals)
        self.assertEqual(escd.stats()["producers"], totals)
        self.assertEqual(escd.ask("producers"), {"producers": []} | totals)
        self.expect(escd, producer_gaps=(3, False))
        self.assertEqual(escd.stop()["producers"], totals)

    def test_a_gap_goes_through_a_restart_once(self) -> None:
        """Missing in the first run, missing in the second until it comes or is lost there."""
        event = craft.frame("a", b"x")
        state = {"deduplication": {"state_file": str(self.directory / "windows")}}
        config = Config([], {"a": "count"}, Lcores.folded(), state, instance=self.id()[-20:])
        first = [(0, 2), (5, 1)]
        second = [(4, 1)]
        totals = []
        for numbers in (first, second):
            packets = datagrams(
                *(craft.session(7, 1, at, count) + event * count for at, count in numbers)
            )
            escd, _ = self.play_through(config, packets)
            self.assertTrue(escd.healthy())
            totals.append(escd.stop()["producers"])
        self.assertEqual([(run["missing"], run["lost"]) for run in totals], [(3, 0), (2, 0)])
        # A window that expired while nobody ran: what it missed is lost, in the run that finds out.
        config.sections["deduplication"]["idempotency_s"] = 1
        escd, _ = self.play_through(config, datagrams(craft.frame("a", b"x")))

        def lost() -> bool:
            return escd.live_ledger()["producers"]["lost"] == 2

        self.wait_until(lost, "the gap is lost", WAIT_S)
        self.assertEqual(escd.stop()["producers"]["missing"], 0)

    def test_topics_whatever_their_handler(self) -> None:
        letters = self.directory / "letters"
        routes = {"counted": "count", "nulled": "null", "refused": "fail", "numbered": "null"}
        packets = datagrams(
            *[craft.frame("counted", b"abc")] * 7,
            *[craft.frame("nulled", b"abcde")] * 6,
            *[craft.frame("refused", b"abc")] * 5,
            *[craft.session(7, 1, 3, 1) + craft.frame("numbered", b"12")] * 4,
        )
        config = Config(
            [],
            routes,
            Lcores.folded(),
            {"dead_letters": {"directory": str(letters), "min_free_bytes": 0}},
        )
        escd, _ = self.play_through(config, packets)
        topics = self.topics(escd)

        def figures(topic: str, *names: str) -> list:
            return [topics[topic][name] for name in names]

        ended = ("received", "delivered", "refused", "duplicate", "dead_lettered", "dropped")
        self.assertEqual(figures("counted", "handler", *ended), ["count", 7, 7, 0, 0, 0, 0])
        self.assertEqual(figures("nulled", "handler", *ended), ["null", 6, 6, 0, 0, 0, 0])
        self.assertEqual(figures("refused", "handler", *ended), ["fail", 5, 0, 5, 0, 5, 0])
        self.assertEqual(figures("numbered", "handler", *ended), ["null", 4, 1, 0, 3, 0, 0])
        self.assertEqual(figures("nulled", "events", "payload_bytes"), [6, 30])
        self.assertEqual(figures("numbered", "events", "payload_bytes"), [1, 2])
        self.assertTrue(escd.healthy())  # what is a dead letter is not lost
        escd.stop()

    def test_the_slow_handler_is_named(self) -> None:
        """Folded with its dispatcher, and beside one that is quick."""
        packets = datagrams(
            *[craft.frame("quick", b"x"), craft.frame("slow/one", bytes(500))] * 50
        )
        device = traffic.pcap_device(0, self.directory / "t.pcap", packets, ",infinite_rx=1")
        config = Config([Port(device)], {"quick": "count", "slow/+": "slow"}, Lcores.folded())
        escd = self.start_escd(config)
        escd.wait_until_running()
        names = {"worker": 0, "handler": "slow", "topic": "slow/+"}

        def named() -> bool:
            workers = escd.health()["handlers"]["workers"]
            return len(workers) == 1 and names.items() <= workers[0].items()

        self.wait_until(named, "the handler is named", WAIT_S)
        check = escd.health()["handlers"]
        self.assertIn("worker0: handler slow takes ", check["detail"])
        self.assertIn("for topic 'slow/+'", check["detail"])
        self.assertGreater(check["value"], 50)
        self.assertTrue(check["ok"])
        worker = escd.ask("pressure")["handlers"][0]
        self.assertLessEqual(names.items(), worker.items())
        self.assertGreaterEqual(worker["us_per_event"], 502)
        self.reload(escd, config, health={"max_handler_busy_percent": 50})
        self.wait_until(lambda: not escd.health()["handlers"]["ok"], "it is too busy", WAIT_S)
        escd.stop()

    def test_an_lcore_that_hangs_in_a_handler(self) -> None:
        """A burst of 32 events of 8 ms each takes longer than an lcore may take, at any speed."""
        packets = datagrams(*[craft.frame("work", bytes(8000))] * 64)
        device = traffic.pcap_device(0, self.directory / "t.pcap", packets, ",infinite_rx=1")
        rings = {
            "ingest_cells": 1024,
            "ingest_soft_mark_cells": 64,
            "worker_cells": 64,
            "hold_cells": 64,
            "burst": 32,
        }
        port = Port(device, more={"mbuf_data_bytes": 9216})
        sections = {"rings": rings, "shutdown": {"drain_timeout_ms": 30_000}}
        config = Config([port], {"work": "slow"}, Lcores.folded(), sections)
        escd = self.start_escd(config, "--set", "lcores.stall_ms=100")
        escd.wait_until_running()
        wanted = " in handler 'slow', topic 'work'"
        self.wait_until(
            lambda: wanted in escd.health()["lcores"]["detail"], "the handler is named", WAIT_S
        )
        self.wait_until(
            lambda: any("is stalled" in line and wanted in line for line in escd.log().split("\n")),
            "and in the log",
            WAIT_S,
        )
        escd.stop()


class Instance(harness.Scenario):
    def test_one_of_a_name_whatever_its_socket(self) -> None:
        packets = datagrams(craft.frame("a", b"x"))
        device = traffic.pcap_device(0, self.directory / "t.pcap", packets)
        config = Config([Port(device)], {"a": "count"}, Lcores.folded())
        config.instance = f"e2e-same-{self.directory.name[-8:]}"
        escd = self.start_escd(config)
        escd.wait_until_running()
        other = f"control.socket={self.directory}/other/control.sock"
        done = subprocess.run(
            [binary("ESC_ESCD"), "--config", str(escd.config_path), "--set", other],
            capture_output=True,
            text=True,
            timeout=harness.START_SECONDS,
        )
        self.assertEqual(done.returncode, START_FAILED, done.stderr)
        self.assertIn(
            f'instance "{config.instance}": error: instance already running: process '
            f"{escd.process.pid}; stop it, or give this one another instance name",
            done.stderr,
        )
        self.assertTrue(escd.healthy())
        escd.stop()
        again = self.start_escd(config, "--set", other, "--run-for", "0.1")
        self.assertEqual(again.wait(), 0)

    def test_the_routes_in_force(self) -> None:
        device = traffic.pcap_device(0, self.directory / "t.pcap", traffic.uniform(1))
        config = Config([Port(device)], {"a/b": "count", "a/+": "null"}, Lcores.folded())
        config.route_options = {"a/+": {"retries": 2, "on_full": "shed", "priority": 9}}
        escd = self.start_escd(config)
        escd.wait_until_running()

        def listed() -> list:
            keys = ("topic", "handler", "spread", "priority", "on_full", "retries")
            return [[route[key] for key in keys] for route in escd.ask("routes")["routes"]]

        plain = ["a/b", "count", "by-topic", None, "hold", 0]
        self.assertEqual(listed(), [plain, ["a/+", "null", "by-topic", 9, "shed", 2]])
        lines = escd.config_path.read_text().split("\n")
        for route in escd.ask("routes")["routes"]:
            file, line, _ = route["place"].rsplit(":", 2)
            self.assertEqual(file, str(escd.config_path))
            self.assertEqual(lines[int(line) - 1], f'topic = "{route["topic"]}"')
        config.routes = {"a/b": "count"}
        escd.write_config(config)
        self.assertEqual(len(listed()), 2)  # in the file, and not in force
        escd.ask("reload")
        self.assertEqual(listed(), [plain])
        escd.stop()


if __name__ == "__main__":
    harness.main()
