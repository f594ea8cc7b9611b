// SPDX-License-Identifier: BSD-3-Clause
#include "dpdk/eal_log.hpp"

#include <rte_log.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <string>
#include <string_view>

namespace esc::dpdk {
namespace {

spdlog::level::level_enum to_spdlog(unsigned level) {
  if (level <= RTE_LOG_ERR) return spdlog::level::err;
  if (level == RTE_LOG_WARNING) return spdlog::level::warn;
  if (level <= RTE_LOG_INFO) return spdlog::level::info;
  return spdlog::level::debug;
}

// Devices and firmware put text into log lines, and that is trusted no more than what senders send:
// only printable ASCII gets through.
std::string printable(std::string_view text) {
  std::string clean;
  for (const char c : text) clean += (c >= ' ' && c <= '~') ? c : '?';
  return clean;
}

ssize_t write_line(void* /*cookie*/, const char* data, std::size_t size) {
  std::string_view rest(data, size);
  const auto level = to_spdlog(static_cast<unsigned>(rte_log_cur_msg_loglevel()));
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    if (!line.empty()) spdlog::log(level, "DPDK: {}", printable(line));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return static_cast<ssize_t>(size);
}

}  // namespace

void route_eal_log_to_spdlog() {
  static FILE* stream = [] {
    cookie_io_functions_t functions{};
    functions.write = write_line;
    FILE* opened = fopencookie(nullptr, "w", functions);
    if (opened != nullptr) setvbuf(opened, nullptr, _IOLBF, 1024);
    return opened;
  }();
  if (stream != nullptr) rte_openlog_stream(stream);
}

}  // namespace esc::dpdk
