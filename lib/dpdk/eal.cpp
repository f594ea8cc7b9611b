// SPDX-License-Identifier: BSD-3-Clause
#include "dpdk/eal.hpp"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/start_error.hpp"
#include "base/units.hpp"
#include "dpdk/eal_log.hpp"
#include "topology/memory.hpp"

namespace esc::dpdk {
namespace {

// An escd that was killed leaves its files in hugetlbfs, and their pages are not free. EAL removes
// them when it starts, but only if it is told to use hugepages.
void remove_leftovers(const std::string& instance) {
  topology::each_leftover_hugepage_file(
      {}, instance, [](const std::filesystem::path& file, std::uint64_t) { unlink(file.c_str()); });
}

std::string in_mib(std::uint64_t bytes) {
  return std::to_string((bytes + kMiB - 1) / kMiB) + " MiB";
}

}  // namespace

topology::MemoryWish memory_wish(const EalSettings& settings) {
  return {.instance = settings.instance,
          .hugepages = settings.hugepages,
          .hugepage_bytes = settings.hugepage_bytes + kEalOverheadBytes,
          .ordinary_bytes = settings.ordinary_page_bytes + kEalOverheadBytes,
          .less_memory = settings.less_memory};
}

MemoryChoice choose_memory(const EalSettings& settings) {
  const topology::MemoryWish wish = memory_wish(settings);
  const topology::MemoryVerdict verdict = topology::choose_memory(wish);
  if (verdict.refusal) throw StartError(verdict.refusal->what, verdict.refusal->fix);
  if (wish.hugepages != HugepageUse::kOff) remove_leftovers(settings.instance);
  if (verdict.hugepages) {
    const bool mounted = !topology::writable_hugetlbfs({}).empty();
    return {true, !mounted,
            "running on hugepages (" + in_mib(wish.hugepage_bytes) + ")" +
                (mounted ? ""
                         : "; there is no hugetlbfs that this user may write to, so dpdk-dumpcap "
                           "cannot attach")};
  }
  if (!verdict.shortage) {
    return {false, false, "hugepages are off in the configuration: running on ordinary pages"};
  }
  return {false, false,
          verdict.shortage->what +
              ": running on ordinary pages instead, slower and for trials only "
              "(deploy/reserve-hugepages reserves hugepages)"};
}

std::vector<std::string> eal_arguments(const EalSettings& settings, const MemoryChoice& memory) {
  std::vector<std::string> args = {"escd",
                                   "--file-prefix",
                                   settings.instance,
                                   "--lcores",
                                   settings.lcores,
                                   "--main-lcore",
                                   std::to_string(settings.main_lcore)};
  if (memory.in_memory) args.emplace_back("--in-memory");
  if (!memory.hugepages) {
    const std::uint64_t bytes = settings.ordinary_page_bytes + kEalOverheadBytes;
    args.insert(args.end(),
                {"--no-huge", "--no-shconf", "-m", std::to_string((bytes + kMiB - 1) / kMiB)});
  }
  for (const std::string& address : settings.pci_devices) {
    args.insert(args.end(), {"-a", address});
  }
  const bool says_no_pci = std::find(settings.extra_args.begin(), settings.extra_args.end(),
                                     "--no-pci") != settings.extra_args.end();
  if (settings.pci_devices.empty() && !says_no_pci) args.emplace_back("--no-pci");
  args.insert(args.end(), settings.extra_args.begin(), settings.extra_args.end());
  return args;
}

Eal::Eal(const EalSettings& settings, const MemoryChoice& memory) {
  route_eal_log_to_spdlog();
  std::vector<std::string> args = eal_arguments(settings, memory);
  std::vector<char*> argv;
  for (std::string& arg : args) argv.push_back(arg.data());
  if (rte_eal_init(static_cast<int>(argv.size()), argv.data()) >= 0) return;
  const int error = rte_errno;
  std::string fix = "see the DPDK lines above";
  if (error == EALREADY || error == EEXIST) {
    fix = "another process runs as instance \"" + settings.instance +
          "\": stop it or choose another instance name";
  } else if (error == EACCES || error == EPERM) {
    fix = "run as root, or give the service the capabilities of deploy/systemd/escd@.service";
  } else if (error == ENOMEM) {
    fix = "reserve more hugepages (deploy/reserve-hugepages) or lower port.pool_mbufs";
  }
  throw StartError(std::string("EAL did not start: ") + rte_strerror(error), fix);
}

Eal::~Eal() {
  rte_eal_cleanup();
}

}  // namespace esc::dpdk
