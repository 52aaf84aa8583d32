#include "coordinator/journal/journal.h"

#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/rng.h"
#include "base/version.h"
#include "coordinator/journal/event_codec.h"
#include "coordinator/journal/filesystem.h"
#include "coordinator/journal/sqlite.h"
#include "tests/coordinator/journal/random_history.h"
#include "tests/coordinator/journal/temporary_folder.h"

namespace bw::journal {
namespace {

using testing::HasSubstr;

Journal open_journal(const std::filesystem::path& folder, JournalOptions options = {}) {
    auto journal = Journal::open(folder, options);
    if (!journal) throw std::runtime_error(journal.error().message);
    return std::move(*journal);
}

std::vector<core::Event> events_of(const Journal& journal) {
    std::vector<core::Event> events;
    const auto done = journal.for_each([&](std::uint64_t sequence, const core::Event& event) {
        EXPECT_EQ(sequence, events.size() + 1);
        events.push_back(event);
    });
    if (!done) throw std::runtime_error(done.error().message);
    return events;
}

std::vector<core::Event> flat(const std::vector<std::vector<core::Event>>& batches) {
    std::vector<core::Event> events;
    for (const auto& batch : batches) events.insert(events.end(), batch.begin(), batch.end());
    return events;
}

void change(const std::filesystem::path& folder, const std::string& sql) {
    auto database = Database::open(folder / "journal.db");
    ASSERT_TRUE(database.has_value());
    const auto done = database->execute(sql.c_str());
    ASSERT_TRUE(done.has_value()) << done.error().message;
}

TEST(Journal, ANewOneIsEmpty) {
    const test::TemporaryFolder folder;
    const Journal journal = open_journal(folder.path() / "made" / "here");
    EXPECT_EQ(journal.last_sequence(), 0u);
    EXPECT_EQ(*journal.replay(), core::State{});
}

TEST(Journal, WhatWasAppendedIsThereAfterReopening) {
    const test::TemporaryFolder folder;
    test::RandomHistory history(1);
    std::vector<core::Event> appended;
    for (int session = 0; session < 5; ++session) {
        Journal journal = open_journal(folder.path());
        EXPECT_EQ(events_of(journal), appended);
        for (const auto& batch : history.batches(20)) {
            ASSERT_TRUE(journal.append(batch).has_value());
            appended.insert(appended.end(), batch.begin(), batch.end());
        }
        EXPECT_EQ(journal.last_sequence(), appended.size());
        EXPECT_EQ(*journal.replay(), history.state());
    }
}

TEST(Journal, AGroupOfBatchesIsAppendedTogether) {
    const test::TemporaryFolder folder;
    test::RandomHistory history(2);
    const auto batches = history.batches(50);
    {
        Journal journal = open_journal(folder.path());
        auto with_an_empty_one = batches;
        with_an_empty_one.insert(with_an_empty_one.begin() + 3, std::vector<core::Event>{});
        ASSERT_TRUE(journal.append_group(with_an_empty_one).has_value());
        ASSERT_TRUE(journal.append({}).has_value());
    }
    EXPECT_EQ(events_of(open_journal(folder.path())), flat(batches));
}

TEST(Journal, AReplayFromSnapshotsEqualsAReplayOfEveryEvent) {
    const test::TemporaryFolder folder;
    test::RandomHistory history(3);
    for (int session = 0; session < 10; ++session) {
        Journal journal = open_journal(folder.path(), {.snapshot_events = 30});
        for (const auto& batch : history.batches(50))
            ASSERT_TRUE(journal.append(batch).has_value());
        ASSERT_EQ(*journal.replay(), history.state());
        core::State from_events;
        for (const auto& event : events_of(journal)) core::apply(from_events, event);
        ASSERT_EQ(from_events, history.state());
    }
    const Journal journal = open_journal(folder.path(), {.snapshot_events = 30});
    EXPECT_GT(journal.snapshot_sequence(), 0u);
    EXPECT_LE(journal.snapshot_sequence(), journal.last_sequence());
}

TEST(Journal, SnapshotsBecomeRarerAsTheJournalGrows) {
    const test::TemporaryFolder folder;
    Journal journal = open_journal(folder.path(), {.snapshot_events = 10});
    test::RandomHistory history(4);
    std::vector<std::uint64_t> at;
    while (journal.last_sequence() < 1000) {
        ASSERT_TRUE(journal.append(history.next()).has_value());
        if (at.empty() || at.back() != journal.snapshot_sequence())
            at.push_back(journal.snapshot_sequence());
    }
    EXPECT_GE(at.size(), 8u);
    EXPECT_LE(at.size(), 16u);  // log(1000 / 10) / log(1.5) = 11.4
}

/// A journal of 300 batches with two snapshots, closed; returns its state.
core::State make_with_snapshots(const std::filesystem::path& folder) {
    Journal journal = open_journal(folder, {.snapshot_events = 50});
    test::RandomHistory history(5);
    for (const auto& batch : history.batches(300)) EXPECT_TRUE(journal.append(batch).has_value());
    EXPECT_GT(journal.snapshot_sequence(), 100u);
    return history.state();
}

TEST(Journal, ADamagedSnapshotIsReplacedByTheOneBeforeOrByTheEvents) {
    const test::TemporaryFolder folder;
    const core::State state = make_with_snapshots(folder.path());
    change(
        folder.path(),
        "UPDATE snapshots SET body = zeroblob(99) WHERE sequence = (SELECT max(sequence) FROM "
        "snapshots)"
    );
    EXPECT_EQ(*open_journal(folder.path()).replay(), state);
    change(folder.path(), "UPDATE snapshots SET sha256 = x'00'");
    EXPECT_EQ(*open_journal(folder.path()).replay(), state);
}

TEST(Journal, ASnapshotOfAnotherBuildIsIgnored) {
    const test::TemporaryFolder folder;
    const core::State state = make_with_snapshots(folder.path());
    change(folder.path(), "UPDATE snapshots SET build = x'41'");
    const Journal journal = open_journal(folder.path());
    EXPECT_EQ(journal.snapshot_sequence(), 0u);
    EXPECT_EQ(*journal.replay(), state);
}

// ---- damage
// ----------------------------------------------------------------------------------------------------

TEST(Journal, AMissingOrChangedRowIsNoticed) {
    const std::vector<std::string> damages = {
        "DELETE FROM batches WHERE first = (SELECT first FROM batches LIMIT 1 OFFSET 4)",
        "DELETE FROM batches WHERE first = (SELECT max(first) FROM batches)",
        "DELETE FROM batches WHERE first = 1",
        "UPDATE batches SET count = count + 1 WHERE first = (SELECT max(first) FROM batches)",
        "UPDATE batches SET body = substr(body, 1, length(body) - 1) WHERE first = 1",
        "UPDATE batches SET sha256 = zeroblob(64) WHERE first = 1",
        "UPDATE batches SET first = first + 1000000 WHERE first = (SELECT max(first) FROM batches)",
        "DELETE FROM batches",
    };
    for (const auto& damage : damages) {
        const test::TemporaryFolder folder;
        {
            Journal journal = open_journal(folder.path());
            test::RandomHistory history(6);
            for (const auto& batch : history.batches(20))
                ASSERT_TRUE(journal.append(batch).has_value());
        }
        change(folder.path(), damage);
        const auto replayed = open_journal(folder.path()).replay();
        ASSERT_FALSE(replayed.has_value()) << damage;
        EXPECT_EQ(replayed.error().code, Errc::corrupt) << damage;
    }
}

/// The events, or nothing when opening or reading said that something is wrong.
std::optional<std::vector<core::Event>> try_to_read(const std::filesystem::path& folder) {
    const auto journal = Journal::open(folder);
    if (!journal) return std::nullopt;
    std::vector<core::Event> events;
    const auto done = journal->for_each([&](std::uint64_t, const core::Event& event) {
        events.push_back(event);
    });
    if (!done) return std::nullopt;
    return events;
}

TEST(Journal, NoChangedBytesGoUnnoticed) {
    const test::TemporaryFolder original;
    test::RandomHistory history(7);
    const auto batches = history.batches(60);
    ASSERT_TRUE(open_journal(original.path()).append_group(batches).has_value());
    const auto expected = flat(batches);
    ASSERT_EQ(try_to_read(original.path()), expected);
    std::ifstream in(original.path() / "journal.db", std::ios::binary);
    const std::string good{std::istreambuf_iterator<char>(in), {}};
    Rng rng(key_of(8));
    int noticed = 0;
    for (int round = 0; round < 400; ++round) {
        const test::TemporaryFolder folder;
        std::string bytes = good;
        const std::size_t at = rng.below(bytes.size());
        for (std::size_t i = at; i < std::min(at + 4, bytes.size()); ++i)
            bytes[i] = static_cast<char>(rng.below(256));
        std::ofstream(folder.path() / "journal.db", std::ios::binary) << bytes;
        const auto events = try_to_read(folder.path());
        if (!events) ++noticed;
        // What is read at all (the bytes were in free space) is what was written.
        ASSERT_TRUE(!events || *events == expected) << "bytes " << at << " to " << at + 3;
    }
    EXPECT_GT(noticed, 100);
}

TEST(Journal, AFileThatIsNoJournalIsRefused) {
    const test::TemporaryFolder text;
    std::ofstream(text.path() / "journal.db") << std::string(5000, 'x');
    EXPECT_EQ(Journal::open(text.path()).error().code, Errc::corrupt);
    const test::TemporaryFolder other;
    change(other.path(), "CREATE TABLE t(x); PRAGMA user_version = 1");
    EXPECT_EQ(Journal::open(other.path()).error().code, Errc::corrupt);
}

TEST(Journal, ANewerJournalIsRefusedNamingBothVersions) {
    const test::TemporaryFolder folder;
    static_cast<void>(open_journal(folder.path()));
    change(folder.path(), "PRAGMA user_version = 4711");
    const auto opened = Journal::open(folder.path());
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code, Errc::version_mismatch);
    EXPECT_THAT(opened.error().message, HasSubstr("version 4711"));
    EXPECT_THAT(
        opened.error().message, HasSubstr("up to version " + std::to_string(kJournalVersion))
    );
}

TEST(Journal, AFolderThatCannotBeMadeIsAnErrorWithTheRemedy) {
    const test::TemporaryFolder folder;
    std::ofstream(folder.path() / "file") << "x";
    const auto opened = Journal::open(folder.path() / "file" / "state");
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code, Errc::io);
    EXPECT_THAT(opened.error().message, HasSubstr("--state DIR"));
    EXPECT_THAT(opened.error().message, HasSubstr("Not a directory"));
}

