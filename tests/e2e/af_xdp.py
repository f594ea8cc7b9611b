# SPDX-License-Identifier: BSD-3-Clause
"""Whether this machine has AF_XDP."""

import ctypes
import errno
import os
import platform
import socket
import struct
import unittest

_AF_XDP = 44
_BPF = {"x86_64": 321, "aarch64": 280}  # system call
_BPF_MAP_CREATE, _BPF_MAP_TYPE_XSKMAP = 0, 17
_NOT_HERE = (errno.EAFNOSUPPORT, errno.EPERM, errno.EACCES, errno.ENOSYS)


def need_af_xdp() -> None:
    """What the driver cannot do without: such a socket, and a BPF map of them."""
    try:
        socket.socket(_AF_XDP, socket.SOCK_RAW, 0).close()
        os.close(_socket_map())
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
        raise unittest.SkipTest(f"no AF_XDP here: {error}") from error


def _socket_map() -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    one_socket = struct.pack("5I", _BPF_MAP_TYPE_XSKMAP, 4, 4, 1, 0)
    made = libc.syscall(_BPF[platform.machine()], _BPF_MAP_CREATE, one_socket, len(one_socket))
    if made < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"BPF map: {os.strerror(number)}")
    return int(made)
