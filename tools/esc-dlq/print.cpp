// SPDX-License-Identifier: BSD-3-Clause
#include "esc-dlq/print.hpp"

#include <oneapi/tbb/enumerable_thread_specific.h>
#include <oneapi/tbb/parallel_pipeline.h>

#include <algorithm>
#include <atomic>
#include <ostream>
#include <string>
#include <vector>

namespace esc::dlq_tool {
namespace {

// Each is a segment in words, which may take several times its size in memory.
constexpr std::size_t kAtATime = 4;

/// The words of one segment.
struct Words {
  std::vector<std::string> letters;
  dlq::SegmentRead read;
};

Words words_of(const dlq::Folder& folder, const dlq::SegmentFile& file, dlq::SegmentBytes& room,
               const Filter& filter, Form form, std::uint64_t limit) {
  Words words;
  words.read = dlq::for_each_record(folder, file, room, [&](const dlq::Record& record) {
    if (filter.takes(record)) words.letters.push_back(format_letter(form, file.number, record));
    return limit == 0 || words.letters.size() < limit;
  });
  return words;
}

}  // namespace

Missing print_letters(std::ostream& out, const dlq::Folder& folder, const Filter& filter, Form form,
                      std::uint64_t limit,
                      const std::function<void(std::uint64_t bytes)>& on_read) {
  tbb::enumerable_thread_specific<dlq::SegmentBytes> rooms;
  std::size_t next = 0;       // of the first stage alone
  std::uint64_t printed = 0;  // of the last stage alone
  Missing missing;            // of the last stage alone
  // relaxed: it does not matter if one more segment is read for nothing
  std::atomic<bool> enough{false};
  const auto take = [&](tbb::flow_control& control) -> std::size_t {
    if (next == folder.segments().size() || enough.load(std::memory_order_relaxed)) {
      control.stop();
      return 0;
    }
    return next++;
  };
  const auto read = [&](std::size_t i) {
    Words words = words_of(folder, folder.segments()[i], rooms.local(), filter, form, limit);
    on_read(folder.segments()[i].bytes);
    return words;
  };
  const auto print = [&](const Words& words) {
    if (!enough.load(std::memory_order_relaxed)) missing.count(words.read);
    for (const std::string& letter : words.letters) {
      if (enough.load(std::memory_order_relaxed)) return;
      out << letter;
      ++printed;
      if (!out || printed == limit) enough.store(true, std::memory_order_relaxed);
    }
  };
  using tbb::filter_mode;
  tbb::parallel_pipeline(kAtATime,
                         tbb::make_filter<void, std::size_t>(filter_mode::serial_in_order, take) &
                             tbb::make_filter<std::size_t, Words>(filter_mode::parallel, read) &
                             tbb::make_filter<Words, void>(filter_mode::serial_in_order, print));
  return missing;
}

}  // namespace esc::dlq_tool
