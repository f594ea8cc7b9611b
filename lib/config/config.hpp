// SPDX-License-Identifier: BSD-3-Clause
// The configuration: the settings of the file and of the command line, validated, as one value that
// never changes after that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "config/health.hpp"
#include "config/pressure.hpp"
#include "config/routes.hpp"
#include "topology/problem.hpp"
#include "wire/pass_stamps.hpp"

namespace esc::config {

using topology::Problem;

// The order of each enum is the order of its names in the key table (keys_*.cpp).
enum class Hugepages : std::uint8_t { kAuto, kRequire, kOff };
enum class Checksum : std::uint8_t { kVerify, kNic, kOff };
enum class Idle : std::uint8_t { kBusy, kAdaptive };
enum class LogLevel : std::uint8_t { kTrace, kDebug, kInfo, kWarn, kError };
using wire::Restamp;
enum class Lossless : std::uint8_t { kAuto, kYes, kNo };
enum class DeviceKind : std::uint8_t { kPci, kVdev };

struct EalConfig {
  /// The arguments in the file, then those after "--" on the command line; options for cores and
  /// processes are not allowed.
  std::vector<std::string> args;

  friend bool operator==(const EalConfig&, const EalConfig&) = default;
};

struct MemoryConfig {
  Hugepages hugepages = Hugepages::kAuto;
  std::uint32_t limit_mib = 0;  ///< 0: as much as the sum of the pools and rings asks for

  friend bool operator==(const MemoryConfig&, const MemoryConfig&) = default;
};

/// A device as DPDK is told about it. "net_pcap0,rx_pcap=a.pcap": name "net_pcap0", driver
/// "net_pcap", one argument.
struct Device {
  DeviceKind kind = DeviceKind::kVdev;
  /// The whole text: the value of EAL's --vdev or -a. A PCI address in it has its long lower-case
  /// form.
  std::string spec{};
  std::string name{};    ///< "net_pcap0" or "0000:01:00.0": DPDK's name of the port
  std::string driver{};  ///< virtual devices: the name without its number; PCI: empty
  /// Key and value ("" when there is no '='), in order; keys may repeat.
  std::vector<std::pair<std::string, std::string>> args{};

  /// Value of the first argument of that name.
  [[nodiscard]] std::optional<std::string_view> arg(std::string_view key) const;
  [[nodiscard]] std::size_t count(std::string_view key) const;

  friend bool operator==(const Device&, const Device&) = default;
};

struct PortConfig {
  Device device;
  std::string name;  ///< label in metrics and logs; default: the device's
  std::vector<std::uint16_t> udp_ports;
  Checksum checksum = Checksum::kVerify;
  std::uint16_t rx_queues = 1;
  std::uint16_t rx_descriptors = 0;   ///< 0: the driver's default
  std::uint32_t pool_mbufs = 0;       ///< 0: computed from its holders
  std::uint32_t mbuf_data_bytes = 0;  ///< data room without headroom; 0: 2048
  std::uint16_t mtu = 0;              ///< 0: the device's
  bool promiscuous = true;
  Lossless lossless_setting = Lossless::kAuto;
  Restamp restamp = Restamp::kOff;  ///< other than kOff: the device is an endless trace

  /// Whether the device keeps its packets while it is not polled: as configured, or by its driver
  /// (trace files, memif, ring, null).
  [[nodiscard]] bool lossless() const;

  friend bool operator==(const PortConfig&, const PortConfig&) = default;
};

/// A listener for TCP connections.
struct TcpConfig {
  std::string listen;                   ///< an address with a port: wire::Endpoint
  std::vector<wire::IpPrefix> sources;  ///< who may connect; empty: anyone

