// SPDX-License-Identifier: BSD-3-Clause
#include "appliance/appliance.hpp"

#include <rte_cycles.h>
#include <rte_launch.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "appliance/saved_windows.hpp"
#include "appliance/sizing.hpp"
#include "appliance/stages.hpp"
#include "base/start_error.hpp"

namespace esc::appliance {
namespace {

// If more is accounted for than was received, balanced() reports that fault; here the difference
// must not wrap round to a huge number.
std::uint64_t behind(std::uint64_t received, std::uint64_t accounted) {
  return received > accounted ? received - accounted : 0;
}

void log_link(const dpdk::Port& port) {
  const std::string& label = port.settings().label;
  switch (port.link().state) {
    case dpdk::LinkState::kUp:
      spdlog::info("port \"{}\": its link is up", label);
      break;
    case dpdk::LinkState::kDown:
      spdlog::warn("port \"{}\": its link is down: nothing comes in until it is up again", label);
      break;
    case dpdk::LinkState::kGone:
      spdlog::error(
          "port \"{}\": the interface that it was opened on is gone, and the port receives nothing "
          "from one that is made anew: start escd again once it is there",
          label);
      break;
    case dpdk::LinkState::kDamaged:
      spdlog::error("port \"{}\": its trace cannot be read on: the rest of it is not played",
                    label);
      break;
    case dpdk::LinkState::kNone:
    case dpdk::LinkState::kCount:
      break;
  }
}

}  // namespace

Appliance::Appliance(const config::Config& config, const topology::LcorePlan& plan,
                     const worker::HandlerRegistry& handlers, DeadLetterFolder* folder, Leave leave)
    : config_(config),
      plan_(plan),
      leave_(leave),
      state_(rte_rdtsc()),
      rules_(config, handlers, plan.lcores.size()),
      jumbo_pool_("esc_jumbo", kJumboMbufs, kJumboDataBytes, plan.lcores.front().node),
      status_(plan.lcores.size()) {
  for (std::size_t i = 0; i < config.ports.size(); ++i) {
    ports_.push_back(std::make_unique<dpdk::Port>(port_settings(config, i)));
  }
  for (const auto& port : ports_) {
    port->start();
    if (!port->link().up()) log_link(*port);
  }
  std::vector<dpdk::Port*> open;
  for (const auto& port : ports_) open.push_back(port.get());
  if (const std::size_t buffers = tcp_buffers(config); buffers != 0) {
    tcp_pool_.emplace("esc_tcp", buffers, kJumboDataBytes, plan.lcores.front().node,
                      dpdk::PoolOrder::kLifo, dpdk::PoolCaches::kNone);
  }
  const DataPath::Pools pools{jumbo_pool_.get(), tcp_pool_ ? tcp_pool_->get() : nullptr};
  data_path_ = std::make_unique<DataPath>(config, plan, rules_, open, pools, folder);
  name_roles();
}

Appliance::~Appliance() {
  // Lcores are still running here only if there was an exception. Nothing that they use may be
  // destroyed.
  if (!launched_ || state() == PipelineState::kStopped) return;
  tell_lcores_to_stop();
  if (!wait_for_lcores(kStopTimeoutMs).empty()) leave_();
}

void Appliance::name_roles() {
  for (const topology::LcoreAssignment& lcore : plan_.lcores) {
    std::vector<std::string>& names = roles_.emplace_back();
    for (const topology::RoleIndex role : lcore.roles) {
      names.push_back(data_path_->node(role).name());
    }
  }
}

int Appliance::run_lcore_job(void* job) {
  const auto& work = *static_cast<const LcoreJob*>(job);
  // Without this, naps end up to 50 us late.
  prctl(PR_SET_TIMERSLACK, 1UL);
  runtime::run_lcore(work.stages->lists(), work.idle, *work.stop, *work.status, work.reader);
  return 0;
}

runtime::IdlePolicy Appliance::idle_policy(std::size_t lcore) const {
  // Lcores without a port may nap longer: no port loses anything meanwhile, since events for them
  // wait in a ring.
  const topology::LcoreAssignment& own = plan_.lcores[lcore];
  const bool receives = own.has(topology::Role::kRx) || own.has(topology::Role::kTcp);
  const std::uint32_t longer = receives ? 1 : kNapsWithoutPort;
  return {config_.lcores.idle == config::Idle::kAdaptive, rte_get_tsc_hz(),
          config_.lcores.sleep_max_us * longer};
}

void Appliance::save_windows() const {
  appliance::save_windows(config_, *data_path_);
}

void Appliance::start() {
  load_saved_windows(config_, *data_path_);
  data_path_->start();
  launched_ = true;
  jobs_.resize(plan_.lcores.size());
  for (std::size_t i = 0; i < jobs_.size(); ++i) {
    jobs_[i] = {&data_path_->stages(i), idle_policy(i), &stop_, &status_[i],
                runtime::QuiescentReader(rules_.quiescence(), i)};
    const int result = rte_eal_remote_launch(&run_lcore_job, &jobs_[i], plan_.lcores[i].lcore_id);
    if (result != 0) {
      throw StartError("lcore " + std::to_string(plan_.lcores[i].lcore_id) + " on CPU " +
                           std::to_string(plan_.lcores[i].cpu) + " did not start",
                       "escd --print-plan shows the plan; choose another CPU in [lcores]");
    }
  }
  [[maybe_unused]] const auto granted = request(PipelineRequest::kStarted, "every lcore polls");
}

std::optional<PipelineRefusal> Appliance::request(PipelineRequest request, std::string_view cause) {
  if (auto refusal = state_.request(request, cause, rte_rdtsc())) return refusal;
  switch (state()) {
    case PipelineState::kPaused:
      data_path_->set_flow(control::Flow::kPaused);
      break;
    case PipelineState::kRunning:
      data_path_->set_flow(control::Flow::kOpen);
      break;
    default:
      data_path_->set_flow(control::Flow::kClosed);
      if (request == PipelineRequest::kDrain) receiving_stopped_tsc_ = rte_rdtsc();
  }
  return std::nullopt;
}

void Appliance::publish_rules(RuleBook::Built built) {
  rules_.publish(std::move(built), [this](std::uint32_t slot) { data_path_->zero_slot(slot); });
  rules_pending_ = true;
  marks_.reset();
}

void Appliance::reclaim_rules() {
  if (!rules_pending_ || !rules_.reclaim()) return;
  // From here on no dispatcher uses the old set; its last events are still on their way.
  if (!marks_) marks_ = data_path_->worker_marks();
  if (rules_.planned() || !data_path_->passed(*marks_)) return;
  rules_.slots_are_quiet();
  rules_pending_ = false;
}

void Appliance::watch_keys() {
  KeyMemory* keys = data_path_->keys();
  if (keys == nullptr || !keys->watch(data_path_->key_totals(), rte_rdtsc())) return;
  if (keys->is_short()) {
    spdlog::warn(
        "memory for keys is short: they are forgotten after {:.0f} s on average, not {:.0f}, and "
        "what comes again after that is delivered again; raise deduplication.keyed_bytes",
        keys->effective_window_s(), keys->window_s());
  } else {
    spdlog::info("memory for keys is enough again");
  }
}

void Appliance::watch_links() {
  for (const auto& port : ports_) {
    if (port->watch_link()) log_link(*port);
  }
}

void Appliance::watch_checksums() {
  if (checksums_told_) return;
  const auto of_kernel = std::ranges::find_if(
      ports_, [](const auto& port) { return !port->settings().interfaces.empty(); });
  std::uint64_t bad = 0;
  for (const auto& rx : data_path_->rx()) {
    for (const telemetry::PacketCounters& counters : rx->packets()) {
      bad += counters.packet_dropped.get(PacketDrop::kBadUdpChecksum);
    }
  }
  if (of_kernel == ports_.end() || bad == 0) return;
  checksums_told_ = true;
  spdlog::warn(
      "{} datagrams so far have a wrong UDP checksum: a sender behind a virtual interface leaves "
      "it "
      "to hardware that is not there; ethtool -K IFACE tx off for the interface it sends through, "
      "or checksum = \"off\" for the port (\"{}\")",
      bad, (*of_kernel)->settings().label);
}

bool Appliance::drained() const {
  for (const runtime::LcoreStatus& status : status_) {
    if (status.heartbeat_tsc.get() <= receiving_stopped_tsc_) return false;
  }
  return data_path_->empty();
}

void Appliance::tell_lcores_to_stop() {
  // Release: pairs with the loop's acquire.
  stop_.store(true, std::memory_order_release);
}

std::vector<std::size_t> Appliance::wait_for_lcores(std::uint32_t timeout_ms) {
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  std::vector<std::size_t> running;
  do {
    running.clear();
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      if (rte_eal_get_lcore_state(plan_.lcores[i].lcore_id) == RUNNING) running.push_back(i);
    }
    if (running.empty()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  } while (steady_clock::now() < deadline);
  if (running.empty()) {
    rte_eal_mp_wait_lcore();
    [[maybe_unused]] const auto refused =
        state_.request(PipelineRequest::kDrained, "every lcore has stopped", rte_rdtsc());
  }
  return running;
}

void Appliance::close_ports() {
  for (const auto& port : ports_) port->close();
  std::vector<PoolReport> counted = pools();
  const std::vector<OwnPool> own = own_pools();
  for (std::size_t i = 0; i < counted.size(); ++i) {
    const dpdk::Pool& pool = i < ports_.size() ? ports_[i]->pool() : *own[i - ports_.size()].pool;
    const dpdk::PoolCount count = pool.count();
    counted[i].mbufs.available = count.mbufs;
    counted[i].repeated = count.repeated;
  }
  counted_pools_ = std::move(counted);
}

std::vector<PoolReport> Appliance::pools() const {
  if (!counted_pools_.empty()) return counted_pools_;
  std::vector<PoolReport> reports;
  for (const auto& port : ports_) {
    reports.push_back({port->settings().label,
                       {port->pool().size(), port->pool().available(), port->kept_by_driver()}});
  }
  for (const OwnPool& own : own_pools()) {
    reports.push_back({own.name, {own.pool->size(), own.pool->available()}});
  }
  return reports;
}

std::vector<Appliance::OwnPool> Appliance::own_pools() const {
  std::vector<OwnPool> own = {{"jumbo", &jumbo_pool_}};
  if (tcp_pool_) own.push_back({"tcp", &*tcp_pool_});
  return own;
}

std::vector<std::uint64_t> Appliance::heartbeats() const {
  std::vector<std::uint64_t> beats;
  for (const runtime::LcoreStatus& status : status_) beats.push_back(status.heartbeat_tsc.get());
  return beats;
}

bool Appliance::stood_still(const telemetry::Stillness& since) const {
  using std::chrono::steady_clock;
  using Verdict = telemetry::Stillness::Verdict;
  const auto deadline = steady_clock::now() + std::chrono::milliseconds(kStillnessWaitMs);
  for (;;) {
    const std::vector<std::uint64_t> beats = heartbeats();
    const Verdict verdict = since.judge(beats, data_path_->moves());
    if (verdict != Verdict::kUndecided) return verdict == Verdict::kStill;
    if (steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

template <class Read>
Appliance::LedgerReading Appliance::read_settled(const Read& read) const {
  const bool stopped = state() == PipelineState::kStopped;
  const std::uint64_t moves = data_path_->moves();
  LedgerReading reading{read()};
  const telemetry::Stillness stillness(moves, heartbeats());
  telemetry::Ledger& ledger = reading.ledger;
  // The first reading may have been taken in the middle of a hand-over, after its last count of
  // moves. By now every lcore has begun a new round, so that hand-over is complete and a second
  // reading would differ.
  if (stopped || (stood_still(stillness) && read() == ledger)) {
    reading.balanced = ledger.balanced();
    return reading;
  }
  const auto within = [this](const telemetry::Ledger& read_now) {
    const Load room = data_path_->room();
    return read_now.within(room.frames, room.packets);
  };
  // If this thread was preempted between two counters, it may see more frames in flight than there
  // is room for. So it looks again: frames that are really missing are still missing then.
  constexpr int kLooks = 4;
  for (int i = 1; i < kLooks && !within(ledger); ++i) ledger = read();
  reading.balanced = within(ledger);
  ledger.frames.in_flight = behind(ledger.frames.received, ledger.frames_accounted());
  ledger.packets.in_flight = behind(ledger.packets.received, ledger.packets_accounted());
  return reading;
}

Appliance::LedgerReading Appliance::read_ledger() const {
  LedgerReading reading = read_settled([this] { return data_path_->ledger(); });
  for (const auto& port : ports_) {
    reading.ledger.losses += port->stats().losses();
  }
  return reading;
}

Appliance::LedgerReading Appliance::read_ledger(std::size_t pipeline) const {
  return read_settled([this, pipeline] { return data_path_->ledger(pipeline); });
}

}  // namespace esc::appliance
