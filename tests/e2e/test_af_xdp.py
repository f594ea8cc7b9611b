# SPDX-License-Identifier: BSD-3-Clause
"""A plain kernel UDP socket in another network namespace, through veth, into an af_xdp port."""

import harness
import kernel_sender
from af_xdp import need_af_xdp


class AfXdp(kernel_sender.KernelSender):
    device = "net_af_xdp0,iface={interface}"

    def setUp(self) -> None:
        need_af_xdp()

    def test_every_datagram(self) -> None:
        self.check_every_datagram()

    def test_drops_of_the_kernel_are_shown(self) -> None:
        self.check_drops_of_the_kernel_are_shown()


if __name__ == "__main__":
    harness.main()
