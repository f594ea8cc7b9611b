// SPDX-License-Identifier: BSD-3-Clause
#include "support/explorer.hpp"

#include <array>
#include <cstdlib>
#include <sstream>
#include <vector>

#include "support/fiber.hpp"
#include "support/memory_model.hpp"

namespace esc::explorer {
namespace {

constexpr unsigned kNobody = kMaxThreads;  // the explorer itself: before and after the threads

bool acquires(std::memory_order order) {
  return order == std::memory_order_acquire || order == std::memory_order_acq_rel ||
         order == std::memory_order_seq_cst;
}
bool releases(std::memory_order order) {
  return order == std::memory_order_release || order == std::memory_order_acq_rel ||
         order == std::memory_order_seq_cst;
}

/// The path through the tree of choices: the option taken at each choice, and how many there were.
class Path {
 public:
  unsigned choose(unsigned options) {
    if (options <= 1) return 0;
    if (depth_ == choices_.size()) choices_.push_back({0, options});
    return choices_[depth_++].taken;
  }

  /// To the next path in depth-first order; false when there is none.
  bool advance() {
    depth_ = 0;
    while (!choices_.empty()) {
      if (++choices_.back().taken < choices_.back().options) return true;
      choices_.pop_back();
    }
    return false;
  }

 private:
  struct Choice {
    unsigned taken;
    unsigned options;
  };
  std::vector<Choice> choices_;
  std::size_t depth_ = 0;
};

/// What happened in the current execution, for the report of a defect.
struct Event {
  unsigned thread;
  const char* operation;
  unsigned location;
  std::uint64_t value;
  unsigned behind;  ///< stores between the one that was read and the newest
};

class Explorer {
 public:
  Explorer(const Bounds& bounds, unsigned threads, const Mutation& mutation)
      : bounds_(bounds), mutation_(mutation), threads_(threads) {
    for (unsigned i = 0; i < threads; ++i) fibers_[i] = std::make_unique<Fiber>(&fiber_entry);
  }

  Result run(const std::function<std::unique_ptr<Scenario>()>& make) {
    Result result;
    do {
      begin_execution();
      const std::unique_ptr<Scenario> scenario = make();
      scenario_ = scenario.get();
      current_ = path_.choose(threads_);
      just_switched_ = true;
      Fiber::switch_to(main_, *fibers_[current_]);
      current_ = kNobody;
      ++result.schedules;
      if (defect_.empty()) scenario->finish();
    } while (defect_.empty() && path_.advance());
    if (!defect_.empty()) result.defect = defect_ + "\n" + describe();
    return result;
  }

  void fail(const char* what) {
    if (!defect_.empty()) return;
    defect_ = what;
    if (current_ == kNobody) return;
    Fiber::switch_to(*fibers_[current_], main_);
    std::abort();  // nothing resumes a thread after a defect
  }

  void yield() {
    if (current_ == kNobody) return;
    state_[current_] = State::kYielded;
    switch_freely();
  }

  unsigned new_location(std::uint64_t value) {
    if (locations_ == kMaxLocations) std::abort();
    Location& location = memory_[locations_];
    location.stores[0] = {value, {}};
    location.count = 1;
    return locations_++;
  }

  std::uint64_t load(unsigned index, std::memory_order order) {
    scheduling_point();
    const Location& location = memory_[index];
    if (current_ == kNobody) return location.newest().value;
    const unsigned behind = choose_age(location, index);
    const std::uint64_t value = read(index, location.count - 1 - behind, order);
    note("load", index, value, behind);
    return mutation_.applies(Mutation::Kind::kReadAhead, index) ? value + 1 : value;
  }

  void store(unsigned index, std::uint64_t value, std::memory_order order) {
    scheduling_point();
    if (current_ == kNobody) {  // before or after the threads: everybody has seen it
      memory_[index].stores[0] = {value, {}};
      memory_[index].count = 1;
      return;
    }
    note("store", index, value, 0);
    append(index, value, order, View{});
  }

