// SPDX-License-Identifier: BSD-3-Clause
#include "config/load_pressure.hpp"

#include <string>
#include <string_view>

namespace esc::config {
namespace {

std::string element(std::string_view key, std::size_t index) {
  return "'" + std::string(key) + "[" + std::to_string(index) + "]'";
}

class PressureReader {
 public:
  PressureReader(Reader& reader, PressureConfig& out)
      : reader_(reader), section_(reader.section("pressure")), out_(out) {}

  void run() {
    for (std::size_t i = 0; i < kPressureInputs; ++i)
      read_thresholds(static_cast<PressureInput>(i));
    reader_.read(section_, "worker_latency_full_us", out_.worker_latency_full_us);
    read_array("dwell_ms", out_.dwell_ms);
    reader_.read(section_, "defer_lossless", out_.defer_lossless);
    reader_.read(section_, "defer_nic", out_.defer_nic);
    reader_.read(section_, "keep_shed", out_.keep_shed);
    if (read_array("shed_below", out_.shed_below) && out_.shed_below[1] < out_.shed_below[0]) {
      reader_.problem(reader_.where(section_, "shed_below", 1),
                      element("shed_below", 1) + " is " + std::to_string(out_.shed_below[1]) +
                          ", below the one before it, " + std::to_string(out_.shed_below[0]),
                      "emergency sheds at least what critical sheds");
    }
  }

 private:
  /// False if the file has it and it is not sound; that is reported then.
  template <class Array>
  bool read_array(std::string_view key, Array& out) {
    const std::vector<std::int64_t> numbers = reader_.integers(section_, key);
    if (numbers.size() != out.size()) return !reader_.has(section_, key);
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = static_cast<typename Array::value_type>(numbers[i]);
    }
    return true;
  }

  void read_thresholds(PressureInput input) {
    const std::string enter_key = std::string(name(input)) + "_enter_permille";
    const std::string leave_key = std::string(name(input)) + "_leave_permille";
    PressureThresholds& thresholds = out_.thresholds[static_cast<std::size_t>(input)];
    const bool enter_sound = read_array(enter_key, thresholds.enter);
    const bool leave_sound = read_array(leave_key, thresholds.leave);
    if (!enter_sound || !leave_sound) return;
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
      // The one that was written is named first; the other may be a default.
      const bool leave_written = reader_.has(section_, leave_key);
      const std::string& key = leave_written ? leave_key : enter_key;
      const std::string& other = leave_written ? enter_key : leave_key;
      reader_.problem(
          reader_.where(section_, key, i),
          element(key, i) + " is " +
              std::to_string(leave_written ? thresholds.leave[i] : thresholds.enter[i]) +
              (leave_written ? ", not below " : ", not above ") + element(other, i) + ", " +
              std::to_string(leave_written ? thresholds.enter[i] : thresholds.leave[i]),
          "leave each level at less than it is entered at, or the level flaps");
    }
  }

  void out_of_order(std::string_view key, std::size_t index, std::string_view relation,
                    std::uint16_t number, std::uint16_t before) {
    reader_.problem(reader_.where(section_, key, index),
                    element(key, index) + " is " + std::to_string(number) + ", " +
                        std::string(relation) + " the one before it, " + std::to_string(before),
                    "give them for elevated, degraded, critical and emergency, in this order");
  }

  Reader& reader_;
  Section section_;
  PressureConfig& out_;
};

}  // namespace

void read_pressure(Reader& reader, PressureConfig& out) {
  PressureReader(reader, out).run();
}

}  // namespace esc::config
