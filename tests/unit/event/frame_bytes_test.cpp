// SPDX-License-Identifier: BSD-3-Clause
#include "event/frame_bytes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>

#include "support/events.hpp"

namespace esc::test {
namespace {

/// Memory with the header of an mbuf in the middle; the test chooses where the buffer is.
class Arena {
 public:
  Arena() : bytes_(new (std::align_val_t{64}) std::byte[kBytes]{}) {}

  [[nodiscard]] event::Event event_with_frame_at(std::ptrdiff_t from_header, std::uint16_t offset) {
    event::Event event{};
    event.mbuf = reinterpret_cast<rte_mbuf*>(bytes_.get() + kHeaderAt);
    std::uint8_t* start = reinterpret_cast<std::uint8_t*>(event.mbuf) + from_header;
    event.mbuf->buf_addr = start - offset;
    std::ranges::copy(Bytes{0, 0, 0, 5, 9, 0, 1, 'a', '!'}, start);
    event.length = 5;
    event.topic_len = 1;
    event::set_frame_start(event, start);
    return event;
  }

 private:
  struct Free {
    void operator()(std::byte* bytes) const { ::operator delete[](bytes, std::align_val_t{64}); }
  };
  static constexpr std::size_t kBytes = 400'000;
  static constexpr std::size_t kHeaderAt = 200'000 / 64 * 64;
  std::unique_ptr<std::byte[], Free> bytes_;
};

void expect_found(const event::Event& event) {
  EXPECT_EQ(event::frame(event).size(), 9U);
  EXPECT_EQ(event::topic(event).front(), 'a');
  EXPECT_EQ(event::payload(event).size(), 1U);
  EXPECT_EQ(event::payload(event).front(), '!');
}

TEST(FrameBytes, BehindTheHeaderNeedsNoLookAtTheMbuf) {
  Arena arena;
  for (const std::ptrdiff_t at : {128, 256, 65'535}) {
    const event::Event event = arena.event_with_frame_at(at, 128);
    EXPECT_TRUE(event.has(event::kBehindHeader)) << at;
    EXPECT_EQ(event.offset, at);
    event.mbuf->buf_addr = nullptr;
    expect_found(event);
  }
}

TEST(FrameBytes, ABufferElsewhereIsFoundByItsAddress) {
  Arena arena;
  for (const std::ptrdiff_t at : {65'536, 100'000, -2'048, -128'000}) {
    const event::Event event = arena.event_with_frame_at(at, 54);
    EXPECT_FALSE(event.has(event::kBehindHeader)) << at;
    EXPECT_EQ(event.offset, 54U);
    expect_found(event);
  }
}

TEST(FrameBytes, OtherFlagsStay) {
  Arena arena;
  event::Event event = arena.event_with_frame_at(256, 128);
  event.flags = event::kSoleOwner | event::kSequenced;
  event::set_frame_start(event, event::frame_start(arena.event_with_frame_at(512, 128)));
  EXPECT_EQ(event.flags, event::kSoleOwner | event::kSequenced | event::kBehindHeader);
}

}  // namespace
}  // namespace esc::test
