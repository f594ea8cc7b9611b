// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/dpdk_sink.hpp"

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <sched.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/start_error.hpp"
#include "config/device.hpp"
#include "dpdk/eal.hpp"
#include "esc-replay/error.hpp"
#include "topology/pci_device.hpp"

namespace esc::replay {
namespace {

constexpr std::uint16_t kBurst = 64;
constexpr std::uint16_t kWantedDescriptors = 1024;
constexpr unsigned kCacheMbufs = 256;
// For an RX queue that must exist though nothing is received: net_af_xdp fills its ring of 2,048
// from the pool whatever the number of descriptors, and refuses the queue if it cannot.
constexpr unsigned kRxMbufs = 4096;
constexpr auto kLinkPoll = std::chrono::milliseconds(100);

std::string error_text(int error) {
  return rte_strerror(error < 0 ? -error : error);
}

config::Device device_of(const SendOptions& options) {
  auto parsed = config::parse_device(options.port);
  if (const auto* problem = std::get_if<config::Problem>(&parsed)) {
    throw usage_error("--port: " + problem->what +
                      "; write one such as 0000:01:00.0 or "
                      "net_memif0,role=client,socket=/run/x.sock");
  }
  return std::get<config::Device>(std::move(parsed));
}

int first_cpu() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) return cpu;
  }
  return 0;
}

std::unique_ptr<dpdk::Eal> start_eal(const SendOptions& options, const config::Device& device,
                                     std::uint64_t memory_bytes) {
  // stdout is for the summary.
  spdlog::set_default_logger(spdlog::stderr_color_mt("esc-replay"));
  if (options.quiet) spdlog::set_level(spdlog::level::warn);
  dpdk::EalSettings settings;
  settings.instance = "esc-replay-" + std::to_string(getpid());
  settings.lcores = "0@" + std::to_string(first_cpu());
  settings.extra_args = options.eal_args;
  settings.extra_args.emplace_back("--no-telemetry");
  if (device.kind == config::DeviceKind::kPci) settings.pci_devices.push_back(device.spec);
  settings.hugepage_bytes = settings.ordinary_page_bytes = memory_bytes;
  settings.less_memory = "deploy/reserve-hugepages, or free memory";
  dpdk::MemoryChoice memory = dpdk::choose_memory(settings);
  // In memory only, so that nothing is left behind when we are killed.
  memory.in_memory = memory.hugepages;
  if (!options.quiet) std::fprintf(stderr, "%s\n", memory.reason.c_str());
  return std::make_unique<dpdk::Eal>(settings, memory);
}

class DpdkSink final : public Sink {
 public:
  DpdkSink(const SendOptions& options, std::uint64_t longest_packet_bytes)
      : device_(device_of(options)),
        linger_(std::chrono::duration<double>(options.linger)),
        // Headroom is part of the room of an mbuf.
        room_bytes_(static_cast<std::uint16_t>(
            std::max<std::uint64_t>(RTE_MBUF_DEFAULT_DATAROOM, longest_packet_bytes) +
            RTE_PKTMBUF_HEADROOM)) {
    // Descriptors, a burst in hand, the mempool's cache and the RX queue; and each mbuf its header
    // and room.
    const std::uint64_t mbufs =
        std::uint64_t{kWantedDescriptors} + kBurst + 2 * kCacheMbufs + kRxMbufs;
    eal_ = start_eal(options, device_,
                     mbufs * (room_bytes_ + sizeof(rte_mbuf) + 2 * RTE_CACHE_LINE_SIZE));
    pool_ = rte_pktmbuf_pool_create("replay", static_cast<unsigned>(mbufs), kCacheMbufs, 0,
                                    room_bytes_, SOCKET_ID_ANY);
    if (pool_ == nullptr) fail("no memory for mbufs", rte_errno, "reserve more hugepages");
    probe();
    configure(longest_packet_bytes);
    come_up(options);
  }

  ~DpdkSink() override { close(); }

