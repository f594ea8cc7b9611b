// SPDX-License-Identifier: BSD-3-Clause
#include "config/entry.hpp"

#include <algorithm>

#include "base/number.hpp"
#include "config/device.hpp"
#include "config/reader.hpp"
#include "config/text.hpp"

namespace esc::config {
namespace {

/// What the getters of an Entry share: a key, and the reader that finds its value.
struct Judge {
  Reader& reader;
  const Section& in;
  const KeySpec& spec;

  // "'udp_ports[1]'"
  [[nodiscard]] std::string label(std::optional<std::size_t> index = std::nullopt) const {
    return "'" + (index ? element(spec.key, *index) : std::string(spec.key)) + "'";
  }

  // The place of the key's value, or of an element of its array. Only messages need it as text.
  [[nodiscard]] std::string place(std::optional<std::size_t> index = std::nullopt) const {
    return index ? reader.where(in, spec.key, *index) : reader.where(in, spec.key);
  }

  void wrong_type(const toml::node& node) const {
    reader.problem(
        place(), label() + " must be " + type_text(spec) + ", not " + std::string(type_name(node)),
        "write for example: " + std::string(spec.example));
  }

  [[nodiscard]] std::string number_bounds() const {
    KeySpec bare = spec;
    bare.type = KeyType::kInteger;
    bare.rule = {};
    return bounds_text(bare);
  }

  [[nodiscard]] bool sound_number(std::int64_t number,
                                  std::optional<std::size_t> index = std::nullopt) const {
    if (in_bounds(spec, number)) return true;
    reader.problem(place(index), label(index) + " is " + std::to_string(number),
                   "give " + number_bounds());
    return false;
  }

  [[nodiscard]] bool sound_text(const std::string& text,
                                std::optional<std::size_t> index = std::nullopt) const {
    const auto bytes = static_cast<std::int64_t>(text.size());
    if (bytes < spec.min || bytes > spec.max) {
      reader.problem(place(index), label(index) + " has " + std::to_string(bytes) + " bytes",
                     "give " + number_bounds() + " bytes");
      return false;
    }
    if (!has_control_character(text)) return true;
    reader.problem(place(index), label(index) + " holds a control character: " + in_quotes(text),
                   "remove it");
    return false;
  }

  // The key's array, if the number of its elements is allowed.
  [[nodiscard]] const toml::array* array() const {
    const toml::node* node = reader.value(in, spec);
    if (node == nullptr) return nullptr;
    const toml::array* list = node->as_array();
    if (list == nullptr) {
      wrong_type(*node);
      return nullptr;
    }
    const auto count = static_cast<std::int64_t>(list->size());
    if (count >= spec.min_items && count <= spec.max_items) return list;
    const bool any = spec.min_items != spec.max_items;
    reader.problem(place(), label() + " has " + std::to_string(count) + " entries",
                   "give " + (any ? std::to_string(spec.min_items) + " to " : "") +
                       std::to_string(spec.max_items));
    return nullptr;
  }
};

std::optional<std::uint64_t> parse_unsigned64(std::string_view text) {
  return text.starts_with("0x") ? parse_hex(text.substr(2)) : parse_whole(text);
}

struct PlacedPrefix {
  wire::IpPrefix prefix;
  std::size_t index = 0;
};

std::vector<PlacedPrefix> parse_prefixes(const Judge& judge,
                                         const std::vector<std::string>& texts) {
  std::vector<PlacedPrefix> placed;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto parsed = wire::parse_prefix(texts[i]);
    if (const auto* bad = std::get_if<wire::PrefixProblem>(&parsed)) {
      judge.reader.problem(judge.place(i), in_quotes(texts[i]) + " " + bad->what, bad->fix);
    } else {
      placed.push_back({std::get<wire::IpPrefix>(parsed), i});
    }
  }
  std::ranges::stable_sort(placed, {}, &PlacedPrefix::prefix);
  return placed;
}

}  // namespace

std::optional<std::int64_t> Entry::integer() const {
  const Judge judge{reader_, section_, spec_};
  const toml::node* node = reader_.value(section_, spec_);
  if (node == nullptr) return std::nullopt;
  const auto* number = node->as_integer();
  if (number == nullptr) {
    judge.wrong_type(*node);
    return std::nullopt;
  }
  if (!judge.sound_number(number->get())) return std::nullopt;
  return number->get();
}

std::optional<std::uint64_t> Entry::unsigned64() const {
  const Judge judge{reader_, section_, spec_};
  const toml::node* node = reader_.value(section_, spec_);
  if (node == nullptr) return std::nullopt;
  if (const auto* number = node->as_integer()) {
    if (number->get() >= 0) return static_cast<std::uint64_t>(number->get());
    reader_.problem(judge.place(), judge.label() + " is " + std::to_string(number->get()),
                    "give " + bounds_text(spec_));
    return std::nullopt;
  }
  const auto* text = node->as_string();
  if (text == nullptr) {
    judge.wrong_type(*node);
    return std::nullopt;
  }
  const std::optional<std::uint64_t> number = parse_unsigned64(text->get());
  if (!number) {
    reader_.problem(judge.place(), judge.label() + " is " + in_quotes(text->get()),
                    "give " + bounds_text(spec_));
  }
  return number;
}

