#include "esc-dlq/replay.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <utility>

#include "dlq/folder.hpp"
#include "esc-dlq/cursor.hpp"
#include "esc-dlq/progress.hpp"
#include "esc-dlq/replay_batch.hpp"
#include "esc-dlq/replay_delivery.hpp"

namespace esc::dlq_tool {
namespace {

constexpr std::uint64_t kBatchLetters = 4096;
constexpr std::size_t kBatchBytes = 4U << 20U;

/// Of about a second at most: so that the cursor, and who looks on, is not far behind.
std::uint64_t letters_of_a_batch(double rate) noexcept {
  if (rate <= 0) return kBatchLetters;
  return static_cast<std::uint64_t>(std::clamp(rate, 1.0, static_cast<double>(kBatchLetters)));
}

/// One replay under way. Thread: one.
class Replay {
 public:
  Replay(const std::string& folder, const Filter& filter, const ReplayOptions& options)
      : folder_(folder),
        filter_(filter),
        options_(options),
        cursor_(options.cursor.empty() ? default_cursor_path(folder, filter.selection())
                                       : options.cursor,
                filter.selection()),
        batch_letters_(letters_of_a_batch(options.rate)),
        batch_(options.datagram_bytes) {
    // What dies while this runs, perhaps of what it sends, is for the next time: else it might
    // never end.
    filter_.until_ns = std::min(filter_.until_ns, unix_now_ns());
    if (options.restart) cursor_.restart();
    begin_ = cursor_.position();
    result_.cursor = cursor_.path();
    if (options.dry_run) return;
    cursor_.lock();
    delivery_.emplace(options);
  }

  ReplayResult run() {
    dlq::SegmentBytes room;
    for (const dlq::SegmentFile& file : folder_.segments()) {
      shown_in_segment_ = 0;
      if (!enough_ && !is_behind_cursor(file)) read(file, room);
      progress_.add(file.bytes - shown_in_segment_);
    }
    deliver();
    return result_;
  }

 private:
  void read(const dlq::SegmentFile& file, dlq::SegmentBytes& room) {
    CursorPosition here{.segment = file.number};
    const std::byte* first = nullptr;  // of the segment's frames
    const auto begin = [&](const dlq::SegmentHeader& header) {
      here.run = header.run;
      here.created_ns = header.created_ns;
    };
    const auto visit = [&](const dlq::Record& record) {
      here.id = record.id;
      if (is_behind_cursor(here)) return true;
      // Its time is to come: the cursor stays before it, and what is behind is sent once more then.
      if (record.letter.died_ns >= filter_.until_ns) position_is_last_ = true;
      if (filter_.takes(record)) take(here.run, record);
      if (!position_is_last_) position_ = here;
      if (first == nullptr) first = record.frame.data();
      if (batch_.letters() >= batch_letters_ || batch_.bytes() >= kBatchBytes) {
        deliver();
        show(file, static_cast<std::uint64_t>(record.frame.data() - first));
      }
      enough_ = options_.limit != 0 && result_.letters + batch_.letters() >= options_.limit;
      return !enough_;
    };
    if (dlq::for_each_record(folder_, file, room, begin, visit) == 0) return;
    ++result_.unreadable;
    position_is_last_ = true;  // likewise
  }

  /// `bytes`: of the segment that are done with.
  void show(const dlq::SegmentFile& file, std::uint64_t bytes) {
    const std::uint64_t reached = std::clamp(bytes, shown_in_segment_, file.bytes);
    progress_.add(reached - shown_in_segment_);
    shown_in_segment_ = reached;
  }

  /// Numbers only go up, but for a folder that was begun anew.
  [[nodiscard]] bool is_behind_cursor(const dlq::SegmentFile& file) const {
    if (!begin_ || file.number >= begin_->segment) return false;
    const auto header = folder_.header(file);
    return !header || header->created_ns <= begin_->created_ns;
  }
  [[nodiscard]] bool is_behind_cursor(const CursorPosition& here) const noexcept {
    return begin_ && here.segment == begin_->segment && here.run == begin_->run &&
           here.id <= begin_->id;
  }

  void take(std::uint64_t run, const dlq::Record& record) {
    const auto identity = replay_identity(run, record);
    if (!identity || identity->replay_count > options_.max_replays) {
      ++result_.exhausted;
    } else if (!is_event(record.frame)) {
      ++result_.no_frame;
    } else if (!options_.udp.empty() &&
               record.frame.size() > wire::kMaxDatagramBytes - wire::kSessionFrameBytes) {
      ++result_.too_long;
    } else {
      batch_.add(*identity, record.frame);
    }
  }

  void deliver() {
    if (batch_.letters() != 0) {
      Delivered done{.letters = batch_.letters()};
      if (delivery_) done = delivery_->deliver(batch_);
      result_.letters += done.letters;
      result_.too_long += done.too_long;
      result_.not_taken += done.not_taken;
      result_.resent += done.resent;
      result_.bytes += batch_.bytes();
      result_.datagrams += batch_.datagrams();
      batch_.clear();
    }
    if (delivery_ && position_ && position_ != cursor_.position()) cursor_.commit(*position_);
  }

  dlq::Folder folder_;
  Progress progress_{"replaying", folder_.bytes()};
  std::uint64_t shown_in_segment_ = 0;  ///< bytes of it that the bar has
  Filter filter_;
  ReplayOptions options_;
  Cursor cursor_;
  std::optional<CursorPosition> begin_;     ///< where the last replay stopped
  std::optional<CursorPosition> position_;  ///< where the next one goes on
  bool position_is_last_ = false;
  std::uint64_t batch_letters_;
  ReplayBatch batch_;
  std::optional<Delivery> delivery_;  ///< none: a dry run
  ReplayResult result_;
  bool enough_ = false;
};

}  // namespace

ReplayResult replay(const std::string& folder, const Filter& filter, const ReplayOptions& options) {
  return Replay(folder, filter, options).run();
}

void print_replay(std::ostream& out, const ReplayResult& result, bool dry_run, bool json) {
  if (json) {
    const nlohmann::ordered_json all = {{"letters", result.letters},
                                        {"datagrams", result.datagrams},
                                        {"bytes", result.bytes},
                                        {"resent", result.resent},
                                        {"left_max_replays", result.exhausted},
                                        {"left_too_long", result.too_long},
                                        {"left_not_taken", result.not_taken},
                                        {"left_no_frame", result.no_frame},
                                        {"cursor", result.cursor}};
    out << all.dump(2, ' ', true, nlohmann::ordered_json::error_handler_t::replace) << '\n';
    return;
  }
  out << result.letters << " dead letters in " << result.datagrams << " datagrams, " << result.bytes
      << " bytes, " << (dry_run ? "would be sent\n" : "sent\n");
  const auto line = [&](std::uint64_t count, const char* what) {
    if (count != 0) out << "  " << count << ' ' << what << '\n';
  };
  line(result.resent, "sent more than once: not all of their batch had arrived");
  line(result.exhausted, "left: replayed as often as they may be (--max-replays)");
  line(result.too_long, "left: too long for a datagram");
  line(result.not_taken, "not seen to arrive; escctl ledger says what the appliance drops");
  line(result.no_frame, "left: what is kept of them is no event");
}

}  // namespace esc::dlq_tool
