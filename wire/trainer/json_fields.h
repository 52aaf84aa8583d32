// Reads and writes the fields of one message. A message lists its fields once, in a function
// template over the visitor, so that encoding and decoding cannot drift apart. Internal to
// wire/trainer.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <nlohmann/json.hpp>

namespace bw::trainer_wire {

using Json = nlohmann::ordered_json;  // a point's parameters keep their order

class FieldWriter {
public:
    template <class T>
    void required(const char* name, const T& value) {
        write(name, value);
    }

    template <class T>
    void optional(const char* name, const T& value) {
        write(name, value);
    }

    /// The text must be a JSON object; it stands in the line as an object, not as a text in a text.
    void object(const char* name, const std::string& json_text);

    /// An empty text is left out.
    void optional_object(const char* name, const std::string& json_text) {
        if (!json_text.empty()) object(name, json_text);
    }

    [[nodiscard]] std::string finish(const char* type) &&;

private:
    template <class T>
    void write(const char* name, const T& value) {
        json_[name] = value;
    }

    void write(const char* name, double value);
    void write(const char* name, const std::map<std::string, double>& values);

    Json json_ = Json::object();
};

class FieldReader {
public:
    explicit FieldReader(const Json& json) : json_(json) {}

    template <class T>
    void required(const char* name, T& value) {
        const auto found = json_.find(name);
        if (found == json_.end()) return complain(name, "is missing");
        read(name, *found, value);
    }

    template <class T>
    void optional(const char* name, T& value) {
        const auto found = json_.find(name);
        if (found != json_.end()) read(name, *found, value);
    }

    void object(const char* name, std::string& json_text);

    void optional_object(const char* name, std::string& json_text) {
        if (json_.contains(name)) object(name, json_text);
    }

    void complain(const char* name, const std::string& what);

    /// The first thing that is wrong, or an empty text.
    [[nodiscard]] const std::string& problem() const { return problem_; }

private:
    void read(const char* name, const Json& json, std::uint64_t& value);
    void read(const char* name, const Json& json, std::int64_t& value);
    void read(const char* name, const Json& json, std::uint32_t& value);
    void read(const char* name, const Json& json, int& value);
    void read(const char* name, const Json& json, double& value);
    void read(const char* name, const Json& json, bool& value);
    void read(const char* name, const Json& json, std::string& value);
    void read(const char* name, const Json& json, std::map<std::string, double>& values);

    const Json& json_;
    std::string problem_;
};

}  // namespace bw::trainer_wire
