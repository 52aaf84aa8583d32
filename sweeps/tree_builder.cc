#include "sweeps/tree_builder.h"

#include <type_traits>
#include <utility>

#include "base/text.h"
#include "sweeps/yaml_scalar.h"

namespace bw::sweeps {
namespace {

constexpr std::string_view kTagPrefix = "tag:yaml.org,2002:";

Element text_element(Mark mark, std::string text) { return {mark, {std::move(text)}, "", true}; }

Element scalar_element(Mark mark, const Scalar& scalar, const std::string& spelling) {
    Element out{mark, {}, spelling, false};
    std::visit(
        [&out](const auto& value) {
            using T = std::decay_t<decltype(value)>;
            if constexpr (!std::is_same_v<T, List> && !std::is_same_v<T, Map>) out.data = value;
        },
        scalar.value.data
    );
    if (out.text() != nullptr) out.spelling.clear();
    return out;
}

Element number_element(Mark mark, std::string_view kind, const std::string& text) {
    auto value = resolve_number(text);
    if (!value) {
        throw ReadStop{
            mark, "expected a number after !!" + std::string(kind) + ", found " + quoted(text)};
    }
    const auto* integer = std::get_if<std::int64_t>(&value->data);
    if (integer != nullptr && kind == "float") value->data = static_cast<double>(*integer);
    if (std::holds_alternative<double>(value->data) && kind == "int") {
        throw ReadStop{mark, "expected a whole number after !!int, found " + quoted(text)};
    }
    return scalar_element(mark, {*value, ""}, text);
}

void refuse_tag(Mark mark, const std::string& tag, std::string_view kind) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    if (tag == std::string(kTagPrefix) + std::string(kind)) return;
    throw ReadStop{mark, "unknown tag " + quoted(tag)};
}

std::size_t size_bytes(const Element& element) {
    std::size_t total = sizeof(Element) + element.spelling.size();
    if (const auto* text = element.text()) total += text->size();
    if (const auto* list = element.list()) {
        for (const Element& item : *list) total += size_bytes(item);
    }
    if (const auto* map = element.map()) {
        for (const Entry& entry : *map)
            total += sizeof(Entry) + entry.key.size() + size_bytes(entry.value);
    }
    return total;
}

/// Entries in order, each key once; an index, so that many keys do not cost their square.
class KeyedEntries {
public:
    void put(Entry entry) {
        const auto [place, is_new] = places_.emplace(entry.key, entries_.size());
        if (is_new) {
            entries_.push_back(std::move(entry));
        } else {
            entries_[place->second] = std::move(entry);
        }
    }

    Entries take() { return std::move(entries_); }

private:
    Entries entries_;
    std::map<std::string, std::size_t> places_;
};

void merge_value(const Element& value, KeyedEntries& all) {
    if (const auto* map = value.map()) {
        for (const Entry& entry : *map) all.put(entry);
        return;
    }
    const auto* list = value.list();
    if (list == nullptr) {
        throw ReadStop{value.mark, "<< merges a map or a list of maps, found " + found_text(value)};
    }
    for (auto item = list->rbegin(); item != list->rend(); ++item) {
        if (item->map() == nullptr) {
            throw ReadStop{item->mark, "<< merges maps, found " + found_text(*item)};
        }
        for (const Entry& entry : *item->map()) all.put(entry);
    }
}

std::string key_of(const Element& element) {
    if (const auto* text = element.text()) return *text;
    if (element.list() != nullptr || element.map() != nullptr) {
        throw ReadStop{element.mark, "a key must be plain text, found " + found_text(element)};
    }
    if (std::holds_alternative<std::nullptr_t>(element.data))
        throw ReadStop{element.mark, "a key is missing"};
    return element.spelling;
}

}  // namespace

void TreeBuilder::null(Mark mark, Anchor anchor) {
    check_null(mark);
    add(Element{mark, {nullptr}, "null", false}, anchor);
}

