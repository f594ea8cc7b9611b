// SPDX-License-Identifier: BSD-3-Clause
// The log. A thread of its own writes it, so that nobody who logs waits for a file or a terminal.
#pragma once

#include <optional>
#include <string>

#include "config/config.hpp"
#include "config/environment.hpp"

namespace esc::app {

/// Why the log could not be written to that file; nullopt: it can. An empty name means that there
/// is no file, which is fine.
[[nodiscard]] std::optional<config::Trouble> log_trouble(const std::string& file);

/// Makes spdlog's default logger from the configuration. The thread that writes runs on
/// `writer_cpu`, which is the main lcore's. Throws files::FileError if the file cannot be opened.
void open_log(const config::Config& config, unsigned writer_cpu);

/// Makes the log's thread open its file again. Does not wait for that.
void reopen_log();

/// Writes what is queued. False: that took longer than a second and was given up; the log's thread
/// still hangs in it, and the process can only _exit. Nothing is logged afterwards.
[[nodiscard]] bool close_log();

/// Closes the log and ends the process at once, without destroying anything else.
[[noreturn]] void exit_now(int code);

}  // namespace esc::app
