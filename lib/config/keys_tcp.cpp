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
    key<&ConnectionsConfig::pool_bytes>(
        {.key = "pool_bytes",
         .min = 4 * kMi,
         .max = 64 * kKi * kMi,
         .zero_too = true,
         .example = "pool_bytes = 268435456",
         .meaning =
             "Memory of the buffers into which bytes are received; a connection keeps one "
             "while a frame of it has begun and not ended. While no buffer is free, "
             "nothing is read, and nothing is lost; so with fewer than `max` of them senders "
             "that end no frame can keep the others waiting. 0: a buffer for each "
             "connection that there may be, and 64 more for what is in flight."}),
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
