// The verbs of a running coordinator: most are a row of one table (method, path, how the answer
// looks); those that follow a stream have functions of their own.
#pragma once

#include <functional>
#include <string>

#include "cli/service.h"

namespace CLI {
class App;
}

namespace bw::cli {

using Action = std::function<int()>;

/// All of them. Their options live as long as the application.
void add_verbs(CLI::App& app, Action& action);

/// `completion bash|zsh|fish`, generated from the application's own verbs and options.
void add_completion(CLI::App& app, Action& action);

struct LogsOptions {
    ServiceOptions service;
    std::string selector;
    bool follow = false;
    int rank = 0;
    int attempt = 0;  // 0: the newest
    int lines = 100;
};

int logs(const LogsOptions& options);

struct WaitOptions {
    ServiceOptions service;
    std::string selector;
};

/// Until the sweep or point has ended; exit status as `run`.
int wait(const WaitOptions& options);

struct SubmitOptions {
    ServiceOptions service;
    std::string file;
    bool fresh = false;
    bool wait = false;
};

int submit(const SubmitOptions& options);

/// `verify`: asks the coordinator, or, when the state directory has none, reads the journal itself.
int verify(const ServiceOptions& options, const std::string& selector);

/// `ask` and `tell`: for a searcher outside of the coordinator.
void add_ask_tell(CLI::App& app, Action& action);

}  // namespace bw::cli
