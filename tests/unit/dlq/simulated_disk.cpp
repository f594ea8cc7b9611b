// SPDX-License-Identifier: BSD-3-Clause
#include "simulated_disk.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>

namespace esc::dlq::testing {
namespace {
constexpr std::size_t kSector = 512;
}  // namespace

// DiskState and SimulatedDisk both number the files of an image in the order of their names, and
// later files as they are made.
DiskState::DiskState(const Image& image) {
  for (const auto& [name, content] : image) {
    names_[name] = contents_.size();
    contents_.push_back(content);
  }
}

void DiskState::apply(const Step& step) {
  switch (step.kind) {
    case Step::kCreate:
      contents_.resize(std::max(contents_.size(), step.file + 1));
      pending_[step.file].push_back(step);
      pending_names_.push_back(step);
      break;
    case Step::kWrite:
      pending_[step.file].push_back(step);
      break;
    case Step::kSync:
      for (const Step& pending : pending_[step.file]) write(contents_[step.file], pending);
      pending_.erase(step.file);
      break;
    case Step::kFailedSync:
      std::ranges::move(pending_[step.file], std::back_inserter(doomed_[step.file]));
      pending_.erase(step.file);
      break;
    case Step::kRename:
    case Step::kRemove:
      pending_names_.push_back(step);
      break;
    case Step::kSyncFolder:
      for (const Step& pending : pending_names_) apply_name(names_, pending);
      pending_names_.clear();
      break;
  }
}

void DiskState::write(Bytes& content, const Step& step) {
  if (step.kind == Step::kCreate) {
    content.resize(step.new_size);
    return;
  }
  content.resize(std::max<std::size_t>(content.size(), step.offset + step.bytes.size()));
  std::ranges::copy(step.bytes, content.begin() + static_cast<std::ptrdiff_t>(step.offset));
}

void DiskState::write_torn(Bytes& content, const Step& step, Random& random) {
  if (step.kind == Step::kCreate) return write(content, step);
  content.resize(std::max<std::size_t>(content.size(), step.offset + step.bytes.size()));
  for (std::size_t at = 0; at < step.bytes.size(); at += kSector) {
    const auto to = content.begin() + static_cast<std::ptrdiff_t>(step.offset + at);
    switch (random() % 8) {
      case 0:  // a bit of it is another
        std::copy_n(step.bytes.begin() + static_cast<std::ptrdiff_t>(at), kSector, to);
        to[static_cast<std::ptrdiff_t>(random() % kSector)] ^= std::byte{1} << random() % 8;
        break;
      case 1:
      case 2:
      case 3:
        break;  // did not get there
      default:
        std::copy_n(step.bytes.begin() + static_cast<std::ptrdiff_t>(at), kSector, to);
    }
  }
}

void DiskState::apply_name(std::map<std::string, std::size_t>& names, const Step& step) {
  if (step.kind == Step::kCreate) names[step.name] = step.file;
  if (step.kind == Step::kRemove) names.erase(step.name);
  if (step.kind == Step::kRename) {
    const auto from = names.find(step.name);
    if (from == names.end()) return;
    const std::size_t file = from->second;
    names.erase(from);
    names[step.to] = file;
  }
}

Image DiskState::after_power_loss(Random& random) const {
  std::map<std::string, std::size_t> names = names_;
  const std::size_t happened = random() % (pending_names_.size() + 1);
  for (std::size_t i = 0; i < happened; ++i) apply_name(names, pending_names_[i]);
  Image image;
  for (const auto& [name, file] : names) {
    Bytes& content = image[name] = contents_[file];
    for (const auto* steps : {&doomed_, &pending_}) {
      const auto found = steps->find(file);
      if (found == steps->end()) continue;
      for (const Step& step : found->second) {
        const std::uint64_t fate = random() % 4;
        if (fate == 0) write(content, step);
        if (fate >= 2) write_torn(content, step, random);
      }
    }
  }
  return image;
}

/// An open file.
class SimulatedDisk::OpenFile : public File {
 public:
  OpenFile(SimulatedDisk& disk, std::size_t file) : disk_(disk), file_(file) {}

  int write(std::uint64_t offset, std::span<const std::byte> bytes) override {
    if (offset + bytes.size() > disk_.sizes_[file_]) return ENOSPC;
    const bool failed = disk_.fails(disk_.faults_.write);
    Step step{.kind = Step::kWrite, .file = file_, .offset = offset};
    // A write that fails may have written a part, which may get to the disk later.
    const std::size_t written =
        failed ? disk_.random_() % (bytes.size() / kSector + 1) * kSector : bytes.size();
    step.bytes.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(written));
    if (written != 0) disk_.steps_.push_back(std::move(step));
    return failed ? EIO : 0;
  }
  int sync() override {
    const bool failed = disk_.fails(disk_.faults_.sync);
    disk_.steps_.push_back({.kind = failed ? Step::kFailedSync : Step::kSync, .file = file_});
    return failed ? EIO : 0;
  }

 private:
  SimulatedDisk& disk_;
  std::size_t file_;
};

SimulatedDisk::SimulatedDisk(const Image& image, std::uint64_t seed)
    : start_(image), random_(seed) {
  for (const auto& [name, content] : image) {
    names_[name] = sizes_.size();
    sizes_.push_back(content.size());
  }
}

bool SimulatedDisk::fails(double probability) {
  const bool failed = std::uniform_real_distribution(0.0, 1.0)(random_) < probability;
  faults_met_ += failed ? 1U : 0U;
  return failed;
}

int SimulatedDisk::create(const std::string& name, std::uint64_t bytes,
                          std::unique_ptr<File>& file) {
  if (names_.contains(name)) return EEXIST;
  if (fails(faults_.create)) return ENOSPC;
  const std::size_t number = sizes_.size();
  names_[name] = number;
  sizes_.push_back(bytes);
  steps_.push_back({.kind = Step::kCreate, .file = number, .name = name, .new_size = bytes});
  file = std::make_unique<OpenFile>(*this, number);
  return 0;
}

int SimulatedDisk::reuse(const std::string& name, std::unique_ptr<File>& file) {
  const auto found = names_.find(name);
  if (found == names_.end()) return ENOENT;
  file = std::make_unique<OpenFile>(*this, found->second);
  return 0;
}

int SimulatedDisk::rename(const std::string& from, const std::string& to) {
  const auto found = names_.find(from);
  if (found == names_.end()) return ENOENT;
  if (names_.contains(to)) return EEXIST;
  if (fails(faults_.rename)) return EIO;
  const std::size_t file = found->second;
  names_.erase(found);
  names_[to] = file;
  steps_.push_back({.kind = Step::kRename, .name = from, .to = to});
  return 0;
}

int SimulatedDisk::remove(const std::string& name) {
  if (!names_.contains(name)) return ENOENT;
  if (fails(faults_.remove)) return EIO;
  names_.erase(name);
  steps_.push_back({.kind = Step::kRemove, .name = name});
  return 0;
}

int SimulatedDisk::sync_folder() {
  if (fails(faults_.sync_folder)) return EIO;
  steps_.push_back({.kind = Step::kSyncFolder});
  return 0;
}

int SimulatedDisk::list(std::vector<FolderEntry>& entries) {
  entries.clear();
  for (const auto& [name, file] : names_) entries.push_back({name, sizes_[file]});
  return 0;
}

int SimulatedDisk::free_bytes(std::uint64_t& bytes) {
  bytes = free_bytes_;
  return 0;
}

}  // namespace esc::dlq::testing
