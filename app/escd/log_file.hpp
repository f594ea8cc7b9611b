// SPDX-License-Identifier: BSD-3-Clause
// The file that [log] names: appended to by the log's thread, which opens it anew when it is asked.
#pragma once

#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <mutex>
#include <string>

#include "base/file_descriptor.hpp"

namespace esc::app {

class LogFile final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  /// `instance` is for what it has to say itself. Throws files::FileError.
  LogFile(std::string path, std::string instance);

  /// Any thread; returns at once. With the next line or flush the file is opened by its name: one
  /// that was renamed (logrotate) is let go, and the log goes on in a new one. If it cannot be
  /// opened, the log goes on where it was, and says so.
  void ask_to_reopen() noexcept { reopen_.store(true, std::memory_order_relaxed); }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override;

 private:
  void reopen_if_asked();
  /// Throws spdlog::spdlog_ex, which the logger says on standard error.
  void write(const spdlog::details::log_msg& message);

  std::string path_;
  std::string instance_;
  FileDescriptor file_;
  std::atomic<bool> reopen_{false};
};

}  // namespace esc::app
