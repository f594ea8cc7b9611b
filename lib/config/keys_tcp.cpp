// SPDX-License-Identifier: BSD-3-Clause
// Keys of the configuration: [[tcp]] and [connections].
#include <array>

#include "config/rows.hpp"

namespace esc::config {
namespace {

constexpr std::array kTcpRows = {
    key<&TcpConfig::listen>(
        {.key = "listen",
         .required = true,
         .min = 1,
         .max = 64,
         .rule = "an address with a port, IPv6 in brackets; each only once",
         .example = "listen = \"0.0.0.0:9100\"",
         .meaning = "Where TCP connections are taken, through the kernel: `127.0.0.1:9100`, "
                    "`[::]:9100`. `0.0.0.0` and `[::]` are all addresses of the host, each of "
                    "its family."}),
    key<&TcpConfig::sources>(
        {.key = "sources",
         .on_reload = OnReload::kTaken,
         .rule = "IPv4 and IPv6 prefixes, unique",
         .example = "sources = [\"10.0.0.0/8\", \"2001:db8::/32\"]",
         .meaning = "The addresses from which one may connect; a connection from any other is "
                    "closed as soon as it comes. Empty: any address. A reload is for connections "
                    "that come after it."}),
};
constexpr auto kTcpKeys = rows_of("tcp", kTcpRows);

constexpr std::array kConnectionsRows = {
    key<&ConnectionsConfig::max>(
        {.key = "max",
         .min = 1,
         .max = 16'384,
         .example = "max = 4096",
         .meaning = "The most TCP connections that each TCP role has. One more is closed as soon "
                    "as it comes."}),
    key<&ConnectionsConfig::max_per_source>(
        {.key = "max_per_source",
         .min = 0,
         .max = 16'384,
         .on_reload = OnReload::kTaken,
         .example = "max_per_source = 16",
         .meaning =
             "The most connections from one address, in each TCP role. One more is closed as "
             "soon as it comes. 0: as many as there may be."}),
    key<&ConnectionsConfig::idle_timeout_s>(
        {.key = "idle_timeout_s",
         .min = 0,
         .max = 604'800,
         .on_reload = OnReload::kTaken,
         .example = "idle_timeout_s = 3600",
         .meaning = "A connection on which nothing came for this many seconds is closed. 0: a "
                    "sender may be silent for as long as its host is there."}),
    key<&ConnectionsConfig::frame_timeout_ms>(
        {.key = "frame_timeout_ms",
         .min = 100,
         .max = 3'600'000,
         .zero_too = true,
         .on_reload = OnReload::kTaken,
         .example = "frame_timeout_ms = 2000",
         .meaning = "A connection is closed if a frame that has begun does not end within this "
                    "time, however many bytes of it come. Time in which the appliance reads "
                    "nothing does not count. 0: a frame may take any time."}),
    key<&ConnectionsConfig::credit_events>(
        {.key = "credit_events",
         .min = 64,
         .max = 64 * kKi,
         .example = "credit_events = 1024",
         .meaning =
             "How many events of one connection may be on their way to a worker, in each pipeline. "
             "A connection that has as many is not read until some have moved on; others are. "
             "Every "
             "pipeline reserves room for the credits of all connections, 80 bytes an event."}),
    key<&ConnectionsConfig::pool_bytes>(
        {.key = "pool_bytes",
         .min = 4 * kMi,
         .max = 64 * kKi * kMi,
         .zero_too = true,
         .example = "pool_bytes = 268435456",
         .meaning =
             "Memory of the buffers into which bytes are received, 64 KiB each. A connection "
             "that has none gets one at once, and more of those that are left, up to 8, as long as "
             "it has fewer of them than are free. While it gets none it is not read, and nothing "
             "is lost; so with fewer than `max` of them connections can keep others waiting. 0: "
             "one for each connection that there may be, and 64 more for each TCP role."}),
};
constexpr auto kConnectionsKeys = rows_of("connections", kConnectionsRows);

}  // namespace

constinit const SectionSpec kTcpSection =
    section<&Config::tcp>({.is_array = true,
                           .max_count = 32,
                           .meaning = "One for each address on which TCP connections are taken; at "
                                      "most 32. The senders' frames are the same as over UDP.",
                           .load = load_tcp},
                          kTcpKeys);

constinit const SectionSpec kConnectionsSection =
    section<&Config::connections>({.meaning = "Bounds of the TCP connections."}, kConnectionsKeys);

}  // namespace esc::config
