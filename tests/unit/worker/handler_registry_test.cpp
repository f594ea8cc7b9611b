// SPDX-License-Identifier: BSD-3-Clause
#include "worker/handler_registry.hpp"

#include <gtest/gtest.h>
#include <rte_cycles.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "worker/builtin_handlers.hpp"
#include "worker/handler_set.hpp"

namespace esc::test {
namespace {

using worker::Handler;
using worker::HandlerContext;
using worker::HandlerDescriptor;
using worker::HandlerRegistry;

/// The workers that have an instance now.
std::multiset<std::size_t>& living() {
  static std::multiset<std::size_t> workers;
  return workers;
}

class TellingHandler final : public Handler {
 public:
  explicit TellingHandler(const HandlerContext& context)
      : worker_(context.worker), step_(context.option("step")) {
    living().insert(worker_);
  }
  ~TellingHandler() override { living().erase(living().find(worker_)); }
  [[nodiscard]] std::uint64_t handle(std::span<const event::WorkItem> events) noexcept override {
    steps_.add(events.size() * step_);
    return 0;
  }
  [[nodiscard]] const telemetry::Counter* counter(std::string_view name) const noexcept override {
    return name == "steps" ? &steps_ : nullptr;
  }

 private:
  std::size_t worker_;
  std::uint64_t step_;
  telemetry::Counter steps_;
};

std::unique_ptr<Handler> make_telling(const HandlerContext& context) {
  return std::make_unique<TellingHandler>(context);
}

constexpr std::array kTellingOptions = {worker::HandlerOption{"step", "how far it counts", 3}};
constexpr std::array kTellingCounters = {worker::HandlerCounter{"steps", "how far it counted"}};

HandlerDescriptor telling(std::string_view name) {
  return {.name = name,
          .meaning = "tells of itself",
          .options = kTellingOptions,
          .counters = kTellingCounters,
          .make = &make_telling};
}

TEST(HandlerRegistry, RefusesCountersThatCannotBeToldApart) {
  constexpr std::array kTwice = {worker::HandlerCounter{"steps", "one"},
                                 worker::HandlerCounter{"steps", "another"}};
  constexpr std::array kOdd = {worker::HandlerCounter{"Steps taken", "no name"}};
  HandlerRegistry registry;
  HandlerDescriptor descriptor = telling("first");
  descriptor.counters = kTwice;
  EXPECT_THROW(registry.add(descriptor), std::invalid_argument);
  descriptor.counters = kOdd;
  EXPECT_THROW(registry.add(descriptor), std::invalid_argument);
  EXPECT_EQ(registry.size(), 0U);
}

TEST(HandlerSet, RefusesAHandlerWithoutACounterThatItDescribes) {
  constexpr std::array kMore = {worker::HandlerCounter{"steps", "how far it counted"},
                                worker::HandlerCounter{"stumbles", "how often it fell"}};
  HandlerRegistry registry;
  HandlerDescriptor descriptor = telling("silent");
  descriptor.counters = kMore;
  registry.add(descriptor);
  EXPECT_THROW(worker::HandlerSet(registry, 0, 1), std::logic_error);
}

TEST(HandlerContext, KnowsItsOptionsByName) {
  const HandlerContext context{0, 1, kTellingOptions};
  EXPECT_EQ(context.option("step"), 3U);
  EXPECT_THROW((void)context.option("leap"), std::logic_error);
}

TEST(HandlerRegistry, FindsByName) {
  HandlerRegistry registry = worker::builtin_handlers();
  const auto added = registry.add(telling("mine"));
  EXPECT_EQ(registry.find("mine"), added);
  EXPECT_EQ(registry[added].meaning, "tells of itself");
  EXPECT_EQ(registry.find("nonesuch"), std::nullopt);
  EXPECT_EQ(registry.names(),
            (std::vector<std::string_view>{"count", "null", "fail", "slow", "mine"}));
  for (const std::string_view name : registry.names()) {
    EXPECT_EQ(registry[registry.find(name).value()].name, name);
    EXPECT_EQ(registry.name(registry.find(name).value()), name);
  }
  EXPECT_EQ(registry.name(registry.size()), "");
}

TEST(HandlerRegistry, RefusesWhatCannotBeOne) {
  HandlerRegistry registry;
  registry.add(telling("mine"));
  EXPECT_THROW(registry.add(telling("mine")), std::invalid_argument);
  EXPECT_THROW(registry.add(telling("")), std::invalid_argument);
  EXPECT_THROW(registry.add({.name = "unmade", .meaning = "is none"}), std::invalid_argument);
  EXPECT_EQ(registry.size(), 1U);
}

TEST(HandlerSet, HasAnInstanceOfEachHandlerForEachWorker) {
  HandlerRegistry registry;
  const auto first = registry.add(telling("first"));
  const auto second = registry.add(telling("second"));
  {
    worker::HandlerSet of_3(registry, 3, 1);
    worker::HandlerSet of_5(registry, 5, 1);
    EXPECT_EQ(living(), (std::multiset<std::size_t>{3, 3, 5, 5}));
    const std::vector<event::WorkItem> items(4);
    EXPECT_EQ(of_3[second].handle(items), 0U);
    EXPECT_EQ(of_3[second].counter("steps")->get(), 12U);
    EXPECT_EQ(of_3[first].counter("steps")->get(), 0U);
    EXPECT_EQ(of_5[second].counter("steps")->get(), 0U);
  }
  EXPECT_TRUE(living().empty());
}

/// Has the built-in handlers of one worker.
class BuiltinHandlers : public testing::Test {
 protected:
  [[nodiscard]] Handler& named(std::string_view name) { return set_[registry_.find(name).value()]; }

