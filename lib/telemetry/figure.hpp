// SPDX-License-Identifier: BSD-3-Clause
// Describes the members of a block of counters: one row for each member, in a table beside the
// block. JSON, Prometheus's text, DPDK's telemetry and the page of figures are all made from these
// rows.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "telemetry/counter.hpp"

namespace esc::telemetry {

enum class Kind : std::uint8_t {
  kCounter,  ///< only grows
  kGauge,
  kFlag,   ///< 1 or 0; in JSON true or false
  kOneOf,  ///< the number of the one of `names` that holds now; in Prometheus 1 for it, else 0
  kWord    ///< only for the program itself: never shown
};

/// What a member measures. Times are shown in seconds, or in the unit that the JSON key ends with.
enum class Unit : std::uint8_t {
  kNone,  ///< a number of things; the name says which
  kBytes,
  kCycles,       ///< a time in TSC cycles
  kNanoseconds,  ///< a time in nanoseconds
  kMoment,       ///< a moment as a TSC value: shown as the time since then
  kPermille,     ///< a share in per mille; in JSON percent if the key ends so
  kMegabits      ///< a rate in Mbit/s; in Prometheus bytes a second
};

/// One row. `name` is the middle part of the Prometheus name, and also the JSON key if `key` is
/// empty. `help` is one line without a full stop. Member is Counter or std::uint64_t, which is one
/// figure; or CounterSet or an array of numbers, which is one figure for each of `names`. In
/// Prometheus the label `label` then tells these figures apart. A figure of Kind::kOneOf is one
/// number, and has names and a label too.
template <class BlockOf, class MemberOf>
struct Figure {
  using Block = BlockOf;
  using Member = MemberOf;

  // NOLINTNEXTLINE(readability-function-size): its arguments are the columns of a table
  constexpr Figure(std::string_view named, std::string_view says, Member Block::*of,
                   Kind is = Kind::kCounter, Unit in = Unit::kNone, std::string_view in_json = {},
                   std::string_view told_by = {}, std::span<const std::string_view> told = {})
      : name(named),
        help(says),
        member(of),
        kind(is),
        unit(in),
        key(in_json),
        label(told_by),
        names(told) {}

  std::string_view name;
  std::string_view help;
  Member Block::*member;
  Kind kind;
  Unit unit;
  std::string_view key;
  std::string_view label;
  std::span<const std::string_view> names;

