#include "sweeps/yaml_reader.h"

#include <map>
#include <sstream>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "base/text.h"
#include "sweeps/problems.h"
#include "sweeps/text_check.h"
#include "sweeps/yaml_scalar.h"

namespace bw::sweeps {
namespace {

/// Ends the reading; never leaves this file.
struct Stop {
    Mark mark;
    std::string message;
};

// yaml-cpp counts from 0, and calls an unknown place line -1.
Mark mark_of(const YAML::Mark& mark) {
    if (mark.line < 0) return {};
    return {mark.line + 1, mark.column + 1};
}

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

/// Receives yaml-cpp's events and stacks up the tree.
class TreeBuilder : public YAML::EventHandler {
public:
    explicit TreeBuilder(Problems& problems) : problems_(problems) {}

    std::optional<Element> take() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark&) override {}

    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        add(Element{mark_of(mark), {nullptr}, "null", false}, anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto known = anchors_.find(anchor);
        if (known == anchors_.end())
            throw Stop{mark_of(mark), "this alias stands inside of what it names"};
        charge(size_bytes(known->second), mark_of(mark));
        add(known->second, 0);
    }

    void OnScalar(
        const YAML::Mark& mark,
        const std::string& tag,
        YAML::anchor_t anchor,
        const std::string& text
    ) override {
        charge(sizeof(Element) + 2 * text.size(), mark_of(mark));
        add(scalar(mark_of(mark), tag, text), anchor);
    }

    void OnSequenceStart(
        const YAML::Mark& mark,
        const std::string& tag,
        YAML::anchor_t anchor,
        YAML::EmitterStyle::value
    ) override {
        refuse_tag(mark, tag, "seq");
        open(Element{mark_of(mark), Elements{}, "", false}, anchor);
    }

    void OnSequenceEnd() override { close(); }

    void OnMapStart(
        const YAML::Mark& mark,
        const std::string& tag,
        YAML::anchor_t anchor,
        YAML::EmitterStyle::value
    ) override {
        refuse_tag(mark, tag, "map");
        open(Element{mark_of(mark), Entries{}, "", false}, anchor);
    }

    void OnMapEnd() override {
        merge(stack_.back());
        close();
    }

private:
    struct Frame {
        Element element;
        YAML::anchor_t anchor = 0;
        std::optional<Entry> pending;  // a key that waits for its value
        Elements merged;               // the values of <<
    };

    void charge(std::size_t bytes, Mark mark) {
        expanded_bytes_ += bytes;
        if (expanded_bytes_ > kYamlExpandedBytesMax)
            throw Stop{mark, "the file expands to too much data"};
    }

    Element scalar(Mark mark, const std::string& tag, const std::string& text) {
        if (tag == "!") return text_element(mark, text);
        const bool is_key =
            !stack_.empty() && stack_.back().element.map() != nullptr && !stack_.back().pending;
        if (tag == "?" || tag.empty()) {
            if (is_key) return Element{mark, {text}, "", false};
            const Scalar found = resolve_plain(text);
            if (!found.note.empty()) problems_.warning(mark, path(), found.note);
            return scalar_element(mark, found, text);
        }
        const std::string_view kind = std::string_view(tag).starts_with(kTagPrefix)
                                          ? std::string_view(tag).substr(kTagPrefix.size())
                                          : std::string_view{};
        if (kind == "str") return text_element(mark, text);
        if (kind == "float" || kind == "int") return number(mark, kind, text);
        if (kind == "bool" || kind == "null")
            return scalar_element(mark, resolve_plain(text), text);
        throw Stop{
            mark,
            "unknown tag " + quoted(tag) +
                "; a sweep file knows !!float, !!int, !!bool, !!null, !!str"};
    }

    static Element number(Mark mark, std::string_view kind, const std::string& text) {
        auto value = resolve_number(text);
        if (!value)
            throw Stop{
                mark, "expected a number after !!" + std::string(kind) + ", found " + quoted(text)};
        if (const auto* integer = std::get_if<std::int64_t>(&value->data);
            integer && kind == "float") {
            value->data = static_cast<double>(*integer);
        }
        if (const auto* real = std::get_if<double>(&value->data); real && kind == "int") {
            throw Stop{mark, "expected a whole number after !!int, found " + quoted(text)};
        }
        return scalar_element(mark, {*value, ""}, text);
    }

    static void refuse_tag(const YAML::Mark& mark, const std::string& tag, std::string_view kind) {
        if (tag.empty() || tag == "?" || tag == "!" ||
            tag == std::string(kTagPrefix) + std::string(kind))
            return;
        throw Stop{mark_of(mark), "unknown tag " + quoted(tag)};
    }

    void open(Element element, YAML::anchor_t anchor) {
        charge(sizeof(Element), element.mark);
        if (stack_.size() >= kYamlDepthMax) {
            throw Stop{
                element.mark, "nested more than " + std::to_string(kYamlDepthMax) + " levels deep"};
        }
        if (!stack_.empty() && stack_.back().element.map() != nullptr && !stack_.back().pending) {
            throw Stop{element.mark, "a key must be plain text, found " + found_text(element)};
        }
        stack_.push_back({std::move(element), anchor, std::nullopt, {}});
    }

    void close() {
        Frame frame = std::move(stack_.back());
        stack_.pop_back();
        add(std::move(frame.element), frame.anchor);
    }

