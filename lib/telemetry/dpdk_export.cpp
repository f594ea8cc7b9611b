// SPDX-License-Identifier: BSD-3-Clause
#include "telemetry/dpdk_export.hpp"

#include <rte_telemetry.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string_view>

#include "base/errno_text.hpp"

namespace esc::telemetry {
namespace {

using nlohmann::ordered_json;

constexpr int kMaxDepth = 8;

struct DataDeleter {
  void operator()(rte_tel_data* data) const noexcept { rte_tel_data_free(data); }
};
using OwnedData = std::unique_ptr<rte_tel_data, DataDeleter>;

// Never destroyed: the registered commands, which look in here, outlive every DpdkExport, and
// telemetry threads may still run while the process exits.
struct Registry {
  std::mutex mutex;
  std::map<std::string, DpdkExport::Figures, std::less<>> figures;  ///< empty function: cleared
};

Registry& registry() {
  static Registry& one = *new Registry;
  return one;
}

std::string legal_key(std::string_view name) {
  std::string key(name.substr(0, RTE_TEL_MAX_STRING_LEN - 1));
  const auto illegal = [](char c) {
    return !((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
             c == '_' || c == '/');
  };
  std::replace_if(key.begin(), key.end(), illegal, '_');
  return key.empty() ? "_" : key;
}

std::string legal_text(std::string_view value) {
  std::string text(value.substr(0, RTE_TEL_MAX_STRING_LEN - 1));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

std::string number_text(double value) {
  char text[32];
  const auto end =
      std::to_chars(std::begin(text), std::end(text), value, std::chars_format::general, 6);
  return {text, end.ptr};
}

int add_value(rte_tel_data* dict, const std::string& key, const ordered_json& value, int depth);

// Stops at the number of entries that DPDK allows. Each key is used once.
int fill(rte_tel_data* dict, const ordered_json& values, int depth) {
  if (const int failed = rte_tel_data_start_dict(dict); failed != 0) return failed;
  std::vector<std::string> used;
  std::size_t index = 0;
  for (const auto& item : values.items()) {
    if (used.size() == RTE_TEL_MAX_DICT_ENTRIES) break;
    std::string key = values.is_array() ? std::to_string(index++) : legal_key(item.key());
    if (item.value().is_null() || std::find(used.begin(), used.end(), key) != used.end()) continue;
    if (add_value(dict, key, item.value(), depth) == 0) used.push_back(std::move(key));
  }
  return 0;
}

int add_container(rte_tel_data* dict, const std::string& key, const ordered_json& value,
                  int depth) {
  if (depth == kMaxDepth) return -1;
  OwnedData inner(rte_tel_data_alloc());
  if (!inner) return -1;
  if (const int failed = fill(inner.get(), value, depth + 1); failed != 0) return failed;
  const int failed = rte_tel_data_add_dict_container(dict, key.c_str(), inner.get(), 0);
  if (failed == 0) (void)inner.release();  // freed by rte_telemetry once it is written out
  return failed;
}

int add_value(rte_tel_data* dict, const std::string& key, const ordered_json& value, int depth) {
  const char* name = key.c_str();
  switch (value.type()) {
    case ordered_json::value_t::object:
    case ordered_json::value_t::array:
      return add_container(dict, key, value, depth);
    case ordered_json::value_t::boolean:
      return rte_tel_data_add_dict_u64(dict, name, value.get<bool>() ? 1 : 0);
    case ordered_json::value_t::number_unsigned:
      return rte_tel_data_add_dict_u64(dict, name, value.get<std::uint64_t>());
    case ordered_json::value_t::number_integer:
      if (value.get<std::int64_t>() >= 0) {
        return rte_tel_data_add_dict_u64(dict, name, value.get<std::uint64_t>());
      }
      return rte_tel_data_add_dict_string(dict, name,
                                          std::to_string(value.get<std::int64_t>()).c_str());
    case ordered_json::value_t::number_float:
      return rte_tel_data_add_dict_string(dict, name, number_text(value.get<double>()).c_str());
    case ordered_json::value_t::string:
      return rte_tel_data_add_dict_string(dict, name,
                                          legal_text(value.get_ref<const std::string&>()).c_str());
    default:
      return -1;
  }
}

// Runs on a thread of rte_telemetry, which must not see an exception. After a failure rte_telemetry
// answers null.
int on_command(const char* command, const char* /*parameters*/, rte_tel_data* reply) {
  try {
    Registry& known = registry();
    const std::lock_guard lock(known.mutex);
    const auto found = known.figures.find(std::string_view(command));
    if (found == known.figures.end()) return -1;
    if (!found->second) return rte_tel_data_start_dict(reply);
    const ordered_json values = found->second();
    return fill(reply, values.is_structured() ? values : ordered_json{{"value", values}}, 1);
  } catch (...) {
    return -1;
  }
}

}  // namespace

DpdkExport::~DpdkExport() {
  clear();
}

void DpdkExport::add(const std::string& path, const std::string& help, Figures figures) {
  Registry& known = registry();
  const std::lock_guard lock(known.mutex);
  const auto [place, is_new] = known.figures.try_emplace(path);
  if (is_new) {
    if (const int failed = rte_telemetry_register_cmd(path.c_str(), on_command, help.c_str());
        failed != 0) {
      known.figures.erase(place);
      throw std::invalid_argument("telemetry command " + path +
                                  " is not accepted: " + errno_text(-failed));
    }
  }
  place->second = std::move(figures);
  paths_.push_back(path);
}

void DpdkExport::clear() noexcept {
  Registry& known = registry();
  const std::lock_guard lock(known.mutex);
  for (const std::string& path : paths_) {
    if (const auto found = known.figures.find(path); found != known.figures.end()) {
      found->second = nullptr;
    }
  }
  paths_.clear();
}

}  // namespace esc::telemetry
