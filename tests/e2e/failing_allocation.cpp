// SPDX-License-Identifier: BSD-3-Clause
// Loaded into escd before everything else (LD_PRELOAD): while a file that the test has made is
// there, every allocation of at least so many bytes fails, and its size is a line in that file. So
// a test says where memory runs out, whatever this machine and its allocator have left. See
// failing_allocation.py.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* old, std::size_t bytes);
}

namespace {

const char* armed_by = nullptr;
std::size_t least = SIZE_MAX;

__attribute__((constructor)) void read_environment() {
  if (const char* bytes = std::getenv("ESC_FAIL_BYTES")) least = std::strtoull(bytes, nullptr, 10);
  armed_by = std::getenv("ESC_FAIL_WHILE");
}

bool fails(std::size_t bytes) {
  if (bytes < least || armed_by == nullptr) return false;
  const int saved = errno;
  const int file = open(armed_by, O_WRONLY | O_APPEND | O_CLOEXEC);
  errno = file < 0 ? saved : ENOMEM;
  if (file < 0) return false;
  char line[32];
  const int size = std::snprintf(line, sizeof line, "%zu\n", bytes);
  [[maybe_unused]] const ssize_t written = write(file, line, static_cast<std::size_t>(size));
  close(file);
  return true;
}

}  // namespace

extern "C" {

void* malloc(std::size_t bytes) {
  return fails(bytes) ? nullptr : __libc_malloc(bytes);
}

void* calloc(std::size_t count, std::size_t bytes) {
  std::size_t whole = 0;
  const bool overflows = __builtin_mul_overflow(count, bytes, &whole);
  return !overflows && fails(whole) ? nullptr : __libc_calloc(count, bytes);
}

void* realloc(void* old, std::size_t bytes) {
  return fails(bytes) ? nullptr : __libc_realloc(old, bytes);
}

}  // extern "C"
