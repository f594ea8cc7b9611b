// SPDX-License-Identifier: BSD-3-Clause
#include "config/fixed.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "config/keys.hpp"

namespace esc::config {
namespace {

bool is_fixed(const KeySpec& spec) {
  return spec.on_reload == OnReload::kRefused;
}

/// Compares two configurations, key by key.
class Comparison {
 public:
  Comparison(const Config& now, const Config& next) : now_(now), next_(next) {}

  void section(const SectionSpec& spec) {
    if (!std::ranges::any_of(spec.keys, is_fixed)) return;
    const std::size_t was = spec.binding.count(now_);
    const std::size_t is = spec.binding.count(next_);
    const std::size_t both = std::min(was, is);
    for (std::size_t i = 0; i < both; ++i) {
      table(spec, i, spec.binding.at(now_, i), spec.binding.at(next_, i));
    }
    if (was == is) return;
    const std::string name(spec.name);
    add(name + "[" + std::to_string(both) + "]", "the number of [[" + name + "]] tables");
  }

  void add(const std::string& key, const std::string& what) {
    problems_.push_back({next_.where(key), what + " cannot change while escd runs",
                         "put it back, or restart escd with the new file"});
  }

  [[nodiscard]] std::vector<Problem> take() { return std::move(problems_); }

 private:
  void table(const SectionSpec& spec, std::size_t index, const void* was, const void* is) {
    std::string name(spec.name);
    if (spec.is_array) name += "[" + std::to_string(index) + "]";
    for (const KeySpec& each : spec.keys) {
      if (is_fixed(each))
        key((name.empty() ? "" : name + ".") + std::string(each.key), each, was, is);
    }
    // A difference that no key shows must not pass for unchanged.
    const bool all = std::ranges::all_of(spec.keys, is_fixed);
    if (!all || !problems_.empty() || spec.binding.same == nullptr) return;
    if (!spec.binding.same(was, is)) add(name, "[" + name + "]");
  }

  /// A value that neither file gives follows from other keys ([rings] from [lcores]). Then those
  /// keys are named instead of this one.
  void key(const std::string& path, const KeySpec& spec, const void* was, const void* is) {
    if (spec.binding.same(was, is)) return;
    if (!now_.sources.contains(path) && !next_.sources.contains(path)) return;
    add(path, "'" + path + "'");
  }

  const Config& now_;
  const Config& next_;
  std::vector<Problem> problems_;
};

}  // namespace

std::vector<Problem> check_fixed(const Config& now, const Config& next) {
  Comparison found(now, next);
  for (const SectionSpec& spec : all_sections()) found.section(spec);
  if (now.key_memory_bytes() == 0 && next.key_memory_bytes() != 0) {
    found.add("replay.sources", "whether there is memory for the marks of replayed dead letters");
  }
  return found.take();
}

}  // namespace esc::config
