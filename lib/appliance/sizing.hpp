// SPDX-License-Identifier: BSD-3-Clause
// How much memory the pools and rings take, from the configuration.
#pragma once

#include <cstddef>
#include <cstdint>

#include "config/config.hpp"
#include "dpdk/eal.hpp"
#include "dpdk/port.hpp"
#include "topology/plan.hpp"

namespace esc::appliance {

/// Jumbo mbufs that one appliance keeps for frames that span segments and fit no ordinary mbuf.
inline constexpr std::size_t kJumboMbufs = 128;
inline constexpr std::uint32_t kJumboDataBytes = 65'535 - 128;

/// What a port is opened with; `index` is its place in the configuration.
[[nodiscard]] dpdk::PortSettings port_settings(const config::Config& config, std::size_t index);

/// Bytes for every pool and ring on pages of that size, before the drivers have told their
/// descriptor counts: an upper estimate.
[[nodiscard]] std::uint64_t memory_bytes(const config::Config& config, std::uint64_t page_bytes);

/// What EAL is started with.
[[nodiscard]] dpdk::EalSettings eal_settings(const config::Config& config,
                                             const topology::LcorePlan& plan);

}  // namespace esc::appliance
