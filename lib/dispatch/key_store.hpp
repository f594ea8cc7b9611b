// SPDX-License-Identifier: BSD-3-Clause
// Where a dispatcher keeps keys.
#pragma once

#include "identity/key_hasher.hpp"
#include "identity/keyed_table.hpp"

namespace esc::dispatch {

/// Shared by all pipelines, not owned, outliving them. Without a table no event has a key.
struct KeyStore {
  identity::KeyedTable* table = nullptr;
  const identity::KeyHasher* hasher = nullptr;
};

}  // namespace esc::dispatch
