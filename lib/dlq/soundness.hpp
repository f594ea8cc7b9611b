// SPDX-License-Identifier: BSD-3-Clause
// Whether a segment is as its appliance left it.
#pragma once

#include <cstdint>
#include <string>

#include "dlq/folder.hpp"

namespace esc::dlq {

enum class Soundness : std::uint8_t {
  kSound,
  kTorn,     ///< it ends in the middle of a commit that was never finished: nothing durable is lost
  kDamaged,  ///< bytes that were on the disk have changed
};
[[nodiscard]] Soundness soundness_of(const ScannedSegment& segment) noexcept;

/// What is wrong with a segment that is not sound, in a sentence of printable characters.
[[nodiscard]] std::string complaint_of(const ScannedSegment& segment);

}  // namespace esc::dlq
