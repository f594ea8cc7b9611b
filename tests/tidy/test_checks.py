# SPDX-License-Identifier: BSD-3-Clause
"""Shows each check failing on a bad sample and silent on a good one."""

import shutil
import tempfile
import unittest
from pathlib import Path

import cpp
import tree
from checks import data_path, files, formatting, headers, layout, levels, license, markdown
from checks import numbers, output, own_faults, programs, shell, unused

ROOT = Path(__file__).parents[2]
GOOD_HEADER = '#pragma once\n#include "base/align.hpp"\n'


def found(check, sources, executable=(), **arguments):
    return list(check.problems(tree.Tree(sources, executable), **arguments))


def in_data_path(sources, allowed, borrowed=()):
    """The problems that the check finds with these excuses in place of the repository's."""
    return found(data_path, sources, allowed=allowed, borrowed=borrowed)


class Reading(unittest.TestCase):
    def test_comments_and_literals_are_emptied_and_lines_stay(self):
        text = 'a /* new\n new */ b; // new\n"new // x" \'"\' 1\'000 c\nR"x(new)" x)x" d\n'
        code = cpp.code_only(text)
        self.assertNotIn("new", code)
        self.assertEqual(code.count("\n"), text.count("\n"))
        for word in ("a", "b", "1'000 c", "d"):
            self.assertIn(word, code)

    def test_includes_in_comments_do_not_count(self):
        text = '// #include "x/y.hpp"\n# include <vector>\n  #include "ring/a.hpp" // why\n'
        self.assertEqual(cpp.includes(text), [(2, "<vector>"), (3, '"ring/a.hpp"')])


class Levels(unittest.TestCase):
    def wrong(self, path, include):
        return found(levels, {path: f"#include {include}\n"})

    def test_downward_and_within_a_folder_is_right(self):
        self.assertEqual(self.wrong("lib/worker/a.cpp", '"runtime/b.hpp"'), [])
        self.assertEqual(self.wrong("lib/worker/a.cpp", '"worker/b.hpp"'), [])
        self.assertEqual(self.wrong("lib/dpdk/a.cpp", "<rte_ethdev.h>"), [])
        self.assertEqual(self.wrong("lib/event/a.cpp", "<rte_mbuf.h>"), [])
        self.assertEqual(self.wrong("app/escd/a.cpp", '"worker/b.hpp"'), [])

    def test_upward_is_refused(self):
        self.assertEqual(
            self.wrong("lib/ring/a.hpp", '"event/b.hpp"'),
            ['lib/ring/a.hpp:1: "event/b.hpp": lib/event is above lib/ring'],
        )

    def test_the_same_level_is_refused(self):
        self.assertEqual(
            self.wrong("lib/ingest/a.hpp", '"dispatch/b.hpp"'),
            [
                'lib/ingest/a.hpp:1: "dispatch/b.hpp": '
                "lib/dispatch is on the same level as lib/ingest"
            ],
        )

    def test_other_breaches(self):
        for path, include in [
            ("lib/ingest/a.hpp", "<rte_ethdev.h>"),
            ("tools/esc-replay/main.cpp", "<rte_ethdev.h>"),
            ("lib/ring/a.hpp", "<rte_ring.h>"),
            ("lib/novel/a.hpp", "<vector>"),
            ("lib/ring/a.hpp", '"mpsc_ring.hpp"'),
            ("lib/ring/a.hpp", '"../base/align.hpp"'),
            ("lib/ring/a.hpp", "<base/align.hpp>"),
            ("lib/ring/a.hpp", '"tools/x.hpp"'),
        ]:
            with self.subTest(path=path, include=include):
                self.assertEqual(len(self.wrong(path, include)), 1)


