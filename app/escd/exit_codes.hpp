// SPDX-License-Identifier: BSD-3-Clause
// What escd's exit status says. --help prints it; a test compares that with docs/operations.md.
#pragma once

#include <array>
#include <string_view>

#include "cli/exit_codes.hpp"

namespace esc::app {

enum ExitCode : int {
  kExitOk = 0,
  kExitInternal = 1,
  kExitUsage = 2,
  kExitConfig = 3,
  kExitStart = 4,
  kExitUnbalanced = 5,
  kExitPoolNotWhole = 6,
  kExitDrainTimeout = 7,
  kExitLcoreStuck = 8,
  kExitSecondSignal = 9,
  kExitLedgerFile = 10,
  kExitOutput = 11,
  kExitTrace = 12,
};

inline constexpr std::array<cli::ExitMeaning<ExitCode>, 13> kExitCodeMeanings = {{
    {kExitOk, "ran and drained; the ledger balances, the pools are whole"},
    {kExitInternal, "a fault of escd's own"},
    {kExitUsage, "the command line was not understood"},
    {kExitConfig, "the configuration, or the machine as --check sees it, is not fit"},
    {kExitStart,
     "a resource was not to be had: EAL, hugepages, port, lcore, instance name, control socket, "
     "log file, folder of dead letters"},
    {kExitUnbalanced, "the ledger does not balance: a frame is unaccounted for"},
    {kExitPoolNotWhole, "an mbuf was not given back, or was given back twice"},
    {kExitDrainTimeout,
     "the drain ran out of time; what was left is in the ledger as drained_at_deadline"},
    {kExitLcoreStuck,
     "an lcore did not stop, or the disk did not answer; what they hold is in the ledger as "
     "in_flight"},
    {kExitSecondSignal,
     "told to stop a second time: gone at once, nothing drained, no ledger written"},
    {kExitLedgerFile, "the ledger's file could not be written; the log has the ledger"},
    {kExitOutput,
     "standard output could not be written (--help, --version, --check, --print-plan)"},
    {kExitTrace, "a trace was not played to its end: it is damaged, or was changed meanwhile"},
}};
static_assert(cli::in_order(kExitCodeMeanings));

}  // namespace esc::app
