#include "coordinator/journal/journal.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "base/fault_point.h"
#include "base/sha256.h"
#include "base/version.h"
#include "coordinator/core/core.h"
#include "coordinator/journal/event_codec.h"
#include "coordinator/journal/filesystem.h"
#include "coordinator/journal/lock_file.h"
#include "coordinator/journal/snapshot_codec.h"
#include "coordinator/journal/sqlite.h"

namespace bw::journal {
namespace {

// "BWJ1": tells a journal from any other SQLite file.
constexpr std::int64_t kApplicationId = 0x42574A31;

// A state beyond this is replayed from its events; SQLite's own limit is 10^9 bytes.
constexpr std::size_t kSnapshotBytesMax = 512 * 1024 * 1024;

// EXCLUSIVE before the first access keeps the WAL's index in memory instead of a shared file.
constexpr const char* kOpen =
    "PRAGMA locking_mode=EXCLUSIVE;"
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=FULL;";

// batches: a row is one EventBatch; `first` is the sequence of its first event; row after row
// without gaps; sha256
//   covers first, count and body.
// head: one row: the sequence of the last event, so that a lost end is noticed.
// snapshots: the state after the event `sequence`, by one build; may be deleted.
constexpr const char* kSchema =
    "CREATE TABLE batches(first INTEGER PRIMARY KEY, count INTEGER NOT NULL, body BLOB NOT NULL,"
    " sha256 BLOB NOT NULL) STRICT;"
    "CREATE TABLE head(id INTEGER PRIMARY KEY CHECK(id = 1), last INTEGER NOT NULL) STRICT;"
    "CREATE TABLE snapshots(sequence INTEGER PRIMARY KEY, build BLOB NOT NULL, body BLOB NOT NULL,"
    " sha256 BLOB NOT NULL) STRICT;"
    "INSERT INTO head VALUES(1, 0);";

std::int64_t to_sql(std::uint64_t value) { return static_cast<std::int64_t>(value); }

std::uint64_t from_sql(std::int64_t value) { return static_cast<std::uint64_t>(value); }

std::string checksum(std::uint64_t sequence, std::uint64_t count, std::string_view body) {
    Sha256 sha;
    sha.update(std::to_string(sequence) + " " + std::to_string(count) + "\n");
    sha.update(body);
    return sha.hex_digest();
}

/// Snapshots of another build are ignored: the events decide what a state is, not an older apply().
std::string build_id() { return std::string(version()) + " " + std::string(commit()); }

Error corrupt(const std::string& what) {
    return fail(
        Errc::corrupt,
        "journal: " + what +
            "; the file was damaged from outside: restore it from a copy, or start anew"
    );
}

Result<void> check_version(Database& database) {
    const auto application = database.query_integer("PRAGMA application_id");
    if (!application) return application.error();
    const auto version = database.query_integer("PRAGMA user_version");
    if (!version) return version.error();
    if (*application != kApplicationId) return corrupt("the file is no journal of batchwright");
    if (*version > kJournalVersion) {
        return fail(
            Errc::version_mismatch,
            "journal: written in version " + std::to_string(*version) +
                ", this release reads up to version " + std::to_string(kJournalVersion) +
                "; use the newer release, or another folder with --state DIR"
        );
    }
    if (*version == kJournalVersion) return {};
    // From now on it may hold events that the older release does not know: that one must refuse it.
    const std::string sql = "PRAGMA user_version=" + std::to_string(kJournalVersion);
    return database.execute(sql.c_str());
}

Result<void> create_or_check(Database& database) {
    const auto tables = database.query_integer("SELECT count(*) FROM sqlite_schema");
    if (!tables) return tables.error();
    if (*tables > 0) return check_version(database);
    // In one transaction: a crash leaves either no journal or a complete one.
    const std::string sql = std::string("BEGIN IMMEDIATE;") + kSchema +
                            "PRAGMA application_id=" + std::to_string(kApplicationId) +
                            ";PRAGMA user_version=" + std::to_string(kJournalVersion) + ";COMMIT;";
    return database.execute(sql.c_str());
}

}  // namespace

struct Journal::Impl {
    LockFile lock;  // first: released last
    Database database;
    JournalOptions options;
    std::string warning;
    std::optional<Statement> insert_batch, set_head;
    std::uint64_t last = 0, snapshot = 0, snapshot_due = 0;

    Impl(LockFile taken, Database opened, JournalOptions given)
        : lock(std::move(taken)), database(std::move(opened)), options(given) {}

    Result<void> prepare();
    Result<void> insert(std::span<const core::Event> events);
    Result<void> commit(std::span<const std::span<const core::Event>> batches);

    [[nodiscard]] std::uint64_t due_after(std::uint64_t covered) const {
        return covered + std::max(options.snapshot_events, covered / 2);
    }

