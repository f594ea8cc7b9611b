# SPDX-License-Identifier: BSD-3-Clause
"""A second implementation of docs/wire-format.md, in Python, that shares no code with the product.

capture  what packets a pcap or pcapng file holds
packet   what a packet is: a datagram, a non-event, or dropped for a reason
frame    what frames a datagram holds
routes   which route takes an event
senders  from where events may come
identity which numbered events are new
keys     which others are copies by their key
configuration  routes and producers as a configuration has them
ledger   what the ledger must be after all of that
vectors  the golden vectors of the wire format page
"""
