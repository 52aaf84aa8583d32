"""Each check can fail: it is fed what it must refuse, and what it must let through."""

import unittest

import includes
import sizes
import source
import symbols
import torch
import words


class Includes(unittest.TestCase):
    def test_names_file_line_and_table(self):
        found = includes.check("sweeps/x.cc", '#include "sweeps/x.h"\n\n#include "worker/agent/agent.h"\n')
        self.assertEqual(
            found,
            ['sweeps/x.cc:3: includes "worker/agent/agent.h": sweeps may include base, models/catalog; see DESIGN 3'],
        )

    def test_refuses_what_flows_backwards(self):
        for path, included in [
            ("base/x.h", "sweeps/sweep.h"),
            ("plan/x.cc", "sweeps/sweep.h"),
            ("wire/x.cc", "coordinator/core/event.h"),
            ("wire/trainer/x.cc", "wire/frame.h"),
            ("coordinator/core/x.cc", "models/catalog/catalog.h"),
            ("coordinator/core/x.cc", "coordinator/journal/journal.h"),
            ("coordinator/core/x.cc", "coordinator/reactor.h"),
            ("coordinator/net/x.cc", "worker/agent/agent.h"),
            ("worker/agent/x.cc", "coordinator/core/event.h"),
            ("worker/agent/x.cc", "worker/trainer/reducer.h"),
            ("worker/trainer/x.cc", "wire/frame.h"),
            ("worker/trainer/optimizer/x.cc", "worker/agent/agent.h"),
            ("models/catalog/x.cc", "models/arch/build.h"),
            ("models/arch/x.cc", "worker/trainer/reducer.h"),
            ("metrics/x.cc", "wire/frame.h"),
            ("cli/x.cc", "worker/trainer/reducer.h"),
            ("cli/x.cc", "models/arch/build.h"),
        ]:
            with self.subTest(path=path, included=included):
                self.assertEqual(len(includes.check(path, f'#include "{included}"\n')), 1)

    def test_lets_the_flow_through(self):
        for path, included in [
            ("sweeps/x.cc", "models/catalog/catalog.h"),
            ("coordinator/core/x.cc", "plan/split.h"),
            ("coordinator/coordinator.cc", "coordinator/core/core.h"),
            ("coordinator/sim/x.cc", "coordinator/journal/event_codec.h"),
            ("worker/agent/x.cc", "wire/trainer/messages.h"),
            ("worker/trainer/optimizer/x.cc", "worker/trainer/reducer.h"),
            ("worker/trainer/x.cc", "models/arch/build.h"),
            ("cli/x.cc", "coordinator/coordinator.h"),
            ("cli/x.cc", "coordinator/core/event.h"),
            ("tests/plan/x_test.cc", "coordinator/core/core.h"),
        ]:
            with self.subTest(path=path, included=included):
                self.assertEqual(includes.check(path, f'#include "{included}"\n'), [])

    def test_confines_libraries(self):
        for path, included in [
            ("sweeps/other.cc", "yaml-cpp/yaml.h"),
            ("worker/launch/local.cc", "mpi.h"),
            ("coordinator/net/x.cc", "sqlite3.h"),
            ("worker/agent/x.cc", "torch/torch.h"),
            ("coordinator/core/x.cc", "boost/asio.hpp"),
            ("plan/x.cc", "nlohmann/json.hpp"),
            ("plan/x.cc", "sys/socket.h"),
        ]:
            with self.subTest(path=path, included=included):
                self.assertTrue(includes.check(path, f"#include <{included}>\n"))
        self.assertEqual(includes.check("sweeps/yaml_reader.cc", "#include <yaml-cpp/yaml.h>\n#include <vector>\n"), [])

    def test_keeps_torch_and_its_twins_apart(self):
        text = "#include <fmt/format.h>\n#include <torch/types.h>\n"
        self.assertEqual(len(includes.check("worker/trainer/x.cc", text)), 1)


class Sizes(unittest.TestCase):
    def test_refuses_long_files(self):
        self.assertTrue(sizes.check("plan/x.cc", "\n" * 451))
        self.assertTrue(sizes.check("plan/x.h", "\n" * 201))
        self.assertTrue(sizes.check("tests/plan/x_test.cc", "\n" * 601))
        self.assertEqual(sizes.check("plan/x.cc", "\n" * 450), [])

    def test_refuses_long_functions_wherever_they_stand(self):
        body = "    call();\n" * 60
        for text in [
            "int f(int a) {\n" + body + "}\n",
            "namespace a {\nclass B {\npublic:\n    void f() const noexcept {\n" + body + "    }\n};\n}\n",
            "B::B(int a)\n    : a_{a},\n      b_(a) {\n" + body + "}\n",
            "template <class T>\nauto f(T t) -> Result<T> {\n    if (t) {\n" + body + "    }\n}\n",
            "TEST(A, B) {\n" + body + "}\n",
        ]:
            found = sizes.check("plan/x.cc", text)
            self.assertEqual(len(found), 1, text[:40])
            self.assertIn("more than 60", found[0])

    def test_counts_each_function_by_itself(self):
        function = "void f() {\n    // }\n    say(\"{\", '{');\n" + "    call();\n" * 50 + "}\n\n"
        self.assertEqual(sizes.check("plan/x.cc", function * 5), [])
        names = [name for name, _, _ in sizes.functions("int B::f(int a) {\n}\nstruct S {\n    int a = 0;\n};\n")]
        self.assertEqual(names, ["B::f"])

    def test_tables_are_no_functions(self):
        table = "constexpr std::array kTable = {\n" + "    Row{1, f(2)},\n" * 100 + "};\n"
        self.assertEqual(sizes.check("plan/x.cc", table), [])
        inside = "Table make() {\n    Table table = {\n" + "    Row{1, f(2)},\n" * 100 + "    };\n    return table;\n}\n"
        self.assertEqual([length for _, _, length in sizes.functions(inside)], [4])


