// A metric's name in a call, checked by the compiler: that the table has it, that it is of this
// type, and that the call gives all its labels. What breaks is an error that names one of the three
// functions below.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include "metrics/keys.h"
#include "metrics/table.h"

namespace bw::metrics {

// Never defined: calling one of them at compile time is the error message.
void the_table_has_no_metric_of_this_name();
void the_metric_is_of_another_type();
void the_metric_has_another_number_of_labels();

template <Type kType, std::size_t kLabelCount>
class Ref {
public:
    consteval Ref(const char* name) : index_(kTable.size()) {
        for (std::size_t i = 0; i < kTable.size(); ++i) {
            if (kTable.at(i).name == std::string_view(name)) index_ = i;
        }
        if (index_ == kTable.size()) the_table_has_no_metric_of_this_name();
        if (kTable.at(index_).type != kType) the_metric_is_of_another_type();
        if (kTable.at(index_).labels.size() != kLabelCount) {
            the_metric_has_another_number_of_labels();
        }
    }

    [[nodiscard]] std::size_t index() const { return index_; }

private:
    std::size_t index_;
};

/// Type and label count of the metric that a call with these label values means.
template <Type kType, class... V>
using RefFor = std::type_identity_t<Ref<kType, (kLabelsIn<V> + ... + 0)>>;

}  // namespace bw::metrics
