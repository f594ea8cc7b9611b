// SPDX-License-Identifier: BSD-3-Clause
// The cost of giving the packets of an endless trace new numbers on each pass: for packets that
// were just copied, as a port hands them out, in bursts of 64. The counter time/packet is the
// figure; copy_alone is the part of the others that is only the copy.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "wire/encoder.hpp"
#include "wire/packet_encoder.hpp"
#include "wire/pass_stamps.hpp"

namespace {

using namespace esc::wire;
using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kPackets = 16'384;
constexpr std::size_t kBurst = 64;
// What lies between two buffers of a pool with a data room of 2,048 bytes.
constexpr std::size_t kBufferBytes = 2'048 + 128 + 256;

/// Datagrams of so many events, topics of 12 to 31 bytes, payloads of 64.
std::vector<Bytes> make_trace(std::size_t events) {
  const UdpPath path{.src_port = 40000, .dst_port = 9001};
  std::vector<Bytes> trace;
  for (std::size_t i = 0; i < kPackets; ++i) {
    Bytes payload;
    for (std::size_t k = 0; k < events; ++k) {
      const std::string topic(12 + (i * 7 + k) % 20, 't');
      const Bytes content(64, static_cast<std::uint8_t>(i));
      Bytes frame(encoded_frame_bytes(topic.size(), content.size()));
      if (encode_frame(frame, 1, topic, content) != frame.size()) return {};
      payload.insert(payload.end(), frame.begin(), frame.end());
    }
    Bytes packet(udp_overhead_bytes(path) + payload.size());
    if (encode_udp_packet(packet, path, payload) != packet.size()) return {};
    trace.push_back(std::move(packet));
  }
  return trace;
}

PassStamps make_stamps(const std::vector<Bytes>& trace, bool keep_checksums) {
  constexpr std::array<std::uint16_t, 1> kPorts = {9001};
  PassStampsBuilder builder(
      {.what = Restamp::kPayloadIds, .udp_ports = kPorts, .keep_checksums = keep_checksums});
  for (const Bytes& packet : trace) builder.add(packet);
  return std::get<PassStamps>(std::move(builder).finish());
}

template <class Stamp>
void run(benchmark::State& state, const std::vector<Bytes>& trace, Stamp stamp) {
  std::vector<std::uint8_t> buffers(kBurst * kBufferBytes);
  std::size_t at = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < kBurst; ++i) {
      const Bytes& packet = trace[at + i];
      std::memcpy(buffers.data() + i * kBufferBytes, packet.data(), packet.size());
    }
    benchmark::ClobberMemory();
    for (std::size_t i = 0; i < kBurst; ++i) stamp(buffers.data() + i * kBufferBytes);
    benchmark::ClobberMemory();
    at = (at + kBurst) % kPackets;
  }
  state.counters["time/packet"] = benchmark::Counter(
      kBurst, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void copy_alone(benchmark::State& state) {
  const auto trace = make_trace(static_cast<std::size_t>(state.range(0)));
  run(state, trace, [](std::uint8_t*) {});
}

void stamps(benchmark::State& state, bool keep_checksums) {
  const auto trace = make_trace(static_cast<std::size_t>(state.range(0)));
  PassStamps made = make_stamps(trace, keep_checksums);
  run(state, trace, [&made](std::uint8_t* packet) { made.stamp(packet); });
}

void numbers(benchmark::State& state) {
  stamps(state, false);
}
void numbers_and_checksum(benchmark::State& state) {
  stamps(state, true);
}

BENCHMARK(copy_alone)->ArgName("numbers")->Arg(1)->Arg(2)->Arg(8);
BENCHMARK(numbers)->ArgName("numbers")->Arg(1)->Arg(2)->Arg(8);
BENCHMARK(numbers_and_checksum)->ArgName("numbers")->Arg(1)->Arg(2)->Arg(8);

}  // namespace

BENCHMARK_MAIN();
