// SPDX-License-Identifier: BSD-3-Clause
// stats: how many dead letters there are, and of what.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "dlq/folder.hpp"
#include "esc-dlq/filter.hpp"
#include "esc-dlq/missing.hpp"

namespace esc::dlq_tool {

/// Counts letters. Thread: one; add() joins the counts of several threads.
class Statistics {
 public:
  /// Beyond so many topics or sources, only the sum of their letters is kept, since senders can
  /// invent any number of names.
  static constexpr std::size_t kMaxNames = 100'000;

  Statistics() = default;
  // It holds pointers into its own maps. Moving is safe, since the entries of a moved map stay
  // where they are.
  Statistics(const Statistics&) = delete;
  Statistics& operator=(const Statistics&) = delete;
  Statistics(Statistics&&) = default;
  Statistics& operator=(Statistics&&) = default;

  void count(const dlq::Record& record);
  /// Counts what went wrong while a segment was read.
  void count(const dlq::SegmentRead& read) noexcept { missing_.count(read); }
  void add(const Statistics& other);

  class Named {
   public:
    struct Hash : std::hash<std::string_view> {
      using is_transparent = void;
    };
    std::unordered_map<std::string, std::uint64_t, Hash, std::equal_to<>> letters;
    std::uint64_t others = 0;  ///< letters of names beyond kMaxNames

    void count(std::string_view name, std::uint64_t letters_of_it = 1);

   private:
    std::pair<const std::string, std::uint64_t>* last_ = nullptr;  ///< in `letters`: counted last
  };
  [[nodiscard]] std::uint64_t letters() const noexcept { return letters_; }
  [[nodiscard]] const Missing& missing() const noexcept { return missing_; }
  [[nodiscard]] std::uint64_t frame_bytes() const noexcept { return frame_bytes_; }
  [[nodiscard]] const std::array<std::uint64_t, 256>& by_reason() const { return by_reason_; }
  [[nodiscard]] const Named& by_topic() const { return by_topic_; }
  /// By source; the keys are the bytes that source_text() reads.
  [[nodiscard]] const Named& by_source() const { return by_source_; }
  [[nodiscard]] static std::string source_of(std::string_view key);
  /// Letters by the hour of their death, in hours since 1970.
  [[nodiscard]] const std::map<std::uint64_t, std::uint64_t>& by_hour() const { return by_hour_; }

 private:
  std::uint64_t letters_ = 0;
  Missing missing_;
  std::uint64_t frame_bytes_ = 0;
  std::array<std::uint64_t, 256> by_reason_{};
  Named by_topic_;
  Named by_source_;
  std::map<std::uint64_t, std::uint64_t> by_hour_;
  std::uint64_t hour_ = 0;                    ///< counted last
  std::uint64_t* letters_of_hour_ = nullptr;  ///< in `by_hour_`
};

/// Counts the letters of all segments, on as many threads as oneTBB has. `on_read`: as in
/// dlq::scan_folder.
[[nodiscard]] Statistics gather(const dlq::Folder& folder, const Filter& filter,
                                const std::function<void(std::uint64_t bytes)>& on_read);

/// `top`: lines of each kind, the most first.
void print_statistics(std::ostream& out, const Statistics& statistics, std::size_t top, bool json);

}  // namespace esc::dlq_tool