  [[nodiscard]] constexpr std::string_view json_key() const noexcept {
    return key.empty() ? name : key;
  }
};

/// All rows of one block. `prefix` comes before their names in Prometheus: "escd_rx_packets_total".
/// It is empty for figures of the appliance as a whole: "escd_routes".
template <class... Rows>
struct Figures {
  std::string_view prefix;
  std::tuple<Rows...> rows;
};

template <class... Rows>
[[nodiscard]] constexpr Figures<Rows...> describe(std::string_view prefix, const Rows&... rows) {
  return {prefix, {rows...}};
}

/// The rows of Block, which a function `figures_of(const Block*)` beside it returns.
template <class Block>
inline constexpr auto kFigures = figures_of(static_cast<const Block*>(nullptr));

/// Whether a figure may have this name: a-z, 0-9 and _, a letter first.
[[nodiscard]] constexpr bool is_figure_name(std::string_view name) {
  if (name.empty() || name[0] < 'a' || name[0] > 'z') return false;
  for (const char c : name) {
    if (c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9')) return false;
  }
  return true;
}

namespace detail {

/// How many numbers a member that is a set has; 0: the member is a single number.
template <class Member>
inline constexpr std::size_t kSetSize = 0;
template <class Reason>
inline constexpr std::size_t kSetSize<CounterSet<Reason>> = CounterSet<Reason>::kSize;
template <std::size_t N>
inline constexpr std::size_t kSetSize<std::array<std::uint64_t, N>> = N;

template <class Row>
inline constexpr std::size_t kSetSizeOf = kSetSize<typename std::decay_t<Row>::Member>;
template <class Row>
inline constexpr std::size_t kNumbersOf = kSetSizeOf<Row> == 0 ? 1 : kSetSizeOf<Row>;

/// Whether the row has the names that its member and its kind need.
template <class Row>
[[nodiscard]] constexpr bool names_fit(const Row& row) {
  if (row.kind == Kind::kOneOf) return kSetSizeOf<Row> == 0 && !row.names.empty();
  return row.names.size() == kSetSizeOf<Row>;
}

/// Converts to a member of any type: only for counting the members of a block.
struct AnyMember {
  template <class Member>
  constexpr operator Member() const;  // NOLINT(google-explicit-constructor): that is its use
};

template <class Row, class Other>
[[nodiscard]] constexpr bool same_member(const Row& row, const Other& other) {
  if constexpr (std::is_same_v<Row, Other>) return row.member == other.member;
  return false;
}

/// Whether a row is complete, and no other row of the block has its member or its name.
template <class Row, class Rows>
[[nodiscard]] constexpr bool sound(const Row& row, const Rows& rows) {
  const auto times = [&row](const auto& other, bool by_member) {
    return by_member ? same_member(row, other) : row.name == other.name;
  };
  return std::apply(
      [&](const auto&... other) {
        return is_figure_name(row.name) && !row.help.empty() && row.help.back() != '.' &&
               names_fit(row) && row.label.empty() == row.names.empty() &&
               (std::size_t{times(other, true)} + ...) == 1 &&
               (std::size_t{times(other, false)} + ...) == 1;
      },
      rows);
}

}  // namespace detail

/// Whether the row is the one of this member.
template <class Row, class Member, class Block>
[[nodiscard]] constexpr bool is_of(const Row& row, Member Block::*member) {
  if constexpr (std::is_same_v<decltype(Row::member), Member Block::*>) return row.member == member;
  return false;
}

/// The number of members of an aggregate.
template <class Block, class... Before>
[[nodiscard]] constexpr std::size_t members() {
  if constexpr (requires { Block{Before{}..., detail::AnyMember{}}; }) {
    return members<Block, Before..., detail::AnyMember>();
  } else {
    return sizeof...(Before);
  }
}

/// Whether every member of the block has one row, and every row has help and a name that no other
/// row has. Put a static_assert of it beside the block, so that a member without a row does not
/// compile.
template <class Block>
[[nodiscard]] constexpr bool well_described() {
  return std::apply(
      [](const auto&... row) {
        return sizeof...(row) == members<Block>() &&
               (kFigures<Block>.prefix.empty() || is_figure_name(kFigures<Block>.prefix)) &&
               (detail::sound(row, kFigures<Block>.rows) && ...);
      },
      kFigures<Block>.rows);
}

/// The figures of a block, read once: plain numbers that can be kept, added and passed on.
template <class BlockOf>
class Reading {
 public:
  using Block = BlockOf;

  Reading() = default;
  /// Loads each member once, in the order of the rows. Thread: any.
  explicit Reading(const Block& block) {
    each_of(std::span<std::uint64_t>(values_), [&block](const auto& row, auto values) {
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = value(block.*row.member, i);
    });
  }

  /// The value of a member; for a set, the sum of its numbers.
  template <class Member>
  [[nodiscard]] std::uint64_t get(Member Block::*member) const {
    std::uint64_t sum = 0;
    for (const std::uint64_t one : all(member)) sum += one;
    return sum;
  }
  template <class Reason>
  [[nodiscard]] std::uint64_t get(CounterSet<Reason> Block::*member, Reason reason) const {
    return all(member)[static_cast<std::size_t>(reason)];
  }
  /// All numbers of a member: one, or one for each enumerator of a set.
  template <class Member>
  [[nodiscard]] std::span<const std::uint64_t> all(Member Block::*member) const {
    std::span<const std::uint64_t> found;
    for_each([&](const auto& row, std::span<const std::uint64_t> values) {
      if constexpr (std::is_same_v<decltype(row.member), Member Block::*>) {
        if (row.member == member) found = values;
      }
    });
    return found;
  }
  Reading& operator+=(const Reading& other) noexcept {
    for (std::size_t i = 0; i < values_.size(); ++i) values_[i] += other.values_[i];
    return *this;
  }
  friend bool operator==(const Reading&, const Reading&) = default;

  /// Calls `call(row, numbers)` for each row.
  template <class Call>
  void for_each(Call&& call) const {
    each_of(std::span<const std::uint64_t>(values_), call);
  }

 private:
  [[nodiscard]] static constexpr std::size_t count() {
    return std::apply([](const auto&... row) { return (detail::kNumbersOf<decltype(row)> + ...); },
                      kFigures<Block>.rows);
  }
  [[nodiscard]] static std::uint64_t value(const Counter& counter, std::size_t) noexcept {
    return counter.get();
  }
  [[nodiscard]] static std::uint64_t value(std::uint64_t number, std::size_t) noexcept {
    return number;
  }
  template <class Reason>
  [[nodiscard]] static std::uint64_t value(const CounterSet<Reason>& set, std::size_t at) noexcept {
    return set.at(at);
  }
  template <std::size_t N>
  [[nodiscard]] static std::uint64_t value(const std::array<std::uint64_t, N>& numbers,
                                           std::size_t at) noexcept {
    return numbers[at];
  }
  template <class Span, class Call>
  static void each_of(Span rest, Call&& call) {
    const auto next = [&](const auto& row) {
      constexpr std::size_t kNumbers = detail::kNumbersOf<decltype(row)>;
      call(row, rest.first(kNumbers));
      rest = rest.subspan(kNumbers);
    };
    std::apply([&](const auto&... row) { (next(row), ...); }, kFigures<Block>.rows);
  }

  std::array<std::uint64_t, count()> values_{};
};

/// Converts the TSC values of a reading to seconds.
struct Clock {
  std::uint64_t now = 0;
  std::uint64_t ticks_per_second = 1;

  [[nodiscard]] double seconds(std::uint64_t ticks) const noexcept {
    return static_cast<double>(ticks) / static_cast<double>(ticks_per_second);
  }
  /// The time from `moment` to now. 0 if `moment` is later than `now`, which can happen if another
  /// core read it.
  [[nodiscard]] double age(std::uint64_t moment) const noexcept {
    return now > moment ? seconds(now - moment) : 0.0;
  }
};

[[nodiscard]] constexpr bool is_time(Unit unit) noexcept {
  return unit == Unit::kCycles || unit == Unit::kNanoseconds || unit == Unit::kMoment;
}
[[nodiscard]] inline double seconds_of(Unit unit, std::uint64_t value,
                                       const Clock& clock) noexcept {
  if (unit == Unit::kNanoseconds) return static_cast<double>(value) / 1e9;
  return unit == Unit::kMoment ? clock.age(value) : clock.seconds(value);
}

}  // namespace esc::telemetry