  friend bool operator==(const TcpConfig&, const TcpConfig&) = default;
};

/// Bounds of all listeners' connections together.
struct ConnectionsConfig {
  std::uint32_t max = 1'024;                ///< by TCP role
  std::uint32_t max_per_source = 0;         ///< from one address; 0: no bound
  std::uint32_t credit_events = 256;        ///< of one connection in one pipeline
  std::uint32_t idle_timeout_s = 0;         ///< without a byte; 0: none
  std::uint32_t frame_timeout_ms = 10'000;  ///< from a frame's begin to its end; 0: none
  std::uint64_t pool_bytes = 0;  ///< of the buffers; 0: what `max` connections can hold, and more

  friend bool operator==(const ConnectionsConfig&, const ConnectionsConfig&) = default;
};

struct LcoresConfig {
  std::vector<unsigned> rx;         ///< CPU numbers; unique; empty only without ports
  std::vector<unsigned> tcp;        ///< unique; once loaded, empty only without listeners
  std::vector<unsigned> dispatch;   ///< one pipeline each; may repeat
  std::vector<unsigned> workers;    ///< may repeat
  std::optional<unsigned> storage;  ///< CPU number; unset: the CPU of the last worker
  std::optional<unsigned> main;
  Idle idle = Idle::kAdaptive;
  std::uint32_t sleep_max_us = 1000;
  std::uint32_t stall_ms = 500;

  friend bool operator==(const LcoresConfig&, const LcoresConfig&) = default;
};

struct RingsConfig {
  std::uint32_t ingest_cells = 0;  ///< never 0 once loaded, like worker_cells
  std::uint32_t ingest_soft_mark_cells = 512;
  std::uint32_t worker_cells = 0;
  std::uint32_t hold_cells = 0;  ///< never 0 once loaded
  std::uint32_t hold_timeout_ms = 1'000;
  std::uint32_t burst = 64;

  friend bool operator==(const RingsConfig&, const RingsConfig&) = default;
};

struct DeduplicationConfig {
  bool sequenced = true;  ///< judge events that their sender numbered
  std::uint32_t window = 4'096;
  std::uint32_t producers = 65'536;
  std::uint32_t idempotency_s = 3'600;
  std::uint64_t keyed_bytes = 0;  ///< for keys of events without a number; 0: no route has a key
  /// Where windows are kept over a restart; empty: they are not kept.
  std::string state_file;

  friend bool operator==(const DeduplicationConfig&, const DeduplicationConfig&) = default;
};

struct DeadLettersConfig {
  std::string directory;  ///< empty: dead letters are not kept
  std::uint64_t segment_bytes = 64U << 20U;
  std::uint64_t commit_bytes = 1U << 20U;
  std::uint32_t commit_ms = 10;
  std::uint32_t ring_cells = 1'024;
  bool stale = false;
  bool io_uring = true;
  std::uint64_t max_bytes = std::uint64_t{10} << 30U;  ///< 0: no bound, like the next two
  std::uint32_t max_segments = 0;
  std::uint32_t max_age_s = 0;
  std::uint64_t min_free_bytes = std::uint64_t{1} << 30U;

  [[nodiscard]] bool kept() const noexcept { return !directory.empty(); }

  friend bool operator==(const DeadLettersConfig&, const DeadLettersConfig&) = default;
};

/// Memory for the marks of replayed dead letters if no other keys are kept: enough for a hundred
/// thousand.
inline constexpr std::uint64_t kReplayKeyBytes = 4U << 20U;

struct ReplayConfig {
  std::vector<wire::IpPrefix> sources;  ///< who may replay dead letters; empty: nobody may

  friend bool operator==(const ReplayConfig&, const ReplayConfig&) = default;
};

struct LimitsConfig {
  std::uint32_t max_frame_bytes = 65'403;
  std::uint32_t max_topic_bytes = 255;
  std::uint32_t max_routes = 65'536;

  friend bool operator==(const LimitsConfig&, const LimitsConfig&) = default;
};

struct ShutdownConfig {
  std::uint32_t drain_timeout_ms = 5'000;

  friend bool operator==(const ShutdownConfig&, const ShutdownConfig&) = default;
};

struct LogConfig {
  LogLevel level = LogLevel::kInfo;
  std::string file;  ///< empty: stderr

