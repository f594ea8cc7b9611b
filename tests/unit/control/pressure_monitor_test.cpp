// SPDX-License-Identifier: BSD-3-Clause
// The monitor: what it shows to other lcores, and the changes that it keeps for the log.
#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

#include "control/pressure.hpp"
#include "control/pressure_report.hpp"
#include "pressure_model.hpp"

namespace esc::control {
namespace {

using namespace test;
using enum PressureLevel;

PressureInputs random_inputs(std::mt19937_64& random) {
  PressureInputs inputs;
  const std::uint64_t top = 1 + random() % 1'000;
  for (std::uint16_t& permille : inputs.permille) {
    permille = static_cast<std::uint16_t>(random() % 3 == 0 ? random() % (top + 1) : 0);
  }
  return inputs;
}

TEST(PressureMonitor, ShowsWhatTheMachineSaysAndAccountsForAllTime) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    const config::PressureConfig config = random_config(random);
    const PressureTable table = make_pressure_table(config, kTicksPerSecond);
    PressureMonitor monitor(table, 500);
    PressureMachine machine(table);
    PressureMonitor::History::Cursor cursor;
    std::array<std::uint64_t, kPressureLevels> ticks{};
    std::array<std::uint64_t, kPressureLevels> entered{};
    std::uint64_t now = 500;
    for (std::uint64_t i = 1; i <= 2'000; ++i) {
      const std::uint64_t step = random() % 20;
      const PressureInputs inputs = random_inputs(random);
      ticks[static_cast<std::size_t>(machine.level())] += step;
      now += step;
      const auto change = machine.evaluate(inputs, now);
      ASSERT_EQ(monitor.evaluate(inputs, now), machine.level());
      ASSERT_EQ(monitor.board().read(), action(table, machine.level(), inputs));
      ASSERT_EQ(monitor.inputs().permille, inputs.permille);
      ASSERT_EQ(monitor.evaluations(), i);
      PressureChange seen;
      ASSERT_EQ(monitor.history().next(cursor, seen), change.has_value());
      if (change) {
        ASSERT_EQ(seen, *change);
        ++entered[static_cast<std::size_t>(change->to)];
      }
    }
    for (std::size_t i = 0; i < kPressureLevels; ++i) {
      const auto level = static_cast<PressureLevel>(i);
      EXPECT_EQ(monitor.ticks_in(level), ticks[i]) << seed << name(level);
      EXPECT_EQ(monitor.entered(level), entered[i]) << seed << name(level);
    }
    EXPECT_EQ(std::accumulate(ticks.begin(), ticks.end(), std::uint64_t{0}), now - 500);
    EXPECT_EQ(cursor.missed, 0U);
  }
}

TEST(PressureMonitor, AClockThatGoesBackAddsNoTime) {
  PressureMonitor monitor(make_pressure_table({}, kTicksPerSecond), 100);
  monitor.evaluate({}, 110);
  monitor.evaluate({}, 90);
  EXPECT_EQ(monitor.ticks_in(kHealthy), 10U);
  monitor.evaluate({}, 115);
  EXPECT_EQ(monitor.ticks_in(kHealthy), 15U);
}

TEST(PressureMonitor, OtherThresholdsReachTheWord) {
  config::PressureConfig config;
  PressureMonitor monitor(make_pressure_table(config, kTicksPerSecond), 0);
  PressureInputs inputs;
  inputs[PressureInput::kIngestRing] = 1'000;
  monitor.evaluate(inputs, 1);
  EXPECT_EQ(monitor.board().read().cutoff(), 255);
  config.shed_below = {10, 20};
  monitor.use(make_pressure_table(config, kTicksPerSecond));
  monitor.evaluate(inputs, 2);
  EXPECT_EQ(monitor.board().read().cutoff(), 20);
  EXPECT_EQ(monitor.table()[kEmergency].shed_below, 20);
}

