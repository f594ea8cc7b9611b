// SPDX-License-Identifier: BSD-3-Clause
#include "app/escd/ledger_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <string_view>

#include "files/output.hpp"
#include "files/regular_file.hpp"

namespace esc::app {
namespace {

constexpr std::size_t kHeadBytes = 256;  // enough of a ledger to hold its first names

topology::Problem problem(const std::string& file, std::string what, std::string fix) {
  return {"--ledger " + file, std::move(what), std::move(fix)};
}

/// True if nothing is there, or the ledger of an earlier run, or something that is no regular file.
bool may_be_replaced(const std::string& file) {
  const files::Opened opened =
      files::open_regular_at(AT_FDCWD, file, O_RDONLY, files::Links::kFollow);
  if (!opened.fd.valid()) return true;
  std::string head(kHeadBytes, '\0');
  const ssize_t got = ::read(opened.fd.get(), head.data(), head.size());
  head.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  std::erase_if(head, [](char c) { return c == ' ' || c == '\n'; });
  return head.empty() || head.starts_with(R"({"frames":{"received":)");
}

}  // namespace

std::optional<topology::Problem> unfit_ledger_file(const std::string& file) {
  if (file.empty()) return std::nullopt;
  if (const auto trouble = files::output_trouble(file)) {
    return problem(file, trouble->what, trouble->fix);
  }
  if (may_be_replaced(file)) return std::nullopt;
  return problem(file, "it is no ledger, and would be replaced by one", "name another file");
}

void write_ledger_file(const std::string& file, const std::string& text) {
  try {
    files::write_output(file, text);
  } catch (const files::FileError& error) {
    throw std::runtime_error("cannot write the ledger to " + std::string(error.what()));
  }
}

}  // namespace esc::app
