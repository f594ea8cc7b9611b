#include "esc-replay/error.hpp"

#include <cerrno>
#include <system_error>

namespace esc::replay {

void write_text_file(const std::string& path, const std::string& text) {
  File file(std::fopen(path.c_str(), "w"));
  const bool written = file && std::fwrite(text.data(), 1, text.size(), file.get()) == text.size();
  // A full disk may show only when the buffer is flushed.
  if (!written || std::fflush(file.get()) != 0) {
    throw Error("cannot write '" + path + "': " + std::generic_category().message(errno) +
                "; check the directory, its permissions and the free space");
  }
}

}  // namespace esc::replay
