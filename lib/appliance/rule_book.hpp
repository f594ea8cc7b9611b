// SPDX-License-Identifier: BSD-3-Clause
// The rules that a reload replaces, and how they are replaced while stages use them.
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
#include "worker/handler_registry.hpp"

namespace esc::appliance {

/// Thread: the main lcore, which makes it; any thread for build(). Lcores read what is published.
/// Outlives the lcores.
class RuleBook {
 public:
  /// `handlers` outlives this object and every recipe. `lcores`: how many lcores report their
  /// quiescent states.
  RuleBook(const config::Config& config, const worker::HandlerRegistry& handlers,
           std::size_t lcores);

  [[nodiscard]] runtime::Quiescence& quiescence() noexcept { return quiescence_; }
  [[nodiscard]] const runtime::Published<route::Rules>& rules() const noexcept { return rules_; }
  [[nodiscard]] const runtime::Published<control::PressureTable>& pressure() const noexcept {
    return pressure_;
  }
  /// The routes in force, valid until the next publish(). Throws std::logic_error on any thread but
  /// the main lcore's, since a reload could free the routes while another thread uses them.
  [[nodiscard]] const route::RouteSet& routes() const {
    main_.require("the routes in force");
    return rules_.get()->routes;
  }
  [[nodiscard]] const worker::HandlerRegistry& handlers() const noexcept { return handlers_; }
  [[nodiscard]] const route::TopicHasher& hasher() const noexcept { return hasher_; }
  /// Slots of per-topic figures that workers keep.
  [[nodiscard]] std::size_t slots() const noexcept { return slots_; }

  /// Why nothing was replaced.
  struct Refusal {
    std::string reason;
    std::string fix;
    std::vector<std::size_t> awaited{};  ///< the lcores that have not ended a round since
  };

  /// What the rules of a configuration are made of; owns all of it, so that they can be built on
  /// another thread, whatever becomes of this object meanwhile.
  struct Recipe {
    std::shared_ptr<const config::Config> config;
    route::SlotRegistry::Plan plan;
    route::TopicHasher hasher;
    const worker::HandlerRegistry* handlers = nullptr;  ///< a registry that does not change
    std::uint64_t producer_seed = 0;
    /// As long as it exists the slots stay as planned; it is destroyed with the recipe, however
    /// that ends.
    std::shared_ptr<const void> reservation;
  };
  struct Built {
    Recipe recipe;
    std::unique_ptr<const route::Rules> rules;
    std::unique_ptr<const control::PressureTable> pressure;
  };
  /// Decides which slots the new routes have. From then on slots stay as they are until the recipe,
  /// and what was built from it, are gone: so there is one replacement at a time.
  [[nodiscard]] std::variant<Recipe, Refusal> plan(std::shared_ptr<const config::Config> config);
  /// Any thread. May take long.
  [[nodiscard]] static Built build(Recipe recipe);
  /// Publishes all of it as one. `zero` is called for each slot whose figures are to begin anew.
  void publish(Built built, const std::function<void(std::uint32_t)>& zero);
  /// Whether a recipe, or what was built from it, exists.
  [[nodiscard]] bool planned() const noexcept { return !reserved_.expired(); }
  /// Frees replaced rules that nobody uses any more; returns whether none is left.
  bool reclaim();
  /// To be called when nobody counts any more in slots that the last publish() or an earlier one
  /// gave up. Not while planned().
  void slots_are_quiet();
  [[nodiscard]] std::uint64_t replaced() const noexcept { return replaced_; }

 private:
  [[nodiscard]] static std::unique_ptr<const control::PressureTable> pressure_table(
      const config::Config& config);
  [[nodiscard]] static std::unique_ptr<const route::Rules> rules_of(
      const config::Config& config, const route::SlotRegistry::Plan& plan,
      const route::TopicHasher& hasher, const worker::HandlerRegistry& handlers,
      std::uint64_t producer_seed);
  [[nodiscard]] std::unique_ptr<const route::Rules> first_rules(const config::Config& config);

  OneThread main_;
  const worker::HandlerRegistry& handlers_;
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
