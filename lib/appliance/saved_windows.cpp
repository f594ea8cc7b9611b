// SPDX-License-Identifier: BSD-3-Clause
#include "appliance/saved_windows.hpp"

#include <rte_cycles.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "config/text.hpp"
#include "files/place.hpp"
#include "identity/window_file.hpp"

namespace esc::appliance {
namespace {

identity::Instant instant() {
  return identity::read_instant(rte_rdtsc(), rte_get_tsc_hz());
}

/// The drain will write a file of that name. So the refused file is renamed: it may belong to
/// another instance, or somebody may want to look into it.
void keep_aside(const std::string& file) {
  try {
    identity::set_windows_aside(file);
    spdlog::warn("{} is kept as {}.refused", file, file);
  } catch (const identity::WindowFileError& error) {
    spdlog::warn("{}; the drain replaces it", error.what());
  }
}

}  // namespace

std::string windows_file(const config::Config& config) {
  if (!config.deduplication.sequenced) return {};
  if (!config.deduplication.state_file.empty()) return config.deduplication.state_file;
  const char* directory = std::getenv("STATE_DIRECTORY");
  return directory == nullptr ? std::string() : std::string(directory) + "/windows";
}

std::vector<config::Finding> check_saved_windows(const config::Config& config) {
  const std::string file = windows_file(config);
  if (file.empty()) return {};
  const std::string where = config.where("deduplication.state_file");
  const auto found = [&](config::Severity severity, const auto& what, const std::string& fix) {
    return std::vector<config::Finding>{{severity, where,
                                         config::printable(what, config::kMaxSentenceBytes),
                                         config::printable(fix, config::kMaxSentenceBytes)}};
  };
  if (const auto unfit = identity::windows_trouble(file)) {
    return found(config::Severity::kError, unfit->what, unfit->fix);
  }
  if (const auto finding = identity::find_in_windows(file, config.instance)) {
    return finding->of_another
               ? found(config::Severity::kError, finding->trouble.what, finding->trouble.fix)
               : found(config::Severity::kWarning,
                       finding->trouble.what + "; escd starts without saved windows",
                       finding->trouble.fix);
  }
  try {
    const auto trouble = files::Place(file).trouble();
    if (!trouble) return {};
    return found(config::Severity::kWarning, trouble->what, trouble->fix);
  } catch (const files::FileError& error) {
    return found(config::Severity::kWarning, error.what(), error.fix());
  }
}

void load_saved_windows(const config::Config& config, DataPath& path) {
  const std::string file = windows_file(config);
  if (file.empty()) return;
  std::error_code error;
  if (!std::filesystem::exists(file, error)) {
    // A file that does not exist is no error: that is the first start.
    if (!error) return;
    spdlog::error(
        "{} cannot be looked for: {}; starting without saved windows: events of the last run would "
        "be delivered again; see that this user may search its folder",
        file, error.message());
    return;
  }
  try {
    std::uint64_t loaded = 0;
    std::uint64_t expired = 0;
    std::uint64_t no_room = 0;
    std::uint64_t lost = 0;
    for (std::size_t i = 0; i < path.pipelines().size(); ++i) {
      const auto mine = [&path, i](std::uint64_t producer) { return path.owner(producer) == i; };
      const identity::LoadReport report = identity::load_windows(
          file, config.instance, *path.pipelines()[i]->dispatch().producers(), mine, instant());
      loaded += report.loaded;
      expired += report.expired;
      no_room += report.no_room;
      lost += report.lost;
    }
    spdlog::info("the windows of {} producers are back from {} ({} had expired, {} found no room)",
                 loaded, file, expired, no_room);
    if (lost != 0) {
      spdlog::warn(
          "{} numbers that were missing in windows that are not back, or not whole, are lost",
          lost);
    }
  } catch (const identity::WindowFileError& problem) {
    for (const auto& pipeline : path.pipelines()) pipeline->dispatch().producers()->clear();
    spdlog::error(
        "{}; starting without saved windows: events of the last run would be delivered "
        "again; {}",
        problem.what(), problem.fix());
    keep_aside(file);
    return;
  }
  try {
    identity::retire_windows(file);
  } catch (const identity::WindowFileError& problem) {
    spdlog::warn("{}; the windows are in use all the same; {}", problem.what(), problem.fix());
  }
}

void save_windows(const config::Config& config, const DataPath& path) {
  const std::string file = windows_file(config);
  if (file.empty()) return;
  std::vector<const identity::ProducerTable*> tables;
  for (const auto& pipeline : path.pipelines()) {
    tables.push_back(pipeline->dispatch().producers());
  };
  try {
    const identity::SaveReport report =
        identity::save_windows(file, config.instance, tables, instant());
    spdlog::info("the windows of {} producers are kept in {}", report.producers, file);
  } catch (const identity::WindowFileError& problem) {
    spdlog::error("{}; after a restart events may be delivered again; {}", problem.what(),
                  problem.fix());
  } catch (const std::exception& error) {
    spdlog::error("{} cannot be written: {}; after a restart events may be delivered again", file,
                  error.what());
  }
}

}  // namespace esc::appliance