// yaml-cpp reads a last line without ":" as a key, and nothing between two commas as null.
void TreeBuilder::check_null(Mark mark) const {
    if (source_ == nullptr || stack_.empty()) return;
    const Frame& frame = stack_.back();
    if (frame.pending && frame.layout == Layout::block) {
        const Mark key = frame.pending->mark;
        const bool same_place = key.line == mark.line && key.column == mark.column;
        if (same_place && source_->line_from(key).find(':') == std::string_view::npos) {
            throw ReadStop{mark, "expected \":\" after " + quoted(frame.pending->key)};
        }
    }
    const bool in_flow_list = frame.element.list() != nullptr && frame.layout == Layout::flow;
    if (in_flow_list && source_->line_from(mark).starts_with(',')) {
        throw ReadStop{mark, "a value is missing before this comma"};
    }
}

// A value on a line of its own stands further in than its key; else it was to be a key and lacks
// its colon.
void TreeBuilder::check_indent(Mark mark) const {
    if (source_ == nullptr || stack_.empty() || !stack_.back().pending) return;
    const Frame& frame = stack_.back();
    if (frame.layout != Layout::block || mark.line <= frame.pending->mark.line) return;
    if (mark.column > frame.pending->mark.column) return;
    throw ReadStop{mark, "expected \":\" after this, or more spaces before it"};
}

// Tabs between tokens are no YAML; yaml-cpp takes them for spaces.
void TreeBuilder::check_tabs(Mark mark, std::string_view plain) const {
    if (source_ == nullptr) return;
    const std::string_view line = source_->line_from(mark);
    const bool after =
        !plain.empty() && line.starts_with(plain) && line.substr(plain.size()).starts_with('\t');
    if (after || source_->tab_before(mark))
        throw ReadStop{mark, "a tab beside this; YAML wants spaces"};
}

void TreeBuilder::alias(Mark mark, Anchor anchor) {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) throw ReadStop{mark, "this alias stands inside of what it names"};
    charge(size_bytes(known->second), mark);
    add(known->second, 0);
}

void TreeBuilder::scalar(
    Mark mark, const std::string& tag, Anchor anchor, const std::string& text
) {
    charge(sizeof(Element) + 2 * text.size(), mark);
    const bool plain = tag == "?" || tag.empty();
    check_tabs(mark, plain ? std::string_view(text) : std::string_view{});
    check_indent(mark);
    if (text.find(kEndOfText) != text.npos) throw ReadStop{mark, "this quote is never closed"};
    if (tag == "!") {
        add(text_element(mark, text), anchor);
    } else if (plain) {
        add(plain_scalar(mark, text), anchor);
    } else {
        add(tagged_scalar(mark, tag, text), anchor);
    }
}

Element TreeBuilder::plain_scalar(Mark mark, const std::string& text) {
    if (source_ != nullptr && text.find('\t') != text.npos) {
        throw ReadStop{
            mark, "a tab in " + quoted(text) + "; YAML wants spaces, or quotes around the text"};
    }
    if (expects_key()) return Element{mark, {text}, "", false};
    const Scalar found = resolve_plain(text);
    if (!found.note.empty()) problems_.warning(mark, path(), found.note);
    return scalar_element(mark, found, text);
}

Element TreeBuilder::tagged_scalar(Mark mark, const std::string& tag, const std::string& text) {
    const std::string_view kind = std::string_view(tag).starts_with(kTagPrefix)
                                      ? std::string_view(tag).substr(kTagPrefix.size())
                                      : std::string_view{};
    if (kind == "str") return text_element(mark, text);
    if (kind == "float" || kind == "int") return number_element(mark, kind, text);
    if (kind == "bool" || kind == "null") return scalar_element(mark, resolve_plain(text), text);
    throw ReadStop{
        mark,
        "unknown tag " + quoted(tag) +
            "; a sweep file knows !!float, !!int, !!bool, !!null, !!str"};
}

