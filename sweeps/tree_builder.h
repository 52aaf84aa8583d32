// Stacks up the tree of a YAML or JSON text from the events of a parser: anchors, merge keys,
// duplicate keys, bounds.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sweeps/problems.h"
#include "sweeps/source_text.h"
#include "sweeps/yaml_reader.h"

namespace bw::sweeps {

/// Ends the reading; thrown by the builder and the parsers, never beyond read_yaml.
struct ReadStop {
    Mark mark;
    std::string message;
};

/// Ends a text before it is parsed: a quoted scalar that holds it was never closed. No text of a
/// user has it (text_check.h).
inline constexpr char kEndOfText = '\x02';

class TreeBuilder {
public:
    using Anchor = std::size_t;  // 0: none
    enum class Layout { block, flow };

    /// `source`: to refuse what yaml-cpp lets pass; nullptr for another parser, which is trusted.
    TreeBuilder(Problems& problems, const SourceText* source)
        : problems_(problems), source_(source) {}

    void null(Mark mark, Anchor anchor);
    void alias(Mark mark, Anchor anchor);

    /// `tag` is "?" or empty for an unquoted scalar, "!" for a quoted one, else an explicit one,
    /// written out.
    void scalar(Mark mark, const std::string& tag, Anchor anchor, const std::string& text);
    void open_list(Mark mark, const std::string& tag, Anchor anchor, Layout layout);
    void open_map(Mark mark, const std::string& tag, Anchor anchor, Layout layout);
    void close_list();
    void close_map();

    std::optional<Element> take() { return std::move(root_); }

private:
    struct Frame {
        Element element;
        Anchor anchor = 0;
        Layout layout = Layout::flow;
        std::optional<Entry> pending;               // a key that waits for its value
        std::map<std::string, std::size_t> places;  // of the keys
        Elements merged;                            // the values of <<
    };

    [[nodiscard]] bool expects_key() const;
    [[nodiscard]] std::string path() const;
    void charge(std::size_t bytes, Mark mark);
    Element plain_scalar(Mark mark, const std::string& text);
    static Element tagged_scalar(Mark mark, const std::string& tag, const std::string& text);
    void open(Frame frame);
    void close();
    void add(Element element, Anchor anchor);
    void finish_entry(Frame& frame, Element element);

    void check_null(Mark mark) const;
    void check_indent(Mark mark) const;
    void check_tabs(Mark mark, std::string_view plain) const;

    Problems& problems_;
    const SourceText* source_;
    std::optional<Element> root_;
    std::vector<Frame> stack_;
    std::map<Anchor, Element> anchors_;
    std::size_t expanded_bytes_ = 0;
};

}  // namespace bw::sweeps
