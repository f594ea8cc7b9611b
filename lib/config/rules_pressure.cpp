// SPDX-License-Identifier: BSD-3-Clause
// Rules of the configuration: thresholds that rise over the levels, and leave thresholds below
// their enter thresholds.
#include <string>
#include <string_view>

#include "config/loading.hpp"
#include "config/sections.hpp"

namespace esc::config {
namespace {

std::string quoted(std::string_view key, std::size_t index) {
  return "'" + element(key, index) + "'";
}

class PressureRules {
 public:
  PressureRules(Reader& reader, const Section& section, const PressureConfig& read)
      : reader_(reader), section_(section), read_(read) {}

  void check() {
    for (std::size_t i = 0; i < kPressureInputs; ++i) {
      check_thresholds(static_cast<PressureInput>(i));
    }
    const auto& shed_below = read_.shed_below;
    if (!reader_.sound("shed_below") || shed_below[1] >= shed_below[0]) return;
    reader_.problem(reader_.where(section_, "shed_below", 1),
                    quoted("shed_below", 1) + " is " + std::to_string(shed_below[1]) +
                        ", below the one before it, " + std::to_string(shed_below[0]),
                    "emergency sheds at least what critical sheds");
  }

 private:
  void check_thresholds(PressureInput input) {
    const std::string enter_key = std::string(name(input)) + "_enter_permille";
    const std::string leave_key = std::string(name(input)) + "_leave_permille";
    const PressureThresholds& thresholds = read_.thresholds[static_cast<std::size_t>(input)];
    if (!reader_.sound(enter_key) || !reader_.sound(leave_key)) return;
    for (std::size_t i = 1; i < thresholds.enter.size(); ++i) {
      const bool both_never =
          thresholds.enter[i] == kNeverPermille && thresholds.enter[i - 1] == kNeverPermille;
      if (thresholds.enter[i] > thresholds.enter[i - 1] || both_never) continue;
      out_of_order(enter_key, i, "not above", thresholds.enter[i], thresholds.enter[i - 1]);
    }
    for (std::size_t i = 1; i < thresholds.leave.size(); ++i) {
      if (thresholds.leave[i] >= thresholds.leave[i - 1]) continue;
      out_of_order(leave_key, i, "below", thresholds.leave[i], thresholds.leave[i - 1]);
    }
    for (std::size_t i = 0; i < thresholds.enter.size(); ++i) {
      if (thresholds.leave[i] < thresholds.enter[i]) continue;
      // The threshold that the file gives is named first; the other one may be a default.
      const bool leave_written = reader_.has(section_, leave_key);
      const std::string& key = leave_written ? leave_key : enter_key;
      const std::string& other = leave_written ? enter_key : leave_key;
      reader_.problem(
          reader_.where(section_, key, i),
          quoted(key, i) + " is " +
              std::to_string(leave_written ? thresholds.leave[i] : thresholds.enter[i]) +
              (leave_written ? ", not below " : ", not above ") + quoted(other, i) + ", " +
              std::to_string(leave_written ? thresholds.enter[i] : thresholds.leave[i]),
          "leave each level at less than it is entered at, or the level flaps");
    }
  }

  void out_of_order(std::string_view key, std::size_t index, std::string_view relation,
                    std::uint16_t number, std::uint16_t before) {
    reader_.problem(reader_.where(section_, key, index),
                    quoted(key, index) + " is " + std::to_string(number) + ", " +
                        std::string(relation) + " the one before it, " + std::to_string(before),
                    "give them for elevated, degraded, critical and emergency, in this order");
  }

  Reader& reader_;
  const Section& section_;
  const PressureConfig& read_;
};

}  // namespace

void check_pressure(const Loading& in, const Section& pressure) {
  PressureRules(in.reader, pressure, in.config.pressure).check();
}

}  // namespace esc::config
