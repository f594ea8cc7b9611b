// Which pipeline has a producer's window.
#pragma once

#include <cstdint>

namespace esc::identity {

/// The same answer on every lcore: so each window has one owner. A secret decides, so that no
/// sender can choose producers that all meet in one pipeline. Copyable; any thread.
class ProducerOwner {
 public:
  ProducerOwner(std::uint64_t seed, std::uint32_t pipelines) noexcept
      : seed_(seed), pipelines_(pipelines) {}

  /// 0 .. pipelines - 1.
  [[nodiscard]] std::uint32_t operator()(std::uint64_t producer) const noexcept {
    // Multiply by a constant of wyhash's kind and fold; then D. Lemire's multiply-shift.
    const auto product =
        static_cast<unsigned __int128>(producer ^ seed_) * (seed_ | 0x9E37'79B9'7F4A'7C15U);
    const std::uint64_t folded =
        static_cast<std::uint64_t>(product >> 64U) ^ static_cast<std::uint64_t>(product);
    return static_cast<std::uint32_t>(((folded >> 32U) * pipelines_) >> 32U);
  }

 private:
  std::uint64_t seed_;
  std::uint32_t pipelines_;
};

}  // namespace esc::identity
