#include "dpdk/eal.hpp"

#include <fcntl.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/start_error.hpp"
#include "dpdk/eal_log.hpp"
#include "topology/memory.hpp"

namespace esc::dpdk {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;

// An escd that was killed leaves its files in hugetlbfs, and their pages are not free. EAL would
// remove them when it starts, but only if it is told to use hugepages. A lock tells the living.
void remove_leftovers(const std::string& instance) {
  std::error_code ignored;
  for (const std::string& mount : topology::writable_hugetlbfs({})) {
    for (const auto& entry : std::filesystem::directory_iterator(mount, ignored)) {
      if (!entry.path().filename().native().starts_with(instance + "map_")) continue;
      const int file = open(entry.path().c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
      if (file < 0) continue;
      if (flock(file, LOCK_EX | LOCK_NB) == 0) unlink(entry.path().c_str());
      close(file);
    }
  }
}

std::string in_mib(std::uint64_t bytes) {
  return std::to_string((bytes + kMiB - 1) / kMiB) + " MiB";
}

// Rather not start than have the kernel kill something for want of memory: a PCI port pins all of
// it at once.
MemoryChoice on_ordinary_pages(const EalSettings& settings, const std::string& reason) {
  const std::uint64_t needed = settings.ordinary_page_bytes + kEalOverheadBytes;
  const std::uint64_t available = topology::available_bytes({}).value_or(needed);
  if (available < needed) {
    throw StartError(reason + "; that needs " + in_mib(needed) + " of ordinary memory, and " +
                         in_mib(available) + " are to be had",
                     settings.less_memory);
  }
  return {false, false, reason};
}

}  // namespace

MemoryChoice choose_memory(const EalSettings& settings) {
  if (settings.hugepages == HugepageUse::kOff) {
    return on_ordinary_pages(settings,
                             "hugepages are off in the configuration: running on ordinary pages");
  }
  remove_leftovers(settings.instance);
  const std::uint64_t needed = settings.hugepage_bytes + kEalOverheadBytes;
  const std::uint64_t available = topology::free_hugepages({}).bytes;
  if (available >= needed) {
    const bool mounted = !topology::writable_hugetlbfs({}).empty();
    return {true, !mounted,
            "running on hugepages (" + in_mib(needed) + ")" +
                (mounted ? ""
                         : "; there is no hugetlbfs that this user may write to, so dpdk-dumpcap "
                           "cannot attach")};
  }
  const std::string shortage =
      "needs " + in_mib(needed) + " of hugepages, " + in_mib(available) + " are free";
  if (settings.hugepages == HugepageUse::kRequire) {
    throw StartError("memory.hugepages = \"require\", but it " + shortage,
                     "reserve them with deploy/reserve-hugepages, or set memory.hugepages = "
                     "\"auto\" to run on ordinary pages");
  }
  return on_ordinary_pages(settings,
                           shortage +
                               ": running on ordinary pages instead, slower and for trials only "
                               "(deploy/reserve-hugepages reserves them)");
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
