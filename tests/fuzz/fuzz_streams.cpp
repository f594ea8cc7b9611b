// SPDX-License-Identifier: BSD-3-Clause
// Receives any bytes as one stream, cut into any reads. Its frames come out as if they had been
// read in one piece by the rules alone, however the reads cut them and wherever reading was put
// off; every frame is counted once, and every mbuf comes back.
//
// Input: one byte of flags; one byte with the number of reads that have a length; two bytes for
// each of them; then the stream. What the lengths leave over comes in one more read.
#include <rte_mbuf.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "intake/intake.hpp"
#include "intake/stream_buffer.hpp"
#include "on_eal.hpp"
#include "support/stream_reference.hpp"

namespace {

using namespace esc;
using test::FromPool;
using test::Said;
using test::TakesAll;
using Bytes = std::span<const std::uint8_t>;

// What the first byte chooses.
constexpr unsigned kPutOffBits = 7;  // reading is put off after every so many bursts; 0: never
constexpr unsigned kKeepEvents = 1U << 3;  // events end late, so that buffers stay in use
constexpr unsigned kSmallBurst = 1U << 4;

constexpr std::size_t kMaxReads = 64;
constexpr std::uint16_t kDataBytes = 1024;
constexpr unsigned kMbufs = 31;
constexpr unsigned kMostKept = 20;  // mbufs that events keep: some are left for reading
const wire::FrameLimits kLimits{.max_frame_bytes = 600};

struct Outcome {
  std::vector<Said> events;
  std::uint64_t control = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(FrameDrop::kCount)> refused{};
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// A part at the end is refused when the connection closes.
Outcome expected_of(Bytes stream) {
  test::StreamReference whole = test::read_whole(stream, kLimits);
  if (whole.rest != 0) ++whole.refused[static_cast<std::size_t>(FrameDrop::kPartialAtClose)];
  return {std::move(whole.events), whole.control, whole.refused};
}

rte_mempool* pool() {
  static rte_mempool* const made = rte_pktmbuf_pool_create(
      "streams", kMbufs, 0, 0, kDataBytes + RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY);
  REQUIRE(made != nullptr);
  return made;
}

template <intake::Way kWay>
class Reader {
 public:
  explicit Reader(unsigned flags) : flags_(flags) {
    source_.pool = pool();
    source_.limits = kLimits;
    std::vector<intake::Lane<TakesAll>> lanes;
    lanes.emplace_back(TakesAll{&events_}, counters_);
    intake_.emplace(std::move(lanes), route::TopicHasher(1), identity::ProducerOwner(0, 1),
                    intake::IntakeLimits{.burst = (flags & kSmallBurst) != 0 ? 3U : 64U});
    intake_->from({&source_, event::Source::of_connection(3, 1), 0}, 7);
  }

  /// False: the stream is broken.
  bool receive(Bytes bytes) {
    while (!bytes.empty()) {
      if ((flags_ & kKeepEvents) == 0 || rte_mempool_in_use_count(pool()) > kMostKept) end_events();
      REQUIRE(buffer_.make_room(FromPool{pool()}, 64).made);
      const std::size_t some = std::min(bytes.size(), buffer_.room().size());
      std::copy_n(bytes.begin(), some, buffer_.room().begin());
      buffer_.filled(some);
      bytes = bytes.subspan(some);
      if (!read()) return false;
    }
    return true;
  }

  Outcome finish(bool sound) {
    if (sound && buffer_.unread() != 0) intake_->lose_partial_frame();
    intake_->publish(7);
    buffer_.release(FromPool{pool()});
    end_events();
    REQUIRE(rte_mempool_in_use_count(pool()) == 0);
    REQUIRE(counters_.datagram_open.get() == 0);
    outcome_.control = counters_.control.get();
    std::uint64_t ended = outcome_.control + outcome_.events.size();
    for (std::size_t i = 0; i < outcome_.refused.size(); ++i) {
      outcome_.refused[i] = counters_.frame_dropped.at(i);
      ended += outcome_.refused[i];
    }
    REQUIRE(counters_.frames_received.get() == ended);
    return std::move(outcome_);
  }

 private:
  bool read() {
    buffer_.hand_over(*intake_);
    for (;;) {
      intake_->read_pressure(true);
      if (intake_->reading()) (void)intake_->read(7);
      intake_->publish(7);
      (void)intake_->push();
      if (!intake_->reading()) break;
      if ((flags_ & kPutOffBits) != 0 && ++bursts_ % (flags_ & kPutOffBits) == 0) {
        intake_->put_off();
        intake_->publish(7);
        (void)buffer_.took(intake_->stream_rest());
        buffer_.hand_over(*intake_);
      }
    }
    (void)buffer_.took(intake_->stream_rest());
    return !intake_->stream_rest().broken;
  }

  void end_events() {
    for (const event::Event& event : events_) {
      outcome_.events.push_back(test::said_by(event));
      event::free_segment(event.mbuf);
    }
    events_.clear();
  }

  unsigned flags_;
  unsigned bursts_ = 0;
  intake::FrameSource source_;
  intake::StreamBuffer buffer_{{}};
  std::vector<event::Event> events_;
  telemetry::FrameCounters counters_;
  std::optional<intake::Intake<TakesAll, kWay>> intake_;
  Outcome outcome_;
};

template <intake::Way kWay>
Outcome read_in(Bytes stream, std::span<const std::size_t> reads, unsigned flags) {
  Reader<kWay> reader(flags);
  bool sound = true;
  for (const std::size_t read : reads) {
    const std::size_t some = std::min(read, stream.size());
    sound = sound && reader.receive(stream.first(some));
    stream = stream.subspan(some);
  }
  sound = sound && reader.receive(stream);
  return reader.finish(sound);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  start_eal("fuzz-streams", 64);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const unsigned flags = data[0];
  Bytes input(data + 2, size - 2);
  std::vector<std::size_t> reads;
  for (std::size_t left = data[1] % (kMaxReads + 1); left != 0 && input.size() >= 2; --left) {
    reads.push_back(std::size_t{input[0]} | std::size_t{input[1]} << 8U);
    input = input.subspan(2);
  }
  const Outcome expected = expected_of(input);
  REQUIRE(expected == read_in<intake::Way::kPlainFirst>(input, reads, flags));
  REQUIRE(expected == read_in<intake::Way::kGeneral>(input, reads, flags));
  return 0;
}
