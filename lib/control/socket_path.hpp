// SPDX-License-Identifier: BSD-3-Clause
// Where the control socket of an instance lives. The appliance and escctl both ask here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace esc::control {

/// The directories that hold one folder per instance, preferred first: /run/escd,
/// $XDG_RUNTIME_DIR/escd (if the variable is an absolute path), /tmp/escd-<uid>. Whether they exist
/// is not looked at.
[[nodiscard]] std::vector<std::string> instance_roots();

/// "<root>/<instance>/control.sock" for each of instance_roots().
[[nodiscard]] std::vector<std::string> candidate_socket_paths(std::string_view instance);

/// The candidate this user's appliance binds: /run/escd for root and for who owns
/// /run/escd/<instance> (a service manager makes it for the service's user), else
/// $XDG_RUNTIME_DIR/escd if that directory exists, else /tmp/escd-<uid>. Makes nothing.
[[nodiscard]] std::string default_socket_path(std::string_view instance);

/// 1 to 64 of [A-Za-z0-9_.-], not beginning with a dot or a dash: safe as a folder name and on a
/// terminal.
[[nodiscard]] bool is_instance_name(std::string_view name) noexcept;

}  // namespace esc::control