// One lcore evaluates; RX lcores read the word, the main lcore reads everything else.
TEST(PressureMonitorThreaded, ReadersSeeWordsAndChangesThatWere) {
  const config::PressureConfig config;
  const PressureTable table = make_pressure_table(config, kTicksPerSecond);
  PressureMonitor monitor(table, 0);
  std::atomic<bool> done{false};
  std::uint64_t end = 0;
  std::thread dispatcher([&] {
    std::mt19937_64 random(3);
    std::uint64_t now = 0;
    for (int i = 0; i < 100'000; ++i) monitor.evaluate(random_inputs(random), now += random() % 80);
    end = now;
    done.store(true, std::memory_order_release);
  });
  std::thread rx([&] {
    std::uint64_t impossible = 0;
    while (!done.load(std::memory_order_acquire)) {
      const PressureWord word = monitor.board().read();
      const bool defers =
          word.has(PressureWord::kDeferLossless) || word.has(PressureWord::kDeferNic);
      impossible += word.level() >= kCount ? 1 : 0;
      impossible += word.cutoff() > table[word.level()].shed_below ? 1 : 0;
      impossible += defers && (word.level() == kHealthy || word.level() >= kCritical) ? 1 : 0;
    }
    EXPECT_EQ(impossible, 0U);
  });
  PressureMonitor::History::Cursor cursor;
  std::uint64_t had = 0;
  std::uint64_t missed = 0;
  std::uint64_t wrong = 0;
  PressureChange last{};
  bool over = false;
  while (!over) {
    over = done.load(std::memory_order_acquire);
    PressureChange change;
    while (monitor.history().next(cursor, change)) {
      ++had;
      wrong += change.from == change.to || change.at < last.at ? 1 : 0;
      // The one before it led here, unless that was missed.
      wrong += cursor.missed == missed && change.from != last.to ? 1 : 0;
      missed = cursor.missed;
      last = change;
    }
    wrong += read_pressure(monitor, {}).last_changes.size() > PressureMonitor::kKeptChanges;
  }
  dispatcher.join();
  rx.join();
  EXPECT_EQ(wrong, 0U);
  EXPECT_EQ(had + cursor.missed, monitor.history().appended());
  EXPECT_EQ(last.to, monitor.board().read().level());
  EXPECT_EQ(monitor.evaluations(), 100'000U);
  std::uint64_t ticks = 0;
  for (std::size_t i = 0; i < kPressureLevels; ++i) {
    ticks += monitor.ticks_in(static_cast<PressureLevel>(i));
  }
  EXPECT_EQ(ticks, end);
}

// --- For people ------------------------------------------------------------------------------

TEST(PressureReport, TheWholeDocument) {
  config::PressureConfig config;
  config.dwell_ms = {10, 20, 30, 40};
  PressureMonitor monitor(make_pressure_table(config, kTicksPerSecond), 0);
  PressureInputs inputs;
  inputs[PressureInput::kIngestRing] = 850;
  inputs[PressureInput::kPool] = 12;
  monitor.evaluate({}, 1'000);
  monitor.evaluate(inputs, 2'500);
  monitor.evaluate({}, 2'600);
  monitor.evaluate({}, 2'630);
  PressureReading reading = read_pressure(monitor, {3'000, kTicksPerSecond});
  reading.totals.shed[3] = 77;
  const auto json = to_json(reading, config);
  EXPECT_EQ(json["level"], "degraded");
  EXPECT_EQ(json["shed_below_now"], 0);
  EXPECT_EQ(json["defers_lossless_ports"], false);
  EXPECT_EQ(json["evaluations"], 4);
  EXPECT_EQ(json["changes"], 2);
  EXPECT_EQ(json["seconds_in"].dump(),
            R"({"healthy":2.5,"elevated":0.0,"degraded":0.0,"critical":0.13,"emergency":0.0})");
  EXPECT_EQ(json["entered"].dump(),
            R"({"healthy":0,"elevated":0,"degraded":1,"critical":1,"emergency":0})");
  EXPECT_EQ(json["frames_shed"].dump(),
            R"({"healthy":0,"elevated":0,"degraded":0,"critical":77,"emergency":0})");
  EXPECT_EQ(json["shed_below"].dump(), R"({"critical":128,"emergency":255})");
  EXPECT_EQ(json["dwell_ms"].dump(),
            R"({"elevated":10,"degraded":20,"critical":30,"emergency":40})");
  EXPECT_EQ(json["worker_latency_full_us"], 1'000'000);
  EXPECT_EQ(
      json["inputs"]["worker_latency"].dump(),
      R"({"permille":0,"enter_permille":{"elevated":250,"degraded":500,"critical":null,)"
      R"("emergency":null},)"
      R"("leave_permille":{"elevated":125,"degraded":250,"critical":null,"emergency":null}})");
  EXPECT_EQ(json["inputs"].size(), kPressureInputs);
  EXPECT_EQ(
      json["last_changes"].dump(),
      R"([{"seconds_ago":0.5,"from":"healthy","to":"critical","input":"ingest_ring",)"
      R"("permille":850,"threshold_permille":800},)"
      R"({"seconds_ago":0.37,"from":"critical","to":"degraded","input":"worker_ring","permille":0,)"
      R"("threshold_permille":700}])");
}

TEST(PressureReport, NowReadBeforeTheChangeIsNoAge) {
  PressureMonitor monitor(make_pressure_table({}, kTicksPerSecond), 0);
  PressureInputs inputs;
  inputs[PressureInput::kPool] = 700;
  monitor.evaluate(inputs, 50);
  const auto json = to_json(read_pressure(monitor, {40, kTicksPerSecond}), {});
  EXPECT_EQ(json["last_changes"][0]["seconds_ago"], 0.0);
  EXPECT_EQ(json["defers_lossless_ports"], true);
  EXPECT_EQ(json["inputs"]["pool"]["permille"], 700);
}

TEST(PressureReport, KeepsTheLastChangesOnly) {
  PressureMonitor monitor(make_pressure_table(small_config(), kTicksPerSecond), 0);
  PressureInputs high;
  high[PressureInput::kIngestRing] = 20;
  for (std::uint64_t i = 0; i < 50; ++i) {
    monitor.evaluate(high, 100 * i);
    monitor.evaluate({}, 100 * i + 1);
    monitor.evaluate({}, 100 * i + 50);
  }
  const PressureReading reading = read_pressure(monitor, {5'000, kTicksPerSecond});
  EXPECT_EQ(reading.totals.changes, 100U);
  ASSERT_EQ(reading.last_changes.size(), PressureMonitor::kKeptChanges);
  EXPECT_EQ(reading.last_changes.back().at, 4'950U);
  EXPECT_EQ(reading.last_changes.front().at, 1'800U);
}

TEST(PressureReport, OneLineAChange) {
  EXPECT_EQ(to_text({1, 712, 700, kHealthy, kDegraded, PressureInput::kWorkerRing}),
            "pressure rises from healthy to degraded: worker_ring is at 712 per mille, degraded "
            "begins at 700");
  EXPECT_EQ(to_text({1, 610, 750, kCritical, kDegraded, PressureInput::kIngestRing}),
            "pressure falls from critical to degraded: every input is low enough; the nearest, "
            "ingest_ring, is at 610 per mille, critical may end below 750");
}

}  // namespace
}  // namespace esc::control
