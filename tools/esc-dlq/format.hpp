// SPDX-License-Identifier: BSD-3-Clause
// How a dead letter is printed. Nothing a sender wrote gets out unescaped.
#pragma once

#include <string>

#include "dlq/record.hpp"

namespace esc::dlq_tool {

enum class Form : std::uint8_t {
  kText,  ///< one line
  kJson,  ///< one object a line, ASCII
  kHex,   ///< a line, then its frame as hexdump shows it
  kPcap,  ///< a packet of a capture; see pcap_form.hpp
};

/// With its newline, if it is text.
[[nodiscard]] std::string format_letter(Form form, std::uint64_t segment,
                                        const dlq::Record& record);

}  // namespace esc::dlq_tool
