// From text to Config: each section in turn, by the key table and by the rules that reach beyond
// one key.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "config/config.hpp"
#include "config/document.hpp"
#include "config/load_pressure.hpp"
#include "config/loading.hpp"
#include "config/reader.hpp"
#include "config/text.hpp"

namespace esc::config {
namespace {

void read_all(const Loading& in) {
  in.reader.report_unknown_keys();
  read_top(in);
  read_eal(in);
  read_memory(in);
  read_ports(in);
  read_lcores(in);
  read_rings(in);
  read_deduplication(in);
  read_dead_letters(in);
  read_replay(in);
  read_service(in);
  read_health(in);
  read_pressure(in.reader, in.config.pressure);
  check_keep_shed(in);
  read_routing(in);
  read_routes(in);
  read_producers(in);
  check_prefix_total(in);
}

}  // namespace

bool is_label(std::string_view text, std::string_view more) noexcept {
  return std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           more.find(c) != std::string_view::npos;
  });
}

std::string Config::where(std::string_view key) const {
  for (std::string_view at = key; !at.empty(); at = outer(at)) {
    const auto found = sources.find(std::string(at));
    if (found != sources.end()) return found->second;
  }
  return file;
}

std::string Config::where_kept(const std::vector<FilePlace>& places, std::size_t route,
                               std::string_view key) const {
  if (route < places.size() && places[route].line != 0) {
    return file + ":" + std::to_string(places[route].line) + ":" +
           std::to_string(places[route].column);
  }
  return where("route[" + std::to_string(route) + "]." + std::string(key));
}

std::string Config::where_worker(std::size_t route) const {
  return where_kept(worker_places, route, "worker");
}

std::string Config::where_route(std::size_t route) const {
  return where_kept(topic_places, route, "topic");
}

LoadResult load_text(std::string_view text, std::string_view name, const Overrides& overrides,
                     std::span<const std::string_view> known_handlers) {
  auto parsed = Document::parse(text, name, overrides.set);
  if (auto* problems = std::get_if<std::vector<Problem>>(&parsed)) return std::move(*problems);
  const auto& document = std::get<Document>(parsed);
  Config config;
  config.file = document.file();
  std::vector<Problem> problems;
  Reader reader(document, config, problems);
  PrefixTotal prefixes;
  read_all({config, reader, overrides, known_handlers, prefixes});
  if (!problems.empty()) return problems;
  return config;
}

LoadResult load(const std::filesystem::path& file, const Overrides& overrides,
                std::span<const std::string_view> known_handlers) {
  constexpr std::uintmax_t kMaxFileBytes = 256U << 20U;
  const std::string name = printable(file.native());
  const auto unreadable = [&](const std::string& why, const std::string& fix) {
    return std::vector<Problem>{{name, "cannot read the configuration: " + why, fix}};
  };
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) {
    return unreadable("it is a directory", "name a file");
  }
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    const bool denied = errno == EACCES;
    return unreadable(std::strerror(errno), denied ? "check its permissions and your user"
                                                   : "check the path and the working directory");
  }
  const std::uintmax_t bytes = std::filesystem::file_size(file, error);
  if (!error && bytes > kMaxFileBytes) {
    return unreadable("it has " + std::to_string(bytes) + " bytes", "256 MiB are the bound");
  }
  std::string text;
  std::array<char, 65'536> piece;
  errno = 0;
  do {
    stream.read(piece.data(), piece.size());
    text.append(piece.data(), static_cast<std::size_t>(stream.gcount()));
  } while (stream);
  if (stream.bad()) return unreadable(std::strerror(errno), "check the disk that it is on");
  return load_text(text, file.native(), overrides, known_handlers);
}

}  // namespace esc::config
