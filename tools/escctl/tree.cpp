// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/pressure_report.hpp"
#include "escctl/format.hpp"
#include "escctl/show.hpp"
#include "telemetry/ledger.hpp"

namespace esc::ctl {
namespace {

using nlohmann::ordered_json;
using Record = std::vector<std::pair<std::string, std::string>>;  // column, cell

constexpr std::size_t kIndent = 2;
constexpr std::size_t kMaxDepth = 16;

template <class Block>
void add_keys_of_sets(std::vector<std::string_view>& keys) {
  telemetry::Reading<Block>().for_each([&keys](const auto& row, auto) {
    if (!row.names.empty()) keys.push_back(row.json_key());
  });
}

/// The keys of counts by reason or kind, whose sum is a figure in itself.
const std::vector<std::string_view>& summed_keys() {
  static const std::vector<std::string_view> keys = [] {
    std::vector<std::string_view> all = {telemetry::kDuplicateByKey, telemetry::kByReasonKey};
    add_keys_of_sets<telemetry::FrameLedger>(all);
    add_keys_of_sets<telemetry::PacketLedger>(all);
    add_keys_of_sets<telemetry::StreamLedger>(all);
    telemetry::Reading<control::PressureTotals>().for_each([&all](const auto& row, auto) {
      if (telemetry::is_of(row, &control::PressureTotals::shed)) all.push_back(row.json_key());
    });
    return all;
  }();
  return keys;
}

template <class Predicate>
bool all(const ordered_json& value, Predicate predicate) {
  return value.is_structured() && !value.empty() &&
         std::all_of(value.begin(), value.end(), predicate);
}

bool is_record(const ordered_json& value) {
  return value.is_object();
}
bool is_count(const ordered_json& value) {
  return value.is_number_unsigned();
}

// A record within a record becomes columns of its own: "mempool.size".
void flatten(const std::string& prefix, const ordered_json& value, std::size_t depth,
             Record& record) {
  for (const auto& item : value.items()) {
    const std::string column = prefix + safe(item.key());
    if (item.value().is_object() && !item.value().empty() && depth < kMaxDepth) {
      flatten(column + ".", item.value(), depth + 1, record);
    } else {
      record.emplace_back(column, cell(item.key(), item.value()));
    }
  }
}

std::vector<std::string> columns_of(const Record& record) {
  std::vector<std::string> columns;
  for (const auto& [column, text] : record) columns.push_back(column);
  return columns;
}

// One table for each run of records with the same columns, a blank line between.
std::string tables(const std::vector<Record>& records, std::size_t indent) {
  std::string out;
  for (std::size_t first = 0; first < records.size();) {
    const std::vector<std::string> columns = columns_of(records[first]);
    Table table(columns);
    std::size_t next = first;
    for (; next < records.size() && columns_of(records[next]) == columns; ++next) {
      std::vector<std::string> row;
      for (const auto& [column, text] : records[next]) row.push_back(text);
      table.add(std::move(row));
    }
    out += (first > 0 ? "\n" : "") + table.text(indent);
    first = next;
  }
  return out;
}

std::vector<Record> records_of(const ordered_json& value) {
  std::vector<Record> records;
  for (const auto& item : value.items()) {
    Record record;
    if (value.is_object()) record.emplace_back("name", safe(item.key()));
    flatten("", item.value(), 0, record);
    if (value.is_object() && item.value().contains("name")) record.erase(record.begin());
    records.push_back(std::move(record));
  }
  return records;
}

// Names to the left, figures to the right, until a table interrupts.
class Writer {
 public:
  void object(const ordered_json& value, std::size_t depth) {
    for (const auto& item : value.items()) entry(safe(item.key()), item.key(), item.value(), depth);
  }
  std::string finish() {
    flush();
    return std::move(out_);
  }

 private:
  void entry(const std::string& name, const std::string& key, const ordered_json& value,
             std::size_t depth) {
    const std::string label = std::string(depth * kIndent, ' ') + name;
    if (all(value, is_record) && depth < kMaxDepth) {
      lines_.emplace_back(label, "");
      flush();
      out_ += tables(records_of(value), (depth + 1) * kIndent);
    } else if (value.is_object() && depth < kMaxDepth) {
      lines_.emplace_back(label, total(key, value));
      object(value, depth + 1);
    } else {
      lines_.emplace_back(label, value.is_array() && value.empty() ? "none" : cell(key, value));
    }
  }

  // For thresholds, times and other settings there is no sum, since it would mean nothing.
  static std::string total(const std::string& key, const ordered_json& value) {
    const bool sums = std::ranges::find(summed_keys(), key) != summed_keys().end();
    if (value.empty()) return sums ? "0" : "none";
    if (!sums) return "";
    if (!all(value, is_count)) return "";
    return grouped(std::accumulate(
        value.begin(), value.end(), std::uint64_t{0},
        [](std::uint64_t sum, const ordered_json& one) { return sum + one.get<std::uint64_t>(); }));
  }

  void flush() {
    std::size_t name_width = 0;
    std::size_t value_width = 0;
    for (const auto& [name, value] : lines_) {
      name_width = std::max(name_width, name.size());
      value_width = std::max(value_width, value.size());
    }
    for (const auto& [name, value] : lines_) {
      out_ += name;
      if (!value.empty()) {
        out_ += std::string(name_width - name.size() + 2 + value_width - value.size(), ' ') + value;
      }
      out_ += '\n';
    }
    lines_.clear();
  }

  Record lines_;
  std::string out_;
};

}  // namespace

std::string show_tree(const ordered_json& document) {
  if (all(document, is_record) && document.is_array()) return tables(records_of(document), 0);
  if (!document.is_object()) return cell("", document) + "\n";
  Writer writer;
  writer.object(document, 0);
  return writer.finish();
}

}  // namespace esc::ctl
