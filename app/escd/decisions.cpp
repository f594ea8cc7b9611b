// SPDX-License-Identifier: BSD-3-Clause
#include "app/escd/decisions.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <utility>

#include "app/escd/exit_codes.hpp"
#include "app/escd/ledger_file.hpp"
#include "app/escd/log.hpp"
#include "appliance/dead_letter_folder.hpp"
#include "appliance/saved_windows.hpp"
#include "appliance/tcp_node.hpp"
#include "config/device.hpp"
#include "config/text.hpp"
#include "control/bound_socket.hpp"
#include "control/instance_lock.hpp"
#include "control/socket_path.hpp"
#include "dpdk/driver.hpp"
#include "dpdk/probe_fix.hpp"
#include "files/same_file.hpp"
#include "topology/memory.hpp"
#include "topology/runtime_directory.hpp"

namespace esc::app {
namespace {

using config::Severity;

/// Long enough for a sentence that names two paths.
std::string shown(std::string_view text) {
  constexpr std::size_t kMaxBytes = 2'048;
  return config::printable(text, kMaxBytes);
}

// Done first: other decisions have to know whether this very instance runs already.
void look_at_instance(Situation& now) {
  auto problem = control::instance_runs(now.config.instance);
  now.running = problem.has_value();
  if (!problem) problem = control::lock_folder_problem(now.config.instance);
  if (problem) {
    now.add(Severity::kUnavailable, std::move(problem->where), shown(problem->what),
            shown(problem->fix));
  }
}

void look_at_socket(Situation& now) {
  const std::string& named = now.config.control.socket;
  const std::string path =
      named.empty() ? control::default_socket_path(now.config.instance) : named;
  if (now.running && control::answers(path)) return;
  if (const auto trouble = control::socket_trouble(path)) {
    now.add(Severity::kUnavailable, now.config.where("control.socket"), shown(trouble->what()),
            shown(trouble->fix()));
  }
}

void look_at_ledger(Situation& now) {
  if (auto problem = unfit_ledger_file(now.options.ledger_file)) {
    now.add(Severity::kError, shown(problem->where), shown(problem->what), shown(problem->fix));
  }
}

void look_at_log(Situation& now) {
  if (auto trouble = log_trouble(now.config.log.file)) {
    now.log_is_fit = false;
    now.add(Severity::kUnavailable, now.config.where("log.file"), std::move(trouble->what),
            std::move(trouble->fix));
  }
}

// No two files of escd may be the same: if the log were written into the configuration, or the
// windows into the log, one would destroy the other.
void look_at_shared_files(Situation& now) {
  struct File {
    std::string where;
    std::string path;
    bool written = true;
  };
  std::vector<File> files = {{"--config", now.config.file, false}};
  for (std::size_t i = 0; i < now.config.ports.size(); ++i) {
    for (std::string& trace : config::traces(now.config.ports[i].device)) {
      files.push_back(
          {now.config.where("port[" + std::to_string(i) + "].device"), std::move(trace), false});
    }
  }
  files.push_back({"--ledger", now.options.ledger_file});
  files.push_back({now.config.where("log.file"), now.config.log.file});
  files.push_back(
      {now.config.where("deduplication.state_file"), appliance::windows_file(now.config)});
  for (auto one = files.begin(); one != files.end(); ++one) {
    for (auto other = one + 1; other != files.end(); ++other) {
      if (one->path.empty() || other->path.empty() || !other->written) continue;
      if (!files::same_file(one->path, other->path)) continue;
      if (one->path == now.config.log.file || other->path == now.config.log.file) {
        now.log_is_fit = false;
      }
      now.add(Severity::kError, other->where,
              shown(config::in_quotes(other->path) + " is the file of " + one->where + " too"),
              "name another file for one of them");
    }
  }
}

void look_at_devices(Situation& now) {
  now.add(config::check_devices(now.config, now.topology, {}, now.running));
}

void look_at_listeners(Situation& now) {
  if (now.running) return;  // it listens there itself
  for (const appliance::ListenTrouble& trouble : appliance::check_listeners(now.config)) {
    now.add(Severity::kUnavailable,
            now.config.where("tcp[" + std::to_string(trouble.index) + "].listen"),
            shown(trouble.error.what()), shown(trouble.error.fix()));
  }
}

// A library that eal.args names may contain further drivers.
void look_at_drivers(Situation& now) {
  const bool loads_more = std::ranges::any_of(
      now.config.eal.args, [](const std::string& arg) { return arg.starts_with("-d"); });
  for (std::size_t i = 0; i < now.config.ports.size(); ++i) {
    const config::Device& device = now.config.ports[i].device;
    if (device.kind == config::DeviceKind::kPci) continue;
    const std::string where = now.config.where("port[" + std::to_string(i) + "].device");
    const auto add = [&](Severity severity, const topology::Problem& problem) {
      now.add(severity, where, shown(problem.what), shown(problem.fix));
    };
    const auto unknown = loads_more ? std::nullopt : dpdk::driver_problem(device.driver);
    if (unknown) add(Severity::kError, *unknown);
    if (now.running) continue;
    if (const auto taken = dpdk::memif_problem(device.spec)) add(Severity::kUnavailable, *taken);
  }
}

void look_at_memory(Situation& now) {
  const topology::MemoryWish wish = dpdk::memory_wish(now.eal);
  auto found =
      config::check_memory(now.config, {}, {wish.hugepage_bytes, wish.ordinary_bytes}, now.running);
  now.hugepages = found.hugepages;
  now.add(std::move(found.findings));
}

// The limits of this process, and where DPDK keeps its files.
void look_at_process(Situation& now) {
  const topology::MemoryWish wish = dpdk::memory_wish(now.eal);
  const bool shares_files = now.hugepages && !topology::writable_hugetlbfs({}).empty();
  now.add(config::check_process(
      now.config, {.on_hugepages = now.hugepages,
                   .shares_files = shares_files,
                   .memory_bytes = now.hugepages ? wish.hugepage_bytes : wish.ordinary_bytes,
                   .lcores = now.plan.lcores.size()}));
  if (now.running || !shares_files) return;
  if (auto problem = topology::file_prefix_problem(now.config.instance)) {
    now.add(Severity::kUnavailable, now.config.where("instance"), std::move(problem->what),
            std::move(problem->fix));
  }
}

void look_at_windows(Situation& now) {
  now.add(appliance::check_saved_windows(now.config));
}

void look_at_dead_letters(Situation& now) {
  if (now.running || !now.config.dead_letters.kept()) return;
  now.add(appliance::check_dead_letters(now.config));
}

constexpr std::array kDecisions = {
    Decision{"instance", look_at_instance},
    Decision{"control socket", look_at_socket},
    Decision{"ledger file", look_at_ledger},
    Decision{"log file", look_at_log},
    Decision{"files that are one", look_at_shared_files},
    Decision{"CPUs, devices and rights", look_at_devices},
    Decision{"drivers and memif sockets", look_at_drivers},
    Decision{"TCP listeners", look_at_listeners},
    Decision{"memory", look_at_memory},
    Decision{"limits of the process and DPDK's folder", look_at_process},
    Decision{"file of windows", look_at_windows},
    Decision{"folder of dead letters", look_at_dead_letters},
};

}  // namespace

void Situation::add(std::vector<config::Finding> more) {
  findings.insert(findings.end(), std::make_move_iterator(more.begin()),
                  std::make_move_iterator(more.end()));
}

void Situation::add(Severity severity, std::string where, std::string what, std::string fix) {
  findings.push_back({severity, std::move(where), std::move(what), std::move(fix)});
}

void decide(Situation& situation) {
  for (const Decision& decision : kDecisions) decision.look(situation);
}

std::string decision_names() {
  std::string names;
  for (const Decision& decision : kDecisions) {
    names += (names.empty() ? "" : ", ") + std::string(decision.name);
  }
  return names;
}

int exit_code_of(const std::vector<config::Finding>& findings) {
  const auto any = [&](Severity severity) {
    return std::ranges::any_of(findings, [severity](const config::Finding& finding) {
      return finding.severity == severity;
    });
  };
  if (any(Severity::kError)) return kExitConfig;
  return any(Severity::kUnavailable) ? kExitStart : kExitOk;
}

}  // namespace esc::app
