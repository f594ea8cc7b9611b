#include <random>

#include "route/topic_hasher.hpp"

namespace esc::route {

std::uint64_t random_seed() {
  std::random_device device("getrandom");
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

}  // namespace esc::route
