#include "worker/trainer/initial_weights.h"

#include <cstring>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <c10/core/GradMode.h>

#include "base/text.h"
#include "worker/trainer/model_state.h"

namespace bw::trainer {
namespace {

constexpr std::size_t kNamesShown = 3;

std::optional<torch::ScalarType> type_of(const std::string& dtype) {
    if (dtype == "F32") return torch::kFloat;
    if (dtype == "F64") return torch::kDouble;
    if (dtype == "F16") return torch::kHalf;
    if (dtype == "BF16") return torch::kBFloat16;
    if (dtype == "I64") return torch::kLong;
    return std::nullopt;
}

/// A list of what is wrong, cut where it is long.
class Complaints {
public:
    void add(const std::string& what) {
        if (count_ < kNamesShown) text_ += (count_ == 0 ? "" : "; ") + what;
        ++count_;
    }

    [[nodiscard]] bool empty() const { return count_ == 0; }

    [[nodiscard]] std::string text() const {
        if (count_ <= kNamesShown) return text_;
        return text_ + "; and " + std::to_string(count_ - kNamesShown) + " more";
    }

private:
    std::string text_;
    std::size_t count_ = 0;
};

std::string shape_text(const std::vector<std::int64_t>& shape) {
    std::string text = "[";
    for (const auto size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
    return text + "]";
}

bool is_counter(const std::string& name) { return name.ends_with("num_batches_tracked"); }

/// What hinders this tensor from taking the file's values, or nothing.
std::optional<std::string> misfit(const NamedTensor& ours, const TensorBytes* stored) {
    if (stored == nullptr) {
        if (is_counter(ours.name)) return std::nullopt;
        return "it has no tensor " + bw::quoted(ours.name);
    }
    const auto type = type_of(stored->dtype);
    if (!type) return bw::quoted(ours.name) + " is of type " + stored->dtype;
    if (stored->shape != ours.tensor.sizes().vec()) {
        return bw::quoted(ours.name) + " is " + shape_text(stored->shape) + ", expected " +
               shape_text(ours.tensor.sizes().vec());
    }
    if (stored->bytes.size() != static_cast<std::size_t>(ours.tensor.numel()) * elementSize(*type))
        return bw::quoted(ours.name) + " has too few or too many bytes";
    return std::nullopt;
}

Complaints compare(const CheckpointFile& file, const std::vector<NamedTensor>& ours) {
    Complaints complaints;
    std::set<std::string> known;
    for (const auto& tensor : ours) {
        known.insert(tensor.name);
        if (const auto what = misfit(tensor, file.find(tensor.name))) complaints.add(*what);
    }
    for (const auto& tensor : file.tensors) {
        if (!known.contains(tensor.name) && !tensor.name.starts_with("optimizer."))
            complaints.add("the network has no tensor " + bw::quoted(tensor.name));
    }
    return complaints;
}

/// Through memory of its own: the file's bytes need not lie aligned.
void copy(const TensorBytes& stored, torch::Tensor target) {
    auto values = torch::empty(target.sizes(), *type_of(stored.dtype));
    std::memcpy(values.data_ptr(), stored.bytes.data(), stored.bytes.size());
    target.copy_(values);
}

}  // namespace

Result<void> load_weights(const std::filesystem::path& file, models::Network& network) {
    const torch::NoGradGuard no_grad;
    const auto stored = read_safetensors(file);
    if (!stored) return stored.error();
    auto ours = weights_of(network);
    for (auto& tensor : ours) {  // a checkpoint of ours has our names
        if (stored->find(tensor.name) == nullptr) tensor.name = network.library_name(tensor.name);
    }
    const auto complaints = compare(*stored, ours);
    if (!complaints.empty()) {
        return fail(
            Errc::invalid_input,
            "weights " + bw::quoted(file.string()) + " do not fit: " + complaints.text()
        );
    }
    for (const auto& [name, tensor] : ours) {
        if (const auto* found = stored->find(name)) copy(*found, tensor);
    }
    return {};
}

}  // namespace bw::trainer
