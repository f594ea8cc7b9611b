// SPDX-License-Identifier: BSD-3-Clause
// The handlers that come with escd.
#pragma once

#include "worker/handler_registry.hpp"

namespace esc::worker {

/// A registry with `count`, `null`, `fail` and `slow`.
[[nodiscard]] HandlerRegistry builtin_handlers();

}  // namespace esc::worker
