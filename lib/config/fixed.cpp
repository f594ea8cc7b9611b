// SPDX-License-Identifier: BSD-3-Clause
#include "config/fixed.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace esc::config {
namespace {

/// Holds one configuration against another, key by key.
class Comparison {
 public:
  Comparison(const Config& now, const Config& next) : now_(now), next_(next) {}

  /// A value that neither file has follows from other keys ([rings] from [lcores]): those are named
  /// then, and not this one.
  template <class T>
  void key(const std::string& key, const T& was, const T& is) {
    if (was == is || (!now_.sources.contains(key) && !next_.sources.contains(key))) return;
    add(key, "'" + key + "'");
  }

  /// After its keys: whatever they have missed must not pass for unchanged.
  template <class T>
  void section(const std::string& name, const T& was, const T& is) {
    if (problems_.empty() && !(was == is)) add(name, "[" + name + "]");
  }

  void add(const std::string& key, const std::string& what) {
    problems_.push_back({next_.where(key), what + " cannot change while escd runs",
                         "put it back, or restart escd with the new file"});
  }

  [[nodiscard]] std::vector<Problem> take() { return std::move(problems_); }

 private:
  const Config& now_;
  const Config& next_;
  std::vector<Problem> problems_;
};

/// The keys of one table: its name, and both of its values.
template <class Section>
class Table {
 public:
  Table(Comparison& found, std::string name, const Section& was, const Section& is)
      : found_(found), name_(std::move(name)), was_(was), is_(is) {}
  ~Table() { found_.section(name_, was_, is_); }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  template <class T>
  void key(std::string_view key, T Section::*member) {
    found_.key(name_ + "." + std::string(key), was_.*member, is_.*member);
  }

