// SPDX-License-Identifier: BSD-3-Clause
// Rules of the configuration: CPUs that are listed twice, and keys without effect.
#include <set>
#include <string>
#include <vector>

#include "config/loading.hpp"
#include "config/sections.hpp"

namespace esc::config {

namespace {

void refuse_twice(const Loading& in, const Section& lcores, const char* key,
                  const std::vector<unsigned>& cpus, const std::string& fix) {
  std::set<unsigned> seen;
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    if (seen.insert(cpus[i]).second) continue;
    in.reader.problem(in.reader.where(lcores, key, i),
                      "'" + std::string(key) + "' lists CPU " + std::to_string(cpus[i]) + " twice",
                      fix);
  }
}

void check_rx(const Loading& in, const Section& lcores) {
  std::vector<unsigned>& rx = in.config.lcores.rx;
  if (!in.config.ports.empty() && rx.empty() && in.reader.sound("rx")) {
    in.reader.problem(in.reader.where(lcores, "rx"),
                      "'rx' is missing in [lcores]: it names the CPUs that poll the ports",
                      "add for example: rx = [0]");
  }
  if (in.config.ports.empty() && !rx.empty()) {
    in.warning(in.reader.where(lcores, "rx"), "'rx' has no effect", "it needs a [[port]]");
    rx.clear();
  }
}

void choose_tcp(const Loading& in, const Section& lcores) {
  LcoresConfig& read = in.config.lcores;
  if (in.config.tcp.empty() && !read.tcp.empty()) {
    in.warning(in.reader.where(lcores, "tcp"), "'tcp' has no effect", "it needs a [[tcp]]");
    read.tcp.clear();
  }
  if (!in.config.tcp.empty() && read.tcp.empty() && !read.dispatch.empty()) {
    read.tcp = {read.dispatch.front()};
  }
}

/// Each connection has a number of its own in the events that come on it.
void check_connections(const Loading& in) {
  constexpr std::size_t kMost = 65'536;
  const std::size_t slots = in.config.connection_slots();
  if (slots <= kMost) return;
  in.reader.problem(in.config.where("connections.max"),
                    "the TCP roles have " + std::to_string(slots) + " connections together, and " +
                        std::to_string(kMost) + " are the most",
                    "lower connections.max, or name fewer CPUs in lcores.tcp");
}

}  // namespace

void check_lcores(const Loading& in, const Section& lcores) {
  const LcoresConfig& read = in.config.lcores;
  refuse_twice(in, lcores, "rx", read.rx,
               "remove one: a single RX lcore polls any number of queues");
  check_rx(in, lcores);
  refuse_twice(in, lcores, "tcp", read.tcp,
               "remove one: a single TCP role has any number of connections");
  choose_tcp(in, lcores);
  check_connections(in);
  if (in.reader.has(lcores, "sleep_max_us") && read.idle == Idle::kBusy) {
    in.warning(in.reader.where(lcores, "sleep_max_us"), "'sleep_max_us' has no effect",
               "it needs idle = \"adaptive\"");
  }
}

}  // namespace esc::config
