// SPDX-License-Identifier: BSD-3-Clause
#include "esc-dlq/replay_delivery.hpp"

#include <algorithm>
#include <cerrno>
#include <string>
#include <thread>

#include "base/errno_text.hpp"
#include "esc-dlq/replay_error.hpp"

namespace esc::dlq_tool {
namespace {

using std::chrono::milliseconds;

constexpr int kMostRounds = 20;
// after so many rounds in a row without a new letter, no new one is expected
constexpr int kQuietRounds = 3;
constexpr milliseconds kCountsBetween(2);
constexpr milliseconds kCountPatience(
    1'000);  // how long to wait while no further letter is counted

}  // namespace

Delivery::Delivery(const ReplayOptions& options)
    : link_(options.tcp.empty() ? udp_link(options.udp) : tcp_link(options.tcp)),
      rate_(options.rate),
      despite_refusals_(options.despite_refusals),
      udp_(options.udp) {
  if (!options.confirm.empty()) confirmation_.emplace(options.confirm);
}

Delivered Delivery::deliver(const ReplayBatch& batch, bool last) {
  const std::uint64_t before = link_->refused();
  if (confirmation_) {
    Delivered done = confirm(batch);
    done.refused = link_->refused() - before;
    return done;
  }
  const Sent sent = send(batch);
  // Waits longer at the first batch, which shows whether anybody listens, and at the last one,
  // whose refusals come a little later.
  link_->settle(!begun_ || last);
  begun_ = true;
  const std::uint64_t refused = link_->refused() - before;
  if (refused != 0 && !despite_refusals_) stop_at_refusals(batch, refused);
  return {.letters = sent.letters, .too_long = sent.too_long, .refused = refused};
}

void Delivery::stop_at_refusals(const ReplayBatch& batch, std::uint64_t refused) const {
  throw ReplayError(
      "UDP: of " + std::to_string(batch.datagrams()) + " datagrams with " +
          std::to_string(batch.letters()) + " letters at least " + std::to_string(refused) +
          " were answered with '" + errno_text(ECONNREFUSED) + "': nobody listens at " + udp_ +
          ", or its kernel does not know who does; the cursor stays before them",
      "see that the appliance runs and takes that address; --confirm INSTANCE has it count what "
      "arrived; where its port is af_packet its kernel answers so all the same, and "
      "--despite-refusals goes on");
}

Delivery::Sent Delivery::send(const ReplayBatch& batch) {
  Sent sent;
  for (std::size_t i = 0; i < batch.datagrams(); ++i) {
    const ReplayBatch::Datagram datagram = batch.datagram(i);
    wait_for_turn(datagram.letters);
    if (link_->send(datagram.bytes)) {
      sent.letters += datagram.letters;
    } else if (datagram.letters == 1) {
      ++sent.too_long;
    } else {
      throw ReplayError("a datagram of " + std::to_string(datagram.bytes.size()) +
                            " bytes is longer than the path takes",
                        "give a lower --datagram-bytes");
    }
  }
  return sent;
}

void Delivery::wait_for_turn(std::uint64_t letters) {
  if (rate_ <= 0) return;
  const Clock::time_point now = Clock::now();
  if (next_ > now) std::this_thread::sleep_until(next_);
  const auto takes = std::chrono::duration<double>(static_cast<double>(letters) / rate_);
  next_ = std::max(next_, now) + std::chrono::duration_cast<Clock::duration>(takes);
}

// The appliance counts each new letter once, however often it is sent: if it has counted as many
// new ones as the batch has letters, none is missing. If an earlier replay has sent part of the
// batch, some letters are copies; then one round must have brought exactly as many as there are
// letters.
Delivered Delivery::confirm(const ReplayBatch& batch) {
  const ReplayCounts first = confirmation_->read();
  ReplayCounts now = first;
  Sent sent;
  Delivered done;
  std::uint64_t most = 0;
  for (int round = 0, quiet = 0; round < kMostRounds && quiet < kQuietRounds; ++round) {
    const ReplayCounts before = now;
    sent = send(batch);
    link_->settle(false);
    if (round > 0) done.resent += sent.letters;
    now = wait(first, before, sent.letters);
    most = std::max(most, std::min(sent.letters, now.taken() - before.taken()));
    done.too_long = sent.too_long;
    done.letters = sent.letters;
    if (now.fresh - first.fresh >= sent.letters || now.taken() - before.taken() == sent.letters)
      return done;
    quiet = now.fresh == before.fresh ? quiet + 1 : 0;
  }
  if (most == 0 && now.refused != first.refused) {
    throw ReplayError(
        "the appliance takes no replays from here",
        "name this machine's address in replay.sources of its configuration, then: escctl "
        "reload");
  }
  if (most == 0) {
    const std::uint64_t refused = link_->refused();
    throw ReplayError(
        "nothing arrives at the appliance" +
            (refused == 0 ? std::string()
                          : "; " + std::to_string(refused) + " datagrams were answered with '" +
                                errno_text(ECONNREFUSED) + "'"),
        "escctl state, ports and ledger say whether it is paused, what it receives "
        "and what it drops; lower --rate if its ports lose packets");
  }
  most = std::max(most, std::min(sent.letters, now.fresh - first.fresh));
  done.letters = most;
  done.not_taken = sent.letters - most;
  return done;
}

ReplayCounts Delivery::wait(const ReplayCounts& first, const ReplayCounts& before,
                            std::uint64_t letters) {
  ReplayCounts last = before;
  for (Clock::time_point moved = Clock::now();;) {
    const ReplayCounts now = confirmation_->read();
    if (now.taken() < last.taken()) {
      throw ReplayError("the appliance was started anew", "run this again");
    }
    if (now.fresh - first.fresh >= letters || now.taken() - before.taken() >= letters) return now;
    if (now.taken() != last.taken()) moved = Clock::now();
    last = now;
    if (Clock::now() - moved >= kCountPatience) return now;
    std::this_thread::sleep_for(kCountsBetween);
  }
}

}  // namespace esc::dlq_tool