 private:
  Comparison& found_;
  std::string name_;
  const Section& was_;
  const Section& is_;
};

void compare_port(Comparison& found, std::size_t index, const PortConfig& was,
                  const PortConfig& is) {
  Table table(found, "port[" + std::to_string(index) + "]", was, is);
  table.key("device", &PortConfig::device);
  table.key("name", &PortConfig::name);
  table.key("udp_ports", &PortConfig::udp_ports);
  table.key("checksum", &PortConfig::checksum);
  table.key("rx_queues", &PortConfig::rx_queues);
  table.key("rx_descriptors", &PortConfig::rx_descriptors);
  table.key("pool_mbufs", &PortConfig::pool_mbufs);
  table.key("mbuf_data_bytes", &PortConfig::mbuf_data_bytes);
  table.key("mtu", &PortConfig::mtu);
  table.key("promiscuous", &PortConfig::promiscuous);
  table.key("lossless", &PortConfig::lossless_setting);
  table.key("restamp", &PortConfig::restamp);
}

void compare_ports(Comparison& found, const Config& now, const Config& next) {
  const std::size_t both = std::min(now.ports.size(), next.ports.size());
  for (std::size_t i = 0; i < both; ++i) compare_port(found, i, now.ports[i], next.ports[i]);
  if (now.ports.size() == next.ports.size()) return;
  found.add("port[" + std::to_string(both) + "]", "the number of [[port]] tables");
}

void compare_eal(Comparison& found, const Config& now, const Config& next) {
  Table table(found, "eal", now.eal, next.eal);
  table.key("args", &EalConfig::args);
}

void compare_memory(Comparison& found, const Config& now, const Config& next) {
  Table table(found, "memory", now.memory, next.memory);
  table.key("hugepages", &MemoryConfig::hugepages);
  table.key("limit_mib", &MemoryConfig::limit_mib);
}

void compare_lcores(Comparison& found, const Config& now, const Config& next) {
  Table table(found, "lcores", now.lcores, next.lcores);
  table.key("rx", &LcoresConfig::rx);
  table.key("dispatch", &LcoresConfig::dispatch);
  table.key("workers", &LcoresConfig::workers);
  table.key("storage", &LcoresConfig::storage);
  table.key("main", &LcoresConfig::main);
  table.key("idle", &LcoresConfig::idle);
  table.key("sleep_max_us", &LcoresConfig::sleep_max_us);
  table.key("stall_ms", &LcoresConfig::stall_ms);
}

void compare_rings(Comparison& found, const Config& now, const Config& next) {
  Table table(found, "rings", now.rings, next.rings);
  table.key("ingest_cells", &RingsConfig::ingest_cells);
  table.key("ingest_soft_mark_cells", &RingsConfig::ingest_soft_mark_cells);
  table.key("worker_cells", &RingsConfig::worker_cells);
  table.key("hold_cells", &RingsConfig::hold_cells);
  table.key("hold_timeout_ms", &RingsConfig::hold_timeout_ms);
  table.key("burst", &RingsConfig::burst);
}

void compare_deduplication(Comparison& found, const Config& now, const Config& next) {
  Table table(found, "deduplication", now.deduplication, next.deduplication);
  table.key("sequenced", &DeduplicationConfig::sequenced);
  table.key("window", &DeduplicationConfig::window);
  table.key("producers", &DeduplicationConfig::producers);
  table.key("idempotency_s", &DeduplicationConfig::idempotency_s);
  table.key("keyed_bytes", &DeduplicationConfig::keyed_bytes);
  table.key("state_file", &DeduplicationConfig::state_file);
}

void compare_dead_letters(Comparison& found, const Config& now, const Config& next) {
  Table table(found, "dead_letters", now.dead_letters, next.dead_letters);
  table.key("directory", &DeadLettersConfig::directory);
  table.key("segment_bytes", &DeadLettersConfig::segment_bytes);
  table.key("commit_bytes", &DeadLettersConfig::commit_bytes);
  table.key("commit_ms", &DeadLettersConfig::commit_ms);
  table.key("ring_cells", &DeadLettersConfig::ring_cells);
  table.key("stale", &DeadLettersConfig::stale);
  table.key("io_uring", &DeadLettersConfig::io_uring);
  table.key("max_bytes", &DeadLettersConfig::max_bytes);
  table.key("max_segments", &DeadLettersConfig::max_segments);
  table.key("max_age_s", &DeadLettersConfig::max_age_s);
  table.key("min_free_bytes", &DeadLettersConfig::min_free_bytes);
}

void compare_limits(Comparison& found, const Config& now, const Config& next) {
  Table table(found, "limits", now.limits, next.limits);
  table.key("max_frame_bytes", &LimitsConfig::max_frame_bytes);
  table.key("max_topic_bytes", &LimitsConfig::max_topic_bytes);
  table.key("max_routes", &LimitsConfig::max_routes);
}

void compare_shutdown(Comparison& found, const Config& now, const Config& next) {
  Table table(found, "shutdown", now.shutdown, next.shutdown);
  table.key("drain_timeout_ms", &ShutdownConfig::drain_timeout_ms);
}

void compare_log(Comparison& found, const Config& now, const Config& next) {
  Table table(found, "log", now.log, next.log);
  table.key("level", &LogConfig::level);
  table.key("file", &LogConfig::file);
}

void compare_control(Comparison& found, const Config& now, const Config& next) {
  Table table(found, "control", now.control, next.control);
  table.key("socket", &ControlConfig::socket);
}

}  // namespace

std::vector<Problem> check_fixed(const Config& now, const Config& next) {
  Comparison found(now, next);
  found.key("instance", now.instance, next.instance);
  compare_eal(found, now, next);
  compare_memory(found, now, next);
  compare_ports(found, now, next);
  compare_lcores(found, now, next);
  compare_rings(found, now, next);  // after [lcores], from which its defaults follow
  compare_deduplication(found, now, next);
  compare_dead_letters(found, now, next);
  if (now.key_memory_bytes() == 0 && next.key_memory_bytes() != 0) {
    found.add("replay.sources", "whether there is memory for the marks of replayed dead letters");
  }
  compare_limits(found, now, next);
  compare_shutdown(found, now, next);
  compare_log(found, now, next);
  compare_control(found, now, next);
  return found.take();
}

}  // namespace esc::config
