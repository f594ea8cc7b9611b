// SPDX-License-Identifier: BSD-3-Clause
#include "cli/options.hpp"

#include <array>
#include <charconv>
#include <iostream>
#include <string_view>
#include <utility>

#include "config/text.hpp"

namespace esc::cli {
namespace {

constexpr std::size_t kMaxMessageBytes = 1024;

[[noreturn]] void refuse(const std::string& name, const std::string& text,
                         const std::string& expected) {
  throw CLI::ValidationError(name, config::in_quotes(text) + ": give " + expected);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

void check_word(const std::string& name, const std::string& word,
                const std::vector<std::string>& words) {
  if (std::ranges::find(words, word) == words.end()) refuse(name, word, "one of " + joined(words));
}

/// For "--name=" CLI11 would take the next argument as the value.
void refuse_empty_values(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument(argv[i]);
    if (argument.starts_with("--") && argument.find('=') == argument.size() - 1)
      throw CLI::ValidationError(std::string(argument.substr(0, argument.size() - 1)),
                                 "the value is empty");
  }
}

}  // namespace

CLI::Option* add_text(CLI::App& app, const std::string& name, Take take, const std::string& help) {
  return app
      .add_option_function<std::string>(
          name,
          [name, take = std::move(take)](const std::string& text) {
            if (text.empty()) throw CLI::ValidationError(name, "the value is empty");
            take(text);
          },
          help)
      ->type_name("TEXT");
}

CLI::Option* add_text(CLI::App& app, const std::string& name, std::string& to,
                      const std::string& help) {
  auto* const option = add_text(
      app, name, [&to](const std::string& text) { to = text; }, help);
  return to.empty() ? option : option->default_str(to);
}

CLI::Option* add_texts(CLI::App& app, const std::string& name, std::vector<std::string>& to,
                       const std::string& help) {
  return app
      .add_option_function<std::vector<std::string>>(
          name,
          [name, &to](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) {
              if (text.empty()) throw CLI::ValidationError(name, "the value is empty");
            }
            to = texts;
          },
          help)
      ->allow_extra_args(false)
      ->type_name("TEXT");
}

CLI::Option* add_choice(CLI::App& app, const std::string& name, Take take, const std::string& help,
                        std::vector<std::string> words) {
  const std::string all = "{" + joined(words) + "}";
  return add_text(
             app, name,
             [name, words = std::move(words), take = std::move(take)](const std::string& word) {
               check_word(name, word, words);
               take(word);
             },
             help)
      ->type_name(all);
}

CLI::Option* add_choice(CLI::App& app, const std::string& name, std::string& to,
                        const std::string& help, std::vector<std::string> words) {
  auto* const option = add_choice(
      app, name, [&to](const std::string& word) { to = word; }, help, std::move(words));
  return to.empty() ? option : option->default_str(to);
}

CLI::Option* add_choices(CLI::App& app, const std::string& name, std::vector<std::string>& to,
                         const std::string& help, std::vector<std::string> words) {
  const std::string all = "{" + joined(words) + "},...";
  return add_text(
             app, name,
             [name, &to, words = std::move(words)](const std::string& text) {
               std::vector<std::string> taken;
               for (std::size_t at = 0; at <= text.size();) {
                 const std::size_t end = std::min(text.find(',', at), text.size());
                 taken.push_back(text.substr(at, end - at));
                 check_word(name, taken.back(), words);
                 at = end + 1;
               }
               to = std::move(taken);
             },
             help)
      ->type_name(all);
}

CLI::Option* add_whole(CLI::App& app, const std::string& name,
                       std::function<void(std::uint64_t)> take, const std::string& help,
                       WholeRange range) {
  return add_text(
             app, name,
             [name, range, take = std::move(take)](const std::string& text) {
               const auto value = parse_whole(text, range);
               if (!value) refuse(name, text, to_text(range));
               take(*value);
             },
             help)
      ->type_name("N");
}

CLI::Option* add_real(CLI::App& app, const std::string& name, std::function<void(double)> take,
                      const std::string& help, RealRange range) {
  return add_text(
             app, name,
             [name, range, take = std::move(take)](const std::string& text) {
               const auto value = parse_real(text, range);
               if (!value) refuse(name, text, to_text(range));
               take(*value);
             },
             help)
      ->type_name("X");
}

CLI::Option* add_number(CLI::App& app, const std::string& name, double& to, const std::string& help,
                        RealRange range) {
  auto* const option = add_real(
      app, name, [&to](double value) { to = value; }, help, range);
  if (to == 0) return option;
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), to);
  return option->default_str(std::string(text.data(), end));
}

CLI::Option* add_number(CLI::App& app, const std::string& name, std::optional<double>& to,
                        const std::string& help, RealRange range) {
  return add_real(
      app, name, [&to](double value) { to = value; }, help, range);
}

Parsed parse(CLI::App& app, int argc, const char* const* argv, StandardOutput& out) {
  try {
    refuse_empty_values(argc, argv);
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      (void)app.exit(error, out.stream(), std::cerr);
      return Parsed::kDone;
    }
    // CLI11's message repeats the arguments, which may hold any bytes.
    std::cerr << app.get_name() << ": " << config::printable(error.what(), kMaxMessageBytes)
              << "\n  fix: see " << app.get_name() << " --help\n";
    return Parsed::kUsage;
  }
  return Parsed::kGoOn;
}

}  // namespace esc::cli