class Layout(unittest.TestCase):
    def test_a_good_file(self):
        self.assertEqual(found(layout, {"lib/a/b.hpp": GOOD_HEADER}), [])

    def test_each_breach(self):
        for path, text in [
            ("lib/a.cpp", "//\n" * 500),
            ("lib/a.cpp", "x" * 101 + "\n"),
            ("lib/a.cpp", "x \n"),
            ("lib/a.cpp", "\tx\n"),
            ("lib/a.cpp", "x"),
            ("lib/a.hpp", "// #pragma once\n"),
            ("tools/run", "#!/bin/bash\n"),
            ("docs/a.md", "see /work/x\n"),
            ("docs/a.md", "see /home/someone\n"),
            ("docs/a.md", "as issue 12 says\n"),
            ("docs/a.md", "as #12 says\n"),
            ("lib/a.cpp", "// TODO: all\n"),
            ("lib/a.cpp", "<<<<<<< HEAD\n"),
        ]:
            with self.subTest(text=text[:20]):
                self.assertEqual(len(found(layout, {path: text})), 1)

    def test_limits_are_exact(self):
        self.assertEqual(found(layout, {"lib/a.cpp": "//\n" * 499}), [])
        self.assertEqual(found(layout, {"lib/a.cpp": "x" * 100 + "\n"}), [])

    def test_what_only_looks_like_a_leftover(self):
        text = "the rest/work/x of $HOME/work/x; the session; &#123; [a](#1-first) issues\n"
        self.assertEqual(found(layout, {"docs/a.md": text}), [])

    def test_an_executable_script(self):
        self.assertEqual(
            found(layout, {"tools/run": "#!/bin/bash\n"}, executable=["tools/run"]), []
        )


class DataPath(unittest.TestCase):
    PATH = "lib/worker/a.hpp"

    def test_each_breach(self):
        for line in [
            "#include <mutex>",
            "#include <spdlog/spdlog.h>",
            "#include <iostream>",
            "#include <cstdio>",
            "#include <thread>",
            "auto p = new int;",
            "auto p = std::make_unique<int>(1);",
            "void* p = malloc(4);",
            "throw 1;",
            "std::cout << 1;",
            "std::printf(x);",
            "spdlog::info(x);",
            "usleep(1);",
            "int n = ::read(file, to, 4);",
            "auto t = std::chrono::steady_clock::now();",
            "std::this_thread::yield();",
            "std::condition_variable changed;",
            "rte_spinlock_lock(&lock);",
            "try { f(); } ",
            "while (true) f();",
            "while (1) f();",
            "for (;;) f();",
            "for (int i = 0;; ++i) f(i);",
            "while (!ready.load(std::memory_order_acquire)) rte_pause();",
            "do f(); while (!head.compare_exchange_weak(a, b));",
            "while (rte_rdtsc() < until) rte_pause();",
        ]:
            with self.subTest(line=line):
                self.assertEqual(len(in_data_path({self.PATH: line + "\n"}, allowed={})), 1)

    def test_what_is_right(self):
        text = (
            "#include <new>\n// throw new malloc(\n"
            'auto a = "new"; new (p) T; int renewed; newest();\n'
            "while (i < n && cell(i).load() == i) ++i; for (; i < n; ++i) esc::read(x);\n"
            "for (int a : b) f(); while (!full) f(); std::swap(a, b); dog_catch(a);\n"
        )
        self.assertEqual(in_data_path({self.PATH: text}, allowed={}), [])

    def test_other_folders_may(self):
        self.assertEqual(in_data_path({"lib/dpdk/a.cpp": "throw 1;\n"}, allowed={}), [])

    def test_every_folder_of_lib_is_looked_at_unless_a_reason_stands_there(self):
        for folder in data_path.DATA_PATH:
            path = f"{folder}a.hpp"
            self.assertEqual(len(in_data_path({path: "throw 1;\n"}, allowed={})), 1, path)
        for path in ("app/escd/a.cpp", "tools/a/a.cpp", "lib/config/a.cpp"):
            self.assertEqual(in_data_path({path: "throw 1;\n"}, allowed={}), [], path)

    def test_what_lcores_run_of_other_folders(self):
        for path in data_path.HOT:
            self.assertEqual(len(in_data_path({path: "throw 1;\n"}, allowed={})), 1, path)

    def test_what_is_named_is_there(self):
        files = {str(path.relative_to(ROOT)) for path in (ROOT / "lib").rglob("*.[ch]pp")}
        self.assertLessEqual(set(data_path.HOT), files)
        for folder in [*data_path.CONTROL_SIDE, *data_path.DATA_PATH]:
            self.assertTrue(any(path.startswith(folder) for path in files), folder)

    def test_an_excuse_covers_its_kind_alone(self):
        text = {self.PATH: "throw 1; auto p = new int;\n"}
        self.assertEqual(len(in_data_path(text, allowed={self.PATH: {"throw"}})), 1)

    def test_an_excuse_for_nothing(self):
        self.assertEqual(len(in_data_path({}, allowed={"lib/worker/gone.hpp": {"throw"}})), 1)
        text = {self.PATH: "throw 1;\n"}
        self.assertEqual(in_data_path(text, allowed={self.PATH: {"throw"}}), [])
        self.assertEqual(len(in_data_path(text, allowed={self.PATH: {"throw", "log"}})), 1)
        elsewhere = {"lib/dpdk/a.cpp": "throw 1;\n"}
        self.assertEqual(len(in_data_path(elsewhere, allowed={"lib/dpdk/a.cpp": {"throw"}})), 1)

    def test_a_folder_in_no_list(self):
        self.assertEqual(
            in_data_path({"lib/new/a.hpp": "int a;\n"}, allowed={}),
            ["lib/new is in neither DATA_PATH nor CONTROL_SIDE of tests/tidy/checks/data_path.py"],
        )
        self.assertEqual(len(in_data_path({"lib/new/a.hpp": "throw 1;\n"}, allowed={})), 2)
        self.assertEqual(in_data_path({"lib/meson.build": "", "lib/cli/a.hpp": ""}, allowed={}), [])

    def test_what_a_data_path_includes_is_looked_at_or_named(self):
        text = {self.PATH: '#include "files/a.hpp"\n#include "base/mix.hpp"\n'}
        self.assertEqual(len(in_data_path(text, allowed={})), 1)
        why = {"lib/files/a.hpp": "plain values"}
        self.assertEqual(in_data_path(text, allowed={}, borrowed=why), [])
        unused = in_data_path({self.PATH: "int a;\n"}, allowed={}, borrowed=why)
        self.assertEqual(len(unused), 1)
        control = {"lib/config/a.cpp": '#include "files/a.hpp"\n'}
        self.assertEqual(in_data_path(control, allowed={}), [])


