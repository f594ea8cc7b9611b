// SPDX-License-Identifier: BSD-3-Clause
// A disk that keeps only what was synced. It records every step, so that a test can ask what would
// be there if power were lost after any of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "dlq/file_system.hpp"

namespace esc::dlq::testing {

using Bytes = std::vector<std::byte>;
using Random = std::mt19937_64;

/// The contents of a disk: files by name.
using Image = std::map<std::string, Bytes>;

/// One call that may change a disk.
struct Step {
  enum Kind { kCreate, kWrite, kSync, kFailedSync, kRename, kRemove, kSyncFolder };
  Kind kind = kCreate;
  std::size_t file = 0;  ///< of kCreate, kWrite and the syncs
  std::string name{};
  std::string to{};  ///< of kRename
  std::uint64_t offset = 0;
  Bytes bytes{};               ///< of kWrite
  std::uint64_t new_size = 0;  ///< of kCreate
};

/// The state of the disk after some steps: what is surely there, and what may still be on its way.
class DiskState {
 public:
  DiskState() = default;
  explicit DiskState(const Image& image);
  void apply(const Step& step);
  /// One possible state of the disk if power is lost now. Each write that was not synced may be
  /// there as a whole, in part (by sectors of 512 bytes), as other bytes, or not at all. Of the
  /// changes of names that were not synced, the first few are there.
  [[nodiscard]] Image after_power_loss(Random& random) const;

 private:
  static void write(Bytes& content, const Step& step);
  static void write_torn(Bytes& content, const Step& step, Random& random);
  static void apply_name(std::map<std::string, std::size_t>& names, const Step& step);

  std::vector<Bytes> contents_;  ///< by file: on the disk
  std::map<std::size_t, std::vector<Step>> pending_;
  std::map<std::size_t, std::vector<Step>> doomed_;  ///< a sync failed: no later one brings them
  std::map<std::string, std::size_t> names_;         ///< on the disk
  std::vector<Step> pending_names_;
};

/// The probability that a call of each kind fails.
struct Faults {
  double write = 0;
  double sync = 0;  ///< what it was to bring to the disk may be lost for good
  double create = 0;
  double rename = 0;
  double remove = 0;
  double sync_folder = 0;
};

/// A folder on such a disk.
class SimulatedDisk : public FileSystem {
 public:
  SimulatedDisk(const Image& image, std::uint64_t seed);

  [[nodiscard]] int create(const std::string& name, std::uint64_t bytes,
                           std::unique_ptr<File>& file) override;
  [[nodiscard]] int reuse(const std::string& name, std::unique_ptr<File>& file) override;
  [[nodiscard]] int rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] int remove(const std::string& name) override;
  [[nodiscard]] int sync_folder() override;
  [[nodiscard]] int list(std::vector<FolderEntry>& entries) override;
  [[nodiscard]] int free_bytes(std::uint64_t& bytes) override;

  void set_free_bytes(std::uint64_t bytes) { free_bytes_ = bytes; }
  void set_faults(const Faults& faults) { faults_ = faults; }
  [[nodiscard]] const std::vector<Step>& steps() const { return steps_; }
  [[nodiscard]] const Image& start() const { return start_; }
  [[nodiscard]] std::uint64_t faults_met() const { return faults_met_; }

 private:
  class OpenFile;
  [[nodiscard]] bool fails(double probability);

  Image start_;
  std::map<std::string, std::size_t> names_;  ///< as a program sees them, like the sizes
  std::vector<std::uint64_t> sizes_;
  std::vector<Step> steps_;
  Faults faults_;
  std::uint64_t free_bytes_ = UINT64_MAX;
  std::uint64_t faults_met_ = 0;
  Random random_;
};

}  // namespace esc::dlq::testing
