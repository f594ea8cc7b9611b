// SPDX-License-Identifier: BSD-3-Clause
// One thing that is wrong, with what the reader can do about it.
#pragma once

#include <string>

namespace esc::topology {

/// `where` is a configuration key ("lcores.rx[1]") or a place in a file ("escd.toml:7:1"), `what`
/// is wrong there, `fix` is what to do about it. All three are plain printable text.
struct Problem {
  std::string where;
  std::string what;
  std::string fix;

  friend bool operator==(const Problem&, const Problem&) = default;
};

/// "where: what; fix", on one line.
[[nodiscard]] std::string to_text(const Problem& problem);

}  // namespace esc::topology