class Numbers(unittest.TestCase):
    def test_each_way_past_the_reader(self):
        for line in [
            "auto a = std::stoul(text);",
            "auto a = stoi (text);",
            "a = std::strtoull(text, nullptr, 10);",
            "a = ::strtod(text, &end);",
            "a = atof(text);",
            "a = std::atoi(text);",
            'std::sscanf(text, "%d", &a);',
            "std::from_chars(begin, end, a);",
            "std::istringstream words(line);",
            "std::stringstream words(line);",
            'strptime(text, "%Y", &parts);',
        ]:
            for path in ("app/escd/a.cpp", "lib/wire/a.hpp", "tools/escctl/a.cpp"):
                with self.subTest(line=line, path=path):
                    self.assertEqual(len(found(numbers, {path: line + "\n"})), 1)

    def test_each_way_past_the_options(self):
        for line in [
            'app.add_option("--a", a);',
            'command\n    ->add_option_function<int>("--a", take);',
            "option->check(CLI::PositiveNumber);",
            "option->check(CLI::Range(1, 2));",
            "option->check(CLI::IsMember(words));",
            "app.parse(argc, argv);",
        ]:
            with self.subTest(line=line):
                self.assertEqual(len(found(numbers, {"tools/escctl/a.cpp": line + "\n"})), 1)
                self.assertEqual(found(numbers, {"lib/cli/options.cpp": line + "\n"}), [])

    def test_what_is_right(self):
        text = (
            "// std::stoul(\nauto a = parse_whole(text); std::to_chars(b, e, v); histoire(1);\n"
            'auto b = "sscanf"; std::ostringstream out; cli::add_number(app, "--a", a, "");\n'
        )
        self.assertEqual(found(numbers, {"app/escd/a.cpp": text}), [])
        self.assertEqual(found(numbers, {"lib/base/number.cpp": "std::from_chars(b, e, v);\n"}), [])
        self.assertEqual(found(numbers, {"tests/unit/a.cpp": "std::stoul(text);\n"}), [])


