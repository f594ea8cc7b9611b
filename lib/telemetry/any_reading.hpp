// SPDX-License-Identifier: BSD-3-Clause
// A reading of any block, for lists of readings of several blocks.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>

#include "telemetry/exposition.hpp"
#include "telemetry/figure.hpp"
#include "telemetry/figure_json.hpp"

namespace esc::telemetry {

/// A Reading whose block its user need not know. Immutable: copies share it, and any thread may
/// read it. Control path.
class AnyReading {
 public:
  template <class Block>
  explicit AnyReading(const Reading<Block>& reading)
      : shown_(std::make_shared<const Of<Block>>(reading)) {}
  /// Reads the block now.
  template <class Block>
  [[nodiscard]] static AnyReading of(const Block& block) {
    return AnyReading(Reading(block));
  }

  /// The reading, if it is of this block; else null.
  template <class Block>
  [[nodiscard]] const Reading<Block>* as() const noexcept {
    const auto* of = dynamic_cast<const Of<Block>*>(shown_.get());
    return of == nullptr ? nullptr : &of->reading;
  }
  /// Adds the figures to a JSON object as telemetry::add_to() does.
  void add_to(nlohmann::ordered_json& object, const Clock& clock) const {
    shown_->add_to(object, clock);
  }
  void add_to(Exposition& out, const Labels& labels, const Clock& clock) const {
    shown_->add_to(out, labels, clock);
  }

 private:
  struct Shown {
    Shown() = default;
    virtual ~Shown() = default;
    Shown(const Shown&) = delete;
    Shown& operator=(const Shown&) = delete;
    virtual void add_to(nlohmann::ordered_json& object, const Clock& clock) const = 0;
    virtual void add_to(Exposition& out, const Labels& labels, const Clock& clock) const = 0;
  };
  template <class Block>
  struct Of final : Shown {
    explicit Of(const Reading<Block>& of) : reading(of) {}
    void add_to(nlohmann::ordered_json& object, const Clock& clock) const override {
      telemetry::add_to(object, reading, clock);
    }
    void add_to(Exposition& out, const Labels& labels, const Clock& clock) const override {
      out.add(reading, labels, clock);
    }
    Reading<Block> reading;
  };

  std::shared_ptr<const Shown> shown_;
};

}  // namespace esc::telemetry
