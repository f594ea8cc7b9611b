// SPDX-License-Identifier: BSD-3-Clause
#include <sys/random.h>

#include <cerrno>
#include <system_error>

#include "identity/key_hasher.hpp"

namespace esc::identity {

KeySecret random_key_secret() {
  KeySecret secret;
  static_assert(sizeof secret <= 256, "more than the kernel gives at once");
  if (getentropy(&secret, sizeof secret) != 0) {
    throw std::system_error(errno, std::generic_category(), "no random secret from the kernel");
  }
  return secret;
}

}  // namespace esc::identity
