// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/malformed.hpp"

#include <algorithm>
#include <string>

#include "esc-replay/distribution.hpp"
#include "esc-replay/error.hpp"

namespace esc::replay {
namespace {

template <class Reason>
void append_up_to(std::vector<Malformed>& kinds, Reason end) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(end); ++i) {
    kinds.emplace_back(static_cast<Reason>(i));
  }
}

std::vector<Malformed> make_all() {
  std::vector<Malformed> kinds;
  // the reasons after it need a stream or a pipeline
  append_up_to(kinds, FrameDrop::kPartialAtClose);
  append_up_to(kinds, PacketDrop::kDrainedAtDeadline);
  append_up_to(kinds, NonEvent::kCount);
  return kinds;
}

Malformed find_kind(std::string_view what, std::string_view text) {
  const auto all = all_malformed();
  const auto it =
      std::ranges::find_if(all, [&](const Malformed& kind) { return name(kind) == text; });
  if (it != all.end()) return *it;
  std::string names;
  for (const Malformed& kind : all) names += (names.empty() ? "" : ", ") + std::string(name(kind));
  throw usage_error(std::string(what) + ": no kind is called '" + std::string(text) +
                    "'; there are: " + names);
}

}  // namespace

std::span<const Malformed> all_malformed() noexcept {
  static const std::vector<Malformed> kAll = make_all();
  return kAll;
}

std::string_view name(const Malformed& kind) noexcept {
  return std::visit(
      [](auto reason) -> std::string_view {
        if constexpr (std::is_same_v<decltype(reason), std::monostate>) {
          return "sound";
        } else {
          return esc::name(reason);
        }
      },
      kind);
}

MalformedShares MalformedShares::parse(std::string_view what, std::string_view text) {
  MalformedShares result;
  std::vector<double> shares{0};
  if (!text.empty() && text.find('=') == std::string_view::npos) {
    const double each = real_of(what, text, {0, 1}) / static_cast<double>(all_malformed().size());
    if (each > 0) {
      result.kinds_.insert(result.kinds_.end(), all_malformed().begin(), all_malformed().end());
      shares.resize(result.kinds_.size(), each);
    }
  } else if (!text.empty()) {
    for (const std::string_view entry : split(text, ',')) {
      const auto halves = split(entry, '=');
      if (halves.size() != 2) {
        throw usage_error(std::string(what) + ": '" + std::string(entry) + "' is not KIND=SHARE");
      }
      result.kinds_.push_back(find_kind(what, halves[0]));
      shares.push_back(real_of(what, halves[1], {0, 1}));
    }
  }
  double sum = 0;
  for (const double share : shares) sum += share;
  if (sum > 1 + 1e-9) {
    throw usage_error(std::string(what) + " '" + std::string(text) +
                      "': the shares add up to more than 1");
  }
  shares[0] = std::max(0.0, 1 - sum);
  if (shares[0] < 1e-9) shares[0] = 0;
  result.choice_ = WeightedChoice(shares);
  result.some_frames_ = false;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const bool frames =
        sound(result.kinds_[i]) || std::holds_alternative<FrameDrop>(result.kinds_[i]);
    result.some_frames_ |= frames && shares[i] > 0;
  }
  return result;
}

Malformed MalformedShares::draw(Random& random) const noexcept {
  return any() ? kinds_[choice_.draw(random)] : Malformed{};
}

}  // namespace esc::replay
