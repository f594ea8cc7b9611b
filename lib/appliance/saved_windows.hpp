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

/// What stands at that place and is no file of windows, or another instance's, is an error: it is
/// left alone. One that is torn or decayed is a warning. Where no file can be made escd starts, and
/// says at its end that it could not keep the windows: a warning.
[[nodiscard]] std::vector<config::Finding> check_saved_windows(const config::Config& config);

/// Takes up what an earlier run of this instance left there, and retires the file: from now on it
/// no longer says what was seen last. What cannot be taken up is said in the log, and is no reason
/// not to start. Before the lcores run.
void load_saved_windows(const config::Config& config, DataPath& path);

/// After a drain, once every lcore has stopped. A failure is said in the log.
void save_windows(const config::Config& config, const DataPath& path);

}  // namespace esc::appliance
