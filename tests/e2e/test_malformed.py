# SPDX-License-Identifier: BSD-3-Clause
"""One packet in ten is malformed, in every way there is."""

import harness
import traffic
from harness import Config, Lcores, Port

FRAME_REASONS = {
    "length_out_of_bounds",
    "frame_truncated",
    "topic_len_out_of_bounds",
    "topic_not_utf8",
    "topic_control_character",
    "reserved_topic",
    "bad_session",
    "unknown_topic",
    "handler_refused",
}
PACKET_REASONS = {
    "short_header",
    "vlan_too_deep",
    "bad_ip_header",
    "ip_truncated",
    "fragment",
    "wrong_port",
    "bad_udp_length",
    "bad_ip_checksum",
    "bad_udp_checksum",
}
NON_EVENTS = {
    "llc",
    "arp",
    "other_ethertype",
    "icmp",
    "icmpv6",
    "igmp",
    "tcp",
    "other_ip_protocol",
    "empty_datagram",
}


class Malformed(harness.Scenario):
    def play_malformed(self, checksum: str, **limits: int) -> dict:
        packets = traffic.with_malformed(20_000)
        device = traffic.pcap_device(0, self.directory / "malformed.pcap", packets)
        sections = {"limits": limits} if limits else {}
        config = Config(
            [Port(device, checksum=checksum)], traffic.ROUTES, Lcores.folded(), sections
        )
        expectation = config.expectation()
        expectation.add_packets(packets, config.ports[0].rules())
        ledger = self.play(config)
        self.assert_ledger(ledger, expectation)
        return expectation.ledger()

    def test_every_reason(self) -> None:
        expected = self.play_malformed("verify")
        # One of its sessions says that it is replayed.
        self.assertEqual(
            set(expected["frames"]["dropped"]), FRAME_REASONS | {"replay_not_allowed"}
        )
        self.assertEqual(set(expected["packets"]["dropped"]), PACKET_REASONS)
        self.assertEqual(set(expected["packets"]["non_event"]), NON_EVENTS)

    def test_checksums_by_the_nic_alone(self) -> None:
        self.play_malformed("nic")

    def test_checksums_off(self) -> None:
        self.play_malformed("off")

    def test_smaller_limits(self) -> None:
        self.play_malformed("verify", max_frame_bytes=64, max_topic_bytes=20)


if __name__ == "__main__":
    harness.main()