    Result<core::State> rebuild();
    Result<void> write_snapshot();
    std::optional<std::pair<std::uint64_t, core::State>> load_snapshot();
    using Visitor = std::function<void(std::uint64_t, const core::Event&)>;
    Result<std::uint64_t> visit_some(
        std::uint64_t after, std::uint64_t count, const Visitor& visitor
    );
    Result<void> visit(std::uint64_t after, const Visitor& visitor);
};

Result<void> Journal::Impl::prepare() {
    auto insert_statement =
        database.prepare("INSERT INTO batches(first, count, body, sha256) VALUES(?1, ?2, ?3, ?4)");
    if (!insert_statement) return insert_statement.error();
    auto head_statement = database.prepare("UPDATE head SET last = ?1 WHERE id = 1");
    if (!head_statement) return head_statement.error();
    insert_batch = std::move(*insert_statement);
    set_head = std::move(*head_statement);
    const auto head = database.query_integer("SELECT last FROM head WHERE id = 1");
    if (!head) return head.error();
    last = from_sql(*head);
    auto newest = database.prepare("SELECT max(sequence) FROM snapshots WHERE build = ?1");
    if (!newest) return newest.error();
    const std::string build = build_id();
    const auto row = newest->bind_blob(1, build).step();
    if (!row) return row.error();
    snapshot = std::min(last, from_sql(newest->integer(0)));
    snapshot_due = due_after(snapshot);
    return {};
}

Result<Journal> Journal::open(const std::filesystem::path& folder, JournalOptions options) {
    auto lock = LockFile::acquire(folder);
    if (!lock) return lock.error();
    auto database = Database::open(folder / "journal.db");
    if (!database) return database.error();
    if (auto opened = database->execute(kOpen); !opened) return opened.error();
    if (auto created = create_or_check(*database); !created) return created.error();
    if (auto synced = sync_folder(folder); !synced) return synced.error();
    auto impl = std::make_unique<Impl>(std::move(*lock), std::move(*database), options);
    impl->warning = network_filesystem_warning(folder);
    if (auto prepared = impl->prepare(); !prepared) return prepared.error();
    return Journal(std::move(impl));
}

// ---- appending
// -------------------------------------------------------------------------------------------------

Result<void> Journal::Impl::insert(std::span<const core::Event> events) {
    std::string body;
    codec::to_proto(events).SerializeToString(&body);
    const std::string sum = checksum(last + 1, events.size(), body);
    const auto inserted = insert_batch->bind(1, to_sql(last + 1))
                              .bind(2, to_sql(events.size()))
                              .bind_blob(3, body)
                              .bind_blob(4, sum)
                              .run();
    if (!inserted) return inserted.error();
    last += events.size();
    return {};
}

Result<void> Journal::Impl::commit(std::span<const std::span<const core::Event>> batches) {
    const std::uint64_t before = last;
    const auto write = [&]() -> Result<void> {
        if (auto begun = database.execute("BEGIN IMMEDIATE"); !begun) return begun;
        for (const auto& events : batches) {
            if (events.empty()) continue;
            if (auto inserted = insert(events); !inserted) return inserted;
        }
        if (auto moved = set_head->bind(1, to_sql(last)).run(); !moved) return moved;
        fault_point("journal-commit");
        return database.execute("COMMIT");
    };
    const auto written = write();
    if (!written) {
        last = before;
        static_cast<void>(database.execute("ROLLBACK")
        );  // fails when SQLite has rolled back by itself
        return written;
    }
    if (last >= snapshot_due) {
        // Only a shortcut for the next start: when it cannot be written, the events are still
        // there.
        if (!write_snapshot()) snapshot_due = due_after(last);
    }
    return {};
}

Result<void> Journal::append(std::span<const core::Event> events) {
    if (events.empty()) return {};
    return impl_->commit(std::span(&events, 1));
}

Result<void> Journal::append_group(std::span<const std::vector<core::Event>> batches) {
    std::vector<std::span<const core::Event>> views(batches.begin(), batches.end());
    if (std::ranges::all_of(views, [](const auto& view) { return view.empty(); })) return {};
    return impl_->commit(views);
}

// ---- reading
// ---------------------------------------------------------------------------------------------------

namespace {

/// The batch in the current row of SELECT first, count, body, sha256, which must begin at
/// `expected`.
Result<std::vector<core::Event>> read_batch(const Statement& row, std::uint64_t expected) {
    const std::uint64_t first = from_sql(row.integer(0));
    const std::uint64_t count = from_sql(row.integer(1));
    if (first != expected) {
        return corrupt(
            "event " + std::to_string(expected) + " is missing, the next is " +
            std::to_string(first)
        );
    }
    const std::string_view body = row.blob(2);
    if (row.blob(3) != checksum(first, count, body)) {
        return corrupt(
            "the checksum of the batch at event " + std::to_string(first) + " does not hold"
        );
    }
    proto::EventBatch batch;
    if (!batch.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
        return corrupt("the batch at event " + std::to_string(first) + " is no Protobuf message");
    }
    auto events = codec::from_proto(batch);
    if (!events)
        return fail(
            events.error().code,
            "journal, batch at event " + std::to_string(first) + ": " + events.error().message
        );
    if (events->size() != count)
        return corrupt("the batch at event " + std::to_string(first) + " is incomplete");
    return events;
}

}  // namespace

Result<std::uint64_t> Journal::Impl::visit_some(
    std::uint64_t after, std::uint64_t count, const Visitor& visitor
) {
    auto rows = database.prepare(
        "SELECT first, count, body, sha256 FROM batches WHERE first > ?1 ORDER BY first"
    );
    if (!rows) return rows.error();
    rows->bind(1, to_sql(after));
    std::uint64_t done = after;
    while (done - after < count) {
        const auto row = rows->step();
        if (!row) return row.error();
        if (!*row) break;
        const auto events = read_batch(*rows, done + 1);
        if (!events) return events.error();
        for (const auto& event : *events) visitor(++done, event);
    }
    return done;
}

Result<void> Journal::Impl::visit(std::uint64_t after, const Visitor& visitor) {
    const auto done = visit_some(after, std::numeric_limits<std::uint64_t>::max(), visitor);
    if (!done) return done.error();
    if (*done != last) {
        return corrupt(
            "the last event is " + std::to_string(*done) + " instead of " + std::to_string(last)
        );
    }
    return {};
}

Result<std::uint64_t> Journal::read(
    std::uint64_t after,
    std::uint64_t count,
    const std::function<void(std::uint64_t sequence, const core::Event&)>& visit
) const {
    const auto done = impl_->visit_some(after, count, visit);
    if (done && *done == after && after < impl_->last)
        return corrupt("the events after " + std::to_string(after) + " are missing");
    return done;
}

Result<void> Journal::for_each(const std::function<void(std::uint64_t, const core::Event&)>& visit
) const {
    return impl_->visit(0, visit);
}

Result<core::State> Journal::replay() const { return impl_->rebuild(); }

Result<core::State> Journal::Impl::rebuild() {
    std::uint64_t from = 0;
    core::State state;
    if (auto loaded = load_snapshot()) {
        from = loaded->first;
        state = std::move(loaded->second);
    }
    const auto done = visit(from, [&state](std::uint64_t, const core::Event& event) {
        core::apply(state, event);
    });
    if (!done) return done.error();
    return state;
}

// ---- snapshots
// -------------------------------------------------------------------------------------------------

std::optional<std::pair<std::uint64_t, core::State>> Journal::Impl::load_snapshot() {
    auto rows = database.prepare(
        "SELECT sequence, body, sha256 FROM snapshots WHERE build = ?1 AND sequence <= ?2 ORDER BY "
        "sequence DESC"
    );
    if (!rows) return std::nullopt;
    const std::string build = build_id();
    rows->bind_blob(1, build).bind(2, to_sql(last));
    for (;;) {
        const auto row = rows->step();
        if (!row || !*row) return std::nullopt;
        const std::uint64_t sequence = from_sql(rows->integer(0));
        const std::string_view body = rows->blob(1);
        proto::Snapshot message;
        if (rows->blob(2) != checksum(sequence, 0, body)) continue;
        if (!message.ParseFromArray(body.data(), static_cast<int>(body.size()))) continue;
        auto state = codec::from_proto(message);
        if (state) return std::pair(sequence, std::move(*state));
    }
}

Result<void> Journal::Impl::write_snapshot() {
    const auto state = rebuild();
    if (!state) return state.error();
    const proto::Snapshot message = codec::to_proto(*state);
    if (message.ByteSizeLong() > kSnapshotBytesMax)
        return fail(Errc::unsupported, "snapshot: too large");
    const std::string body = message.SerializeAsString();
    const std::string build = build_id();
    const std::string sum = checksum(last, 0, body);
    auto insert_row = database.prepare(
        "INSERT OR REPLACE INTO snapshots(sequence, build, body, sha256) VALUES(?1, ?2, ?3, ?4)"
    );
    if (!insert_row) return insert_row.error();
    insert_row->bind(1, to_sql(last)).bind_blob(2, build).bind_blob(3, body).bind_blob(4, sum);
    if (auto inserted = insert_row->run(); !inserted) return inserted;
    snapshot = last;
    snapshot_due = due_after(last);
    // The one before stays, in case this one is damaged.
    return database.execute(
        "DELETE FROM snapshots WHERE sequence NOT IN (SELECT sequence FROM snapshots ORDER BY "
        "sequence DESC LIMIT 2)"
    );
}

// ---- the rest
// --------------------------------------------------------------------------------------------------

Journal::Journal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Journal::Journal(Journal&&) noexcept = default;
Journal& Journal::operator=(Journal&&) noexcept = default;
Journal::~Journal() = default;

std::uint64_t Journal::last_sequence() const { return impl_->last; }

std::uint64_t Journal::snapshot_sequence() const { return impl_->snapshot; }

const std::string& Journal::warning() const { return impl_->warning; }

}  // namespace bw::journal
