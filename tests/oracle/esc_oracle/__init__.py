"""A second reading of docs/wire-format.md, in Python, that shares no code with the product.

capture  what packets a pcap or pcapng file holds
packet   what a packet is: a datagram, a non-event, or dropped for a reason
frame    what frames a datagram holds
identity which numbered events are new
ledger   what the ledger must be after all of that
vectors  the golden vectors of the wire format page
"""