class Words(unittest.TestCase):
    def test_refuses_names(self):
        for text in ["class JobManager;", "int node_count;", "void run_task();", "namespace util {}", "struct Trial;"]:
            with self.subTest(text=text):
                self.assertEqual(len(words.check("plan/x.cc", text)), 1)
        self.assertTrue(words.check("plan/string_utils.cc", ""))
        self.assertTrue(words.check("plan/common.h", ""))

    def test_lets_prose_and_libraries_through(self):
        text = 'YAML::Node node_;  // a task\nstd::common_type_t<A> x; const char* s = "trial";'
        self.assertEqual(len(words.check("plan/x.cc", text)), 1)  # only node_
        self.assertEqual(words.check("plan/x.cc", "int multitasking, commonly, nodes_of_yaml_are_fine;"), [])

    def test_no_test_sleeps(self):
        self.assertTrue(words.check("tests/plan/x_test.cc", "std::this_thread::sleep_for(a);"))
        self.assertTrue(words.check("tests/e2e/x.py", "time.sleep(1)"))
        self.assertEqual(words.check("tests/plan/x_test.cc", "// sleep(1)\n"), [])

    def test_a_poll_may_pause(self):
        self.assertEqual(words.check("tests/plan/x_test.cc", "while (!is_there(a)) ::usleep(2000);"), [])
        self.assertEqual(words.check("tests/e2e/x.py", "def wait_until(a):\n    time.sleep(1)\n"), [])
        self.assertTrue(words.check("tests/e2e/x.py", "def wait_until(a):\n    pass\n\ndef b():\n    time.sleep(1)\n"))

    def test_no_capturing_lambda_is_a_coroutine(self):
        text = "co_spawn(io, [this, a](int b) -> asio::awaitable<void> { co_return; }, done);"
        self.assertTrue(words.check("coordinator/net/x.cc", text))
        self.assertEqual(words.check("coordinator/net/x.cc", "asio::awaitable<void> read(int a) { co_return; }"), [])


class Torch(unittest.TestCase):
    def test_finds_units_through_headers(self):
        texts = {
            "models/arch/a.h": "#include <torch/types.h>\n",
            "models/arch/b.h": '#include "models/arch/a.h"\n#include "models/arch/b.h"\n',
            "models/arch/b.cc": '#include "models/arch/b.h"\n',
            "cli/c.cc": '#include "base/ids.h"\n',
        }
        self.assertEqual(torch.units(texts), ["models/arch/b.cc"])

    def test_wants_a_line_for_each(self):
        self.assertEqual(len(torch.check(["a.cc", "b.cc"], ["a.cc"])), 1)
        self.assertEqual(len(torch.check(["a.cc"], ["a.cc", "gone.cc"])), 1)
        self.assertEqual(torch.check(["a.cc"], ["a.cc"]), [])


class Symbols(unittest.TestCase):
    def test_refuses_the_outside_world(self):
        for symbol in [
            "clock_gettime@GLIBC_2.17", "std::chrono::_V2::system_clock::now()", "socket", "open64", "pthread_create",
            "std::random_device::_M_getval()", "getenv", "std::cout", "std::basic_ofstream<char, std::char_traits<char> >::close()",
        ]:
            with self.subTest(symbol=symbol):
                listing = f"\ndecide.cc.o:\n                 U {symbol}\n"
                self.assertEqual(len(symbols.check(listing, "libbw_core.a")), 1)

    def test_lets_computation_through(self):
        listing = "\na.cc.o:\n                 U memcpy\n                 U snprintf\n                 U operator new(unsigned long)\n"
        self.assertEqual(symbols.check(listing, "libbw_core.a"), [])


class Source(unittest.TestCase):
    def test_blanks_comments_and_strings_but_keeps_lines(self):
        text = 'a /* {\n */ "x{" // y\n R"q(\n{)q" 1\'000 \'{\' z'
        code = source.code_only(text)
        self.assertEqual(code.count("\n"), text.count("\n"))
        self.assertNotIn("{", code)
        self.assertIn("z", code)


if __name__ == "__main__":
    unittest.main()
