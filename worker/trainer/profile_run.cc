#include "worker/trainer/profile_run.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include <ATen/Parallel.h>
#include <nlohmann/json.hpp>

#include "worker/trainer/data/cache.h"
#include "worker/trainer/measurement.h"
#include "worker/trainer/memory/capped_allocator.h"

namespace bw::trainer {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kImages = 16;       // of the data set; a larger micro-batch repeats them
constexpr std::size_t kTimelineMax = 600;  // points shown

/// What the host can give without swapping: more than that is an error of the step, not the end of
/// the machine.
std::int64_t available_bytes() {
    std::ifstream in("/proc/meminfo");
    std::string name;
    std::int64_t kibibytes = 0;
    while (in >> name >> kibibytes) {
        if (name == "MemAvailable:") return kibibytes * 1024 / 10 * 9;
        in.ignore(64, '\n');
    }
    return 0;
}

struct Request {
    trainer_wire::Start start;
    DatasetInfo info;
    int channels = 0, height = 0, width = 0;
    MeasureOptions measure;
};

Result<Request> parse_request(std::string_view text) {
    const Json json = Json::parse(text, nullptr, false);
    if (!json.is_object()) return fail(Errc::invalid_input, "--profile: expected a JSON object");
    Request request;
    request.info.name = "empty";
    request.info.stddev = {1, 1, 1};
    try {
        request.info.classes = json.value("classes", 10);
        request.channels = json.at("channels").get<int>();
        request.height = json.at("height").get<int>();
        request.width = json.at("width").get<int>();
        request.measure.samples = json.at("samples").get<std::int64_t>();
        request.measure.limit_bytes = json.value("limit_bytes", std::int64_t{0});
        request.measure.steps = json.value("steps", 1);
        auto& start = request.start;
        start.params_json = std::string(text);
        start.plan.global_batch = kImages;
        start.plan.group = std::min(kImages, json.value("group", std::int64_t{0}));
        start.bn = json.value("bn", std::string("ghost"));
        start.threads = json.value("threads", 1);
        start.profiles_dir = json.value("profiles_dir", std::string());
    } catch (const Json::exception& error) {
        return fail(Errc::invalid_input, std::string("--profile: ") + error.what());
    }
    if (request.measure.samples < 1 || request.channels < 1 || request.height < 1 ||
        request.width < 1)
        return fail(Errc::invalid_input, "--profile: sizes begin at 1");
    return request;
}

Dataset empty_images(const Request& request) {
    DecodedImages decoded{
        .channels = request.channels,
        .height = request.height,
        .width = request.width,
        .images = {},
        .labels = std::vector<std::uint8_t>(kImages, 0)};
    const auto bytes = kImages * request.channels * request.height * request.width;
    decoded.images.resize(static_cast<std::size_t>(bytes));
    return keep_decoded(std::move(decoded), request.info);
}

const char* name_of(plan::TraceSegment::Kind kind) {
    switch (kind) {
        case plan::TraceSegment::Kind::prepare:
            return "prepare";
        case plan::TraceSegment::Kind::forward:
            return "forward";
        case plan::TraceSegment::Kind::backward:
            return "backward";
        case plan::TraceSegment::Kind::update:
            return "update";
    }
    return "";
}

/// Live bytes after each event, the base first.
std::vector<std::int64_t> live_bytes(const plan::MemoryTrace& trace) {
    std::vector<std::int64_t> live = {trace.base_bytes};
    for (const auto& event : trace.events) {
        const std::int64_t charged = event.bytes + trace.block_overhead_bytes;
        const bool grows = event.kind == plan::MemoryEvent::Kind::allocate;
        live.push_back(live.back() + (grows ? charged : -charged));
    }
    return live;
}

/// No more points than can be seen; of what is left out the largest stays.
Json timeline_of(const std::vector<std::int64_t>& live) {
    Json points = Json::array();
    const std::size_t stride = std::max<std::size_t>(1, live.size() / kTimelineMax);
    for (std::size_t begin = 0; begin < live.size(); begin += stride) {
        const auto first = live.begin() + static_cast<std::ptrdiff_t>(begin);
        const auto last =
            live.begin() + static_cast<std::ptrdiff_t>(std::min(begin + stride, live.size()));
        const auto largest = std::max_element(first, last);
        points.push_back({largest - live.begin(), *largest});
    }
    return points;
}

std::int64_t bytes_of(const std::vector<torch::Tensor>& tensors) {
    std::int64_t bytes = 0;
    for (const auto& tensor : tensors) bytes += static_cast<std::int64_t>(tensor.nbytes());
    return bytes;
}

/// Of the peak: what stands there all the time, what the micro-batch's forward leaves for its
/// backward, and what the peak's moment takes beside.
Json bytes_json(const Training& training, const Measurement& measured) {
    std::int64_t parameters = 0, gradients = 0, optimizer = 0;
    for (const auto& bucket : training.parameters->buckets()) {
        parameters += static_cast<std::int64_t>(bucket.weights.nbytes());
        gradients += static_cast<std::int64_t>(bucket.gradients.nbytes());
    }
    for (const auto& state : training.optimizer->state()) optimizer += bytes_of(state.buckets);
    const std::int64_t buffers = bytes_of(training.network->buffers());
    const auto& trace = measured.trace;
    const auto live = live_bytes(trace);
    const plan::TraceSegment *forward = nullptr, *backward = nullptr;  // of the last micro-batch
    for (const auto& segment : trace.segments) {
        if (segment.kind == plan::TraceSegment::Kind::forward) forward = &segment;
        if (segment.kind == plan::TraceSegment::Kind::backward) backward = &segment;
    }
    const std::int64_t input = live[forward->begin] - trace.base_bytes;
    const std::int64_t activations = live[backward->begin] - live[forward->begin];
    return {
        {"parameters", parameters},
        {"gradients", gradients},
        {"optimizer", optimizer},
        {"buffers", buffers},
        {"other", trace.base_bytes - parameters - gradients - optimizer - buffers},
        {"input", input},
        {"activations", activations},
        {"workspace", measured.peak_bytes - trace.base_bytes - input - activations},
    };
}

Json answer_json(const Training& training, const Measurement& measured, std::int64_t samples) {
    const auto& trace = measured.trace;
    Json parts = Json::array();
    for (const auto& segment : trace.segments)
        parts.push_back({segment.begin, name_of(segment.kind)});
    Json planes = Json::array();
    const plan::PeakModel& before = measured.before.regimes().back().peak;  // of the larger probes
    for (const auto& plane : before.planes())
        planes.push_back({plane.fixed, plane.per_sample, plane.per_group});
    return {
        {"key", measured.profile.key},
        {"exact", before.exactness() == plan::Exactness::exact},
        {"samples", samples},
        {"groups", measured.groups},
        {"peak_bytes", measured.peak_bytes},
        {"predicted_peak_bytes", measured.predicted_peak_bytes},
        {"planes", planes},
        {"micro_batch_seconds", measured.profile.time.micro_batches(1, samples)},
        {"bytes", bytes_json(training, measured)},
        {"events", trace.events.size()},
        {"timeline", timeline_of(live_bytes(trace))},
        {"parts", parts},
    };
}

}  // namespace

Result<std::string> profile_json(std::string_view text) {
    auto request = parse_request(text);
    if (!request) return request.error();
    at::set_num_threads(std::max(1, request->start.threads));
    CappedAllocator::get().set_limit(available_bytes());
    request->start.memory_limit_bytes = CappedAllocator::get().limit();  // no room for evaluation
    auto training = build_training_on(empty_images(*request), request->start);
    if (!training) return training.error();
    connect_training(**training, make_solo_collective());
    auto measured = measure(**training, request->measure);
    const bool did_not_fit = !measured && measured.error().code == Errc::out_of_memory &&
                             request->measure.limit_bytes > 0;
    if (did_not_fit) return Json{{"out_of_memory", measured.error().message}}.dump();
    if (!measured) return measured.error();
    return answer_json(**training, *measured, request->measure.samples).dump();
}

}  // namespace bw::trainer
