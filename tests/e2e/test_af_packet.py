# SPDX-License-Identifier: BSD-3-Clause
"""A plain kernel UDP socket in another network namespace, through veth, into an af_packet port."""

import harness
import kernel_sender


class AfPacket(kernel_sender.KernelSender):
    device = "net_af_packet0,iface={interface}"
    # The driver opens its sockets as a fanout group that defragments, with rings of 2048-byte
    # frames that begin with
    # some 80 bytes of header: datagrams of two fragments of kernel_sender's sizes fit, those of
    # more do not.
    kernel_joins = 1900

    def test_every_datagram(self) -> None:
        self.check_every_datagram()

    def test_drops_of_the_kernel_are_shown(self) -> None:
        self.check_drops_of_the_kernel_are_shown()


if __name__ == "__main__":
    harness.main()
