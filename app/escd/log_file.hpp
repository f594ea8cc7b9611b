// SPDX-License-Identifier: BSD-3-Clause
// The file that [log] names. The log's thread appends to it, and opens it again when asked to.
#pragma once

#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <mutex>
#include <string>

#include "base/file_descriptor.hpp"

namespace esc::app {

class LogFile final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  /// `instance`: a name for its own messages. Throws files::FileError.
  LogFile(std::string path, std::string instance);

  /// Any thread; returns at once. Before the next line or flush, the file is opened again by its
  /// name: so if logrotate has renamed it, the log goes on in a new file. If it cannot be opened,
  /// the log goes on in the old file and says so.
  void ask_to_reopen() noexcept { reopen_.store(true, std::memory_order_relaxed); }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override;

 private:
  void reopen_if_asked();
  /// Throws spdlog::spdlog_ex, which the logger reports on standard error.
  void write(const spdlog::details::log_msg& message);

  std::string path_;
  std::string instance_;
  FileDescriptor file_;
  std::atomic<bool> reopen_{false};
};

}  // namespace esc::app
