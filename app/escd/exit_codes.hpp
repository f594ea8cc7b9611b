// What escd's exit status says. The table in docs/operations.md is checked against this one.
#pragma once

namespace esc::app {

enum ExitCode : int {
  kExitOk = 0,            ///< ran and drained; the ledger balances, the pools are whole
  kExitInternal = 1,      ///< a fault of escd's own
  kExitUsage = 2,         ///< the command line was not understood
  kExitConfig = 3,        ///< the configuration, or the machine as --check sees it, is not fit
  kExitStart = 4,         ///< a resource was not to be had: EAL, hugepages, port, lcore, socket
  kExitUnbalanced = 5,    ///< the ledger does not balance: a frame is unaccounted for
  kExitPoolNotWhole = 6,  ///< an mbuf was not given back, or was given back twice
  kExitDrainTimeout =
      7,  ///< the drain ran out of time; what was left is in the ledger as drained_at_deadline
  kExitLcoreStuck = 8,    ///< an lcore did not stop; what it holds is in the ledger as in_flight
  kExitLedgerFile = 10,   ///< the ledger's file could not be written; the log has the ledger
  kExitSecondSignal = 9,  ///< told to stop a second time: gone at once, nothing drained
};

}  // namespace esc::app
