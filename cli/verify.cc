// `verify`: from the journal, never from memory. A running coordinator holds the journal alone, so
// it reads it; where none runs, this process does.
#include <cstdio>
#include <filesystem>

#include "cli/tables.h"
#include "cli/verbs.h"
#include "coordinator/api/audit.h"
#include "coordinator/api/selectors.h"
#include "coordinator/coordinator.h"
#include "coordinator/journal/journal.h"

namespace bw::cli {

namespace {

Result<Json> verify_online(const ServiceOptions& options, const std::string& selector) {
    const auto selected = select(options, selector);
    if (!selected) return selected.error();
    return ask(options, "/api/v1/sweeps/" + (*selected)["sweep"].dump() + "/verify");
}

Result<Json> verify_offline(const std::string& state_dir, const std::string& selector) {
    const auto journal = journal::Journal::open(state_dir);
    if (!journal) return journal.error();
    const auto state = journal->replay();
    if (!state) return state.error();
    const auto selected = api::select(*state, selector);
    if (!selected) return selected.error();
    api::Audit audit(selected->sweep->id);
    const auto read = journal->for_each([&audit](std::uint64_t sequence, const core::Event& event) {
        audit.visit(sequence, event);
    });
    if (!read) audit.blame(read.error().message);
    return {boost::system::in_place_value, audit.report()};
}

}  // namespace

int verify(const ServiceOptions& options, const std::string& selector) {
    auto report = verify_online(options, selector);
    const std::string& state_dir = options.address.state_dir;
    const bool no_coordinator = !report && (report.error().code == Errc::peer_gone ||
                                            report.error().code == Errc::not_found);
    const bool may_read =
        options.address.coordinator.empty() && std::filesystem::exists(state_dir + "/journal.db");
    if (no_coordinator && may_read) report = verify_offline(state_dir, selector);
    if (!report) return give_up(report.error());
    const std::string shown = options.json ? report->dump() + "\n" : verify_text(*report);
    std::fputs(shown.c_str(), stdout);
    const bool ok = report->value("ok", false);
    return ok ? coordinator::kExitOk : coordinator::kExitPointsUnfinished;
}

}  // namespace bw::cli