// Root may write everywhere; where the test runs as root, it opens the journal as user "nobody".
class AsOrdinaryUser {
public:
    AsOrdinaryUser() {
        if (geteuid() == 0) is_root_ = seteuid(65534) == 0;
    }

    ~AsOrdinaryUser() {
        const bool is_back = !is_root_ || seteuid(0) == 0;
        EXPECT_TRUE(is_back);
    }

private:
    bool is_root_ = false;
};

TEST(Journal, AFolderWithoutWriteAccessIsAnErrorWithTheRemedy) {
    const test::TemporaryFolder folder;
    using std::filesystem::perms;
    std::filesystem::permissions(
        folder.path(),
        perms::owner_read | perms::owner_exec | perms::others_read | perms::others_exec
    );
    const AsOrdinaryUser ordinary;
    const auto opened = Journal::open(folder.path());
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code, Errc::io);
    EXPECT_THAT(opened.error().message, HasSubstr("Permission denied"));
}

TEST(Journal, NetworkFileSystemsAreNamed) {
    EXPECT_STREQ(network_filesystem_name(0x6969), "NFS");
    EXPECT_STREQ(
        network_filesystem_name(static_cast<int>(0xFF534D42)), "CIFS"
    );                                                    // sign-extended on some machines
    EXPECT_EQ(network_filesystem_name(0xEF53), nullptr);  // ext4
    const test::TemporaryFolder folder;
    EXPECT_EQ(open_journal(folder.path()).warning(), network_filesystem_warning(folder.path()));
}

}  // namespace
}  // namespace bw::journal
