// SPDX-License-Identifier: BSD-3-Clause
#include "esc-dlq/replay.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <utility>

#include "cli/json_text.hpp"
#include "dlq/folder.hpp"
#include "esc-dlq/cursor.hpp"
#include "esc-dlq/progress.hpp"
#include "esc-dlq/replay_batch.hpp"
#include "esc-dlq/replay_delivery.hpp"

namespace esc::dlq_tool {
namespace {

constexpr std::uint64_t kBatchLetters = 4096;
constexpr std::size_t kBatchBytes = 4U << 20U;

/// A batch takes about a second at most, so that the cursor and the progress bar are not far
/// behind.
std::uint64_t letters_of_a_batch(double rate) noexcept {
  if (rate <= 0) return kBatchLetters;
  return static_cast<std::uint64_t>(std::clamp(rate, 1.0, static_cast<double>(kBatchLetters)));
}

/// One replay. Thread: one.
class Replay {
 public:
  Replay(const std::string& folder, const Filter& filter, const ReplayOptions& options)
      : folder_(folder),
        filter_(filter),
        whenever_(filter),
        options_(options),
        cursor_(options.cursor.empty() ? default_cursor_path(folder, filter.selection())
                                       : options.cursor,
                filter.selection()),
        batch_letters_(letters_of_a_batch(options.rate)),
        batch_(options.datagram_bytes) {
    whenever_.until_ns = UINT64_MAX;
    result_.cursor = cursor_.path();
    if (!options.dry_run) {
      cursor_.lock();
      delivery_.emplace(options);
      // The cursor is reset on the disk before anything is sent: if this replay is stopped at once,
      // the next one starts from the beginning too.
      if (options.restart) cursor_.restart();
    }
    if (!options.restart) begin_ = cursor_.position();
    find_end();
  }

  ReplayResult run() {
    dlq::SegmentBytes room;
    for (const dlq::SegmentFile& file : folder_.segments()) {
      shown_in_segment_ = 0;
      if (!enough_ && !is_behind_cursor(file)) read(file, room);
      progress_.add(file.bytes - shown_in_segment_);
    }
    deliver(true);
    return result_;
  }

 private:
  /// Letters that die while this runs, perhaps among those that it sends, are for the next replay;
  /// otherwise it might never end. They lie in segments that are not in the list, or behind the
  /// last record of the last segment. Their times cannot tell: after a clock was set back there are
  /// letters from the future.
  void find_end() {
    if (folder_.segments().empty()) return;
    dlq::SegmentBytes room;
    const dlq::SegmentFile& last = folder_.segments().back();
    end_ = {.segment = last.number};
    const auto begin = [&](const dlq::SegmentHeader& header) { end_.run = header.run; };
    const auto visit = [&](const dlq::Record& record) {
      end_.id = record.id;
      return true;
    };
    (void)dlq::for_each_record(folder_, last, room, begin, visit);
  }
  [[nodiscard]] bool is_new(const CursorPosition& here) const noexcept {
    return here.segment == end_.segment && (here.run != end_.run || here.id > end_.id);
  }

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
      if (is_new(here)) return false;
      // An --until that is relative to now may include this letter later. So the cursor stays
      // before it, and the letters behind it are sent once more then.
      if (filter_.takes(record)) {
        take(here.run, record);
      } else if (record.letter.died_ns >= filter_.until_ns && whenever_.takes(record)) {
        position_is_last_ = true;
        ++result_.to_come;
      }
      if (!position_is_last_) position_ = here;
      if (first == nullptr) first = record.frame.data();
      if (batch_.letters() >= batch_letters_ || batch_.bytes() >= kBatchBytes) {
        deliver(false);
        show(file, static_cast<std::uint64_t>(record.frame.data() - first));
      }
      enough_ = options_.limit != 0 && result_.letters + batch_.letters() >= options_.limit;
      return !enough_;
    };
    const dlq::SegmentRead read = dlq::for_each_record(folder_, file, room, begin, visit);
    if (read.damaged) ++result_.damaged;
    if (read.error == 0) return;
    ++result_.unreadable;
    position_is_last_ = true;
  }

  /// `bytes`: how many bytes of the segment are done.
  void show(const dlq::SegmentFile& file, std::uint64_t bytes) {
    const std::uint64_t reached = std::clamp(bytes, shown_in_segment_, file.bytes);
    progress_.add(reached - shown_in_segment_);
    shown_in_segment_ = reached;
  }

  /// Segment numbers only go up, unless the folder was begun anew. It was not if the cursor's
  /// segment still exists; if that is gone, the times at which the segments were begun have to
  /// tell.
  [[nodiscard]] bool is_behind_cursor(const dlq::SegmentFile& file) {
    if (!begin_ || file.number >= begin_->segment) return false;
    if (!cursors_segment_is_there_) cursors_segment_is_there_ = is_there(*begin_);
    if (*cursors_segment_is_there_) return true;
    const auto header = folder_.header(file);
    return !header || header->created_ns <= begin_->created_ns;
  }
  [[nodiscard]] bool is_there(const CursorPosition& position) const {
    const auto header = folder_.header({position.segment, dlq::kBlockBytes});
    return header && header->run == position.run && header->created_ns == position.created_ns;
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

  void deliver(bool last) {
    if (batch_.letters() != 0) {
      Delivered done{.letters = batch_.letters()};
      if (delivery_) done = delivery_->deliver(batch_, last);
      result_.letters += done.letters;
      result_.too_long += done.too_long;
      result_.not_taken += done.not_taken;
      result_.resent += done.resent;
      result_.refused += done.refused;
      result_.bytes += batch_.bytes();
      result_.datagrams += batch_.datagrams();
      batch_.clear();
    }
    if (delivery_ && position_ && position_ != cursor_.position()) cursor_.commit(*position_);
  }

  dlq::Folder folder_;
  Progress progress_{"replaying", folder_.bytes()};
  std::uint64_t shown_in_segment_ = 0;  ///< bytes of the segment that the bar has counted
  Filter filter_;
  Filter whenever_;  ///< the same filter without its --until
  ReplayOptions options_;
  Cursor cursor_;
  std::optional<CursorPosition> begin_;     ///< the position at which the last replay stopped
  std::optional<CursorPosition> position_;  ///< the position from which the next replay goes on
  std::optional<bool> cursors_segment_is_there_;
  CursorPosition end_;  ///< the last letter that was there when this began
  bool position_is_last_ = false;
  std::uint64_t batch_letters_;
  ReplayBatch batch_;
  std::optional<Delivery> delivery_;  ///< unset: a dry run
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
                                        {"left_until", result.to_come},
                                        {"datagrams_refused", result.refused},
                                        {"segments_damaged", result.damaged},
                                        {"cursor", result.cursor}};
    out << cli::json_text(all, 2) << '\n';
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
  line(result.to_come, "left: by their clock they died at --until or later");
  line(result.refused,
       "datagrams or more were answered with 'Connection refused': nobody listened, or the "
       "receiver's kernel does not know who does");
  line(result.damaged, "segments are damaged, and letters of theirs gone; see esc-dlq verify");
}

}  // namespace esc::dlq_tool
