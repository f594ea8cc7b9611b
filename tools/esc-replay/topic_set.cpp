// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/topic_set.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <unordered_set>

#include "esc-replay/error.hpp"
#include "wire/frame.hpp"
#include "wire/topic_check.hpp"

namespace esc::replay {
namespace {

constexpr std::size_t kUnlistedNames = 64;
constexpr std::array<std::string_view, 16> kWords = {
    "site", "plant",  "line", "hall", "rack", "node",  "press", "pump",
    "oven", "sensor", "axis", "temp", "flow", "level", "state", "power"};

/// Digits of base 36, so that many names fit few bytes.
std::string tag(std::uint64_t value) {
  constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string digits;
  do {
    digits.insert(digits.begin(), kDigits[value % 36]);
    value /= 36;
  } while (value != 0);
  return digits;
}

/// Words and slashes, then the number after the last slash: distinct numbers make distinct names,
/// whatever the words.
std::string make_name(std::uint64_t number, std::size_t bytes, Random& random) {
  const std::string ending = tag(number);
  if (ending.size() > bytes) {
    throw usage_error("--topic-bytes: " + std::to_string(bytes) +
                      " bytes cannot hold topic number " + std::to_string(number) +
                      "; ask for fewer topics or longer ones");
  }
  std::string name;
  while (name.size() + ending.size() < bytes) {
    name += kWords[random.below(kWords.size())];
    name += '/';
  }
  name.resize(bytes - ending.size());
  if (!name.empty()) name.back() = '/';
  if (name.ends_with("//")) name[name.size() - 2] = 's';  // no empty level
  return name + ending;
}

/// Why no route can be made for the topic; nullptr: one can.
const char* unroutable(const std::string& topic) {
  if (topic.empty() || topic.size() > wire::kMaxTopicBytes) return "a topic has 1 to 255 bytes";
  if (topic.starts_with(wire::kReservedPrefix)) return "topics under $esc/ are reserved";
  if (topic.find_first_of("+#") != std::string::npos) return "+ and # are wildcards in a route";
  switch (wire::check_topic(reinterpret_cast<const std::uint8_t*>(topic.data()), topic.size())) {
    case wire::TopicVerdict::kNotUtf8:
      return "not valid UTF-8";
    case wire::TopicVerdict::kControlCharacter:
      return "it holds a control character";
    case wire::TopicVerdict::kGood:
      return nullptr;
  }
  return nullptr;
}

}  // namespace

TopicSet TopicSet::generate(std::size_t count, const Distribution& bytes, std::uint64_t seed) {
  TopicSet set;
  set.listed_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    Random random(seed, i, Stream::kTopics);
    set.listed_.push_back(make_name(i, bytes.draw(random), random));
  }
  set.finish(bytes, seed);
  return set;
}

TopicSet TopicSet::read(const std::string& path, std::size_t count, const Distribution& bytes,
                        std::uint64_t seed) {
  const std::string text = read_text_file(path, "the topics file");
  TopicSet set;
  std::unordered_set<std::string> seen;
  std::size_t end = 0;
  for (std::size_t number = 1, begin = 0; begin < text.size(); ++number, begin = end + 1) {
    end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    const auto refuse = [&](const char* why) {
      throw Error("topics file '" + path + "', line " + std::to_string(number) + ": " + why);
    };
    if (const char* why = unroutable(line)) refuse(why);
    if (!seen.insert(line).second) refuse("the topic is there twice");
    set.listed_.push_back(line);
  }
  if (set.listed_.empty()) throw Error("topics file '" + path + "' holds no topic");
  if (count > set.listed_.size()) {
    throw usage_error("--topics " + std::to_string(count) + ": the topics file '" + path +
                      "' holds " + std::to_string(set.listed_.size()));
  }
  if (count != 0) set.listed_.resize(count);
  set.finish(bytes, seed);
  return set;
}

void TopicSet::finish(const Distribution& bytes, std::uint64_t seed) {
  const std::unordered_set<std::string_view> known(listed_.begin(), listed_.end());
  for (std::uint64_t number = listed_.size(); unlisted_.size() < kUnlistedNames; ++number) {
    Random random(seed, number, Stream::kTopics);
    // Room for the number, even where the listed topics just fit.
    const std::size_t room = std::max<std::size_t>(bytes.draw(random), tag(number).size());
    std::string name = make_name(number, room, random);
    if (!known.contains(name)) unlisted_.push_back(std::move(name));
  }
  for (const auto* names : {&listed_, &unlisted_}) {
    for (const std::string& name : *names) longest_bytes_ = std::max(longest_bytes_, name.size());
  }
}

void TopicSet::write(const std::string& path) const {
  std::string text;
  for (const std::string& topic : listed_) text += topic + '\n';
  write_text_file(path, text);
}

}  // namespace esc::replay
