# SPDX-License-Identifier: BSD-3-Clause
"""The system that a test machine boots: Debian 12 with systemd and DPDK's run-time parts, whole in
memory, and its kernel with the modules that are wanted.

Made once with mmdebstrap from the package sources this machine is configured with, and kept in a
directory of the build; it is made anew when the recipe below changes.
"""

import fcntl
import hashlib
import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

SUITE = "bookworm"
PACKAGES = [
    "systemd-sysv",
    "kmod",
    "iproute2",
    "pciutils",
    "dpdk",
    "librte-mempool-ring23",
    "librte-mempool-stack23",
    "librte-net-af-packet23",
    "librte-net-af-xdp23",
    "librte-net-e1000-23",
    "librte-net-virtio23",
    "librte-net-vmxnet3-23",
    "librte-rcu23",
    "libspdlog1.10",
    "libtomlplusplus3",
    "libpcap0.8",
    "libnuma1",
    "libasan8",
    "libubsan1",
    "libisal2",
    "liburing2",
    "libtbb12",
]
LEFT_OUT = ["/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*"]
KERNEL = "linux-image-amd64"
MODULES = ["vfio-pci", "e1000", "e1000e", "virtio_pci", "virtio_net", "vmxnet3", "af_packet"]
BUILD_SECONDS = 540


@dataclass
class Image:
    """A kernel, and a root file system as an uncompressed cpio archive."""

    kernel: Path
    root: Path


def ensure(directory: Path) -> Image:
    """The image in this directory, made first if it is not there; another process that wants it
    meanwhile waits. Raises RuntimeError with what the program that failed had to say."""
    image = Image(directory / "vmlinuz", directory / "root.cpio")
    made_by = directory / "recipe.json"
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made_by.exists() or json.loads(made_by.read_text(encoding="ascii")) != _recipe():
            made_by.unlink(missing_ok=True)
            with tempfile.TemporaryDirectory(prefix="esc-guest-") as scratch:
                _make(Path(scratch), image)
            made_by.write_text(json.dumps(_recipe()), encoding="ascii")
    return image


def archive(files: dict[str, tuple[Path, int]], out: Path) -> None:
    """A cpio archive of further files, path in the guest -> (file here, mode), which the kernel
    unpacks over the image. Paths go by /usr: a folder /lib would replace the link of that name.
    Programs go without their debug information, which is twenty times as large as they are: all of
    this lies in the guest's memory."""
    with tempfile.TemporaryDirectory(prefix="esc-guest-") as scratch:
        for place, (source, mode) in files.items():
            target = Path(scratch) / place.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            if _is_elf(source):
                _run("strip", "--strip-debug", "-o", target, source)
            else:
                shutil.copyfile(source, target)
            target.chmod(mode)
        _to_cpio(Path(scratch), out)


def _is_elf(source: Path) -> bool:
    with source.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _recipe() -> dict[str, str]:
    return {"made by": hashlib.sha256(Path(__file__).read_bytes()).hexdigest()}


def _make(scratch: Path, image: Image) -> None:
    tree = scratch / "system.tar"
    _bootstrap(
        tree,
        "--variant=minbase",
        f"--include={','.join(PACKAGES)}",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT),
    )
    kernel = scratch / "kernel"
    _unpack_kernel(scratch, kernel)
    shutil.copyfile(next((kernel / "boot").glob("vmlinuz-*")), image.kernel)
    modules = scratch / "modules"
    _choose_modules(kernel, modules)
    # bsdtar reads device nodes and owners out of the tar and writes them without being root.
    _run("bsdtar", "-cf", image.root, "--format=newc", f"@{tree}", "-C", modules, ".")


def _bootstrap(out: Path, *options: str) -> None:
    _run("mmdebstrap", "--quiet", *options, SUITE, out, *_sources())


def _sources() -> list[str]:
    """This machine's own sources of Debian's packages, one line each, as sources.list has them."""
    lines = subprocess.run(
        [
            "apt-get",
            "indextargets",
            "--format",
            "deb $(REPO_URI) $(CODENAME) $(COMPONENT)",
            "Created-By: Packages",
            "Origin: Debian",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [line for line in dict.fromkeys(lines) if line.split()[2].startswith(SUITE)]


def _unpack_kernel(scratch: Path, out: Path) -> None:
    tree = scratch / "kernel.tar"
    _bootstrap(tree, "--variant=extract", f"--include={KERNEL}")
    out.mkdir()
    _run("bsdtar", "-xf", tree, "-C", out, "./boot/*", "./lib/modules/*")


def _choose_modules(kernel: Path, out: Path) -> None:
    """Copies MODULES and what they stand on: all of them would fill the machine's memory."""
    version = next((kernel / "lib/modules").iterdir()).name
    _run("depmod", "-b", kernel, version)
    found = kernel / "lib/modules" / version
    wanted = out / "usr/lib/modules" / version  # /lib is a link there, and has to stay one
    wanted.mkdir(parents=True)
    for name in ("modules.builtin", "modules.order"):
        shutil.copyfile(found / name, wanted / name)
    steps = _run("modprobe", "-a", "-d", kernel, "-S", version, "--show-depends", *MODULES)
    for step in steps.splitlines():
        if step.startswith("insmod "):
            module = Path(step.split()[1])
            target = wanted / module.relative_to(found)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(module, target)
    _run("depmod", "-b", out / "usr", version)


def _to_cpio(tree: Path, out: Path) -> None:
    _run("bsdtar", "-cf", out, "--format=newc", "--uid=0", "--gid=0", "-C", tree, ".")


def _run(*command: object) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return done.stdout
