// SPDX-License-Identifier: BSD-3-Clause
#include <sys/random.h>

#include <system_error>

#include "route/topic_hasher.hpp"

namespace esc::route {

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  if (getentropy(&seed, sizeof seed) != 0) {
    throw std::system_error(errno, std::generic_category(), "no random seed from the kernel");
  }
  return seed;
}

}  // namespace esc::route
