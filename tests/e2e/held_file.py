# SPDX-License-Identifier: BSD-3-Clause
"""A file whose reader hangs for as long as the test likes, as on a network file system whose server
is gone: a FUSE mount whose daemon, which is this module, stops answering once the file is open.
"""

import ctypes
import errno
import os
import select
import stat
import struct
import threading
from pathlib import Path

LOOKUP, FORGET, GETATTR, OPEN, READ, RELEASE, FLUSH, INIT = 1, 2, 3, 14, 15, 18, 25, 26
INTERRUPT, BATCH_FORGET = 36, 42
WITHOUT_ANSWER = (FORGET, INTERRUPT, BATCH_FORGET)
ROOT, FILE = 1, 2
NAME = "held.toml"
MNT_DETACH = 2
CACHED_S = 1_000
DIRECT_IO = 1  # each read comes to us
NO_FLUSH = 1 << 5  # or a process that ends would wait for our word on its open file
REQUEST_BYTES = 1 << 20


class HeldFile:
    """Mounted at `folder`, which is made; the file is `path`. Root only."""

    def __init__(self, folder: Path, content: bytes) -> None:
        self.path = folder / NAME
        self._folder = folder
        self._content = content
        self._released = threading.Event()
        self._ended = threading.Event()
        self._held = threading.Event()

    def __enter__(self) -> "HeldFile":
        self._folder.mkdir()
        self._device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        options = f"fd={self._device},rootmode=40000,user_id=0,group_id=0,allow_other"
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(b"held", os.fsencode(self._folder), b"fuse", 0, options.encode()) != 0:
            os.close(self._device)
            raise OSError(ctypes.get_errno(), "mount of fuse")
        self._daemon = threading.Thread(target=self._serve, daemon=True)
        self._daemon.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._released.set()
        self._ended.set()
        ctypes.CDLL(None).umount2(os.fsencode(self._folder), MNT_DETACH)
        self._daemon.join()
        os.close(self._device)

    def wait_until_held(self, timeout_s: float) -> bool:
        """Until somebody has opened the file and reads it."""
        return self._held.wait(timeout_s)

    def release(self) -> None:
        self._released.set()

    def _serve(self) -> None:
        while not self._ended.is_set():
            if not select.select([self._device], [], [], 0.05)[0]:
                continue
            try:
                request = os.read(self._device, REQUEST_BYTES)
            except OSError as error:
                if error.errno in (errno.ENODEV, errno.ENOENT, errno.EINTR, errno.EAGAIN):
                    continue
                raise
            _, opcode, unique, node = struct.unpack_from("=IIQQ", request)
            if opcode not in WITHOUT_ANSWER:
                self._answer(unique, *self._reply(opcode, node, request[40:]))
            if opcode == OPEN and node == FILE and not self._released.is_set():
                self._hold()

    def _hold(self) -> None:
        """The next request, the read, is there and is not taken: its reader can still be killed."""
        while not self._released.is_set():
            if select.select([self._device], [], [], 0.05)[0]:
                self._held.set()
                self._released.wait()

    def _answer(self, unique: int, error: int, body: bytes) -> None:
        os.write(self._device, struct.pack("=IiQ", 16 + len(body), -error, unique) + body)

    def _reply(self, opcode: int, node: int, body: bytes) -> tuple[int, bytes]:
        if opcode == INIT:
            return 0, struct.pack("=IIIIHHIIHHI28x", 7, 31, 0, 0, 0, 0, 1 << 16, 1, 0, 0, 0)
        if opcode == LOOKUP and body.rstrip(b"\0") == NAME.encode():
            return 0, struct.pack("=QQQQII", FILE, 0, CACHED_S, CACHED_S, 0, 0) + self._stat(FILE)
        if opcode == GETATTR:
            return 0, struct.pack("=QII", CACHED_S, 0, 0) + self._stat(node)
        if opcode == OPEN:
            return 0, struct.pack("=QII", 0, DIRECT_IO | NO_FLUSH, 0)
        if opcode == READ:
            _, offset, size = struct.unpack_from("=QQI", body)
            return 0, self._content[offset : offset + size]
        if opcode in (RELEASE, FLUSH):
            return 0, b""
        return (errno.ENOENT if opcode == LOOKUP else errno.ENOSYS), b""

    def _stat(self, node: int) -> bytes:
        mode = stat.S_IFDIR | 0o755 if node == ROOT else stat.S_IFREG | 0o644
        size = 0 if node == ROOT else len(self._content)
        return struct.pack("=6Q10I", node, size, 0, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)
