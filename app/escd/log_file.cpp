// SPDX-License-Identifier: BSD-3-Clause
#include "app/escd/log_file.hpp"

#include <spdlog/spdlog.h>

#include <utility>

#include "config/text.hpp"
#include "files/append.hpp"

namespace esc::app {

LogFile::LogFile(std::string path, std::string instance)
    : path_(std::move(path)), instance_(std::move(instance)), file_(files::open_to_append(path_)) {}

void LogFile::sink_it_(const spdlog::details::log_msg& message) {
  reopen_if_asked();
  write(message);
}

// Every line is written at once: there is nothing to be flushed.
void LogFile::flush_() {
  reopen_if_asked();
}

void LogFile::reopen_if_asked() {
  if (!reopen_.exchange(false, std::memory_order_relaxed)) return;
  std::string text = "the log's file was opened anew";
  auto level = spdlog::level::info;
  try {
    file_ = files::open_to_append(path_);
  } catch (const files::FileError& error) {
    level = spdlog::level::err;
    text = "the log's file cannot be opened anew: " + config::printable(error.what()) +
           "; the log goes on in the old one; " + config::printable(error.fix()) +
           ", and send SIGHUP again";
  }
  write({spdlog::source_loc{}, instance_, level, text});
}

void LogFile::write(const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t line;
  formatter_->format(message, line);
  const int error = files::append(file_, line.data(), line.size());
  if (error != 0) throw spdlog::spdlog_ex("cannot write to the log's file " + path_, error);
}

}  // namespace esc::app
