#include "sweeps/matrix.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/text.h"
#include "sweeps/grid.h"
#include "sweeps/options.h"

namespace bw::sweeps {
namespace {

const Parameter* find_axis(const Sweep& sweep, std::string_view name) {
    for (const Parameter& parameter : sweep.parameters) {
        if (parameter.name == name) return &parameter;
    }
    return nullptr;
}

// Where a value stands on its axis; axes that can be named in a file are short.
std::vector<std::uint64_t> digits_of(const Parameter& parameter, const Value& value) {
    std::vector<std::uint64_t> digits;
    const std::uint64_t size = axis_size(parameter);
    const std::string key = grid_key(value);
    for (std::uint64_t i = 0; i < size && i < kExcludedMax; ++i) {
        if (grid_key(axis_value(parameter, i)) == key) digits.push_back(i);
    }
    return digits;
}

bool is_compatible(const Sweep& sweep, const Map& entry, const Map& params) {
    for (const auto& [name, value] : entry) {
        const Parameter* axis = find_axis(sweep, name);
        if (axis == nullptr) continue;
        const Value* own = find_value(params, name);
        if (own == nullptr || grid_key(*own) != grid_key(value)) return false;
    }
    return true;
}

class Builder {
public:
    Builder(ReadSweep& read, Problems& problems)
        : read_(read), sweep_(read.sweep), problems_(problems) {}

    void build() {
        const Options& options = sweep_.options;
        if (options.include.empty() && options.exclude.empty()) return;
        if (sweep_.method != Method::grid)
            return report(options.exclude.empty() ? "include" : "exclude", "is for method: grid");
        for (std::size_t i = 0; i < options.exclude.size(); ++i) exclude(i, options.exclude[i]);
        if (is_wrong_) return;
        std::sort(matrix_.excluded.begin(), matrix_.excluded.end());
        matrix_.excluded.erase(
            std::unique(matrix_.excluded.begin(), matrix_.excluded.end()), matrix_.excluded.end()
        );
        matrix_.kept = grid_size(sweep_.parameters) - matrix_.excluded.size();
        for (const Map& entry : options.include) include(entry);
        sweep_.matrix = std::make_shared<const Matrix>(std::move(matrix_));
    }

private:
    // All points with these values: the digits of the named axes are chosen, the others run.
    void exclude(std::size_t number, const Map& entry) {
        const std::string path = "exclude[" + std::to_string(number) + "]";
        std::vector<std::optional<std::uint64_t>> fixed(sweep_.parameters.size());
        std::uint64_t count = 1;
        for (const auto& [name, value] : entry) {
            const Parameter* axis = find_axis(sweep_, name);
            if (axis == nullptr) return report(path, "there is no parameter " + quoted(name));
            const auto digits = digits_of(*axis, value);
            if (digits.empty())
                return report(
                    path, name + " is never " + to_json(value) + ", so it excludes nothing"
                );
            fixed[static_cast<std::size_t>(axis - sweep_.parameters.data())] = digits.front();
        }
        for (std::size_t i = 0; i < fixed.size(); ++i) {
            if (!fixed[i]) count *= std::min(axis_size(sweep_.parameters[i]), kExcludedMax + 1);
            if (count > kExcludedMax) return report(path, "leaves out more than a million points");
        }
        if (matrix_.excluded.size() + count > kExcludedMax)
            return report(path, "leaves out more than a million points with those before it");
        for (std::uint64_t k = 0; k < count; ++k) matrix_.excluded.push_back(index_of(fixed, k));
    }

    [[nodiscard]] std::uint64_t index_of(
        const std::vector<std::optional<std::uint64_t>>& fixed, std::uint64_t k
    ) const {
        std::vector<std::uint64_t> digits(fixed.size());
        for (std::size_t i = fixed.size(); i-- > 0;) {
            const std::uint64_t size = axis_size(sweep_.parameters[i]);
            digits[i] = fixed[i] ? *fixed[i] : k % size;
            if (!fixed[i]) k /= size;
        }
        std::uint64_t index = 0;
        for (std::size_t i = 0; i < fixed.size(); ++i)
            index = index * axis_size(sweep_.parameters[i]) + digits[i];
        return index;
    }

    void include(const Map& entry) {
        for (const auto& [name, value] : entry) {
            const Parameter* axis = find_axis(sweep_, name);
            if (axis != nullptr && digits_of(*axis, value).empty()) {
                matrix_.own.push_back(entry);
                return;
            }
        }
        (matches_any(entry) ? matrix_.merged : matrix_.own).push_back(entry);
    }

    // Whether a point with these values is left.
    [[nodiscard]] bool matches_any(const Map& entry) const {
        if (matrix_.kept == 0) return false;
        if (matrix_.excluded.empty()) return true;
        const std::uint64_t looked_at = std::min(matrix_.kept, kExcludedMax);
        for (std::uint64_t position = 0; position < looked_at; ++position) {
            const Map params = grid_params(sweep_.parameters, grid_index(matrix_, position));
            if (is_compatible(sweep_, entry, params)) return true;
        }
        return looked_at < matrix_.kept;
    }

    void report(const std::string& path, const std::string& message) {
        is_wrong_ = true;
        const Mark mark = read_.options_entry != nullptr ? read_.options_entry->mark : Mark{};
        problems_.error(mark, std::string(kReservedKey) + "." + path, message);
    }

    ReadSweep& read_;
    Sweep& sweep_;
    Problems& problems_;
    Matrix matrix_;
    bool is_wrong_ = false;
};

}  // namespace

void read_matrix(ReadSweep& read, Problems& problems) { Builder(read, problems).build(); }

// The number of excluded indices below the answer is found by halving: excluded[i] - i indices are
// kept before excluded[i].
std::uint64_t grid_index(const Matrix& matrix, std::uint64_t position) {
    std::size_t low = 0, high = matrix.excluded.size();
    while (low < high) {
        const std::size_t middle = (low + high) / 2;
        if (matrix.excluded[middle] - middle <= position) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return position + low;
}

void merge_included(const Sweep& sweep, Map& params) {
    const Map original = params;
    for (const Map& entry : sweep.matrix->merged) {
        if (!is_compatible(sweep, entry, original)) continue;
        for (const auto& [name, value] : entry) {
            if (find_value(original, name) != nullptr) continue;
            std::erase_if(params, [&key = name](const auto& old) { return old.first == key; });
            params.emplace_back(name, value);
        }
    }
}

}  // namespace bw::sweeps
