// SPDX-License-Identifier: BSD-3-Clause
// The log: written by a thread of its own, so that nobody who logs waits for who reads it.
#pragma once

#include <optional>
#include <string>

#include "config/config.hpp"
#include "config/environment.hpp"

namespace esc::app {

/// Why the log could not be written to that file; empty: there is none, and nothing is wrong.
[[nodiscard]] std::optional<config::Trouble> log_trouble(const std::string& file);

/// Makes spdlog's default logger from the configuration. The thread that writes runs on
/// `writer_cpu`, which is the main lcore's. Throws files::FileError if the file cannot be opened.
void open_log(const config::Config& config, unsigned writer_cpu);

/// Has the log's file opened anew by the thread that writes it. Does not wait for it.
void reopen_log();

/// Writes what is queued. False: it is not taken within a second, so it is given up; the thread
/// that hangs in it lives on, and the process can only _exit. Nothing is logged afterwards.
[[nodiscard]] bool close_log();

/// Closes the log and leaves, with everything else where it is.
[[noreturn]] void exit_now(int code);

}  // namespace esc::app