  bool compare_exchange(unsigned index, std::uint64_t& expected, std::uint64_t desired,
                        std::memory_order success, std::memory_order failure) {
    scheduling_point();
    const Location& location = memory_[index];
    if (current_ == kNobody) {
      if (location.newest().value != expected) {
        expected = location.newest().value;
        return false;
      }
      store(index, desired, success);
      return true;
    }
    // A read-modify-write that succeeds reads the newest store. One that fails is a load: it may
    // read an older one, also an equal one (then it is a spurious failure, as the weak form
    // allows).
    const unsigned behind = choose_age(location, index);
    const Store& seen = location.stores[location.count - 1 - behind];
    if (behind != 0 || seen.value != expected) {
      expected = read(index, location.count - 1 - behind, failure);
      note("exchange fails", index, expected, behind);
      return false;
    }
    (void)read(index, location.count - 1, success);
    if (mutation_.applies(Mutation::Kind::kSplitExchange, index)) scheduling_point();
    note("exchange", index, desired, 0);
    append(index, desired, success, memory_[index].newest().released);
    return true;
  }

  void element_read(const void* address) {
    if (current_ == kNobody) return;
    Element& element = element_at(address);
    if (element.read_races(current_, views_[current_])) fail("race: unordered read of an element");
    element.read[current_] = views_[current_].clock[current_];
  }

  void element_written(const void* address) {
    if (current_ == kNobody) return;
    Element& element = element_at(address);
    if (element.write_races(current_, views_[current_])) {
      fail("race: unordered write of an element");
    }
    element.writer = current_;
    element.written = views_[current_].clock[current_];
  }

 private:
  enum class State : std::uint8_t { kRunnable, kYielded, kFinished };

  static void fiber_entry();

  /// Each fiber runs its thread in all executions, one after the other.
  void serve_thread() {
    Fiber::arrived(*fibers_[current_]);
    for (;;) {
      scenario_->run(current_);
      state_[current_] = State::kFinished;
      switch_freely();
    }
  }

  void begin_execution() {
    current_ = kNobody;
    locations_ = 0;
    elements_used_ = 0;
    steps_ = 0;
    preemptions_left_ = bounds_.preemptions;
    stale_reads_left_ = bounds_.stale_reads;
    events_.clear();
    for (unsigned i = 0; i < threads_; ++i) {
      state_[i] = State::kRunnable;
      views_[i] = View{};
      views_[i].clock[i] = 1;
    }
  }

  void scheduling_point() {
    if (current_ == kNobody) return;
    if (++steps_ > bounds_.steps) fail("no progress");
    const bool just_chosen = just_switched_;
    just_switched_ = false;
    if (just_chosen || preemptions_left_ == 0) return;
    const unsigned taken = path_.choose(1 + runnable_others());
    if (taken == 0) return;
    --preemptions_left_;
    switch_to_runnable(taken - 1);
    just_switched_ = false;  // chosen again, and what it was about to do follows
  }

  /// The current thread cannot go on: any runnable one may. If none is, those that yielded look
  /// again.
  void switch_freely() {
    unsigned runnable = runnable_others();
    if (runnable == 0) {
      if (++steps_ > bounds_.steps) fail("no progress");
      const State own = state_[current_];
      wake_yielded();
      if (own == State::kFinished && runnable_others() == 0) {
        Fiber::switch_to(*fibers_[current_], main_);
        return;
      }
      if (own == State::kYielded) state_[current_] = State::kYielded;
      runnable = runnable_others();
      if (runnable == 0) {  // alone
        state_[current_] = State::kRunnable;
        return;
      }
    }
    switch_to_runnable(path_.choose(runnable));
  }

  [[nodiscard]] unsigned runnable_others() const {
    unsigned count = 0;
    for (unsigned i = 0; i < threads_; ++i) {
      if (i != current_ && state_[i] == State::kRunnable) ++count;
    }
    return count;
  }

  void switch_to_runnable(unsigned nth) {
    for (unsigned i = 0; i < threads_; ++i) {
      if (i == current_ || state_[i] != State::kRunnable || nth-- != 0) continue;
      const unsigned from = current_;
      current_ = i;
      just_switched_ = true;
      Fiber::switch_to(*fibers_[from], *fibers_[i]);
      return;
    }
    std::abort();
  }

  void wake_yielded() {
    for (unsigned i = 0; i < threads_; ++i) {
      if (state_[i] == State::kYielded) state_[i] = State::kRunnable;
    }
  }

