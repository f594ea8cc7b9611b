// SPDX-License-Identifier: BSD-3-Clause
// The producers' windows over a restart: loaded before the lcores start, saved after a drain.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "appliance/data_path.hpp"
#include "config/config.hpp"
#include "config/environment.hpp"

namespace esc::appliance {

/// Where they are kept: as configured, else in the directory that systemd gives the service; empty:
/// nowhere.
[[nodiscard]] std::string windows_file(const config::Config& config);

/// Checks that place. It is an error if something there is no file of windows, or belongs to
/// another instance: escd leaves it alone. It is a warning if the file is torn or damaged, or if no
/// file can be made there: then escd starts, and reports at its end that it could not save the
/// windows.
[[nodiscard]] std::vector<config::Finding> check_saved_windows(const config::Config& config);

/// Loads the windows that an earlier run of this instance left there, and renames the file, since
/// from now on it no longer says what was seen last. If it cannot be loaded, the log says so, and
/// escd starts all the same. Before the lcores run.
void load_saved_windows(const config::Config& config, DataPath& path);

/// After a drain, once every lcore has stopped. A failure is said in the log.
void save_windows(const config::Config& config, const DataPath& path);

}  // namespace esc::appliance