    void add(Element element, YAML::anchor_t anchor) {
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
            return;
        }
        if (!frame.pending) {
            frame.pending = Entry{key_of(element), element.mark, {}};
            frame.pending->value.quoted = element.quoted;
            return;
        }
        finish_entry(frame, std::move(element));
    }

    static std::string key_of(const Element& element) {
        if (const auto* text = element.text()) return *text;
        if (element.list() != nullptr || element.map() != nullptr) {
            throw Stop{element.mark, "a key must be plain text, found " + found_text(element)};
        }
        return element.spelling;
    }

    void finish_entry(Frame& frame, Element element) {
        Entry entry = std::move(*frame.pending);
        const bool is_merge = entry.key == "<<" && !entry.value.quoted;
        entry.value = std::move(element);
        if (is_merge) {
            frame.pending.reset();
            frame.merged.push_back(std::move(entry.value));
            return;
        }
        // A set, not a scan: a map with many keys must not cost their square.
        auto& known = keys_[stack_.size()];
        auto& entries = std::get<Entries>(frame.element.data);
        if (entries.empty()) known.clear();
        const auto [place, is_new] = known.emplace(entry.key, entries.size());
        if (is_new) {
            entries.push_back(std::move(entry));
        } else {
            frame.pending->key = entry.key;
            problems_.warning(entry.mark, path(), "duplicate key; the last one counts, as in W&B");
            entries[place->second] = std::move(entry);
        }
        frame.pending.reset();
    }

    // As YAML's merge type says: what the map itself holds wins, and of several merged maps the
    // first.
    static void merge(Frame& frame) {
        if (frame.merged.empty()) return;
        KeyedEntries all;
        for (auto value = frame.merged.begin(); value != frame.merged.end(); ++value)
            merge_value(*value, all);
        for (Entry& own : std::get<Entries>(frame.element.data)) all.put(std::move(own));
        frame.element.data = all.take();
    }

    static void merge_value(const Element& value, KeyedEntries& all) {
        if (const auto* map = value.map()) {
            for (const Entry& entry : *map) all.put(entry);
            return;
        }
        const auto* list = value.list();
        if (list == nullptr)
            throw Stop{value.mark, "<< merges a map or a list of maps, found " + found_text(value)};
        for (auto item = list->rbegin(); item != list->rend(); ++item) {
            if (item->map() == nullptr)
                throw Stop{item->mark, "<< merges maps, found " + found_text(*item)};
            for (const Entry& entry : *item->map()) all.put(entry);
        }
    }

    [[nodiscard]] std::string path() const {
        std::string out;
        for (const Frame& frame : stack_) {
            if (const auto* list = frame.element.list())
                out += "[" + std::to_string(list->size()) + "]";
            if (frame.pending) out += (out.empty() ? "" : ".") + frame.pending->key;
        }
        return out;
    }

    Problems& problems_;
    std::optional<Element> root_;
    std::vector<Frame> stack_;
    std::map<YAML::anchor_t, Element> anchors_;
    std::map<std::size_t, std::map<std::string, std::size_t>>
        keys_;  // of the open map at each depth
    std::size_t expanded_bytes_ = 0;
};

std::optional<Element> build(const std::string& text, Problems& problems) {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    TreeBuilder builder(problems);
    if (!parser.HandleNextDocument(builder)) return Element{{1, 1}, {nullptr}, "null", false};
    auto root = builder.take();
    TreeBuilder second(problems);
    if (parser.HandleNextDocument(second)) {
        const auto extra = second.take();
        throw Stop{extra ? extra->mark : Mark{}, "a second document; a sweep file holds one"};
    }
    if (!root) root = Element{{1, 1}, {nullptr}, "null", false};
    return root;
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
        tree.root = build(normal_text(text), problems);
    } catch (const Stop& stop) {
        problems.error(stop.mark, "", stop.message);
    } catch (const YAML::Exception& error) {
        problems.error(mark_of(error.mark), "", "not YAML: " + error.msg);
    } catch (const std::exception& error) {
        problems.error({}, "", std::string("not YAML: ") + error.what());
    }
    tree.diagnostics = std::move(problems).sorted();
    return tree;
}

Value to_value(const Element& element) {
    return std::visit(
        [](const auto& data) -> Value {
            using T = std::decay_t<decltype(data)>;
            if constexpr (std::is_same_v<T, Elements>) {
                List list;
                list.reserve(data.size());
                for (const Element& item : data) list.push_back(to_value(item));
                return Value{std::move(list)};
            } else if constexpr (std::is_same_v<T, Entries>) {
                Map map;
                map.reserve(data.size());
                for (const Entry& entry : data) map.emplace_back(entry.key, to_value(entry.value));
                return Value{std::move(map)};
            } else {
                return Value{data};
            }
        },
        element.data
    );
}

const Entry* find_entry(const Element& element, std::string_view key) {
    const auto* map = element.map();
    if (map == nullptr) return nullptr;
    for (const Entry& entry : *map) {
        if (entry.key == key) return &entry;
    }
    return nullptr;
}

std::string found_text(const Element& element) {
    if (element.list() != nullptr) return "a list";
    if (element.map() != nullptr) return "a map";
    if (const auto* text = element.text()) return quoted(*text);
    if (std::holds_alternative<std::nullptr_t>(element.data)) return "nothing";
    return element.spelling;
}

std::optional<double> as_number(const Element& element) {
    if (const auto* integer = std::get_if<std::int64_t>(&element.data))
        return static_cast<double>(*integer);
    if (const auto* real = std::get_if<double>(&element.data)) return *real;
    return std::nullopt;
}

}  // namespace bw::sweeps
