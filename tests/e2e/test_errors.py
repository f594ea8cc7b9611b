# SPDX-License-Identifier: BSD-3-Clause
"""Bad input and missing resources at the start: each error names the place, what is wrong and what
to do.
"""

import os
import re
import resource
import socket
import subprocess
from pathlib import Path

import harness
import traffic
from harness import Config, Lcores, Port, binary

ROOT = Path(__file__).resolve().parents[2]
OK, INTERNAL, USAGE, CONFIG, START = 0, 1, 2, 3, 4
LARGEST_POOL = 4 << 20, 65_407  # mbufs, bytes of each
MEMIF = "net_memif0,role=server,id=0,socket={socket},socket-abstract={abstract}"


class Errors(harness.Scenario):
    def setUp(self) -> None:
        self.trace = traffic.pcap_device(0, self.directory / "t.pcap", traffic.uniform(10))

    def text(self, device: str | None = None, lcores: Lcores | None = None, **tables: dict) -> str:
        config = Config(
            [Port(device or self.trace)], traffic.ROUTES, lcores or Lcores.folded(), tables
        )
        return config.toml(f"e2e-errors-{os.getpid()}", self.directory / "c.sock")

    def run_escd(self, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        path = self.directory / "escd.toml"
        path.write_text(text, encoding="utf-8")
        return self.run_program(
            binary("ESC_ESCD"), "--config", str(path), "--exit-when-idle", "1", *arguments
        )

    def run_program(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
        )

    def assert_ends(self, done: subprocess.CompletedProcess[str], code: int, *says: str) -> None:
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, code, said)
        for words in says:
            self.assertIn(words, said)

    def test_command_line(self) -> None:
        escd = binary("ESC_ESCD")
        self.assert_ends(self.run_program(escd), USAGE, "--config")
        self.assert_ends(self.run_program(escd, "--config", "x", "--nonsense"), USAGE, "--nonsense")
        self.assert_ends(self.run_program(escd, "--version"), OK, "escd ")

    def test_exit_codes_are_the_same_everywhere(self) -> None:
        """--help, docs/operations.md and the enumeration."""
        done = self.run_program(binary("ESC_ESCD"), "--help")
        printed = dict(
            re.findall(r"^ +(\d+) +(.+)$", done.stdout.partition("Exit codes:")[2], re.M)
        )
        page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
        table = page.partition("## Exit codes")[2].replace("`", "")
        self.assertEqual(printed, dict(re.findall(r"^\| (\d+) \| (.+) \|$", table, re.M)))
        header = (ROOT / "app/escd/exit_codes.hpp").read_text(encoding="utf-8")
        self.assertEqual(list(printed), re.findall(r"^ +kExit\w+ = (\d+),", header, re.M))

    def test_no_such_file(self) -> None:
        done = self.run_program(binary("ESC_ESCD"), "--config", "/nowhere/escd.toml")
        self.assert_ends(done, CONFIG, "/nowhere/escd.toml")

    def test_unknown_key(self) -> None:
        done = self.run_escd(self.text(rings={"ingest_cell": 64}))
        self.assert_ends(done, CONFIG, "escd.toml:", "ingest_cell", "ingest_cells")

    def test_lcores(self) -> None:
        cpu = harness.cpus()[0]
        done = self.run_escd(self.text(lcores=Lcores([900], cpu, [cpu])))
        self.assert_ends(done, CONFIG, "CPU 900")
        done = self.run_escd(self.text(lcores=Lcores([cpu, cpu], cpu, [cpu])))
        self.assert_ends(done, CONFIG, "escd.toml:", f"lists CPU {cpu} twice")

    def test_core_options_belong_to_the_plan(self) -> None:
        done = self.run_escd(self.text(), "--", "--lcores", "0@0")
        self.assert_ends(done, CONFIG, "--lcores")

    def test_a_memif_socket_that_has_a_server(self) -> None:
        for abstract in ("no", "yes"):
            with self.subTest(abstract=abstract):
                path = self.directory / f"memif-{abstract}.sock"
                device = MEMIF.format(socket=path, abstract=abstract)
                lcores = Lcores.folded()
                first = self.start_escd(Config([Port(device)], traffic.ROUTES, lcores))
                first.wait_until_running()
                said = f"another process is the server of {path} already; stop it"
                for arguments in ([], ["--check"]):
                    done = self.run_escd(self.text(device), *arguments)
                    self.assert_ends(done, START, said)
                first.stop()

    def test_a_memif_socket_that_was_left_behind(self) -> None:
        path = self.directory / "memif.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as dead:
            dead.bind(str(path))
        text = self.text(MEMIF.format(socket=path, abstract="no"))
        for arguments in ([], ["--check"]):
            done = self.run_escd(text, *arguments)
            said = f"{path} exists and no process of this network namespace listens on it; remove"
            self.assert_ends(done, START, said)

    def test_unreadable_trace(self) -> None:
        (self.directory / "text.pcap").write_text("not a capture at all", encoding="utf-8")
        device = f"net_pcap0,rx_pcap={self.directory}/text.pcap"
        for more in ((), ("--check",)):
            done = self.run_escd(self.text(device), *more)
            self.assert_ends(done, CONFIG, "text.pcap': it is not a capture file")

    def test_check_and_plan(self) -> None:
        self.assert_ends(self.run_escd(self.text(), "--check"), OK, "ready to start")
        self.assert_ends(self.run_escd(self.text(), "--print-plan"), OK, "dispatch", "--lcores=")
        missing = f"net_pcap0,rx_pcap={self.directory}/missing.pcap"
        done = self.run_escd(self.text(missing), "--check")
        self.assert_ends(done, CONFIG, "missing.pcap", "would not start")

    def needed_mib(self, **tables: dict) -> int:
        """Of ordinary memory, by --check."""
        done = self.run_escd(self.text(**tables), "--check")
        said = re.search(r"take \d+ MiB of hugepages, or (\d+) MiB of ordinary memory", done.stdout)
        self.assertIsNotNone(said, done.stdout)
        return int(said.group(1))

    def test_commits_of_dead_letters_are_in_the_memory_that_is_needed(self) -> None:
        folder = str(self.directory / "letters")
        small, large = (
            self.needed_mib(dead_letters={"directory": folder, "commit_bytes": mib << 20})
            for mib in (1, 16)
        )
        self.assertEqual(large - small, 8 * 15)

    def test_check_says_how_much_memory_is_needed(self) -> None:
        """To the MiB: what is less is refused, by --check and at start."""
        ordinary = self.needed_mib()
        for limit, code in ((ordinary, OK), (ordinary - 1, CONFIG)):
            text = self.text(memory={"limit_mib": limit, "hugepages": "off"})
            self.assert_ends(self.run_escd(text, "--check"), code)
            self.assert_ends(self.run_escd(text), code)

    @staticmethod
    def large() -> list[str]:
        """The largest pool there can be: 256 GiB, which no reservation of hugepages comes near."""
        mbufs, data_bytes = LARGEST_POOL
        keys = (f"port[0].pool_mbufs={mbufs}", f"port[0].mbuf_data_bytes={data_bytes}")
        return [word for key in keys for word in ("--set", key)]

    def test_more_ordinary_memory_than_there_is(self) -> None:
        mbufs, data_bytes = LARGEST_POOL
        if mbufs * data_bytes < os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"):
            self.skipTest("this machine has room for the largest pool there can be")
        text = self.text(memory={"hugepages": "off"})
        for arguments in (["--check"], []):
            done = self.run_escd(text, *arguments, *self.large())
            self.assert_ends(done, START, "of ordinary memory", "to be had", "port.pool_mbufs")

    def run_limited(self, limit: int, most: int, *arguments: str) -> subprocess.CompletedProcess:
        """With so much of that resource and no more; on ordinary pages, whatever there is."""
        path = self.directory / "escd.toml"
        path.write_text(self.text(memory={"hugepages": "off"}), encoding="utf-8")
        return subprocess.run(
            [binary("ESC_ESCD"), "--config", path, "--exit-when-idle", "1", *arguments],
            capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
            preexec_fn=lambda: resource.setrlimit(limit, (most, most)),
        )  # fmt: skip

    def test_a_limit_that_escd_cannot_live_with(self) -> None:
        """EAL would panic, or blame hugepages."""
        for arguments in (["--check"], []):
            done = self.run_limited(resource.RLIMIT_NOFILE, 20, *arguments)
            self.assert_ends(done, CONFIG, "open files are needed, and this process may have 20")

    def test_a_limit_that_is_only_said(self) -> None:
        for arguments in (["--check"], []):
            done = self.run_limited(resource.RLIMIT_CPU, 3000, *arguments)
            self.assert_ends(done, OK, "after 3000 s of CPU time", "ulimit -t unlimited")

    def test_nowhere_to_keep_the_files_of_dpdk(self) -> None:
        """On ordinary pages they are not needed: what EAL says of it is explained."""
        path = self.directory / "escd.toml"
        path.write_text(self.text(memory={"hugepages": "off"}), encoding="utf-8")
        taken = self.directory / "taken"
        taken.mkdir()
        (taken / "dpdk").write_text("", encoding="utf-8")
        for more in (["--check"], ["--exit-when-idle", "1"]):
            done = subprocess.run(
                [binary("ESC_ESCD"), "--config", path, *more],
                capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                env=os.environ | {"RUNTIME_DIRECTORY": str(taken)},
            )  # fmt: skip
            said = f"'{taken}/dpdk': DPDK cannot keep its files of this instance there: "
            self.assert_ends(done, OK, said + "it is no folder", "set RUNTIME_DIRECTORY to")

    def test_an_instance_that_runs_already(self) -> None:
        text = self.text(f"{self.trace},infinite_rx=1")
        path = self.directory / "first.toml"
        path.write_text(text, encoding="utf-8")
        first = subprocess.Popen(
            [binary("ESC_ESCD"), "--config", str(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.addCleanup(harness.end, first)
        probe = (binary("ESC_ESCCTL"), "--socket", str(self.directory / "c.sock"), "state")
        self.wait_until(
            lambda: self.run_program(*probe).returncode == 0,
            "the first runs",
            harness.START_SECONDS,
        )
        self.assert_ends(self.run_escd(text), START, "running")
        first.terminate()
        self.assertEqual(first.wait(harness.STOP_SECONDS), OK)
        self.assertEqual(self.run_program(*probe).returncode, 3)

    def test_a_ledger_that_cannot_be_written(self) -> None:
        done = self.run_escd(self.text(), "--ledger", "/nowhere/ledger.json")
        self.assert_ends(done, CONFIG, "/nowhere")


if __name__ == "__main__":
    harness.main()