  [[nodiscard]] std::size_t batch() const noexcept override { return kBurst; }

  [[nodiscard]] Outcome offer(const Trace& trace, std::size_t begin, std::size_t end) override {
    const auto wanted = static_cast<std::uint16_t>(std::min<std::size_t>(end - begin, kBurst));
    if (held_ < wanted && !fill(trace, begin, wanted)) {
      ++blocked_;  // every mbuf is still waiting to be sent
      return {};
    }
    const std::uint16_t sent = rte_eth_tx_burst(id_, 0, mbufs_.data(), wanted);
    if (sent < wanted) ++blocked_;
    std::move(mbufs_.begin() + sent, mbufs_.begin() + held_, mbufs_.begin());
    held_ = static_cast<std::uint16_t>(held_ - sent);
    return {.sent = sent};
  }

  void wait() override { std::this_thread::yield(); }

  [[nodiscard]] std::size_t finish(const Trace& /*trace*/) override {
    // ethdev cannot say when a peer has read its ring; a port that closes takes the ring with it.
    std::this_thread::sleep_for(linger_);
    close();
    return 0;
  }

 private:
  /// Copies units into mbufs until `wanted` are in hand. Those in hand from an offer before are the
  /// first units of this one.
  [[nodiscard]] bool fill(const Trace& trace, std::size_t begin, std::uint16_t wanted) {
    if (rte_pktmbuf_alloc_bulk(pool_, mbufs_.data() + held_, wanted - held_) != 0) return false;
    for (; held_ < wanted; ++held_) {
      const std::span<const std::uint8_t> bytes = trace.unit(begin + held_);
      char* const room =
          rte_pktmbuf_append(mbufs_[held_], static_cast<std::uint16_t>(bytes.size()));
      std::memcpy(room, bytes.data(),
                  bytes.size());  // the pool was made for the longest packet: it fits
    }
    return true;
  }

  [[noreturn]] void fail(const std::string& what, int error, const std::string& fix) const {
    throw Error("--port '" + device_.spec + "': " + what +
                (error != 0 ? ": " + error_text(error) : "") + "; " + fix);
  }

  void probe() {
    const bool pci = device_.kind == config::DeviceKind::kPci;
    if (!pci) {
      if (const int result = rte_dev_probe(device_.spec.c_str()); result != 0) {
        fail("cannot be opened", result,
             "check the driver's name and its arguments; the DPDK lines above say more");
      }
    }
    if (rte_eth_dev_get_port_by_name(device_.name.c_str(), &id_) != 0) {
      const auto problem = pci ? topology::pci_problem({}, device_.name) : std::nullopt;
      if (problem) fail(problem->what, 0, problem->fix);
      fail("DPDK has no such port", 0, "the driver may be missing; the DPDK lines above say more");
    }
    probed_ = true;
  }

  void configure(std::uint64_t longest_packet_bytes) {
    rte_eth_dev_info info{};
    if (const int result = rte_eth_dev_info_get(id_, &info); result != 0)
      fail("no device information", result, "bind it again");
    if (info.max_tx_queues == 0)
      fail("it cannot send", 0, "give it a TX side (for net_pcap: tx_pcap= or tx_iface=)");
    const auto rx_queues = static_cast<std::uint16_t>(std::min<unsigned>(1, info.max_rx_queues));
    const rte_eth_conf conf{};
    if (const int result = rte_eth_dev_configure(id_, rx_queues, 1, &conf); result != 0) {
      fail("refused its configuration", result, "the DPDK lines above say more");
    }
    set_mtu(longest_packet_bytes);
    std::uint16_t rx_descriptors = 64;
    std::uint16_t tx_descriptors = kWantedDescriptors;
    static_cast<void>(rte_eth_dev_adjust_nb_rx_tx_desc(id_, &rx_descriptors, &tx_descriptors));
    const auto socket = static_cast<unsigned>(rte_eth_dev_socket_id(id_));
    if (rx_queues == 1) {
      const int result = rte_eth_rx_queue_setup(id_, 0, rx_descriptors, socket, nullptr, pool_);
      if (result != 0) fail("RX queue refused", result, "the DPDK lines above say more");
    }
    if (const int result = rte_eth_tx_queue_setup(id_, 0, tx_descriptors, socket, nullptr);
        result != 0) {
      fail("TX queue refused", result, "the DPDK lines above say more");
    }
  }

