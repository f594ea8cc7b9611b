// SPDX-License-Identifier: BSD-3-Clause
#include "app/escd/side_thread.hpp"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

namespace esc::app {

void settle_side_thread(const char* name, unsigned cpu) {
  pthread_setname_np(pthread_self(), name);
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(cpu, &cpus);
  pthread_setaffinity_np(pthread_self(), sizeof cpus, &cpus);
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace esc::app
