// SPDX-License-Identifier: BSD-3-Clause
#include "config/shape.hpp"

#include <algorithm>

namespace esc::config {
namespace {

/// Walks over a text byte by byte.
class Walk {
 public:
  explicit Walk(std::string_view text) : text_(text) {}

  Shape judge() {
    while (at_ < text_.size() && problem_.empty()) {
      step();
      if (depth_ > kMaxNesting) over("brackets", kMaxNesting, "deep");
      if (key_dots_ >= kMaxKeyParts) over("a key", kMaxKeyParts, "parts long");
      if (items_ > kMaxItems) over("it", kMaxItems, "keys and values long");
    }
    return {items_, problem_, line_};
  }

 private:
  void over(const std::string& what, std::size_t bound, const std::string& measure) {
    problem_ = what + " may be at most " + std::to_string(bound) + " " + measure;
  }

  void step() {
    const char c = text_[at_];
    switch (c) {
      case '"':
      case '\'':
        skip_string(c);
        return;
      case '#':
        at_ = std::min(text_.find('\n', at_), text_.size());
        return;
      case '[':
      case '{':
        ++depth_;
        begin_item();
        break;
      case ']':
      case '}':
        depth_ -= std::min<std::size_t>(depth_, 1);
        key_dots_ = 0;
        break;
      case '\n':
        ++line_;
        key_dots_ = 0;
        break;
      case ',':
      case '=':
        begin_item();
        break;
      case '.':
        ++key_dots_;
        break;
      default:
        break;
    }
    ++at_;
  }

  void begin_item() {
    key_dots_ = 0;
    ++items_;
  }

  void skip_string(char quote) {
    const std::string three(3, quote);
    if (text_.substr(at_).starts_with(three)) {
      at_ += 3;
      skip_lines(quote, three);
      return;
    }
    // The string ends with its line at the latest. A line break in it is an error that the parser
    // reports.
    for (++at_; at_ < text_.size() && text_[at_] != '\n'; ++at_) {
      if (text_[at_] == '\\' && quote == '"') {
        // An escaped line break does not belong to such a string either.
        if (at_ + 1 < text_.size() && text_[at_ + 1] != '\n') ++at_;
      } else if (text_[at_] == quote) {
        ++at_;
        return;
      }
    }
  }

  void skip_lines(char quote, const std::string& three) {
    while (at_ < text_.size()) {
      if (text_[at_] == '\\' && quote == '"') {
        ++at_;  // and whatever it escapes, below
        if (at_ == text_.size()) return;
      } else if (text_.substr(at_).starts_with(three)) {
        at_ += 3;
        // Up to two quotes may come before the three that end the string.
        for (int i = 0; i < 2 && at_ < text_.size() && text_[at_] == quote; ++i) ++at_;
        return;
      }
      if (text_[at_] == '\n') ++line_;
      ++at_;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t depth_ = 0;
  std::size_t key_dots_ = 0;
  std::size_t items_ = 0;
  std::string problem_;
};

}  // namespace

Shape shape_of(std::string_view text) {
  return Walk(text).judge();
}

}  // namespace esc::config
