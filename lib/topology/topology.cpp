// SPDX-License-Identifier: BSD-3-Clause
#include "topology/topology.hpp"

#include <numa.h>
#include <numaif.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <memory>
#include <set>

#include "base/number.hpp"
#include "topology/problem.hpp"

namespace esc::topology {
namespace {

constexpr unsigned kMaxCpuNumber =
    65'535;  // a bound against a broken list, far above any kernel's NR_CPUS

std::optional<unsigned> parse_number(std::string_view text) {
  const auto value = parse_whole(text, {0, kMaxCpuNumber});
  return value ? std::optional(static_cast<unsigned>(*value)) : std::nullopt;
}

std::optional<std::vector<unsigned>> read_cpu_list(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return parse_cpu_list(line);
}

// The calling thread's mask. libnuma sizes it for the kernel's CPU numbers, which a plain cpu_set_t
// may not hold.
std::vector<unsigned> affinity() {
  std::vector<unsigned> allowed;
  const std::unique_ptr<bitmask, void (*)(bitmask*)> mask(numa_allocate_cpumask(),
                                                          numa_free_cpumask);
  if (mask == nullptr || numa_sched_getaffinity(0, mask.get()) < 0) return allowed;
  for (unsigned cpu = 0; cpu < mask->size; ++cpu) {
    if (numa_bitmask_isbitset(mask.get(), cpu) != 0) allowed.push_back(cpu);
  }
  return allowed;
}

}  // namespace

std::string to_text(const Problem& problem) {
  std::string text = problem.where + ": " + problem.what;
  if (!problem.fix.empty()) text += "; " + problem.fix;
  return text;
}

const Cpu* Topology::find(unsigned id) const noexcept {
  const auto found = std::ranges::find(cpus, id, &Cpu::id);
  return found == cpus.end() ? nullptr : &*found;
}

std::vector<unsigned> Topology::ids() const {
  std::vector<unsigned> result;
  for (const Cpu& cpu : cpus) result.push_back(cpu.id);
  return result;
}

std::vector<unsigned> Topology::allowed_ids() const {
  std::vector<unsigned> result;
  for (const Cpu& cpu : cpus) {
    if (cpu.allowed) result.push_back(cpu.id);
  }
  return result;
}

std::vector<unsigned> Topology::ids_on_node(int node) const {
  std::vector<unsigned> result;
  for (const Cpu& cpu : cpus) {
    if (cpu.allowed && cpu.node == node) result.push_back(cpu.id);
  }
  return result;
}

std::size_t Topology::node_count() const {
  std::set<int> nodes;
  for (const Cpu& cpu : cpus) nodes.insert(cpu.node);
  return nodes.size();
}

Topology snapshot(const SysRoot& root) {
  const std::vector<unsigned> allowed = affinity();
  const bool has_numa = numa_available() >= 0;
  // Without sysfs (some containers) the affinity mask is all that is known.
  const std::vector<unsigned> online =
      read_cpu_list(root.at("/sys/devices/system/cpu/online")).value_or(allowed);

  Topology topology;
  for (const unsigned id : online) {
    Cpu cpu{.id = id, .core = id, .allowed = std::ranges::binary_search(allowed, id)};
    if (has_numa) cpu.node = std::max(0, numa_node_of_cpu(static_cast<int>(id)));
    const auto siblings =
        read_cpu_list(root.at("/sys/devices/system/cpu/cpu" + std::to_string(id)) /
                      "topology/thread_siblings_list");
    if (siblings && !siblings->empty()) cpu.core = siblings->front();
    topology.cpus.push_back(cpu);
  }
  return topology;
}

std::optional<std::vector<unsigned>> parse_cpu_list(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  std::set<unsigned> ids;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view item = text.substr(0, comma);
    const std::size_t dash = item.find('-');
    const auto first = parse_number(item.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_number(item.substr(dash + 1));
    if (!first || !last || *last < *first) return std::nullopt;
    for (unsigned id = *first; id <= *last; ++id) ids.insert(id);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
    if (text.empty()) return std::nullopt;
  }
  return std::vector<unsigned>(ids.begin(), ids.end());
}

std::string format_cpu_list(std::span<const unsigned> ids) {
  std::string text;
  for (std::size_t first = 0; first < ids.size();) {
    std::size_t last = first;
    while (last + 1 < ids.size() && ids[last + 1] == ids[last] + 1) ++last;
    if (!text.empty()) text += ',';
    text += std::to_string(ids[first]);
    if (last > first) text += '-' + std::to_string(ids[last]);
    first = last + 1;
  }
  return text;
}

std::optional<int> node_of(const void* address) noexcept {
  constexpr std::uintptr_t kPageBytes = 4096;  // an address inside a larger page works too
  // NOLINTNEXTLINE: the kernel wants the page's address
  void* page =
      reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(address) & ~(kPageBytes - 1));
  int status = -1;
  // With no target nodes move_pages moves nothing: it reports where each page is.
  if (numa_available() < 0 || move_pages(0, 1, &page, nullptr, &status, 0) != 0)
    return std::nullopt;
  if (status < 0) return std::nullopt;
  return status;
}

}  // namespace esc::topology
