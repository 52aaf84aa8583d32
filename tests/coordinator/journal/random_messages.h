// Random Protobuf messages of any type, by reflection: what a new field of a message needs no
// change of a test for.
#pragma once

#include <google/protobuf/message.h>

#include "base/rng.h"

namespace bw::test {

/// Fills every field, at any depth. Of a oneof exactly one member is set.
inline void fill_randomly(google::protobuf::Message& message, Rng& rng);

inline std::string random_text(Rng& rng) {
    std::string text(rng.below(12), ' ');
    for (char& c : text) c = static_cast<char>(rng.below(256));
    return text;
}

inline int random_enumerator(const std::string& message_type, Rng& rng) {
    if (message_type == "RankEnded") return static_cast<int>(1 + rng.below(6));
    if (message_type == "AttemptStopping")
        return static_cast<int>(1 + rng.below(3));  // holds for `kind` and for `after`
    return static_cast<int>(1 + rng.below(11));
}

inline void fill_one(
    google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field, Rng& rng
) {
    using Field = google::protobuf::FieldDescriptor;
    const auto& reflection = *message.GetReflection();
    const bool enumerator = field.name() == "outcome" || field.name() == "state" ||
                            field.name() == "after" ||
                            (field.name() == "kind" && field.cpp_type() == Field::CPPTYPE_INT32);
    switch (field.cpp_type()) {
        case Field::CPPTYPE_INT32:
            return reflection.SetInt32(
                &message,
                &field,
                enumerator ? random_enumerator(message.GetDescriptor()->name(), rng)
                           : static_cast<std::int32_t>(rng.next())
            );
        case Field::CPPTYPE_INT64:
            return reflection.SetInt64(&message, &field, static_cast<std::int64_t>(rng.next()));
        case Field::CPPTYPE_UINT32:
            return reflection.SetUInt32(&message, &field, static_cast<std::uint32_t>(rng.next()));
        case Field::CPPTYPE_UINT64:
            return reflection.SetUInt64(&message, &field, rng.next());
        case Field::CPPTYPE_DOUBLE:
            return reflection.SetDouble(&message, &field, rng.normal());
        case Field::CPPTYPE_FLOAT:
            return reflection.SetFloat(&message, &field, 0.5f);
        case Field::CPPTYPE_BOOL:
            return reflection.SetBool(&message, &field, rng.below(2) == 1);
        case Field::CPPTYPE_ENUM:
            return;
        case Field::CPPTYPE_STRING:
            if (field.type() == Field::TYPE_BYTES) {
                return reflection.SetString(&message, &field, random_text(rng));
            }
            return reflection.SetString(
                &message, &field, "metric_" + std::to_string(rng.below(1000))
            );
        case Field::CPPTYPE_MESSAGE:
            return fill_randomly(*reflection.MutableMessage(&message, &field), rng);
    }
}

inline void fill_randomly(google::protobuf::Message& message, Rng& rng) {
    const auto& descriptor = *message.GetDescriptor();
    const auto& reflection = *message.GetReflection();
    for (int i = 0; i < descriptor.oneof_decl_count(); ++i) {
        const auto& oneof = *descriptor.oneof_decl(i);
        fill_one(message, *oneof.field(static_cast<int>(rng.below(oneof.field_count()))), rng);
    }
    for (int i = 0; i < descriptor.field_count(); ++i) {
        const auto& field = *descriptor.field(i);
        if (field.containing_oneof() != nullptr) continue;
        if (!field.is_repeated()) {
            // An absent message and a present one are different things (optional).
            const bool leave_out = field.message_type() != nullptr && rng.below(4) == 0;
            if (!leave_out) fill_one(message, field, rng);
            continue;
        }
        for (std::uint64_t n = rng.below(4); n > 0; --n) {
            if (field.message_type() == nullptr) {
                if (field.cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_UINT64) {
                    reflection.AddUInt64(&message, &field, rng.next());
                }
                continue;
            }
            fill_randomly(*reflection.AddMessage(&message, &field), rng);
        }
    }
}

}  // namespace bw::test