  friend bool operator==(const LogConfig&, const LogConfig&) = default;
};

struct ControlConfig {
  std::string socket;  ///< empty: made from the instance

  friend bool operator==(const ControlConfig&, const ControlConfig&) = default;
};

/// A place in the file, counted from 1.
struct FilePlace {
  std::uint32_t line = 0;  ///< 0: not in the file
  std::uint32_t column = 0;
};

/// Made by `load` only. Hand it on as const.
struct Config {
  std::string instance = "escd";
  EalConfig eal;
  MemoryConfig memory;
  std::vector<PortConfig> ports;  ///< the order of [[port]] in the file; none with [[tcp]] only
  std::vector<TcpConfig> tcp;     ///< the order of [[tcp]] in the file
  ConnectionsConfig connections;
  LcoresConfig lcores;
  RingsConfig rings;
  DeduplicationConfig deduplication;
  DeadLettersConfig dead_letters;
  ReplayConfig replay;
  LimitsConfig limits;
  PressureConfig pressure;
  ShutdownConfig shutdown;
  LogConfig log;
  ControlConfig control;
  HealthConfig health;
  std::vector<RouteConfig> routes;  ///< no two of one topic; the order of [[route]] in the file
  RoutingConfig routing;
  std::vector<ProducerConfig> producers;  ///< no two of one id
  /// Settings that are valid, but perhaps not what was meant.
  std::vector<Problem> warnings;

  std::string file;  ///< the name of the file, printable
  std::map<std::string, std::string>
      sources;  ///< key ("port[0].device") -> "escd.toml:7:1" or "--set ..."
  /// By route: the place where it names its worker. There may be a million routes, so `sources` has
  /// their places only as far as the command line set them. This place is needed once the lcores
  /// are planned.
  std::vector<FilePlace> worker_places;
  /// By route: the place of its topic, for the same reason.
  std::vector<FilePlace> topic_places;

  /// Connections of all TCP roles: each role has so many slots of its own.
  [[nodiscard]] std::size_t connection_slots() const noexcept {
    return tcp.empty() ? 0 : lcores.tcp.size() * connections.max;
  }
  /// Memory reserved at start for keys, and for the marks of replayed dead letters; 0: none.
  [[nodiscard]] std::uint64_t key_memory_bytes() const noexcept {
    if (deduplication.keyed_bytes != 0) return deduplication.keyed_bytes;
    return dead_letters.kept() || !replay.sources.empty() ? kReplayKeyBytes : 0;
  }

  /// The place where a key was set; if it was not set, the place of its table, else the file.
  [[nodiscard]] std::string where(std::string_view key) const;
  /// The place where a route names its worker.
  [[nodiscard]] std::string where_worker(std::size_t route) const;
  /// The place of a route.
  [[nodiscard]] std::string where_route(std::size_t route) const;

 private:
  [[nodiscard]] std::string where_kept(const std::vector<FilePlace>& places, std::size_t route,
                                       std::string_view key) const;
};

/// Settings on the command line, which override those of the file.
struct Overrides {
  /// "key=value" as given to --set: `lcores.idle=busy`, `port[0].udp_ports=[9001,9002]`. The value
  /// is TOML; a plain word is a string.
  std::vector<std::string> set;
  std::vector<std::string> eal_args;  ///< what follows "--"; appended to eal.args
};

using LoadResult = std::variant<Config, std::vector<Problem>>;

/// Reads the file, applies the overrides and validates the result. Reports every problem (a syntax
/// error hides those after it). Text from the file is escaped in a Problem. `known_handlers`: the
/// handlers that escd has. Start-up and reloads only. Throws nothing but std::bad_alloc.
[[nodiscard]] LoadResult load(const std::filesystem::path& file, const Overrides& overrides,
                              std::span<const std::string_view> known_handlers);

/// The same for a text; messages call it `name`.
[[nodiscard]] LoadResult load_text(std::string_view text, std::string_view name,
                                   const Overrides& overrides,
                                   std::span<const std::string_view> known_handlers);

}  // namespace esc::config
