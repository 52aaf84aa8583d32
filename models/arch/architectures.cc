#include "models/arch/architectures.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "models/catalog/catalog.h"

namespace bw::models {

namespace {

Architectures list_all() {
    Architectures all;
    for (const auto list : {
             list_convnets,    list_alexnets,       list_vggs,           list_nins,
             list_resnets,     list_densenets,      list_mobilenets_v1,  list_mobilenets_v2,
             list_googlenets,  list_inceptions,     list_darknets,       list_xceptions,
             list_squeezenets, list_shufflenets_v1, list_shufflenets_v2, list_efficientnets,
             list_vits,        list_mixers,         list_resmlps,        list_gmlps,
         }) {
        list(all);
    }
    return all;
}

const Architecture* find_listed(std::string_view name) {
    const auto& all = architectures();
    const auto found = std::ranges::find(all, name, &Architecture::name);
    return found == all.end() ? nullptr : &*found;
}

/// "mobilenetv1" and 0.6 of "mobilenetv1_a0.6"; 0 where there is no multiplier. Without a letter a
/// number is one only with a point: "vit_b_16" has none.
std::pair<std::string_view, double> split(std::string_view name) {
    const std::pair<std::string_view, double> whole{name, 0.0};
    const auto bar = name.rfind('_');
    if (bar == std::string_view::npos || bar + 1 == name.size()) return whole;
    auto text = name.substr(bar + 1);
    const bool has_letter = std::string_view("awx").find(text.front()) != std::string_view::npos;
    if (has_letter) text.remove_prefix(1);
    if (!has_letter && text.find('.') == std::string_view::npos) return whole;
    double multiplier = 0.0;
    const auto end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, multiplier, std::chars_format::fixed);
    const bool is_number = read.ec == std::errc() && read.ptr == end;
    if (!is_number || !std::isfinite(multiplier) || multiplier <= 0.0) return whole;
    return {name.substr(0, bar), multiplier};
}

}  // namespace

const Architectures& architectures() {
    static const Architectures all = list_all();
    return all;
}

std::optional<Architecture> find_architecture(std::string_view name) {
    if (const auto* listed = find_listed(name)) return *listed;
    const auto [family, multiplier] = split(name);
    const ModelInfo* info = find_model(family);
    const auto* base = find_listed(info == nullptr ? family : info->name);
    if (multiplier == 0.0 || base == nullptr || !base->construct_scaled) return std::nullopt;
    return Architecture{
        .name = std::string(name),
        .construct = [scaled = base->construct_scaled, multiplier = multiplier](const auto& request
                     ) { return scaled(request, multiplier); },
        .initialise = base->initialise};
}

std::string_view family_of(std::string_view name) { return split(name).first; }

std::function<void(Network&)> initialise_with(const NetworkInit& init) {
    return [init](Network& network) { initialise(network, init); };
}

}  // namespace bw::models