  HandlerRegistry registry_ = worker::builtin_handlers();
  worker::HandlerSet set_{registry_, 0, 1};
};

TEST_F(BuiltinHandlers, AnswerWithABitForEachEventAndNoMore) {
  const std::vector<event::WorkItem> items(64);
  for (const std::size_t count : {std::size_t{1}, std::size_t{63}, std::size_t{64}}) {
    const auto burst = std::span(items).first(count);
    EXPECT_EQ(named("count").handle(burst), 0U);
    EXPECT_EQ(named("null").handle(burst), 0U);
    EXPECT_EQ(named("fail").handle(burst),
              count == 64 ? UINT64_MAX : (std::uint64_t{1} << count) - 1);
  }
  EXPECT_EQ(named("fail").handle({}), 0U);
}

// It takes at least this time; how much longer depends on the machine.
TEST_F(BuiltinHandlers, SlowTakesItsTimeOverEventsAndBytes) {
  std::vector<event::WorkItem> items(3);
  for (event::WorkItem& item : items) item.event.length = 3 + 10;
  const std::uint64_t before = rte_rdtsc();
  EXPECT_EQ(named("slow").handle(items), 0U);
  EXPECT_GE(rte_rdtsc() - before, 3 * (2 + 10) * (rte_get_tsc_hz() / 1'000'000));
  EXPECT_EQ(named("slow").counter("spent")->get(), 36'000U);
}

TEST_F(BuiltinHandlers, AreOnTheirPage) {
  std::ifstream file(std::string(std::getenv("ESC_SOURCE_ROOT")) + "/docs/routing.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  for (std::size_t id = 0; id < registry_.size(); ++id) {
    const auto& descriptor = registry_[static_cast<HandlerRegistry::Id>(id)];
    std::string row =
        "| `" + std::string(descriptor.name) + "` | " + std::string(descriptor.meaning) + " | ";
    for (const auto& counter : descriptor.counters) {
      row += "`" + std::string(counter.name) + "`: " + std::string(counter.help);
    }
    row += descriptor.counters.empty() ? "|\n" : " |\n";
    EXPECT_NE(page.find(row), std::string::npos) << row;
  }
}

}  // namespace
}  // namespace esc::test
