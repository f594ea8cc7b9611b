// SPDX-License-Identifier: BSD-3-Clause
// What a reload replaces, as the stages find it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/one_thread.hpp"
#include "config/config.hpp"
#include "control/pressure_table.hpp"
#include "route/rules.hpp"
#include "route/slot_registry.hpp"
#include "route/topic_hasher.hpp"
#include "runtime/published.hpp"

namespace esc::appliance {

/// Thread: main lcore, which makes it, but for build(); what is published lcores read. Outlives the
/// lcores.
class RuleBook {
 public:
  /// `lcores`: how many report their quiescent states.
  RuleBook(const config::Config& config, std::size_t lcores);

  [[nodiscard]] runtime::Quiescence& quiescence() noexcept { return quiescence_; }
  [[nodiscard]] const runtime::Published<route::Rules>& rules() const noexcept { return rules_; }
  [[nodiscard]] const runtime::Published<control::PressureTable>& pressure() const noexcept {
    return pressure_;
  }
  /// Those in force, until the next publish(). Throws std::logic_error on any thread but the main
  /// lcore's: a reload could free them under it.
  [[nodiscard]] const route::RouteSet& routes() const {
    main_.require("the routes in force");
    return rules_.get()->routes;
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

  /// What the rules of a configuration are made of; owns all of it, so that they can be built on
  /// another thread, whatever becomes of this object meanwhile.
  struct Recipe {
    std::shared_ptr<const config::Config> config;
    route::SlotRegistry::Plan plan;
    route::TopicHasher hasher;
    std::uint64_t producer_seed = 0;
    /// While anybody has it the slots keep: it goes with the recipe, however that ends.
    std::shared_ptr<const void> reservation;
  };
  struct Built {
    Recipe recipe;
    std::unique_ptr<const route::Rules> rules;
    std::unique_ptr<const control::PressureTable> pressure;
  };
  /// Decides which slots the new routes have. From here on slots keep, until the recipe and what
  /// was built of it are gone: one replacement at a time.
  [[nodiscard]] std::variant<Recipe, Refusal> plan(std::shared_ptr<const config::Config> config);
  /// Any thread. May take long.
  [[nodiscard]] static Built build(Recipe recipe);
  /// Publishes all of it as one. `zero` is called for each slot whose figures are to begin anew.
  void publish(Built built, const std::function<void(std::uint32_t)>& zero);
  /// A recipe is under way, or what was built of it.
  [[nodiscard]] bool planned() const noexcept { return !reserved_.expired(); }
  /// Frees what nobody looks at any more; whether that is all that was replaced.
  bool reclaim();
  /// Nobody counts in slots that were given up by the last publish(), or before. Not while
  /// planned().
  void slots_are_quiet();
  [[nodiscard]] std::uint64_t replaced() const noexcept { return replaced_; }

 private:
  [[nodiscard]] static std::unique_ptr<const control::PressureTable> pressure_table(
      const config::Config& config);
  [[nodiscard]] static std::unique_ptr<const route::Rules> rules_of(
      const config::Config& config, const route::SlotRegistry::Plan& plan,
      const route::TopicHasher& hasher, std::uint64_t producer_seed);
  [[nodiscard]] std::unique_ptr<const route::Rules> first_rules(const config::Config& config);

  OneThread main_;
  route::TopicHasher hasher_;
  std::uint64_t producer_seed_;
  std::size_t slots_;
  route::SlotRegistry registry_;
  std::uint64_t ticket_ = 0;
  std::uint64_t replaced_ = 0;
  std::weak_ptr<const void> reserved_;
  runtime::Quiescence quiescence_;
  runtime::Published<route::Rules> rules_;
  runtime::Published<control::PressureTable> pressure_;
};

}  // namespace esc::appliance
