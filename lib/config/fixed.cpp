#include "config/fixed.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace esc::config {
namespace {

/// The first [[port]] that is another, or is new.
std::string first_other_port(const Config& now, const Config& next) {
  const auto differ = std::ranges::mismatch(next.ports, now.ports).in1 - next.ports.begin();
  return "port[" + std::to_string(differ) + "]";
}

}  // namespace

std::vector<Problem> check_fixed(const Config& now, const Config& next) {
  std::vector<Problem> problems;
  const auto compare = [&](bool same, std::string_view key, std::string_view name) {
    if (same) return;
    problems.push_back({next.where(key), std::string(name) + " cannot change while escd runs",
                        "put it back, or restart escd with the new file"});
  };
  compare(now.instance == next.instance, "instance", "'instance'");
  compare(now.eal == next.eal, "eal", "[eal]");
  compare(now.memory == next.memory, "memory", "[memory]");
  compare(now.ports == next.ports, first_other_port(now, next), "[[port]]");
  compare(now.lcores == next.lcores, "lcores", "[lcores]");
  compare(now.rings == next.rings, "rings", "[rings]");
  compare(now.deduplication == next.deduplication, "deduplication", "[deduplication]");
  compare(now.dead_letters == next.dead_letters, "dead_letters", "[dead_letters]");
  compare(now.key_memory_bytes() != 0 || next.key_memory_bytes() == 0, "replay.sources",
          "whether there is memory for the marks of replayed dead letters");
  compare(now.limits == next.limits, "limits", "[limits]");
  compare(now.shutdown == next.shutdown, "shutdown", "[shutdown]");
  compare(now.log == next.log, "log", "[log]");
  compare(now.control == next.control, "control", "[control]");
  return problems;
}

}  // namespace esc::config
