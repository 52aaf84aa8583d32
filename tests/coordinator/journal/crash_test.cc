// What survives the death of the process that appends. The child acknowledges each append through a
// pipe; the parent kills it after a random acknowledgement, so no clock is involved.
#include <array>
#include <csignal>
#include <fstream>
#include <functional>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rng.h"
#include "coordinator/journal/journal.h"
#include "tests/coordinator/journal/random_history.h"
#include "tests/coordinator/journal/temporary_folder.h"

namespace bw::journal {
namespace {

class Child {
public:
    /// Runs `body` in a child process, which gets the writing end of a pipe.
    explicit Child(const std::function<void(int pipe)>& body) {
        std::array<int, 2> ends{};
        EXPECT_EQ(pipe(ends.data()), 0);
        pid_ = fork();
        if (pid_ == 0) {
            close(ends[0]);
            body(ends[1]);
            _exit(0);
        }
        close(ends[1]);
        pipe_ = ends[0];
    }

    ~Child() {
        kill_now();
        close(pipe_);
    }

    /// The next number from the child, or 0 at the end.
    std::uint64_t read_number() {
        std::uint64_t number = 0;
        return read(pipe_, &number, sizeof number) == sizeof number ? number : 0;
    }

    void kill_now() {
        if (pid_ <= 0) return;
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }

    [[nodiscard]] pid_t pid() const { return pid_; }

private:
    pid_t pid_ = 0;
    int pipe_ = -1;
};

void write_number(int pipe, std::uint64_t number) {
    static_cast<void>(!write(pipe, &number, sizeof number));
}

std::vector<core::Event> events_of(const Journal& journal) {
    std::vector<core::Event> events;
    const auto done =
        journal.for_each([&](std::uint64_t, const core::Event& event) { events.push_back(event); });
    EXPECT_TRUE(done.has_value()) << done.error().message;
    return events;
}

/// Continues the history of `seed` where the journal ends; acknowledges with the last sequence.
void append_for_ever(const std::filesystem::path& folder, std::uint64_t seed, int pipe) {
    auto journal = Journal::open(folder, {.snapshot_events = 40});
    if (!journal) _exit(1);
    test::RandomHistory history(seed);
    std::uint64_t skipped = 0;
    while (skipped < journal->last_sequence()) skipped += history.next().size();
    if (skipped != journal->last_sequence()) _exit(2);  // half a batch in the journal
    for (std::uint64_t round = 0;; ++round) {
        const auto batches = history.batches(1 + round % 3);
        if (!journal->append_group(batches)) _exit(3);
        write_number(pipe, journal->last_sequence());
    }
}

TEST(JournalCrash, EverythingAcknowledgedSurvivesKillAtAnyMoment) {
    const test::TemporaryFolder folder;
    constexpr std::uint64_t kSeed = 11;
    Rng rng(key_of(12));
    std::uint64_t before = 0;
    for (int round = 0; round < 25; ++round) {
        std::uint64_t acknowledged = 0;
        {
            Child child([&](int pipe) { append_for_ever(folder.path(), kSeed, pipe); });
            for (std::uint64_t n = 1 + rng.below(20); n > 0; --n) {
                acknowledged = child.read_number();
                ASSERT_GT(acknowledged, before)
                    << "round " << round << ": the child could not go on";
            }
            child.kill_now();
            while (const std::uint64_t late = child.read_number()) acknowledged = late;
        }
        const auto journal = Journal::open(folder.path(), {.snapshot_events = 40});
        ASSERT_TRUE(journal.has_value()) << journal.error().message;
        ASSERT_GE(journal->last_sequence(), acknowledged);
        before = journal->last_sequence();

        test::RandomHistory expected(kSeed);
        std::vector<core::Event> events;
        while (events.size() < before) {
            for (const auto& event : expected.next()) events.push_back(event);
        }
        ASSERT_EQ(events_of(*journal), events) << "round " << round;
        ASSERT_EQ(*journal->replay(), expected.state()) << "round " << round;
    }
}

TEST(JournalCrash, AWriteAheadLogThatBreaksOffAtAnyByteLeavesWholeBatches) {
    const test::TemporaryFolder folder;
    test::RandomHistory history(13);
    const auto batches = history.batches(12);
    // The child dies without closing the journal, so that the write-ahead log stays.
    {
        Child child([&](int pipe) {
            auto journal = Journal::open(folder.path());
            if (!journal) _exit(1);
            for (const auto& batch : batches) {
                if (!journal->append(batch)) _exit(2);
            }
            write_number(pipe, journal->last_sequence());
            pause();
        });
        ASSERT_GT(child.read_number(), 0u);
    }
    const auto wal = folder.path() / "journal.db-wal";
    const auto size = std::filesystem::file_size(wal);
    ASSERT_GT(size, 10'000u);
    std::size_t fewest = 1000, most = 0;
    for (std::uintmax_t cut = 0; cut <= size; cut += 997) {
        const test::TemporaryFolder copy;
        std::filesystem::copy(folder.path(), copy.path(), std::filesystem::copy_options::recursive);
        std::filesystem::resize_file(copy.path() / "journal.db-wal", cut);
        const auto journal = Journal::open(copy.path());
        ASSERT_TRUE(journal.has_value()) << "cut at " << cut << ": " << journal.error().message;
        const auto events = events_of(*journal);
        std::size_t whole = 0, batch = 0;
        while (whole < events.size()) whole += batches.at(batch++).size();
        ASSERT_EQ(whole, events.size()) << "cut at " << cut << ": half a batch";
        fewest = std::min(fewest, batch);
        most = std::max(most, batch);
    }
    EXPECT_EQ(fewest, 0u);
    EXPECT_GE(most, batches.size() - 1);
}

TEST(JournalCrash, ASecondProcessIsToldWhoHoldsTheJournal) {
    const test::TemporaryFolder folder;
    Child child([&](int pipe) {
        const auto journal = Journal::open(folder.path());
        write_number(pipe, journal ? 1 : 0);
        pause();
    });
    ASSERT_EQ(child.read_number(), 1u);
    const auto second = Journal::open(folder.path());
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, Errc::in_use);
    EXPECT_THAT(
        second.error().message, testing::HasSubstr("process " + std::to_string(child.pid()) + " ")
    );
    child.kill_now();
    EXPECT_TRUE(Journal::open(folder.path()).has_value()) << "the lock must go with its process";
}

TEST(JournalCrash, AFullDiskIsAnErrorAndLosesNothing) {
    const test::TemporaryFolder folder;
    constexpr std::uint64_t kSeed = 14;
    // 1: an append failed, and the journal was still good afterwards.
    Child child([&](int pipe) {
        std::signal(SIGXFSZ, SIG_IGN);
        auto journal = Journal::open(folder.path());
        const rlimit limit{200'000, 200'000};
        if (!journal || setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(1);
        test::RandomHistory history(kSeed);
        std::uint64_t acknowledged = 0;
        for (;;) {
            const auto appended = journal->append(history.next());
            if (!appended) {
                write_number(pipe, appended.error().code == Errc::io ? acknowledged : 0);
                write_number(pipe, journal->last_sequence());
                _exit(0);
            }
            acknowledged = journal->last_sequence();
        }
    });
    const std::uint64_t acknowledged = child.read_number();
    ASSERT_GT(acknowledged, 0u);
    EXPECT_EQ(child.read_number(), acknowledged);
    child.kill_now();
    const auto journal = Journal::open(folder.path());
    ASSERT_TRUE(journal.has_value());
    EXPECT_EQ(events_of(*journal).size(), acknowledged);
}

}  // namespace
}  // namespace bw::journal
