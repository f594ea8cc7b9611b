# SPDX-License-Identifier: BSD-3-Clause
"""Events over TCP: the ledger is the oracle's, however the senders cut their streams."""

import json
import random
import socket
import struct
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import harness  # noqa: F401  (first: it makes the oracle's folder importable)
import craft
import traffic
from dlq_program import dlq
from esc_oracle.comparison import violations
from esc_oracle.senders import sender
from free_port import free_port
from harness import Config, Lcores, Port

LOOPBACK = sender(bytes([127, 0, 0, 1]))


def stream_of(chooser: random.Random, producer: int, frames: int) -> bytes:
    """Sound frames of every kind, under sessions of a producer of its own."""
    numbers, data = 1_000, b""
    for _ in range(frames):
        if chooser.random() < 0.05:
            data += craft.session(producer, 1, numbers, chooser.choice((0, 1, 5)))
            numbers += frames
        topics = chooser.choices((traffic.TOPICS, traffic.REFUSED_TOPICS, ["unknown"]), (94, 3, 3))
        size = chooser.choice((0, 1, 64, 100, chooser.randrange(3_000)))
        data += craft.frame(chooser.choice(topics[0]), chooser.randbytes(size))
    return data


class Tcp(harness.Scenario):
    def configure(self, **more: object) -> Config:
        """Without a port: connections are all that it has."""
        self.address = ("127.0.0.1", free_port())
        listen = [f"127.0.0.1:{self.address[1]}"]
        cpu = harness.cpus()[0]
        return Config([], traffic.ROUTES, Lcores([], cpu, [cpu]), listen=listen, **more)

    def start(self, config: Config) -> harness.Escd:
        escd = self.start_escd(config)
        escd.wait_until_running()
        return escd

    def send(self, data: bytes, sizes: Callable[[], int], address: tuple | None = None) -> None:
        """All of it, in pieces of these sizes; then the end of the stream."""
        with socket.create_connection(address or self.address) as one:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for piece in pieces(data, sizes):
                one.sendall(piece)

    def wait_for_frames(self, escd: harness.Escd, count: int) -> None:
        def ended() -> bool:
            ledger = escd.live_ledger()
            return ledger["frames"]["received"] >= count and not list(violations(ledger))

        self.wait_until(ended, f"{count} frames have ended", 60.0)

    def finish(self, escd: harness.Escd, streams: Sequence[bytes], config: Config) -> None:
        expectation = config.expectation()
        for data in streams:
            expectation.add_stream(data, LOOPBACK)
        self.wait_for_frames(escd, expectation.frames_received)
        self.assert_ledger(escd.stop(), expectation)

    def test_streams_are_read_however_they_are_cut(self) -> None:
        chooser = random.Random(15)
        config = self.configure()
        escd = self.start(config)
        kinds = (lambda: 1, lambda: 7, lambda: chooser.randrange(1, 5_000), lambda: 1 << 20)
        streams = []
        for producer, sizes in enumerate(kinds, 1):
            # Byte by byte takes a system call each.
            data = stream_of(chooser, producer, 20 if producer == 1 else 400)
            self.send(data, sizes)
            streams.append(data)
        self.finish(escd, streams, config)

    def test_a_hundred_connections_at_once(self) -> None:
        chooser = random.Random(16)
        config = self.configure()
        escd = self.start(config)
        streams = [stream_of(chooser, producer, 50) for producer in range(1, 101)]
        senders = [socket.create_connection(self.address) for _ in streams]
        rests = [pieces(data, lambda: chooser.randrange(1, 700)) for data in streams]
        open_ones = list(zip(senders, rests))
        while open_ones:
            pair = chooser.choice(open_ones)
            piece = next(pair[1], None)
            if piece is None:
                open_ones.remove(pair)
                pair[0].close()
            else:
                pair[0].sendall(piece)
        self.finish(escd, streams, config)

    def test_what_is_malformed_is_refused_as_the_page_says(self) -> None:
        chooser = random.Random(17)
        config = self.configure()
        escd = self.start(config)
        bad = [
            craft.frame(b"\xff"),
            craft.frame(b"a\x01"),
            craft.frame(b"$esc/other"),
            craft.session(1, 1, 1)[:-1],
            craft.frame(b"a", length=0),
            craft.frame(b"a", length=65_404),
            craft.frame(b"a", length=2**32 - 1),
            craft.frame(b"a", bytes(100))[:-1],
            b"\x00\x00",
            b"",
        ]
        streams = []
        for index, end in enumerate(bad, 1):
            sound = stream_of(chooser, index, 30)
            data = sound + end + stream_of(chooser, 100 + index, 5) * (index % 2)
            with socket.create_connection(self.address) as one:
                try:
                    one.sendall(data)
                except ConnectionError:
                    pass  # closed for a length that is out of bounds
            streams.append(data)
        self.finish(escd, streams, config)

    def test_packets_and_streams_at_once(self) -> None:
        chooser = random.Random(18)
        config = self.configure()
        packets = traffic.mixed(2_000)
        config.lcores = Lcores.folded()
        config.ports = [Port(traffic.pcap_device(0, self.directory / "t.pcap", packets))]
        escd = self.start(config)
        data = stream_of(chooser, 900_000, 2_000)
        self.send(data, lambda: chooser.randrange(1, 9_000))
        expectation = config.expectation()
        expectation.add_packets(packets, config.ports[0].rules())
        expectation.add_stream(data, LOOPBACK)
        escd.wait_for_packets(len(packets))
        self.wait_for_frames(escd, expectation.frames_received)
        self.assert_ledger(escd.stop(), expectation)

    def test_several_pipelines_and_listeners_of_both_families(self) -> None:
        chooser = random.Random(19)
        config = self.configure()
        cpu = harness.cpus()[0]
        config.lcores = Lcores([], [cpu, cpu], [cpu, cpu])
        v6 = ("::1", free_port(socket.AF_INET6))
        config.listen = [*config.listen, f"[::1]:{v6[1]}"]
        escd = self.start(config)
        streams = [stream_of(chooser, producer, 200) for producer in (1, 2, 3, 4)]
        pipelines = escd.live_ledger()["pipelines"]
        self.assertEqual(["streams" in each for each in pipelines], [False, False])
        for index, data in enumerate(streams):
            self.send(data, lambda: 999, v6 if index % 2 else None)
        self.finish(escd, streams, config)

    def test_a_paused_appliance_reads_nothing_and_loses_nothing(self) -> None:
        config = self.configure()
        escd = self.start(config)
        escd.ask("pause")
        data = craft.frame(traffic.TOPICS[0], bytes(100)) * 20_000
        one = socket.create_connection(self.address)
        one.setblocking(False)
        sent = one.send(data)
        self.assertGreater(sent, 0)
        self.assertEqual(escd.live_ledger()["frames"]["received"], 0)
        escd.ask("resume")
        one.setblocking(True)
        one.sendall(data[sent:])
        one.close()
        self.finish(escd, [data], config)

    def test_who_may_connect_can_be_changed(self) -> None:
        config = self.configure()
        config.tcp_sources = ["10.0.0.0/8", "2001:db8::/32"]
        escd = self.start(config)
        with socket.create_connection(self.address) as one:
            self.assertEqual(one.recv(1), b"")
        self.assertEqual(escd.live_ledger()["streams"]["refused"], {"not_allowed": 1})
        said = "1 connections were refused as not_allowed: its sender may not connect there."
        self.wait_until(lambda: said in escd.log(), "the log says so", 20.0)
        config.tcp_sources = ["127.0.0.0/8"]
        escd.write_config(config)
        escd.ask("reload")
        data = stream_of(random.Random(20), 1, 50)
        self.send(data, lambda: 999)
        self.finish(escd, [data], config)

    def test_resets_in_the_middle_of_a_frame(self) -> None:
        config = self.configure()
        escd = self.start(config)
        data = craft.frame(traffic.TOPICS[0], b"x") + craft.frame(traffic.TOPICS[0], b"y")[:-1]
        resets = 20
        for count in range(1, resets + 1):
            with socket.create_connection(self.address) as one:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.sendall(data)
                # A reset throws away what was not read.
                self.wait_until(
                    lambda: escd.stages()["tcp0"]["bytes"] == count * len(data), "read", 20.0
                )
        self.wait_until(
            lambda: escd.live_ledger()["streams"]["closed"] == {"failed": resets}, "seen", 20.0
        )
        self.finish(escd, [data] * resets, config)

    def test_a_thousand_frames_that_do_not_end(self) -> None:
        """Their connections are closed, and who sends whole frames notices nothing."""
        connections = {"max": 1_100, "frame_timeout_ms": 3_000}
        config = self.configure(sections={"connections": connections})
        escd = self.start(config)
        begun = craft.frame(traffic.TOPICS[0], bytes(100))[:1]
        slow = [socket.create_connection(self.address) for _ in range(1_000)]
        for one in slow:
            one.sendall(begun)
        data = stream_of(random.Random(21), 1, 2_000)
        self.send(data, lambda: 5_000)
        self.wait_until(lambda: escd.stages()["tcp0"]["open"] == 0, "they are closed", 60.0)
        streams = escd.live_ledger()["streams"]
        self.assertEqual(streams["closed"], {"slow": 1_000, "peer": 1})
        for one in slow:
            one.close()
        self.finish(escd, [begun] * 1_000 + [data], config)

    def test_what_the_page_says_to_type(self) -> None:
        for tool in ("nc", "socat", "bash"):
            harness.need_tool(tool)
        config = self.configure()
        config.routes = {"plant/7/temp": "count"}
        escd = self.start(config)
        page = (Path(__file__).parents[2] / "docs/sender.md").read_text(encoding="utf-8")
        script = page.partition("<!-- by hand: begin -->\n```sh\n")[2].partition("\n```\n")[0]
        self.assertIn("socat", script)
        script = "set -eu\n" + script.replace("9100", str(self.address[1]))
        self.run_command("bash", "-c", script)
        frame = craft.frame("plant/7/temp", b"23", priority=100)
        self.finish(escd, [frame] * 4, config)

    def test_each_connection_is_shown(self) -> None:
        config = self.configure()
        escd = self.start(config)
        first = craft.session(7, 1, 1) + craft.frame(traffic.TOPICS[0], b"x") * 30
        second = craft.frame("\x1b[2J") + craft.frame(b"\xff") + craft.frame(traffic.TOPICS[0])
        streams = [first, second * 2]
        senders = [socket.create_connection(self.address) for _ in streams]
        for one, data in zip(senders, streams):
            one.sendall(data)
        self.wait_for_frames(escd, 31 + 6)
        by_peer = {each["peer"]: each for each in escd.ask("connections")["connections"]}
        own = ["127.0.0.1:%d" % one.getsockname()[1] for one in senders]
        self.assertEqual(sorted(by_peer), sorted(own))
        wanted = {"role": "tcp0", "paused": False, "waiting": 0}
        counts = [
            {"bytes": len(first), "events": 30, "refused": 0, "producer": 7},
            {"bytes": 2 * len(second), "events": 2, "refused": 4, "producer": None},
        ]
        for peer, count in zip(own, counts):
            shown = by_peer[peer]
            self.assertEqual({key: shown[key] for key in wanted | count}, wanted | count)
        refused = {"topic_control_character": 2, "topic_not_utf8": 2}
        self.assertEqual(by_peer[own[1]]["refused_by_reason"], refused)
        listed = escd.ask("connections", "--top", "1", "--by", "refused")
        self.assertEqual([each["peer"] for each in listed["connections"]], own[1:])
        self.assertEqual(listed["open"], 2)
        for one in senders:
            one.close()
        self.wait_until(lambda: escd.ask("connections")["open"] == 0, "none is left", 20.0)
        self.finish(escd, streams, config)

    def test_a_dead_letter_says_that_it_came_over_tcp_and_from_whom(self) -> None:
        directory = self.directory / "letters"
        config = self.configure(sections={"dead_letters": {"directory": str(directory)}})
        escd = self.start(config)
        data = craft.frame("unknown", b"x") * 3
        with socket.create_connection(self.address) as one:
            port = one.getsockname()[1]
            one.sendall(data)
        self.finish(escd, [data], config)
        printed = dlq("cat", directory, "--json")
        self.assertEqual(printed.returncode, 0, printed.stderr)
        letters = [json.loads(line) for line in printed.stdout.splitlines()]
        self.assertEqual(len(letters), 3)
        for letter in letters:
            self.assertEqual(letter["transport"], "tcp")
            self.assertEqual(letter["peer"], f"127.0.0.1:{port}")

    def test_dead_letters_are_replayed_over_tcp_and_each_is_delivered_once(self) -> None:
        directory = self.directory / "letters"
        config = self.configure(sections={"dead_letters": {"directory": str(directory)}})
        data = craft.session(5, 1, 1) + craft.frame("mended", b"x") * 50
        escd = self.start(config)
        self.send(data, lambda: 100)
        self.finish(escd, [data], config)  # no route takes it yet
        config = self.configure(sections={"replay": {"sources": ["127.0.0.0/8"]}})
        config.routes = {"mended": "count"}
        escd = self.start(config)
        to = f"127.0.0.1:{self.address[1]}"
        first = dlq("replay", directory, "--tcp", to, "--confirm", escd.socket_path)
        self.assertEqual(first.returncode, 0, first.stderr)
        again = dlq("replay", directory, "--tcp", to, "--restart")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.wait_for_frames(escd, 2 * 51)
        frames = escd.stop()["frames"]
        self.assertEqual((frames["delivered"], frames["control"]), (50, 2))
        self.assertEqual(frames["duplicate_by"], {"number": 0, "key": 0, "replay": 50})

    def test_an_appliance_that_receives_over_tcp_alone_is_not_idle(self) -> None:
        config = self.configure()
        escd = self.start_escd(config, "--exit-when-idle", "1")
        escd.wait_until_running()
        roles = [role for lcore in escd.ask("plan")["lcores"] for role in lcore["roles"]]
        self.assertEqual(roles, ["tcp0", "dispatch0", "worker0"])
        one_frame = craft.frame(traffic.TOPICS[0], b"x")
        with socket.create_connection(self.address) as one:
            for count in range(1, 9):
                one.sendall(one_frame)
                self.wait_for_frames(escd, count)
                time.sleep(0.4)  # a time is what is tested: in all three times that of the option
        self.assertEqual(escd.wait(), 0)
        self.assertEqual(escd.ledger()["frames"]["delivered"], 8)

    def test_listeners_that_are_in_each_others_way_are_told_by_check_too(self) -> None:
        config = self.configure()
        config.listen = [*config.listen, f"0.0.0.0:{self.address[1]}"]
        said = f"cannot listen on 0.0.0.0:{self.address[1]}: bind: Address already in use"
        for options in (["--check"], []):
            escd = self.start_escd(config, *options)
            self.assertEqual(escd.wait(), 4)
            self.assertIn(said, escd.log())

    def test_a_port_that_is_taken_is_said_before_the_start(self) -> None:
        config = self.configure()
        with socket.create_server(self.address):
            escd = self.start_escd(config)
            self.assertEqual(escd.wait(), 4)
        self.assertIn(
            f"cannot listen on 127.0.0.1:{self.address[1]}: bind: Address already in use; see who "
            "listens there (ss -ltnp), or choose another port",
            escd.log(),
        )


def pieces(data: bytes, sizes: Callable[[], int]):
    at = 0
    while at < len(data):
        size = sizes()
        yield data[at : at + size]
        at += size


if __name__ == "__main__":
    harness.main()
