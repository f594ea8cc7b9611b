// SPDX-License-Identifier: BSD-3-Clause
// Kills a program that writes dead letters, or takes the disk from under it, over and over, and
// holds what is left against what it was told is durable.
//
//   log-crash FOLDER kill CYCLES SEED
//   log-crash MOUNT power CYCLES SEED COMMAND
//
// kill: SIGKILL at any moment. power: the file system on MOUNT is shut down without a flush (ext4,
// xfs), as if the power went; COMMAND makes it usable again. Prints one line; exit code 1 if
// something durable was lost or something was invented.
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "dlq/folder.hpp"
#include "dlq/posix_file_system.hpp"
#include "dlq/recovery.hpp"
#include "dlq/segment_log.hpp"

namespace {

using namespace esc::dlq;

constexpr std::uint64_t kSegmentBytes = 32 * kBlockBytes;
constexpr std::size_t kMostKept = 6;
constexpr unsigned long kShutdown = 0x8004587D;  // EXT4_IOC_SHUTDOWN, XFS_IOC_GOINGDOWN
constexpr std::uint32_t kWithoutFlush = 2;

/// What the writer says through its pipe: less than PIPE_BUF, so that it is there whole or not.
struct Message {
  enum Kind : std::uint64_t { kDurable, kTakesOut };
  Kind kind = kDurable;
  std::uint64_t run = 0;
  std::uint64_t first_id = 0;
  std::uint64_t records = 0;
  std::uint64_t segment = 0;
};

/// A letter and its frame are functions of run and id.
struct Made {
  Letter letter;
  std::vector<std::byte> frame;
};
Made make(std::uint64_t run, std::uint64_t id) {
  std::mt19937_64 random(run * 1'000'003 + id);
  Made made;
  made.letter.died_ns = random();
  made.letter.producer = random();
  made.letter.reason = static_cast<std::uint8_t>(1 + random() % 8);
  made.frame.resize(random() % 16 == 0 ? random() % 9000 : random() % 200);
  for (std::byte& byte : made.frame) byte = static_cast<std::byte>(random());
  return made;
}

void say(int pipe, const Message& message) {
  if (::write(pipe, &message, sizeof message) != sizeof message) std::_Exit(3);
}

[[noreturn]] void wait_for_the_end() {
  for (;;) ::pause();
}

/// The writer: until it is killed or the disk is gone.
[[noreturn]] void write_letters(const std::string& path, std::uint64_t run, int pipe) {
  PosixFileSystem files(run % 2 == 0 ? CommitPath::kRing : CommitPath::kSystemCalls);
  // The disk may be gone already: wait for the end that is to come, here and below.
  if (files.open(path) != 0) wait_for_the_end();
  Recovery recovery;
  try {
    recovery = recover(path, kSegmentBytes);
  } catch (const FolderError&) {
    wait_for_the_end();
  }
  SegmentLog log(files, {.instance = "crash", .segment_bytes = kSegmentBytes, .run = run},
                 recovery.next_number);
  recovery.hand_to(log);
  CommitBuffer buffer(4 * kBlockBytes, run);
  std::mt19937_64 random(run);
  for (std::uint64_t id = 1;;) {
    buffer.clear();
    const std::uint64_t first = id;
    for (std::uint64_t n = 1 + random() % 12; n != 0; --n, ++id) {
      const Made made = make(run, id);
      if (!buffer.add(id, made.letter, made.frame)) break;
    }
    if (log.commit(buffer, 1, 0) != 0) wait_for_the_end();
    say(pipe, {Message::kDurable, run, first, id - first, log.number()});
    while (log.kept().size() > kMostKept) {
      say(pipe, {Message::kTakesOut, run, 0, 0, log.kept().front().number});
      if (log.remove_oldest() != 0) wait_for_the_end();
    }
  }
}

/// What was durable, by run and id, and in which segment.
using Durable = std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t>;

void take(Durable& durable, const Message& message) {
  if (message.kind == Message::kTakesOut) {
    std::erase_if(durable, [&](const auto& entry) { return entry.second == message.segment; });
    return;
  }
  for (std::uint64_t i = 0; i < message.records; ++i)
    durable[{message.run, message.first_id + i}] = message.segment;
}

/// The next message; false: there is none, and the writer is at its end.
bool hear(int pipe, Message& message) {
  for (;;) {
    const ssize_t got = ::read(pipe, &message, sizeof message);
    if (got < 0 && errno == EINTR) continue;
    return got == sizeof message;
  }
}

bool has_message(int pipe) {
  pollfd waiting{pipe, POLLIN, 0};
  return ::poll(&waiting, 1, 0) == 1 && (waiting.revents & POLLIN) != 0;
}

/// Listens to `most` messages.
void listen(int pipe, Durable& durable, std::uint64_t most) {
  Message message;
  for (; most != 0 && hear(pipe, message); --most) take(durable, message);
}

/// Listens to all that has been said by now.
void catch_up(int pipe, Durable& durable) {
  Message message;
  while (has_message(pipe) && hear(pipe, message)) take(durable, message);
}

/// Listens to the end. What is called durable after a file system began to go down is not believed:
/// XFS may let an fdatasync that is under way then say 0, which a power failure could not.
void hear_out(int pipe, Durable& durable, bool believed) {
  Message message;
  while (hear(pipe, message)) {
    if (believed || message.kind == Message::kTakesOut) take(durable, message);
  }
}

/// How many things are wrong with what is in the folder.
std::uint64_t judge(const std::string& path, const Durable& durable) {
  std::uint64_t wrong = 0;
  const Folder folder(path);
  SegmentBytes room;
  Durable left = durable;
  for (const SegmentFile& file : folder.segments()) {
    int error = 0;
    const auto bytes = folder.read(file, room, error);
    if (!bytes || error != 0) {
      ++wrong;
      continue;
    }
    const ReadHeader header = read_header(*bytes);
    if (header.fault != HeaderFault::kNone || header.header.number != file.number) continue;
    SegmentCursor cursor(*bytes, header.header);
    while (const auto record = cursor.next()) {
      const Made made = make(header.header.run, record->id);
      if (record->letter != made.letter || !std::ranges::equal(record->frame, made.frame)) {
        std::fprintf(stderr, "invented: run %llu id %llu\n",
                     static_cast<unsigned long long>(header.header.run),
                     static_cast<unsigned long long>(record->id));
        ++wrong;
      }
      left.erase({header.header.run, record->id});
    }
  }
  for (const auto& [key, segment] : left) {
    std::fprintf(stderr, "lost: run %llu id %llu of segment %llu\n",
                 static_cast<unsigned long long>(key.first),
                 static_cast<unsigned long long>(key.second),
                 static_cast<unsigned long long>(segment));
    ++wrong;
  }
  return wrong;
}

struct Plan {
  std::string folder;
  std::string mount;  ///< empty: kill
  std::string command;
  std::uint64_t cycles = 0;
  std::uint64_t seed = 0;
};

bool shut_down(const std::string& mount) {
  const int fd = ::open(mount.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  std::uint32_t how = kWithoutFlush;
  const bool done = fd >= 0 && ::ioctl(fd, kShutdown, &how) == 0;
  if (fd >= 0) ::close(fd);
  return done;
}

/// One life of a writer and its end. False: the test itself failed.
bool cycle(const Plan& plan, std::uint64_t run, std::mt19937_64& random, Durable& durable) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  const pid_t writer = ::fork();
  if (writer < 0) return false;
  if (writer == 0) write_letters(plan.folder, run, ends[1]);
  ::close(ends[1]);
  listen(ends[0], durable, random() % 40);
  // Anywhere within the next commits.
  for (std::uint64_t spin = random() % 200'000; spin != 0; --spin) __builtin_ia32_pause();
  catch_up(ends[0], durable);
  bool good = plan.mount.empty() || shut_down(plan.mount);
  ::kill(writer, SIGKILL);
  hear_out(ends[0], durable, plan.mount.empty());
  ::close(ends[0]);
  int status = 0;
  good = ::waitpid(writer, &status, 0) == writer && good;
  const int answer = plan.command.empty() ? 0 : std::system(plan.command.c_str());
  if (!good || answer != 0 || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
    std::fprintf(stderr, "shutdown and wait %s, writer's status %d, command's %d\n",
                 good ? "went well" : "failed", status, answer);
    return false;
  }
  return true;
}

int run(const Plan& plan) {
  std::mt19937_64 random(plan.seed);
  Durable durable;
  std::uint64_t letters = 0;
  for (std::uint64_t i = 1; i <= plan.cycles; ++i) {
    if (!cycle(plan, plan.seed * 1'000'000 + i, random, durable)) {
      std::fprintf(stderr, "cycle %llu could not be run\n", static_cast<unsigned long long>(i));
      return 2;
    }
    letters += durable.size();
    if (judge(plan.folder, durable) != 0) {
      std::fprintf(stderr, "seed %llu, cycle %llu\n", static_cast<unsigned long long>(plan.seed),
                   static_cast<unsigned long long>(i));
      return 1;
    }
  }
  std::printf("%llu cycles, %llu durable letters looked for, none lost, none invented\n",
              static_cast<unsigned long long>(plan.cycles),
              static_cast<unsigned long long>(letters));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 4 ? argv[2] : "";
  if (mode != "kill" && (mode != "power" || argc != 6)) {
    std::fputs("log-crash FOLDER kill CYCLES SEED | MOUNT power CYCLES SEED COMMAND\n", stderr);
    return 2;
  }
  Plan plan{.folder = std::string(argv[1]) + "/letters",
            .mount = mode == "power" ? argv[1] : "",
            .command = mode == "power" ? argv[5] : "",
            .cycles = std::strtoull(argv[3], nullptr, 10),
            .seed = std::strtoull(argv[4], nullptr, 10)};
  return run(plan);
}
