// SPDX-License-Identifier: BSD-3-Clause
#include "app/escd/log.hpp"

#include <fcntl.h>
#include <spdlog/async.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "app/escd/log_file.hpp"
#include "app/escd/side_thread.hpp"
#include "base/errno_text.hpp"
#include "config/text.hpp"
#include "files/regular_file.hpp"

namespace esc::app {
namespace {

constexpr std::size_t kQueuedMessages = 8192;
constexpr auto kCloseTimeout = std::chrono::seconds(1);

// Ours and not spdlog's own, so that it can be given up while its thread hangs.
std::shared_ptr<spdlog::details::thread_pool> writer;

// Set if the log goes to a file: to open that again.
std::shared_ptr<LogFile> log_file;

spdlog::sink_ptr make_sink(const config::Config& config) {
  if (config.log.file.empty()) return std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  log_file = std::make_shared<LogFile>(config.log.file, config.instance);
  return log_file;
}

spdlog::level::level_enum level_of(config::LogLevel level) noexcept {
  switch (level) {
    case config::LogLevel::kTrace:
      return spdlog::level::trace;
    case config::LogLevel::kDebug:
      return spdlog::level::debug;
    case config::LogLevel::kInfo:
      return spdlog::level::info;
    case config::LogLevel::kWarn:
      return spdlog::level::warn;
    case config::LogLevel::kError:
      break;
  }
  return spdlog::level::err;
}

}  // namespace

// A file can be made if its folder exists; opening an existing file changes nothing.
std::optional<config::Trouble> log_trouble(const std::string& file) {
  if (file.empty()) return std::nullopt;
  const files::Opened opened =
      files::open_regular_at(AT_FDCWD, file, O_WRONLY | O_APPEND, files::Links::kFollow);
  if (opened.fd.valid()) return std::nullopt;
  const std::string shown = config::in_quotes(file);
  if (opened.error == 0) {
    return config::Trouble{shown + " is " + files::kind_of(opened.mode.value_or(0)),
                           "name a regular file, or leave log.file out"};
  }
  struct stat status {};
  // No file is made at the end of a link that leads nowhere.
  if (opened.error == ENOENT && lstat(file.c_str(), &status) != 0) {
    return config::directory_trouble(file, "log.file");
  }
  return config::Trouble{shown + ": " + errno_text(opened.error),
                         "name a file that this user may write, or leave log.file out"};
}

void open_log(const config::Config& config, unsigned writer_cpu) {
  spdlog::sink_ptr sink = make_sink(config);
  writer = std::make_shared<spdlog::details::thread_pool>(
      kQueuedMessages, 1, [writer_cpu] { settle_side_thread("escd-log", writer_cpu); });
  auto logger = std::make_shared<spdlog::async_logger>(
      config.instance, std::move(sink), writer, spdlog::async_overflow_policy::overrun_oldest);
  logger->set_level(level_of(config.log.level));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

void reopen_log() {
  if (!log_file) return;
  log_file->ask_to_reopen();
  // queued: the log's thread does it, even when nothing is logged
  spdlog::default_logger()->flush();
}

bool close_log() {
  if (!writer) return true;
  const auto logger = spdlog::default_logger();
  logger->flush();
  // A thread that logs this late, such as a stuck lcore, must still find a logger.
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("closed", std::make_shared<spdlog::sinks::null_sink_mt>()));
  // The destructor joins the thread, which ends after the last message.
  std::packaged_task<void()> end([last = std::move(writer)]() mutable { last.reset(); });
  const auto ended = end.get_future();
  try {
    std::thread(std::move(end)).detach();
  } catch (const std::system_error&) {
    // No thread could be made: the task is destroyed here, and `last` with it.
  }
  return ended.wait_for(kCloseTimeout) == std::future_status::ready;
}

void exit_now(int code) {
  (void)close_log();
  _exit(code);
}

}  // namespace esc::app