class Output(unittest.TestCase):
    def test_each_way_past_the_writer(self):
        for line in [
            "std::cout << 1;",
            'std::printf("a");',
            'printf("a");',
            'std::puts("a");',
            "putchar(1);",
            "std::fputs(text, stdout);",
            "::write(STDOUT_FILENO, a, b);",
            "write(1, a, b);",
            'dprintf(1, "a");',
            'fmt::print("a");',
            "std::fwrite(a, 1, 2, stdout);",
            "std::make_shared<spdlog::sinks::stdout_color_sink_mt>();",
        ]:
            with self.subTest(line=line):
                self.assertEqual(len(found(output, {"tools/escctl/a.cpp": line + "\n"})), 1)

    def test_what_is_right(self):
        text = (
            '// std::cout\nstd::fprintf(stderr, "stdout"); std::snprintf(a, b, "c"); out << 1;\n'
            "std::cerr << 1; file.write(1, a); print(a); printfs(1);\n"
        )
        self.assertEqual(found(output, {"tools/escctl/a.cpp": text}), [])
        self.assertEqual(found(output, {"lib/cli/standard_output.cpp": "STDOUT_FILENO\n"}), [])
        self.assertEqual(found(output, {"tests/unit/a.cpp": "std::cout << 1;\n"}), [])


class Files(unittest.TestCase):
    def test_each_way_around_is_refused(self):
        for code in (
            '#include <fstream>\n',
            'auto* f = fopen(name, "r");\n',
            'auto* f = std::fopen(name, "wb");\n',
            "int f = ::open(name, O_RDONLY);\n",
            "int f = open(name.c_str(), flags | O_WRONLY | O_CREAT, 0666);\n",
            "int f = ::openat(folder, name, O_RDONLY);\n",
            "std::ofstream(name) << 1;\n",
            "::rename(a, b);\n",
            "std::rename(a, b);\n",
            "std::filesystem::rename(a, b);\n",
            "fs::rename(a, b);\n",
            "renameat(d, a, d, b);\n",
            "unlink(name);\n",
            "::unlinkat(folder, name, 0);\n",
            "std::remove(name);\n",
            "std::filesystem::remove(name);\n",
            "fs::remove_all(name);\n",
            "::ftruncate(f, 0);\n",
            "pcap_open_offline(name, error);\n",
            "make_shared<spdlog::sinks::basic_file_sink_mt>(name);\n",
        ):
            with self.subTest(code):
                self.assertEqual(len(found(files, {"tools/t/x.cpp": code}, allowed={})), 1)

    def test_what_is_right(self):
        for code in (
            "place.rename_to(name);\n",
            "files_.rename(a, b);\n",
            "files.open(folder);\n",
            "int PosixFileSystem::open(const std::string& folder) {\n",
            "std::erase(list, x); set.remove(name);\n",
            "// fopen(name)\n",
        ):
            with self.subTest(code):
                self.assertEqual(found(files, {"tools/t/x.cpp": code}, allowed={}), [])
        self.assertEqual(found(files, {"lib/files/x.cpp": "::unlink(name);\n"}, allowed={}), [])
        self.assertEqual(found(files, {"tests/x.cpp": "::unlink(name);\n"}, allowed={}), [])

    def test_excuses(self):
        excused = {"lib/dlq/x.cpp": "why"}
        self.assertEqual(found(files, {"lib/dlq/x.cpp": "unlink(n);\n"}, allowed=excused), [])
        self.assertEqual(len(found(files, {"lib/dlq/x.cpp": "\n"}, allowed=excused)), 1)


