// SPDX-License-Identifier: BSD-3-Clause
// From text to Config: each section in turn, by its rows and then by the rules that reach beyond
// one key.
#include <algorithm>
#include <string>
#include <string_view>

#include "config/config.hpp"
#include "config/document.hpp"
#include "config/loading.hpp"
#include "config/reader.hpp"
#include "config/text.hpp"
#include "files/regular_file.hpp"

namespace esc::config {
namespace {

void load_section(const Loading& in, const SectionSpec& spec) {
  if (spec.load != nullptr) {
    spec.load(in, spec);
    return;
  }
  const Section section = in.reader.section(spec);
  in.reader.read_rows(section, spec.binding.table(in.config));
  if (spec.rules != nullptr) spec.rules(in, section);
}

void check_prefix_total(Reader& reader) {
  const PrefixTotal& total = reader.prefixes();
  if (total.beyond.empty()) return;
  reader.problem(
      total.beyond,
      "there are " + std::to_string(total.count) + " prefixes in all 'publishers' and 'sources'",
      "have at most " + std::to_string(kMaxPrefixesInAll));
}

void load_all(const Loading& in) {
  in.reader.report_unknown_keys();
  for (const SectionSpec& spec : all_sections()) load_section(in, spec);
  check_prefix_total(in.reader);
}

// A million routes are 70 MiB.
constexpr std::size_t kMaxFileBytes = std::size_t{128} << 20U;

// The error without the path that it begins with: the path stands before the message already.
std::string reason_of(const files::FileError& error, const std::string& path) {
  const std::string_view what = error.what();
  return std::string(what.substr(what.starts_with(path) ? path.size() + 2 : 0));
}

// Says how many problems there are beyond the ones listed. A file that is no configuration may have
// as many as it has lines.
void cut(std::vector<Problem>& problems, std::size_t found, const std::string& file) {
  if (found <= problems.size()) return;
  problems.push_back({file, std::to_string(found - problems.size()) + " more problems",
                      "correct the first ones, and look again"});
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
  load_all({config, reader, overrides, known_handlers});
  cut(problems, reader.problems_found(), config.file);
  if (!problems.empty()) return problems;
  return config;
}

LoadResult load(const std::filesystem::path& file, const Overrides& overrides,
                std::span<const std::string_view> known_handlers) {
  std::string text;
  try {
    text = files::read_file(file.native(), kMaxFileBytes);
  } catch (const files::FileError& error) {
    return std::vector<Problem>{
        {printable(file.native()),
         "cannot read the configuration: " + reason_of(error, file.native()), error.fix()}};
  }
  return load_text(text, file.native(), overrides, known_handlers);
}

}  // namespace esc::config