std::optional<bool> Entry::boolean() const {
  const toml::node* node = reader_.value(section_, spec_);
  if (node == nullptr) return std::nullopt;
  if (const auto* flag = node->as_boolean()) return flag->get();
  Judge{reader_, section_, spec_}.wrong_type(*node);
  return std::nullopt;
}

std::optional<std::string> Entry::string() const {
  const Judge judge{reader_, section_, spec_};
  const toml::node* node = reader_.value(section_, spec_);
  if (node == nullptr) return std::nullopt;
  const auto* text = node->as_string();
  if (text == nullptr) {
    judge.wrong_type(*node);
    return std::nullopt;
  }
  if (!judge.sound_text(text->get())) return std::nullopt;
  return text->get();
}

std::optional<std::size_t> Entry::choice() const {
  const Judge judge{reader_, section_, spec_};
  const toml::node* node = reader_.value(section_, spec_);
  if (node == nullptr) return std::nullopt;
  if (const auto* flag = node->as_boolean();
      flag != nullptr && spec_.type == KeyType::kChoiceOrBoolean) {
    return spec_.choices.size() + (flag->get() ? 0 : 1);
  }
  const auto* text = node->as_string();
  if (text == nullptr) {
    judge.wrong_type(*node);
    return std::nullopt;
  }
  const auto found = std::ranges::find(spec_.choices, std::string_view(text->get()));
  if (found != spec_.choices.end()) {
    return static_cast<std::size_t>(found - spec_.choices.begin());
  }
  reader_.problem(judge.place(), judge.label() + " is " + in_quotes(text->get()),
                  "use one of " + bounds_text(spec_));
  return std::nullopt;
}

std::optional<std::vector<std::int64_t>> Entry::integers() const {
  const Judge judge{reader_, section_, spec_};
  // A list of one may be written without brackets.
  if (spec_.min_items <= 1 && reader_.has(section_, spec_.key)) {
    const auto* number = section_.table->get(spec_.key)->as_integer();
    if (number != nullptr) {
      static_cast<void>(reader_.value(section_, spec_));  // its place is kept
      if (!judge.sound_number(number->get())) return std::nullopt;
      return std::vector{number->get()};
    }
  }
  const toml::array* list = judge.array();
  if (list == nullptr) return std::nullopt;
  std::vector<std::int64_t> result;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const auto* number = list->get(i)->as_integer();
    if (number == nullptr) {
      judge.wrong_type(*list);
      return std::nullopt;
    }
    if (!judge.sound_number(number->get(), i)) return std::nullopt;
    reader_.record(section_, spec_.key, i);
    result.push_back(number->get());
  }
  return result;
}

std::optional<std::vector<std::string>> Entry::strings() const {
  const Judge judge{reader_, section_, spec_};
  const toml::array* list = judge.array();
  if (list == nullptr) return std::nullopt;
  std::vector<std::string> result;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const auto* text = list->get(i)->as_string();
    if (text == nullptr) {
      judge.wrong_type(*list);
      return std::nullopt;
    }
    if (!judge.sound_text(text->get(), i)) return std::nullopt;
    reader_.record(section_, spec_.key, i);
    result.push_back(text->get());
  }
  return result;
}

std::optional<std::vector<wire::IpPrefix>> Entry::prefixes() const {
  const auto texts = strings();
  if (!texts) return std::nullopt;
  const Judge judge{reader_, section_, spec_};
  std::vector<wire::IpPrefix> prefixes;
  for (const PlacedPrefix& one : parse_prefixes(judge, *texts)) {
    if (!prefixes.empty() && prefixes.back() == one.prefix) {
      reader_.problem(judge.place(one.index),
                      judge.label() + " lists " + to_text(one.prefix) + " twice", "remove one");
    } else {
      prefixes.push_back(one.prefix);
    }
  }
  PrefixTotal& total = reader_.prefixes();
  total.count += prefixes.size();
  if (total.count > kMaxPrefixesInAll && total.beyond.empty()) total.beyond = judge.place();
  return prefixes;
}

std::optional<Device> Entry::device() const {
  const auto text = string();
  if (!text) return std::nullopt;
  auto parsed = parse_device(*text);
  if (auto* device = std::get_if<Device>(&parsed)) return std::move(*device);
  const Problem& bad = std::get<Problem>(parsed);
  reader_.problem(reader_.where(section_, spec_.key), bad.what, bad.fix);
  return std::nullopt;
}

}  // namespace esc::config
