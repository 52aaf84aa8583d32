#include "sweeps/yaml_reader.h"

#include <sstream>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "sweeps/flow_spacing.h"
#include "sweeps/json_reader.h"
#include "sweeps/problems.h"
#include "sweeps/text_check.h"
#include "sweeps/tree_builder.h"

namespace bw::sweeps {
namespace {

// yaml-cpp counts from 0, and calls an unknown place line -1.
Mark mark_of(const YAML::Mark& mark) {
    if (mark.line < 0) return {};
    return {mark.line + 1, mark.column + 1};
}

TreeBuilder::Layout layout_of(YAML::EmitterStyle::value style) {
    return style == YAML::EmitterStyle::Block ? TreeBuilder::Layout::block
                                              : TreeBuilder::Layout::flow;
}

/// Hands yaml-cpp's events on.
class Events : public YAML::EventHandler {
public:
    explicit Events(TreeBuilder& builder) : builder_(builder) {}

    void OnDocumentStart(const YAML::Mark&) override {}

    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        builder_.null(mark_of(mark), anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        builder_.alias(mark_of(mark), anchor);
    }

    void OnScalar(
        const YAML::Mark& mark,
        const std::string& tag,
        YAML::anchor_t anchor,
        const std::string& text
    ) override {
        builder_.scalar(mark_of(mark), tag, anchor, text);
    }

    void OnSequenceStart(
        const YAML::Mark& mark,
        const std::string& tag,
        YAML::anchor_t anchor,
        YAML::EmitterStyle::value style
    ) override {
        builder_.open_list(mark_of(mark), tag, anchor, layout_of(style));
    }

    void OnSequenceEnd() override { builder_.close_list(); }

    void OnMapStart(
        const YAML::Mark& mark,
        const std::string& tag,
        YAML::anchor_t anchor,
        YAML::EmitterStyle::value style
    ) override {
        builder_.open_map(mark_of(mark), tag, anchor, layout_of(style));
    }

    void OnMapEnd() override { builder_.close_map(); }

private:
    TreeBuilder& builder_;
};

// yaml-cpp's words, and what mostly lies behind them.
std::string syntax_message(const std::string& message) {
    std::string hint;
    if (message == "end of map not found") hint = "; is a colon missing, or the indentation wrong?";
    if (message == "illegal EOF in scalar") hint = "; is a quote not closed?";
    if (message == "illegal map value") hint = "; a text with \": \" in it needs quotes";
    return "not YAML: " + message + hint;
}

Element nothing() { return Element{{1, 1}, {nullptr}, "null", false}; }

std::optional<Element> json_tree(const std::string& text, Problems& problems) {
    const std::size_t first = text.find_first_not_of(" \t\n");
    if (first == text.npos || (text[first] != '{' && text[first] != '[')) return std::nullopt;
    Problems found;  // kept only if it is JSON: YAML reports its own
    TreeBuilder builder(found, nullptr);
    if (!read_json(text, builder)) return std::nullopt;
    for (Diagnostic& one : std::move(found).sorted())
        problems.warning(one.mark, one.path, one.message);
    return builder.take();
}

Element yaml_tree(const std::string& text, Problems& problems) {
    std::string ended = text;
    if (!ended.ends_with('\n')) ended += '\n';
    ended += std::string("#") + kEndOfText;
    std::istringstream stream(ended);
    YAML::Parser parser(stream);
    const SourceText source(text);
    TreeBuilder builder(problems, &source);
    Events events(builder);
    if (!parser.HandleNextDocument(events)) return nothing();
    std::optional<Element> root = builder.take();
    TreeBuilder second(problems, &source);
    Events second_events(second);
    if (parser.HandleNextDocument(second_events)) {
        const auto extra = second.take();
        throw ReadStop{extra ? extra->mark : Mark{}, "a second document; a sweep file holds one"};
    }
    return root ? std::move(*root) : nothing();
}

// First with the spaces that yaml-cpp wants; if that fails, the text as it is tells what is wrong
// and where.
Element lenient_yaml_tree(const std::string& text, Problems& problems) {
    const std::string spaced = with_flow_spaces(text);
    if (spaced.size() == text.size()) return yaml_tree(text, problems);
    try {
        Problems found;
        Element root = yaml_tree(spaced, found);
        for (Diagnostic& one : std::move(found).sorted())
            problems.warning(one.mark, one.path, one.message);
        return root;
    } catch (const std::exception&) {
        return yaml_tree(text, problems);
    } catch (const ReadStop&) {
        return yaml_tree(text, problems);
    }
}

}  // namespace

YamlTree read_yaml(std::string_view text) {
    Problems problems;
    YamlTree tree;
    if (auto wrong = text_problem(text, kYamlBytesMax)) {
        problems.error(wrong->mark, "", wrong->message);
        tree.diagnostics = std::move(problems).sorted();
        return tree;
    }
    try {
        const std::string normal = normal_text(text);
        tree.root = json_tree(normal, problems);
        if (!tree.root) tree.root = lenient_yaml_tree(normal, problems);
    } catch (const ReadStop& stop) {
        problems.error(stop.mark, "", stop.message);
    } catch (const YAML::Exception& error) {
        problems.error(mark_of(error.mark), "", syntax_message(error.msg));
    } catch (const std::exception& error) {
        problems.error({}, "", std::string("not YAML: ") + error.what());
    }
    tree.diagnostics = std::move(problems).sorted();
    return tree;
}

}  // namespace bw::sweeps
