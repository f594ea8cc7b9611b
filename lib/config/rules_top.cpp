// SPDX-License-Identifier: BSD-3-Clause
// Rules of the configuration: the name of the instance.
#include "config/loading.hpp"
#include "config/sections.hpp"
#include "config/text.hpp"

namespace esc::config {

void check_instance(const Loading& in, const Section& top) {
  if (is_label(in.config.instance, "_-")) return;
  in.reader.problem(in.reader.where(top, "instance"),
                    "'instance' is " + in_quotes(in.config.instance),
                    "use letters, digits, '_' and '-' only: it names files and a socket");
}

}  // namespace esc::config
