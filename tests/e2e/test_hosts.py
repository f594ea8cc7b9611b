# SPDX-License-Identifier: BSD-3-Clause
"""A second escd on the same host, and DPDK's own tools."""

import json
import subprocess

import harness
import traffic
from harness import Config, Lcores, Port

TELEMETRY_TOOL = "dpdk-telemetry.py"


class Hosts(harness.Scenario):
    def test_two_instances_at_once(self) -> None:
        """Each has its own files, sockets and memory, and its own exact ledger."""
        running = []
        for number, seed in enumerate((41, 42)):
            packets = traffic.with_malformed(6_000, seed=seed)
            device = traffic.pcap_device(0, self.directory / f"{number}.pcap", packets)
            config = Config([Port(device)], traffic.ROUTES, Lcores.folded())
            expectation = config.expectation()
            expectation.add_packets(packets, config.ports[0].rules())
            running.append((self.start_escd(config), packets, expectation))
        for escd, _, _ in running:
            escd.wait_until_running()
        for escd, packets, _ in running:
            escd.wait_until_drained(len(packets))
            self.assertEqual(escd.stats()["instance"], escd.instance)
        for escd, _, expectation in running:
            self.assert_ledger(escd.stop(), expectation)

    def test_dpdk_telemetry_reads_the_same_figures(self) -> None:
        tool = harness.need_tool(TELEMETRY_TOOL)
        packets = traffic.with_malformed(6_000, seed=43)
        device = traffic.pcap_device(0, self.directory / "t.pcap", packets)
        config = Config([Port(device)], traffic.ROUTES, Lcores.folded())
        config.sections["deduplication"] = {"keyed_bytes": 1 << 20}
        config.route_options = {
            traffic.TOPICS[1]: {"dedup": "payload-id", "dedup_bytes": 1}  # of 256 ids
        }
        escd = self.start_escd(config)
        escd.wait_until_running()
        escd.wait_until_drained(len(packets))
        names = ("ledger", "stages", "lcores", "pressure", "keys", "health")
        answers = self.ask(tool, escd.instance, *(f"/escd/{name}" for name in names))
        live = escd.live_ledger()
        for part in ("frames", "packets"):
            self.assertEqual(answers["/escd/ledger"][part]["received"], live[part]["received"])
            self.assertEqual(answers["/escd/ledger"][part]["dropped"], live[part]["dropped"])
        self.assertEqual(answers["/escd/ledger"]["balanced"], 1)
        stages = {stage["name"]: stage for stage in answers["/escd/stages"].values()}
        self.assertEqual(stages["rx0"]["packets"], len(packets))
        self.assertEqual(stages["worker0"]["delivered"], live["frames"]["delivered"])
        self.assertIn("rx0", answers["/escd/lcores"]["lcores"]["0"]["roles"].values())
        pressure = escd.ask("pressure")["pipelines"][0]
        told = answers["/escd/pressure"]["pipelines"]["0"]
        self.assertEqual(told["level"], pressure["level"])
        self.assertEqual(told["inputs"].keys(), pressure["inputs"].keys())
        self.assertEqual(told["entered"], pressure["entered"])
        checks = {check["name"]: check for check in answers["/escd/health"]["checks"].values()}
        for name, check in escd.health().items():
            self.assertEqual(checks[name]["ok"], int(check["ok"]), name)
        losses = live["frames"]["dropped"]["unknown_topic"]
        place = checks["losses"]["places"]["frames_unknown_topic"]
        self.assertEqual((place["in_window"], place["since_start"]), (losses, losses))
        keys = escd.ask("keys")
        for figure in ("memory_bytes", "new", "duplicates", "unkeyed"):
            self.assertEqual(answers["/escd/keys"][figure], keys[figure])
        self.assertGreater(keys["duplicates"], 0)
        escd.stop()

    def ask(self, tool: str, instance: str, *paths: str) -> dict[str, dict]:
        """Each path's answer; the tool prints an answer a line when it is not at a terminal."""
        done = subprocess.run(
            [tool, "-f", instance],
            input="".join(path + "\n" for path in (*paths, "quit")),
            capture_output=True,
            text=True,
            timeout=60,
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        answers: dict[str, dict] = {}
        for line in done.stdout.splitlines():
            if line.startswith("{"):
                answers |= json.loads(line)
        return answers


if __name__ == "__main__":
    harness.main()
