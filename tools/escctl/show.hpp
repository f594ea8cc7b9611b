// SPDX-License-Identifier: BSD-3-Clause
// Results of commands as text for people.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace esc::ctl {

/// What `escctl COMMAND` prints for `result`. Missing keys are left out, unknown ones shown as they
/// are. Each line ends with a newline; the text contains no control sequences.
[[nodiscard]] std::string show(std::string_view command, const nlohmann::ordered_json& result);

/// Any document: figures aligned under their names, lists and maps of records as tables.
[[nodiscard]] std::string show_tree(const nlohmann::ordered_json& document);

/// The verdict of a health document: "healthy" must be true and no check may have failed.
[[nodiscard]] bool is_healthy(const nlohmann::ordered_json& health);

}  // namespace esc::ctl
