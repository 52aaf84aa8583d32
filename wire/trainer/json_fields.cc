#include "wire/trainer/json_fields.h"

#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "base/assert.h"

namespace bw::trainer_wire {
namespace {

const char* non_finite_text(double value) {
    if (std::isnan(value)) return "nan";
    return value > 0 ? "inf" : "-inf";
}

std::optional<double> non_finite_value(const std::string& text) {
    if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
    if (text == "inf") return std::numeric_limits<double>::infinity();
    if (text == "-inf") return -std::numeric_limits<double>::infinity();
    return std::nullopt;
}

/// The integer, if it is one and fits.
template <class T>
std::optional<T> integer_in(const Json& json) {
    if (json.is_number_unsigned()) {
        const auto wide = json.get<std::uint64_t>();
        if (std::in_range<T>(wide)) return static_cast<T>(wide);
    } else if (json.is_number_integer()) {
        const auto wide = json.get<std::int64_t>();
        if (std::in_range<T>(wide)) return static_cast<T>(wide);
    }
    return std::nullopt;
}

}  // namespace

void FieldWriter::write(const char* name, double value) {
    if (std::isfinite(value)) {
        json_[name] = value;
    } else {
        json_[name] = non_finite_text(value);
    }
}

void FieldWriter::write(const char* name, const std::map<std::string, double>& values) {
    if (values.empty()) return;
    FieldWriter inner;
    for (const auto& [key, value] : values) inner.write(key.c_str(), value);
    json_[name] = std::move(inner.json_);
}

void FieldWriter::object(const char* name, const std::string& json_text) {
    Json parsed = Json::parse(json_text, nullptr, false);
    BW_ASSERT(parsed.is_object(), "the parameters of a point are a JSON object");
    json_[name] = std::move(parsed);
}

std::string FieldWriter::finish(const char* type) && {
    Json line = Json::object();
    line["type"] = type;
    line.update(json_);
    // Bytes that are no UTF-8 (a file name, a library's message) are replaced: dump() would throw.
    return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void FieldReader::object(const char* name, std::string& json_text) {
    const auto found = json_.find(name);
    if (found == json_.end()) return complain(name, "is missing");
    if (!found->is_object()) return complain(name, "is no object");
    json_text = found->dump();
}

void FieldReader::complain(const char* name, const std::string& what) {
    if (problem_.empty()) problem_ = "field \"" + std::string(name) + "\" " + what;
}

void FieldReader::read(const char* name, const Json& json, std::uint64_t& value) {
    const auto read_value = integer_in<std::uint64_t>(json);
    if (!read_value) return complain(name, "is no integer in range");
    value = *read_value;
}

void FieldReader::read(const char* name, const Json& json, std::int64_t& value) {
    const auto read_value = integer_in<std::int64_t>(json);
    if (!read_value) return complain(name, "is no integer in range");
    value = *read_value;
}

void FieldReader::read(const char* name, const Json& json, std::uint32_t& value) {
    const auto read_value = integer_in<std::uint32_t>(json);
    if (!read_value) return complain(name, "is no integer in range");
    value = *read_value;
}

void FieldReader::read(const char* name, const Json& json, int& value) {
    const auto read_value = integer_in<int>(json);
    if (!read_value) return complain(name, "is no integer in range");
    value = *read_value;
}

void FieldReader::read(const char* name, const Json& json, double& value) {
    if (json.is_number()) {
        value = json.get<double>();
        return;
    }
    const auto special =
        json.is_string() ? non_finite_value(json.get_ref<const std::string&>()) : std::nullopt;
    if (!special) return complain(name, "is no number");
    value = *special;
}

void FieldReader::read(const char* name, const Json& json, std::map<std::string, double>& values) {
    if (!json.is_object()) return complain(name, "is no object");
    for (const auto& [key, value] : json.items()) read(key.c_str(), value, values[key]);
}

void FieldReader::read(const char* name, const Json& json, bool& value) {
    if (!json.is_boolean()) return complain(name, "is neither true nor false");
    value = json.get<bool>();
}

void FieldReader::read(const char* name, const Json& json, std::string& value) {
    if (!json.is_string()) return complain(name, "is no text");
    value = json.get<std::string>();
}

}  // namespace bw::trainer_wire