  /// Many drivers send packets beyond the MTU anyway, so a refusal is reported but does not end the
  /// run.
  void set_mtu(std::uint64_t longest_packet_bytes) const {
    constexpr std::uint64_t kEthernetBytes = 14;
    const std::uint64_t needed =
        longest_packet_bytes > kEthernetBytes ? longest_packet_bytes - kEthernetBytes : 0;
    std::uint16_t mtu = 0;
    if (rte_eth_dev_get_mtu(id_, &mtu) != 0 || needed <= mtu) return;
    if (const int result = rte_eth_dev_set_mtu(id_, static_cast<std::uint16_t>(needed));
        result != 0) {
      std::fprintf(
          stderr,
          "--port '%s': its MTU is %u and it does not take %llu (%s): longer packets may be lost\n",
          device_.spec.c_str(), mtu, static_cast<unsigned long long>(needed),
          error_text(result).c_str());
    }
  }

  /// Starts the port and waits for its link. A memif client cannot even start while nobody listens
  /// on its socket, so both wait for the peer.
  void come_up(const SendOptions& options) const {
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::duration<double>(options.connect_timeout);
    int result = rte_eth_dev_start(id_);
    rte_eth_link link{};
    for (bool told = options.quiet;; told = true) {
      if (result == 0 && rte_eth_link_get_nowait(id_, &link) == 0 &&
          link.link_status == RTE_ETH_LINK_UP)
        return;
      if (std::chrono::steady_clock::now() >= deadline) {
        const auto seconds = std::to_string(static_cast<int>(options.connect_timeout)) + " s";
        fail((result == 0 ? "no link after " : "did not start within ") + seconds, 0,
             "start the peer first (for memif: the process with role=server, on the same socket), "
             "or raise "
             "--connect-timeout; the DPDK lines above say more");
      }
      if (!told) std::fprintf(stderr, "waiting for the peer of '%s'\n", device_.spec.c_str());
      std::this_thread::sleep_for(kLinkPoll);
      if (result != 0) result = rte_eth_dev_start(id_);
    }
  }

  void close() noexcept {
    if (!probed_) return;
    probed_ = false;
    rte_pktmbuf_free_bulk(mbufs_.data(), held_);
    held_ = 0;
    rte_eth_dev_stop(id_);
    rte_eth_dev_close(id_);
  }

  config::Device device_;
  std::chrono::duration<double> linger_;
  std::uint16_t room_bytes_;
  std::unique_ptr<dpdk::Eal> eal_;
  rte_mempool* pool_ = nullptr;  ///< EAL's; gone with it
  std::array<rte_mbuf*, kBurst> mbufs_{};
  std::uint16_t held_ = 0;  ///< mbufs in hand, not yet taken by the port
  std::uint16_t id_ = 0;
  bool probed_ = false;
};

}  // namespace

std::unique_ptr<Sink> open_dpdk_sink(const SendOptions& options,
                                     std::uint64_t longest_packet_bytes) {
  constexpr std::uint64_t kLongest = UINT16_MAX - RTE_PKTMBUF_HEADROOM;
  if (longest_packet_bytes > kLongest) {
    throw Error("--port: the trace has a packet of " + std::to_string(longest_packet_bytes) +
                " bytes; an mbuf holds at most " + std::to_string(kLongest));
  }
  try {
    return std::make_unique<DpdkSink>(options, longest_packet_bytes);
  } catch (const StartError& error) {
    throw Error(std::string("--port '") + options.port + "': " + error.what() + "; " + error.fix());
  }
}

}  // namespace esc::replay
