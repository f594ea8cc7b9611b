# SPDX-License-Identifier: BSD-3-Clause
"""The machine that tools/bench runs on: its CPUs, its hugepages, its description."""

import contextlib
import glob
import json
import os
import platform
import subprocess
import time
from pathlib import Path

HERE = str(Path(__file__).parent)
PAGES = Path("/sys/kernel/mm/hugepages/hugepages-2048kB")


class Refused(Exception):
    """Raised if the requested figure cannot be measured here; says what to do about it."""


def cpus():
    """The CPUs this process may use, in order."""
    return sorted(os.sched_getaffinity(0))


def describe(build_dir):
    """What a reader needs to know to judge a figure; nothing that identifies the machine or its
    user.
    """
    return {
        "cpu": _cpu_model(),
        "cpus_online": os.cpu_count(),
        "cpus_allowed": len(cpus()),
        "memory_gib": round(_meminfo("MemTotal") / 2**20, 1),
        "kernel": platform.release(),
        "system": _os_release(),
        "dpdk": _output("pkg-config", "--modversion", "libdpdk") or "unknown",
        "compiler": (_output("c++", "--version").splitlines() or ["unknown"])[0],
        "commit": _output("git", "-C", HERE, "describe", "--always", "--dirty") or "unknown",
        "build": _build_options(build_dir),
        "load_average": round(os.getloadavg()[0], 2),
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
    }


def cpu_seconds(pid):
    """CPU time that a process took so far, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def polling_seconds(pid):
    """CPU time that the polling lcores of an escd took so far, to the nanosecond."""
    nanoseconds = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        if (task / "comm").read_text(encoding="utf-8").startswith("rte-worker"):
            nanoseconds += int((task / "schedstat").read_text(encoding="ascii").split()[0])
    return nanoseconds / 1e9


def hugetlbfs_is_mounted():
    """As escd looks at it: a mount that this user may write to."""
    for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        _, place, kind, *_ = line.split()
        if kind == "hugetlbfs" and os.access(place, os.W_OK):
            return True
    return False


@contextlib.contextmanager
def memory(wish, pages):
    """Yields "hugepages" or "ordinary": what both programs run on. With "auto" and "hugepages" so
    many 2 MB pages are made free where this user may do that, and given back afterwards.
    """
    before = _pages("nr") if wish != "ordinary" else None
    raised_to = None
    try:
        may_raise = before is not None and os.access(PAGES / "nr_hugepages", os.W_OK)
        if may_raise and _pages("free") < pages:
            _set_pages(before + pages - _pages("free"))
            raised_to = _pages("nr")
        enough = before is not None and _pages("free") >= pages
        if wish == "hugepages" and not enough:
            raise Refused(
                f"{pages} free hugepages of 2 MB are needed; as root:"
                f" echo {pages} > {PAGES}/nr_hugepages"
            )
        yield "hugepages" if enough else "ordinary"
    finally:
        # Somebody else may have changed the number meanwhile: then it is theirs.
        if raised_to is not None and _pages("nr") == raised_to:
            _set_pages(before)


def forget_eal(prefix):
    """Removes what EAL left in its runtime directory for one of our own prefixes."""
    for directory in runtime_directories(prefix):
        for path in glob.glob(f"{directory}/*"):
            with contextlib.suppress(OSError):
                os.unlink(path)
        with contextlib.suppress(OSError):
            os.rmdir(directory)


def runtime_directories(prefix):
    """Where EAL may keep its sockets for a file prefix, most likely first."""
    bases = ["/var/run", os.environ.get("XDG_RUNTIME_DIR", ""), "/tmp"]
    return [Path(base) / "dpdk" / prefix for base in bases if base]


def _pages(what):
    try:
        return int((PAGES / f"{what}_hugepages").read_text(encoding="ascii"))
    except OSError:
        return None


def _set_pages(count):
    (PAGES / "nr_hugepages").write_text(str(count), encoding="ascii")


def _cpu_model():
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _meminfo(key):
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1])
    return 0


def _os_release():
    with contextlib.suppress(OSError):
        for line in Path("/etc/os-release").read_text(encoding="utf-8").splitlines():
            if line.startswith("PRETTY_NAME="):
                return line.partition("=")[2].strip('"')
    return platform.system()


def _build_options(build_dir):
    """Of escd, as meson knows them; testpmd is the distribution's."""
    try:
        text = (Path(build_dir) / "meson-info/intro-buildoptions.json").read_text(encoding="utf-8")
    except OSError:
        return "unknown"
    values = {option["name"]: option["value"] for option in json.loads(text)}
    sanitizers = ",".join(values.get("sanitize") or []) or "no sanitizer"
    return f"-O{values.get('optimization')} -march={values.get('cpu')}, {sanitizers}"


def _output(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