class Markdown(unittest.TestCase):
    GOOD = {
        "README.md": "[a](docs/a.md) [b](docs/a.md#the-one-thing) [c](https://x.y) ![d](docs/)\n",
        "docs/a.md": "# The `one` thing\n`[no](link)`\n```\n[no](link)\n```\n[up](../README.md)\n",
    }

    def test_a_good_pair(self):
        self.assertEqual(found(markdown, self.GOOD), [])

    def test_each_breach(self):
        for page, text in [
            ("README.md", "[a](docs/b.md) [x](docs/a.md)\n"),
            ("README.md", "[x](docs/a.md#another-thing)\n"),
            ("README.md", "no link at all\n"),
            ("docs/a.md", "# The one thing\n[r]: gone.md\n"),
        ]:
            with self.subTest(text=text):
                self.assertEqual(len(found(markdown, self.GOOD | {page: text})), 1)


class License(unittest.TestCase):
    def test_in_the_first_lines_of_every_source(self):
        line = license.LINE
        good = {
            "LICENSE": "",
            "lib/a.cpp": f"// {line}\nint x;\n",
            "tools/run": f"#!/bin/bash\n# {line}\n",
            ".clang-format": f"# {line}\n",
            "docs/a.md": "text\n",
            "tests/fuzz/corpus/frames/a": "bytes",
        }
        self.assertEqual(found(license, good), [])
        self.assertEqual(len(found(license, good | {".clang-format": "a: b\n"})), 1)
        late = {"LICENSE": "", "lib/a.hpp": f"// what\n// it is\n// {line}\n", "run": "#!/bin/sh\n"}
        self.assertEqual(len(found(license, late)), 2)
        self.assertEqual(len(found(license, {})), 1)


class Unused(unittest.TestCase):
    GOOD = {
        "README.md": "[a](docs/a.md#top) [how](CONTRIBUTING.md), `tools/run`\n",
        "docs/a.md": "[up](../README.md)\n",
        "CONTRIBUTING.md": "run deploy/run@.service\n",
        "meson.build": "subdir('lib')\n",
        "lib/a/meson.build": "library('a', 'a.cpp')\ntests = '../../tests/a'\n"
        "files(tests / 'a_test.cpp')\n",
        "lib/a/a.hpp": "#pragma once\n",
        "lib/a/a.cpp": '#include "a/a.hpp"\n',
        "tests/a/a_test.cpp": '#include "same.hpp"\n#include "app/x/b.hpp"\n',
        "tests/a/same.hpp": "#pragma once\n",
        "app/x/b.hpp": "#pragma once\n",
        "tests/e2e/meson.build": "foreach name : ['one']\n  files('test_' + name + '.py')\n"
        "endforeach\nforeach name : ['two']\n  files(name + '.cpp')\nendforeach\n"
        "test('self', args: ['-m', 'unittest', 'test_self'])\n",
        "tests/e2e/test_one.py": "import harness, os\nfrom pack.inner import (\n    x,\n)\n",
        "tests/e2e/two.cpp": "int a;\n",
        "tests/e2e/test_self.py": "",
        "tests/e2e/harness.py": "",
        "tests/e2e/pack/__init__.py": "",
        "tests/e2e/pack/inner.py": "x = 1\n",
        "tools/run": "#!/bin/bash\ntools/lib/sum.py\n",
        "tools/lib/sum.py": "#!/usr/bin/env python3\n",
        "deploy/run@.service": "",
    }

    def unused(self, sources, excused=()):
        return found(unused, self.GOOD | sources, excused=excused)

    def test_a_good_tree(self):
        self.assertEqual(self.unused({}), [])

    def test_each_breach(self):
        for path, text in [
            ("lib/a/c.hpp", "#pragma once\n"),
            ("lib/a/c.hpp", '#pragma once\n#include "a/c.hpp"\n'),  # includes itself alone
            ("lib/b/same.hpp", "#pragma once\n"),  # the test includes the one beside it
            ("lib/a/c.cpp", "int a;\n"),
            ("tests/e2e/test_three.py", ""),
            ("tests/e2e/helper.py", "import helper\n"),
            ("docs/b.md", "[me](b.md) docs/b.md\n"),
            ("tools/other", "#!/bin/bash\n"),
            ("deploy/other.service", ""),
        ]:
            with self.subTest(path=path, text=text):
                problems = self.unused({path: text})
                self.assertEqual([line.split(":")[0] for line in problems], [path])

    def test_excuses(self):
        odd = {"data/x.toml": ""}
        self.assertEqual(self.unused(odd, excused={"data/": "why"}), [])
        self.assertEqual(self.unused(odd, excused={"data/x.toml": "why"}), [])
        self.assertEqual(len(self.unused({}, excused={"data/": "why"})), 1)