  /// How far behind the newest store a load of the current thread reads: a choice among what its
  /// view permits.
  unsigned choose_age(const Location& location, unsigned index) {
    if (stale_reads_left_ == 0) return 0;
    const unsigned oldest = views_[current_].oldest[index];
    const unsigned behind = path_.choose(location.count - oldest);
    if (behind != 0) --stale_reads_left_;
    return behind;
  }

  std::uint64_t read(unsigned index, unsigned which, std::memory_order order) {
    const Store& seen = memory_[index].stores[which];
    View& view = views_[current_];
    view.oldest[index] = static_cast<std::uint16_t>(which);
    if (acquires(order) && !mutation_.applies(Mutation::Kind::kRelaxLoads, index)) {
      view.join(seen.released);
    }
    return seen.value;
  }

  /// `carried`: the view of the store that a read-modify-write continues (the release sequence).
  void append(unsigned index, std::uint64_t value, std::memory_order order, View carried) {
    Location& location = memory_[index];
    if (location.count == kMaxStores) fail("too many stores to one atomic");
    View& view = views_[current_];
    view.oldest[index] = static_cast<std::uint16_t>(location.count);
    if (releases(order) && !mutation_.applies(Mutation::Kind::kRelaxStores, index)) {
      carried.join(view);
      ++view.clock[current_];  // what follows was not released
    }
    location.stores[location.count++] = {value, carried};
    wake_yielded();
  }

  Element& element_at(const void* address) {
    for (unsigned i = 0; i < elements_used_; ++i) {
      if (elements_[i].address == address) return elements_[i];
    }
    if (elements_used_ == kMaxElements) std::abort();
    elements_[elements_used_] = Element{};
    elements_[elements_used_].address = address;
    return elements_[elements_used_++];
  }

  void note(const char* operation, unsigned location, std::uint64_t value, unsigned behind) {
    events_.push_back({current_, operation, location, value, behind});
  }

  [[nodiscard]] std::string describe() const {
    std::ostringstream out;
    for (const Event& event : events_) {
      out << "  thread " << event.thread << ": " << event.operation << " #" << event.location
          << " = " << event.value;
      if (event.behind != 0) out << " (" << event.behind << " behind the newest)";
      out << '\n';
    }
    return out.str();
  }

  const Bounds bounds_;
  const Mutation mutation_;
  const unsigned threads_;
  Path path_;

  Fiber main_;
  std::array<std::unique_ptr<Fiber>, kMaxThreads> fibers_;
  std::array<State, kMaxThreads> state_{};
  Scenario* scenario_ = nullptr;
  unsigned current_ = kNobody;
  bool just_switched_ =
      false;  ///< the current thread was chosen and has done nothing yet: no choice again

  std::array<View, kMaxThreads> views_;
  std::array<Location, kMaxLocations> memory_;
  std::array<Element, kMaxElements> elements_;
  unsigned locations_ = 0;
  unsigned elements_used_ = 0;

  unsigned steps_ = 0;
  unsigned preemptions_left_ = 0;
  unsigned stale_reads_left_ = 0;
  std::vector<Event> events_;
  std::string defect_;
};

Explorer* active = nullptr;  // one exploration at a time, in one thread

void Explorer::fiber_entry() {
  active->serve_thread();
}

}  // namespace

Result explore(const Bounds& bounds, unsigned threads,
               const std::function<std::unique_ptr<Scenario>()>& make, const Mutation& mutation) {
  if (threads == 0 || threads > kMaxThreads) std::abort();
  const auto explorer = std::make_unique<Explorer>(bounds, threads, mutation);
  active = explorer.get();
  Result result = explorer->run(make);
  active = nullptr;
  return result;
}

void require(bool holds, const char* what) {
  if (!holds) active->fail(what);
}
void yield() {
  active->yield();
}

namespace detail {
unsigned new_location(std::uint64_t value) {
  return active->new_location(value);
}
std::uint64_t load(unsigned location, std::memory_order order) {
  return active->load(location, order);
}
void store(unsigned location, std::uint64_t value, std::memory_order order) {
  active->store(location, value, order);
}
bool compare_exchange(unsigned location, std::uint64_t& expected, std::uint64_t desired,
                      std::memory_order success, std::memory_order failure) {
  return active->compare_exchange(location, expected, desired, success, failure);
}
void element_read(const void* element) {
  active->element_read(element);
}
void element_written(const void* element) {
  active->element_written(element);
}
}  // namespace detail

}  // namespace esc::explorer
