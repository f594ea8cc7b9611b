// SPDX-License-Identifier: BSD-3-Clause
// The file as TOML, with the overrides of the command line applied, and the place that each value
// came from. Internal to lib/config.
#pragma once

#include <toml++/toml.h>

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.hpp"

namespace esc::config {

class Document {
 public:
  /// Parses `text` and applies `sets` ("key=value"). Reports all problems of the overrides, but
  /// only the first of the text.
  static std::variant<Document, std::vector<Problem>> parse(std::string_view text,
                                                            std::string_view name,
                                                            const std::vector<std::string>& sets);

  [[nodiscard]] const toml::table& root() const noexcept { return root_; }
  [[nodiscard]] const std::string& file() const noexcept { return file_; }

  /// The override that set `path` or something around it, or nullptr.
  [[nodiscard]] const std::string* override_of(std::string_view path) const;
  /// "file:line:column" of `region`, or the override that set `path` or something around it.
  [[nodiscard]] std::string where(std::string_view path, const toml::source_region& region) const;

 private:
  struct Step;
  static std::variant<std::vector<Step>, Problem> parse_path(const std::string& set,
                                                             std::string_view path);
  std::vector<Problem> apply(const std::string& set);
  std::variant<toml::table*, Problem> descend(const std::string& place,
                                              const std::vector<Step>& steps);

  toml::table root_;
  std::string file_;
  std::map<std::string, std::string, std::less<>> overridden_;  // path -> "--set ..."
};

/// The path one level out: "a.b[1]" -> "a.b" -> "a" -> "".
[[nodiscard]] std::string_view outer(std::string_view path) noexcept;

}  // namespace esc::config
