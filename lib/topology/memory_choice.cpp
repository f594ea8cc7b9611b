// SPDX-License-Identifier: BSD-3-Clause
#include "topology/memory_choice.hpp"

#include "base/units.hpp"
#include "topology/memory.hpp"
#include "topology/small_file.hpp"

namespace esc::topology {
namespace {

std::string in_mib(std::uint64_t bytes) {
  return std::to_string((bytes + kMiB - 1) / kMiB);
}

// nr_hugepages counts all hugepages, those in use included.
std::string reserve_command(const SysRoot& root, std::uint64_t missing_bytes,
                            std::uint64_t page_kib) {
  const std::uint64_t page_bytes = page_kib * kKiB;
  const std::string knob =
      "/sys/kernel/mm/hugepages/hugepages-" + std::to_string(page_kib) + "kB/nr_hugepages";
  const std::uint64_t there = first_number(root.at(knob)).value_or(0);
  return "echo " + std::to_string(there + (missing_bytes + page_bytes - 1) / page_bytes) + " > " +
         knob + ", or deploy/reserve-hugepages";
}

std::optional<Problem> hugepage_shortage(const MemoryWish& wish, const SysRoot& root) {
  const FreeHugepages free = free_hugepages(root);
  const std::uint64_t bytes = free.bytes + leftover_hugepage_bytes(root, wish.instance);
  if (bytes >= wish.hugepage_bytes) return std::nullopt;
  return Problem{"",
                 "about " + in_mib(wish.hugepage_bytes) + " MiB of hugepages are needed, " +
                     std::to_string(bytes / kMiB) + " MiB are free",
                 free.page_kib == 0
                     ? "this kernel offers no hugepages; write memory.hugepages = \"off\""
                     : reserve_command(root, wish.hugepage_bytes - bytes, free.page_kib)};
}

// It is better not to start than to have the kernel kill a process because memory is short: a PCI
// port pins all of its memory at once.
std::optional<Problem> ordinary_shortage(const MemoryWish& wish, const SysRoot& root) {
  const auto available = available_bytes(root);
  if (!available || *available >= wish.ordinary_bytes) return std::nullopt;
  return Problem{"",
                 "about " + in_mib(wish.ordinary_bytes) + " MiB of ordinary memory are needed, " +
                     std::to_string(*available / kMiB) + " MiB are to be had",
                 wish.less_memory};
}

}  // namespace

MemoryVerdict choose_memory(const MemoryWish& wish, const SysRoot& root) {
  MemoryVerdict verdict;
  if (wish.hugepages != HugepageUse::kOff) {
    auto shortage = hugepage_shortage(wish, root);
    verdict.hugepages = !shortage || wish.hugepages == HugepageUse::kRequire;
    if (verdict.hugepages) {
      verdict.refusal = std::move(shortage);
      return verdict;
    }
    verdict.shortage = std::move(shortage);
  }
  verdict.refusal = ordinary_shortage(wish, root);
  return verdict;
}

}  // namespace esc::topology