class Headers(unittest.TestCase):
    def test_new_and_gone(self):
        files = {"lib/a/b.hpp": GOOD_HEADER}
        self.assertEqual(found(headers, files, compiled=["lib/a/b.hpp"]), [])
        self.assertEqual(len(found(headers, files, compiled=[])), 1)
        self.assertEqual(len(found(headers, files, compiled=["lib/a/b.hpp", "lib/a/c.hpp"])), 1)

    def test_what_a_source_includes_first_is_shown_already(self):
        files = {"lib/a/b.hpp": GOOD_HEADER, "lib/a/c.hpp": GOOD_HEADER}
        first = {"lib/a/b.cpp": '// b\n#include "a/b.hpp"\n\n#include "a/c.hpp"\n'}
        self.assertEqual(found(headers, files | first, compiled=["lib/a/c.hpp"]), [])
        system = {"lib/a/b.cpp": '#include <map>\n#include "a/b.hpp"\n'}
        self.assertEqual(len(found(headers, files | system, compiled=["lib/a/c.hpp"])), 1)
        elsewhere = {"tests/a/b.cpp": '#include "a/b.hpp"\n'}
        self.assertEqual(len(found(headers, files | elsewhere, compiled=["lib/a/c.hpp"])), 1)


class Programs(unittest.TestCase):
    """The checks that another program makes."""

    def run_on(self, check, files):
        if not shutil.which(check.NEEDS):
            self.skipTest(f"{check.NEEDS} is not installed")
        with tempfile.TemporaryDirectory() as root:
            for path, text in files.items():
                Path(root, path).write_text(text, encoding="utf-8")
            return found(check, files, root=root)

    def test_shell(self):
        self.assertEqual(self.run_on(shell, {"a": '#!/bin/bash\necho "$1"\n'}), [])
        self.assertNotEqual(self.run_on(shell, {"a": "#!/bin/bash\necho $1\n"}), [])

    def test_formatting(self):
        style = {".clang-format": "BasedOnStyle: Google\n"}
        self.assertEqual(
            self.run_on(formatting, style | {"a.cpp": "int main() { return 0; }\n"}), []
        )
        self.assertEqual(
            len(self.run_on(formatting, style | {"a.cpp": "int  main( ) {return 0;}\n"})), 1
        )

    def test_programs(self):
        main = "int main(int argc, char** argv) {\n%s}\n"
        right = main % "  esc::let_oversized_writes_fail();\n"
        self.assertEqual(found(programs, {"tools/a/main.cpp": right, "tests/a.cpp": main % ""}), [])
        self.assertEqual(
            found(programs, {"app/a/main.cpp": "\n" + main % ""}),
            ["app/a/main.cpp:2: main() does not call let_oversized_writes_fail()"],
        )

    def test_own_faults(self):
        self.assertEqual(found(own_faults, {"tests/e2e/a.py": "RLIMIT_NOFILE, RLIMIT_FSIZE\n"}), [])
        self.assertEqual(
            found(own_faults, {"tests/e2e/a.py": "\nlimit = resource.RLIMIT_AS\n"}),
            ["tests/e2e/a.py:2: RLIMIT_AS: what it leaves depends on the machine"],
        )


if __name__ == "__main__":
    unittest.main()
