#include "worker/launch/supervisor.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <sys/wait.h>

#include "base/process.h"

namespace bw::launch {

namespace asio = boost::asio;

namespace {

// A child that stayed up this long was healthy: its next death starts the back-off anew.
constexpr Duration kHealthyAfter = seconds(60);

int exit_status_of(int wait_status) {
    if (WIFEXITED(wait_status)) return WEXITSTATUS(wait_status);
    return 128 + WTERMSIG(wait_status);
}

}  // namespace

struct Supervisor::Impl : std::enable_shared_from_this<Supervisor::Impl> {
    struct Child {
        Child(
            asio::io_context& io, ChildOptions child_options, std::function<void(int)> final_handler
        )
            : options(std::move(child_options)),
              on_final(std::move(final_handler)),
              backoff(options.backoff_first),
              timer(io) {}

        ChildOptions options;
        std::function<void(int)> on_final;
        Duration backoff;
        asio::steady_timer timer;  // the next start, or SIGKILL after the grace
        std::chrono::steady_clock::time_point started_at;
        pid_t pid = 0;
        bool final = false;
    };

    explicit Impl(asio::io_context& context) : io(context), child_ended(context, SIGCHLD) {}

    void await_children();
    void reap();
    void launch(Child& child);
    void on_end(Child& child, int status);
    void restart_later(Child& child);
    void finish(Child& child, int status);
    void report_if_gone();

    asio::io_context& io;
    asio::signal_set child_ended;
    std::vector<std::unique_ptr<Child>> children;  // never removed: handlers hold references
    bool stopping = false;
    std::function<void()> when_gone;
};

void Supervisor::Impl::await_children() {
    child_ended.async_wait([weak = weak_from_this()](const boost::system::error_code& error, int) {
        const auto self = weak.lock();
        if (error || self == nullptr) return;
        self->await_children();  // before reaping, else a death in between would be missed
        self->reap();
    });
}

void Supervisor::Impl::reap() {
    for (std::size_t i = 0; i < children.size(); ++i) {  // a final handler may start another child
        Child& child = *children[i];
        int status = 0;
        if (child.pid == 0 || ::waitpid(child.pid, &status, WNOHANG) != child.pid) continue;
        child.pid = 0;
        child.timer.cancel();
        on_end(child, exit_status_of(status));
    }
}

void Supervisor::Impl::launch(Child& child) {
    ProcessOptions options;
    options.argv = child.options.argv;
    for (const int descriptor : std::exchange(child.options.inherited_once, {})) {
        options.descriptors.push_back({descriptor, descriptor});
    }
    child.started_at = std::chrono::steady_clock::now();
    const Result<pid_t> pid = start_process(options);
    if (pid) {
        child.pid = *pid;
        return;
    }
    std::fprintf(
        stderr, "batchwright: %s: %s\n", child.options.name.c_str(), pid.error().message.c_str()
    );
    asio::post(io, [weak = weak_from_this(), &child] {
        if (const auto self = weak.lock()) self->on_end(child, 127);
    });
}

void Supervisor::Impl::on_end(Child& child, int status) {
    const auto& finals = child.options.final_statuses;
    const bool is_final = std::find(finals.begin(), finals.end(), status) != finals.end();
    if (stopping || !child.options.restart || is_final) {
        finish(child, status);
        return;
    }
    restart_later(child);
    const std::string how = status > 128 ? "killed by " + signal_name(status - 128)
                                         : "exited with status " + std::to_string(status);
    std::fprintf(
        stderr,
        "batchwright: %s: %s; starting it again in %.1f s\n",
        child.options.name.c_str(),
        how.c_str(),
        child.backoff.seconds()
    );
}

void Supervisor::Impl::restart_later(Child& child) {
    const auto lived = std::chrono::steady_clock::now() - child.started_at;
    const bool was_healthy = lived > std::chrono::nanoseconds(kHealthyAfter.ns);
    const auto& first = child.options.backoff_first;
    child.backoff = was_healthy ? first : child.backoff;
    child.timer.expires_after(std::chrono::nanoseconds(child.backoff.ns));
    child.timer.async_wait([weak = weak_from_this(),
                            &child](const boost::system::error_code& error) {
        const auto self = weak.lock();
        if (error || self == nullptr || self->stopping) return;
        child.backoff = std::min(Duration{child.backoff.ns * 2}, child.options.backoff_max);
        self->launch(child);
    });
}

void Supervisor::Impl::finish(Child& child, int status) {
    if (child.final) return;
    child.final = true;
    if (child.on_final) child.on_final(status);
    report_if_gone();
}

void Supervisor::Impl::report_if_gone() {
    const bool gone =
        std::all_of(children.begin(), children.end(), [](const auto& c) { return c->final; });
    if (!stopping || !gone || !when_gone) return;
    child_ended.cancel();  // lets io_context::run() return
    std::exchange(when_gone, nullptr)();
}

Supervisor::Supervisor(asio::io_context& io) : impl_(std::make_shared<Impl>(io)) {
    impl_->await_children();
}

Supervisor::~Supervisor() {
    for (const auto& child : impl_->children) {
        if (child->pid == 0) continue;
        ::kill(child->pid, SIGKILL);
        ::waitpid(child->pid, nullptr, 0);
        child->pid = 0;
    }
}

void Supervisor::start(ChildOptions options, std::function<void(int status)> on_final) {
    if (impl_->stopping) return;
    impl_->children.push_back(
        std::make_unique<Impl::Child>(impl_->io, std::move(options), std::move(on_final))
    );
    impl_->launch(*impl_->children.back());
}

void Supervisor::stop(std::function<void()> when_gone) {
    impl_->when_gone = std::move(when_gone);
    if (std::exchange(impl_->stopping, true)) return;
    for (const auto& owned : impl_->children) {
        Impl::Child& child = *owned;
        child.timer.cancel();
        if (child.pid == 0) {  // waits for its next start: there will be none
            asio::post(impl_->io, [self = impl_, &child] { self->finish(child, 0); });
            continue;
        }
        ::kill(child.pid, SIGTERM);
        child.timer.expires_after(std::chrono::nanoseconds(child.options.grace.ns));
        child.timer.async_wait([self = impl_, &child](const boost::system::error_code& error) {
            if (!error && child.pid != 0) ::kill(child.pid, SIGKILL);
        });
    }
    asio::post(impl_->io, [self = impl_] { self->report_if_gone(); });
}

void Supervisor::hurry() {
    for (const auto& child : impl_->children) {
        if (child->pid != 0) ::kill(child->pid, SIGINT);
    }
}

pid_t Supervisor::pid_of(const std::string& name) const {
    for (const auto& child : impl_->children) {
        if (child->options.name == name && child->pid != 0) return child->pid;
    }
    return 0;
}

}  // namespace bw::launch