void TreeBuilder::open_list(Mark mark, const std::string& tag, Anchor anchor, Layout layout) {
    refuse_tag(mark, tag, "seq");
    Frame frame;
    frame.layout = layout;
    frame.element = Element{mark, Elements{}, "", false};
    frame.anchor = anchor;
    open(std::move(frame));
}

void TreeBuilder::open_map(Mark mark, const std::string& tag, Anchor anchor, Layout layout) {
    refuse_tag(mark, tag, "map");
    Frame frame;
    frame.element = Element{mark, Entries{}, "", false};
    frame.anchor = anchor;
    frame.layout = layout;
    open(std::move(frame));
}

void TreeBuilder::close_list() { close(); }

void TreeBuilder::close_map() {
    Frame& frame = stack_.back();
    if (!frame.merged.empty()) {
        // As YAML's merge type says: what the map itself holds wins, and of several merged maps the
        // first.
        KeyedEntries all;
        for (const Element& value : frame.merged) merge_value(value, all);
        for (Entry& own : std::get<Entries>(frame.element.data)) all.put(std::move(own));
        frame.element.data = all.take();
    }
    close();
}

bool TreeBuilder::expects_key() const {
    return !stack_.empty() && stack_.back().element.map() != nullptr && !stack_.back().pending;
}

void TreeBuilder::charge(std::size_t bytes, Mark mark) {
    expanded_bytes_ += bytes;
    if (expanded_bytes_ > kYamlExpandedBytesMax)
        throw ReadStop{mark, "the file expands to too much data"};
}

void TreeBuilder::open(Frame frame) {
    const Mark mark = frame.element.mark;
    charge(sizeof(Element), mark);
    check_tabs(mark, {});
    if (stack_.size() >= kYamlDepthMax) {
        throw ReadStop{mark, "nested more than " + std::to_string(kYamlDepthMax) + " levels deep"};
    }
    if (expects_key()) {
        throw ReadStop{mark, "a key must be plain text, found " + found_text(frame.element)};
    }
    stack_.push_back(std::move(frame));
}

void TreeBuilder::close() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    add(std::move(frame.element), frame.anchor);
}

void TreeBuilder::add(Element element, Anchor anchor) {
    if (anchor != 0) {
        charge(size_bytes(element), element.mark);
        anchors_[anchor] = element;
    }
    if (stack_.empty()) {
        root_ = std::move(element);
        return;
    }
    Frame& frame = stack_.back();
    if (auto* list = std::get_if<Elements>(&frame.element.data)) {
        list->push_back(std::move(element));
    } else if (!frame.pending) {
        frame.pending = Entry{key_of(element), element.mark, {}};
        frame.pending->value.quoted = element.quoted;
    } else {
        finish_entry(frame, std::move(element));
    }
}

void TreeBuilder::finish_entry(Frame& frame, Element element) {
    Entry entry = std::move(*frame.pending);
    const bool is_merge = entry.key == "<<" && !entry.value.quoted;
    entry.value = std::move(element);
    if (is_merge) {
        frame.pending.reset();
        frame.merged.push_back(std::move(entry.value));
        return;
    }
    auto& entries = std::get<Entries>(frame.element.data);
    const auto [place, is_new] = frame.places.emplace(entry.key, entries.size());
    if (is_new) {
        entries.push_back(std::move(entry));
    } else {
        frame.pending->key = entry.key;
        problems_.warning(entry.mark, path(), "duplicate key; the last one counts, as in W&B");
        entries[place->second] = std::move(entry);
    }
    frame.pending.reset();
}

std::string TreeBuilder::path() const {
    std::string out;
    for (const Frame& frame : stack_) {
        if (const auto* list = frame.element.list())
            out += "[" + std::to_string(list->size()) + "]";
        if (frame.pending) out += (out.empty() ? "" : ".") + frame.pending->key;
    }
    return out;
}

}  // namespace bw::sweeps
