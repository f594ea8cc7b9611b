// SPDX-License-Identifier: BSD-3-Clause
// Rows that contradict their member do not compile: tests of the checks that the compiler makes.
#include "config/rows.hpp"

#include <gtest/gtest.h>

namespace esc::config {
namespace {

using namespace std::string_view_literals;

enum class Colour : std::uint8_t { kRed, kDarkBlue, kGreen };

struct Sample {
  std::uint8_t small = 7;
  std::uint32_t cells = 64;
  std::uint64_t whole = 0;
  std::array<std::uint16_t, 2> pair = {1, 2};
  std::optional<unsigned> maybe;
  bool flag = true;
  Colour colour = Colour::kDarkBlue;
};

constexpr KeySpec row(std::string_view key, std::string_view example) {
  return {.key = key, .max = 100, .example = example, .meaning = "Something."};
}

/// The problem of a row that key() would make, which first sets the type.
template <auto... Path>
constexpr std::string_view problem(KeySpec spec) {
  using Member = typename detail::PathOf<Path...>::Member;
  if (spec.type == KeyType::kByMember) spec.type = detail::type_of<Member>();
  return detail::row_problem<Path...>(spec);
}

template <class Change>
constexpr KeySpec with(KeySpec spec, Change change) {
  change(spec);
  return spec;
}

constexpr KeySpec kSmall = row("small", "small = 3");
constexpr KeySpec kCells = row("cells", "cells = 3");
constexpr std::array kColours = {"red"sv, "dark-blue"sv, "green"sv};

TEST(Rows, ASoundOneIs) {
  EXPECT_EQ(problem<&Sample::small>(kSmall), "");
  EXPECT_EQ(problem<&Sample::cells>(kCells), "");
  EXPECT_EQ(problem<&Sample::pair>(row("pair", "pair = [1, 2]")), "");
  EXPECT_EQ((problem<&Sample::pair, 1>(row("second", "second = 1"))), "");
  EXPECT_EQ(problem<&Sample::maybe>(row("maybe", "maybe = 1")), "");
  EXPECT_EQ(problem<&Sample::flag>(row("flag", "flag = true")), "");
}

TEST(Rows, BoundsFitTheMember) {
  constexpr std::string_view kWrong = "its member does not hold what its bounds allow";
  EXPECT_EQ(problem<&Sample::small>(with(kSmall, [](KeySpec& spec) { spec.max = 255; })), "");
  EXPECT_EQ(problem<&Sample::small>(with(kSmall, [](KeySpec& spec) { spec.max = 256; })), kWrong);
  EXPECT_EQ(problem<&Sample::small>(with(kSmall, [](KeySpec& spec) { spec.min = -1; })), kWrong);
  EXPECT_EQ(problem<&Sample::pair>(
                with(row("pair", "pair = [1, 2]"), [](KeySpec& spec) { spec.max = 65'536; })),
            kWrong);
  // If the bound is forgotten, it is the largest number of 64 bits.
  EXPECT_EQ(problem<&Sample::cells>({.key = "cells", .example = "cells = 1", .meaning = "Some."}),
            kWrong);
  EXPECT_EQ(problem<&Sample::small>(with(kSmall, [](KeySpec& spec) { spec.min = 101; })),
            "its bounds are the wrong way round");
}

TEST(Rows, TheDefaultIsWithinTheBounds) {
  constexpr std::string_view kWrong = "its default is out of its bounds";
  EXPECT_EQ(problem<&Sample::small>(with(kSmall, [](KeySpec& spec) { spec.max = 6; })), kWrong);
  EXPECT_EQ(problem<&Sample::small>(with(kSmall, [](KeySpec& spec) { spec.min = 8; })), kWrong);
  EXPECT_EQ(problem<&Sample::small>(with(kSmall, [](KeySpec& spec) { spec.power_of_two = true; })),
            kWrong);
  EXPECT_EQ(problem<&Sample::cells>(with(kCells, [](KeySpec& spec) { spec.power_of_two = true; })),
            "");
  EXPECT_EQ(problem<&Sample::pair>(
                with(row("pair", "pair = [1, 2]"), [](KeySpec& spec) { spec.min = 2; })),
            kWrong);
  // With `zero_too` the default 0 is within the bounds, and with `no_default` there is none.
  constexpr auto kFromOne = [](KeySpec& spec) { spec.min = 1; };
  const KeySpec whole = with(row("whole", "whole = 1"), kFromOne);
  EXPECT_EQ(problem<&Sample::whole>(whole), kWrong);
  EXPECT_EQ(problem<&Sample::whole>(with(whole, [](KeySpec& spec) { spec.zero_too = true; })), "");
  EXPECT_EQ(problem<&Sample::whole>(with(whole, [](KeySpec& spec) { spec.no_default = true; })),
            "");
  EXPECT_EQ(problem<&Sample::whole>(with(whole, [](KeySpec& spec) { spec.required = true; })), "");
}

TEST(Rows, ChoicesAreTheEnumeratorsInTheirOrder) {
  constexpr std::string_view kWrong = "its choices are not its enumerators' names";
  const auto of = [](std::span<const std::string_view> choices) {
    return problem<&Sample::colour>(
        with(row("colour", "colour = \"red\""), [&](KeySpec& spec) { spec.choices = choices; }));
  };
  EXPECT_EQ(of(kColours), "");
  EXPECT_EQ(of(std::span(kColours).first(2)), kWrong);
  EXPECT_EQ(of({}), kWrong);
  EXPECT_EQ(of(std::array{"dark-blue"sv, "red"sv, "green"sv}), kWrong);
  EXPECT_EQ(of(std::array{"red"sv, "darkblue"sv, "green"sv}), kWrong);
  EXPECT_EQ(of(std::array{"red"sv, "dark-blue"sv, "green"sv, "grey"sv}), kWrong);
}

TEST(Rows, TheTypeIsTheMembers) {
  constexpr std::string_view kWrong = "its type is not its member's";
  const auto as = [](KeyType type) { return [type](KeySpec& spec) { spec.type = type; }; };
  EXPECT_EQ(problem<&Sample::small>(with(kSmall, as(KeyType::kString))), kWrong);
  EXPECT_EQ(problem<&Sample::small>(with(kSmall, as(KeyType::kUnsigned64))), kWrong);
  EXPECT_EQ(problem<&Sample::small>(with(kSmall, as(KeyType::kChoiceOrBoolean))), kWrong);
  EXPECT_EQ(problem<&Sample::whole>(with(row("whole", "whole = 1"), as(KeyType::kUnsigned64))), "");
}

TEST(Rows, NameMeaningAndExampleAreThere) {
  EXPECT_EQ(problem<&Sample::small>(with(kSmall, [](KeySpec& spec) { spec.meaning = ""; })),
            "it has no name or no meaning");
  EXPECT_EQ(problem<&Sample::small>(with(kSmall, [](KeySpec& spec) { spec.example = "smal = 3"; })),
            "its example does not set it");
  EXPECT_EQ(
      problem<&Sample::small>(with(kSmall, [](KeySpec& spec) { spec.example = "smaller = 3"; })),
      "its example does not set it");
}

// For the other structs, the tests of the whole table check the defaults.
TEST(Rows, MostStructsAreMadeWhileCompiling) {
  EXPECT_TRUE(detail::MadeWhileCompiling<Sample>);
  EXPECT_TRUE(detail::MadeWhileCompiling<HealthConfig>);
  EXPECT_TRUE(detail::MadeWhileCompiling<PressureConfig>);
  EXPECT_TRUE(detail::MadeWhileCompiling<LimitsConfig>);
  EXPECT_FALSE(detail::MadeWhileCompiling<Config>);
}

}  // namespace
}  // namespace esc::config
