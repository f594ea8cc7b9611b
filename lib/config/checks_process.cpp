// SPDX-License-Identifier: BSD-3-Clause
// Checks the limits of this process and the folder in which DPDK keeps its files, both for --check
// and for a start.
#include <unistd.h>

#include "base/units.hpp"
#include "config/checks.hpp"
#include "config/text.hpp"
#include "topology/limits.hpp"
#include "topology/memory.hpp"
#include "topology/runtime_directory.hpp"

namespace esc::config {
namespace {

using topology::process_limit;

std::string in_unit(std::uint64_t bytes) {
  if (bytes % kMiB == 0 && bytes != 0) return std::to_string(bytes / kMiB) + " MiB";
  if (bytes % kKiB == 0 && bytes != 0) return std::to_string(bytes / kKiB) + " KiB";
  return std::to_string(bytes) + " bytes";
}

std::string raise(const std::string& option, const std::string& directive) {
  return "ulimit " + option + " unlimited, or " + directive + "=infinity in the systemd unit";
}

/// The largest size of a file of windows, without its header.
std::uint64_t most_window_bytes(const DeduplicationConfig& deduplication) {
  const std::uint64_t words = deduplication.window / 64;
  return deduplication.producers * (48 + 8 * (words + 2 * ((words + 63) / 64)));
}

void check_file_size(const Check& check, const ProcessNeed& need) {
  const auto limit = process_limit("Max file size", check.root).soft;
  if (!limit) return;
  const Config& config = check.config;
  const std::string may = "this process may write files of " + in_unit(*limit) + " at most";
  const std::string fix = raise("-f", "LimitFSIZE");
  const std::uint64_t page_bytes = topology::free_hugepages(check.root).page_kib * kKiB;
  if (need.on_hugepages && *limit < page_bytes) {
    check.error(config.where("memory.hugepages"),
                "each hugepage is a file of " + in_unit(page_bytes) + " to DPDK, and " + may, fix);
  }
  const auto warn = [&](std::string_view key, const std::string& what) {
    check.warning(config.where(key), what + ", and " + may, fix);
  };
  if (config.dead_letters.kept() && *limit < config.dead_letters.segment_bytes) {
    warn("dead_letters.segment_bytes", "a segment of dead letters has " +
                                           in_unit(config.dead_letters.segment_bytes) +
                                           ": what is beyond is lost as dlq_write_failed");
  }
  if (config.deduplication.sequenced && !config.deduplication.state_file.empty() &&
      *limit < most_window_bytes(config.deduplication)) {
    warn("deduplication.state_file",
         "the windows of " + std::to_string(config.deduplication.producers) +
             " producers may take " + in_unit(most_window_bytes(config.deduplication)));
  }
  if (!config.log.file.empty()) warn("log.file", "the log grows, and ends at the limit");
  constexpr std::uint64_t kLedgerBytes = kMiB;
  if (*limit < kLedgerBytes) warn("", "the ledger's file may not fit");
}

void check_open_files(const Check& check, const ProcessNeed& need) {
  // EAL raises the soft limit to the hard one.
  const auto limit = process_limit("Max open files", check.root).hard;
  if (!limit) return;
  // Descriptors of EAL and of escd, control connections included; pipes of each lcore; those of the
  // TCP roles; one for each hugepage.
  constexpr std::uint64_t kFixed = 48;
  const std::uint64_t of_tcp_role = check.config.connections.max + check.config.tcp.size() + 1;
  std::uint64_t needed = kFixed + 4 * need.lcores + check.config.lcores.tcp.size() * of_tcp_role;
  const std::uint64_t page_bytes = topology::free_hugepages(check.root).page_kib * kKiB;
  if (need.on_hugepages && page_bytes != 0) needed += need.memory_bytes / page_bytes;
  if (*limit >= needed) return;
  check.error(
      check.config.where("lcores"),
      "about " + std::to_string(needed) + " open files are needed, and this process may have " +
          std::to_string(*limit),
      "ulimit -Hn " + std::to_string(needed) + " or more, or LimitNOFILE= in the systemd unit");
}

void check_threads(const Check& check, const ProcessNeed& need) {
  const auto limit = process_limit("Max processes", check.root).soft;
  const bool privileged = has_capability(check.root, Capability::kSysAdmin) ||
                          has_capability(check.root, Capability::kSysResource);
  constexpr std::uint64_t kFixed = 8;  // main, log, writers, EAL's own
  const std::uint64_t needed = kFixed + need.lcores;
  if (!limit || privileged || *limit >= needed) return;
  check.error(
      check.config.where("lcores"),
      "about " + std::to_string(needed) + " threads are needed, and this user may have " +
          std::to_string(*limit) + " in all its processes",
      "ulimit -u " + std::to_string(needed) + " or more, or LimitNPROC= in the systemd unit");
}

// Memory that escd takes besides pools and rings: its tables, the stacks of threads, and what
// libraries take.
constexpr std::uint64_t kBesidePools = 256 * kMiB;

void check_data_size(const Check& check, const ProcessNeed& need) {
  const auto limit = process_limit("Max data size", check.root).soft;
  const std::uint64_t needed = (need.on_hugepages ? 0 : need.memory_bytes) + kBesidePools;
  if (!limit || *limit >= needed) return;
  check.error(check.config.where("memory"),
              "about " + in_unit((needed + kMiB - 1) / kMiB * kMiB) +
                  " of data are needed, and this process may have " + in_unit(*limit),
              raise("-d", "LimitDATA"));
}

void check_address_space(const Check& check, const ProcessNeed& need) {
  const auto limit = process_limit("Max address space", check.root).soft;
  if (!limit) return;
  // With hugepages DPDK reserves addresses, not memory, for all the memory that it could ever have.
  const std::uint64_t needed = need.on_hugepages ? 136 * kGiB : need.memory_bytes + kBesidePools;
  if (*limit >= needed) return;
  check.error(check.config.where("memory"),
              "about " + in_unit((needed + kMiB - 1) / kMiB * kMiB) +
                  " of addresses are needed, and this process may have " + in_unit(*limit),
              raise("-v", "LimitAS"));
}

void check_cpu_time(const Check& check) {
  const auto limit = process_limit("Max cpu time", check.root).soft;
  if (!limit) return;
  check.warning(check.config.where(""),
                "after " + std::to_string(*limit) +
                    " s of CPU time, of all lcores together, escd drains "
                    "and ends",
                raise("-t", "LimitCPU"));
}

void check_runtime_directory(const Check& check, const ProcessNeed& need) {
  const auto problem = topology::runtime_directory_problem(check.config.instance, check.root);
  if (!problem) return;
  const std::string what = in_quotes(problem->where) + ": " + printable(problem->what);
  const std::string where = check.config.where("instance");
  if (need.shares_files) {
    check.error(where, what, printable(problem->fix));
  } else {
    check.warning(where,
                  what + ": DPDK's error of it does no harm, but dpdk-telemetry.py finds no socket",
                  printable(problem->fix));
  }
}

}  // namespace

void check_process(const Check& check, const ProcessNeed& need) {
  check_file_size(check, need);
  check_open_files(check, need);
  check_threads(check, need);
  check_data_size(check, need);
  check_address_space(check, need);
  check_cpu_time(check);
  check_runtime_directory(check, need);
}

std::vector<Finding> check_process(const Config& config, const ProcessNeed& need) {
  std::vector<Finding> findings;
  check_process({config, {}, findings}, need);
  return findings;
}

}  // namespace esc::config
