// What a reload replaces, as the stages find it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "control/pressure_table.hpp"
#include "route/rules.hpp"
#include "route/slot_registry.hpp"
#include "route/topic_hasher.hpp"
#include "runtime/published.hpp"

namespace esc::app {

/// Thread: main lcore, but for what is published, which lcores read. Outlives the lcores.
class RuleBook {
 public:
  /// `lcores`: how many report their quiescent states.
  RuleBook(const config::Config& config, std::size_t lcores);

  [[nodiscard]] runtime::Quiescence& quiescence() noexcept { return quiescence_; }
  [[nodiscard]] const runtime::Published<route::Rules>& rules() const noexcept { return rules_; }
  [[nodiscard]] const runtime::Published<control::PressureTable>& pressure() const noexcept {
    return pressure_;
  }
  [[nodiscard]] const route::TopicHasher& hasher() const noexcept { return hasher_; }
  /// Slots of per-topic figures that workers keep.
  [[nodiscard]] std::size_t slots() const noexcept { return slots_; }

  /// Why nothing was replaced.
  struct Refusal {
    std::string reason;
    std::string fix;
    std::vector<std::size_t> awaited{};  ///< the lcores that do not come round
  };
  /// Builds the rules of `config` aside and publishes them as one. `zero` is called for each slot
  /// whose figures are to begin anew.
  [[nodiscard]] std::optional<Refusal> replace(const config::Config& config,
                                               const std::function<void(std::uint32_t)>& zero);
  /// Frees what nobody looks at any more; whether that is all that was replaced.
  bool reclaim();
  /// Nobody counts in slots that were given up by the last replace(), or before.
  void slots_are_quiet();
  [[nodiscard]] std::uint64_t replaced() const noexcept { return replaced_; }

 private:
  [[nodiscard]] static std::unique_ptr<const control::PressureTable> pressure_table(
      const config::Config& config);
  [[nodiscard]] std::unique_ptr<const route::Rules> build(const config::Config& config,
                                                          const route::SlotRegistry::Plan& plan);
  [[nodiscard]] std::unique_ptr<const route::Rules> first_rules(const config::Config& config);

  route::TopicHasher hasher_;
  std::uint64_t producer_seed_;
  std::size_t slots_;
  route::SlotRegistry registry_;
  std::uint64_t ticket_ = 0;
  std::uint64_t replaced_ = 0;
  runtime::Quiescence quiescence_;
  runtime::Published<route::Rules> rules_;
  runtime::Published<control::PressureTable> pressure_;
};

}  // namespace esc::app
