// SPDX-License-Identifier: BSD-3-Clause
// The types of the appliance's stages: whole, for those who make and poll them.
#pragma once

#include <tuple>
#include <utility>
#include <vector>

#include "appliance/stage_names.hpp"
#include "base/align.hpp"
#include "dispatch/dispatch_stage.hpp"
#include "dpdk/rx_queue.hpp"
#include "ingest/rx_stage.hpp"
#include "runtime/lcore_loop.hpp"
#include "storage/dead_letter_kind.hpp"
#include "storage/store_stage.hpp"
#include "tcp/epoll_sockets.hpp"
#include "tcp/tcp_stage.hpp"
#include "topology/plan.hpp"
#include "worker/worker_stage.hpp"

namespace esc::appliance {

// What an lcore writes at every poll shares no pair of cache lines with what the heap gives others.
class alignas(kLinePairBytes) RxStage final
    : public ingest::RxStage<dpdk::RxQueue, intake::RingSink> {
 public:
  using ingest::RxStage<dpdk::RxQueue, intake::RingSink>::RxStage;
};
class alignas(kLinePairBytes) TcpStage final
    : public tcp::TcpStage<tcp::EpollSockets, intake::RingSink> {
 public:
  using tcp::TcpStage<tcp::EpollSockets, intake::RingSink>::TcpStage;
};
class alignas(kLinePairBytes) DispatchStage final
    : public dispatch::DispatchStage<IngestRing, WorkerRing> {
 public:
  using dispatch::DispatchStage<IngestRing, WorkerRing>::DispatchStage;
};
class alignas(kLinePairBytes) WorkerStage final : public worker::WorkerStage<WorkerRing> {
 public:
  using worker::WorkerStage<WorkerRing>::WorkerStage;
};
using StorageStage = storage::StoreStage<storage::DeadLetterKind>;

/// The role whose stages are of this class.
template <class Stage>
inline constexpr topology::Role kRoleOf = topology::Role::kCount;
template <>
inline constexpr topology::Role kRoleOf<RxStage> = topology::Role::kRx;
template <>
inline constexpr topology::Role kRoleOf<TcpStage> = topology::Role::kTcp;
template <>
inline constexpr topology::Role kRoleOf<DispatchStage> = topology::Role::kDispatch;
template <>
inline constexpr topology::Role kRoleOf<WorkerStage> = topology::Role::kWorker;
template <>
inline constexpr topology::Role kRoleOf<StorageStage> = topology::Role::kStorage;

namespace detail {

template <class... Stages, std::size_t... I>
[[nodiscard]] constexpr bool in_order(const runtime::StageLists<Stages...>* /*lists*/,
                                      std::index_sequence<I...> /*numbers*/) noexcept {
  return ((kRoleOf<Stages> == static_cast<topology::Role>(I)) && ...);
}

}  // namespace detail

/// The stages that one lcore polls, in the order of topology::Role (checked below), which is that
/// of the lcore's roles: stage i has role i.
class LcoreStages {
 public:
  using Lists = runtime::StageLists<RxStage, TcpStage, DispatchStage, WorkerStage, StorageStage>;
  static_assert(std::tuple_size_v<Lists> == static_cast<std::size_t>(topology::Role::kCount));
  static_assert(detail::in_order(static_cast<const Lists*>(nullptr),
                                 std::make_index_sequence<std::tuple_size_v<Lists>>{}));

  template <class Stage>
  void add(Stage& stage) {
    std::get<std::vector<Stage*>>(lists_).push_back(&stage);
  }
  template <class Stage>
  [[nodiscard]] const std::vector<Stage*>& all() const noexcept {
    return std::get<std::vector<Stage*>>(lists_);
  }
  [[nodiscard]] const Lists& lists() const noexcept { return lists_; }

 private:
  Lists lists_;
};

}  // namespace esc::appliance
