// SPDX-License-Identifier: BSD-3-Clause
// An exhaustive interleaving explorer: it runs a small scenario once for every schedule within
// stated bounds.
//
// Every atomic operation is a scheduling point, every load with more than one permitted result a
// choice; the explorer walks the tree of choices depth first by running the scenario again from the
// start (stateless model checking; the bound on preemptions is Musuvathi and Qadeer's "iterative
// context bounding", PLDI 2007). A switch away from a thread that could go on costs a preemption;
// one from a thread that has finished or yielded is free.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>

namespace esc::explorer {

struct Bounds {
  unsigned preemptions = 2;  ///< per execution
  unsigned stale_reads =
      0;  ///< loads per execution that do not return the newest store; 0: sequential consistency
  unsigned steps = 2'000;  ///< atomic operations per execution; more is reported as "no progress"
};

/// A defect to plant into the code under test, in the atomics [first, last], numbered in order of
/// construction.
struct Mutation {
  enum class Kind : std::uint8_t {
    kNone,
    kRelaxStores,    ///< release -> relaxed
    kRelaxLoads,     ///< acquire -> relaxed
    kSplitExchange,  ///< compare-and-swap -> load, compare, store
    kReadAhead,      ///< loads return one more than is there
  };
  Kind kind = Kind::kNone;
  unsigned first = 0;
  unsigned last = 0;

  [[nodiscard]] bool applies(Kind wanted, unsigned location) const {
    return kind == wanted && location >= first && location <= last;
  }
};

/// One execution's objects and threads. Built anew for every schedule; construction and finish()
/// run alone, before and after the threads. Its threads must own nothing on their stacks: at a
/// defect they are abandoned where they stand.
class Scenario {
 public:
  virtual ~Scenario() = default;
  virtual void run(unsigned thread) = 0;
  virtual void finish() = 0;
};

struct Result {
  std::uint64_t schedules = 0;
  std::string defect;  ///< empty: every schedule was sound; else what was wrong, and the schedule
                       ///< that shows it
};

/// Runs `threads` threads of the scenarios that `make` returns through all schedules, until the
/// first defect.
[[nodiscard]] Result explore(const Bounds& bounds, unsigned threads,
                             const std::function<std::unique_ptr<Scenario>()>& make,
                             const Mutation& mutation = {});

/// For scenarios. Ends the exploration with a defect unless `holds`.
void require(bool holds, const char* what);

/// For scenarios: this thread cannot go on before another has stored something.
void yield();

namespace detail {
[[nodiscard]] unsigned new_location(std::uint64_t value);
[[nodiscard]] std::uint64_t load(unsigned location, std::memory_order order);
void store(unsigned location, std::uint64_t value, std::memory_order order);
[[nodiscard]] bool compare_exchange(unsigned location, std::uint64_t& expected,
                                    std::uint64_t desired, std::memory_order success,
                                    std::memory_order failure);
void element_read(const void* element);
void element_written(const void* element);
}  // namespace detail

/// The policy that puts the explorer in std::atomic's place. 64-bit integers only: it is what the
/// rings and the table of keys use, and it keeps their layout.
struct Atomics {
  template <class U>
  class atomic {
    static_assert(std::is_same_v<U, std::uint64_t>);

   public:
    explicit atomic(U value) : location_(detail::new_location(value)) {}
    atomic(const atomic&) = delete;
    atomic& operator=(const atomic&) = delete;

    [[nodiscard]] U load(std::memory_order order) const { return detail::load(location_, order); }
    void store(U value, std::memory_order order) { detail::store(location_, value, order); }
    [[nodiscard]] bool compare_exchange_weak(U& expected, U desired, std::memory_order success,
                                             std::memory_order failure) {
      return detail::compare_exchange(location_, expected, desired, success, failure);
    }

   private:
    alignas(U) unsigned location_;
  };

  static void will_read(const void* element) { detail::element_read(element); }
  static void will_write(const void* element) { detail::element_written(element); }
};

}  // namespace esc::explorer
