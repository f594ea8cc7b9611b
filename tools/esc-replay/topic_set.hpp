// SPDX-License-Identifier: BSD-3-Clause
// The topics of a trace: listed ones, for which there are routes, and unlisted ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "esc-replay/distribution.hpp"

namespace esc::replay {

class TopicSet {
 public:
  /// `count` distinct names whose lengths follow `bytes`; the same seed gives the same names.
  /// Throws Error (usage) when the lengths leave no room for that many.
  static TopicSet generate(std::size_t count, const Distribution& bytes, std::uint64_t seed);
  /// One topic a line, most frequent first; at most `count` of them unless 0. Throws Error:
  /// unreadable, empty, or a line that is no topic a route can name.
  static TopicSet read(const std::string& path, std::size_t count, const Distribution& bytes,
                       std::uint64_t seed);

  [[nodiscard]] const std::vector<std::string>& listed() const noexcept { return listed_; }
  /// Names that no route is made for; never empty.
  [[nodiscard]] const std::vector<std::string>& unlisted() const noexcept { return unlisted_; }
  [[nodiscard]] std::size_t longest_bytes() const noexcept { return longest_bytes_; }

  void write(const std::string& path) const;

 private:
  void finish(const Distribution& bytes, std::uint64_t seed);

  std::vector<std::string> listed_;
  std::vector<std::string> unlisted_;
  std::size_t longest_bytes_ = 0;
};

}  // namespace esc::replay
