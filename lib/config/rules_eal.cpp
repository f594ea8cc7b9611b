// SPDX-License-Identifier: BSD-3-Clause
// Rules of the configuration: arguments for EAL, those of the command line among them.
#include "config/eal_args.hpp"
#include "config/loading.hpp"
#include "config/sections.hpp"

namespace esc::config {

void check_eal(const Loading& in, const Section& eal) {
  const std::size_t in_file = in.config.eal.args.size();
  for (const std::string& arg : in.overrides.eal_args) in.config.eal.args.push_back(arg);
  for (const EalArgProblem& bad : check_eal_args(in.config.eal.args)) {
    in.reader.problem(bad.index < in_file
                          ? in.reader.where(eal, "args", bad.index)
                          : "argument " + std::to_string(bad.index - in_file + 1) + " after --",
                      bad.what, bad.fix);
  }
}

}  // namespace esc::config
