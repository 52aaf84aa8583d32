// A thin owner of SQLite's handles that turns its codes into Errors. The only file that calls
// SQLite. One thread at a time. Errors: io, corrupt, in_use.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace bw::journal {

/// One prepared statement. Parameters and columns are counted as SQLite does: from 1 and from 0.
class Statement {
public:
    Statement& bind(int parameter, std::int64_t value);
    Statement& bind(int parameter, double value);
    Statement& bind_blob(
        int parameter, std::string_view bytes
    );  // not copied: must live until the last step()

    /// True: a row is there. False: done; the statement is ready to be bound and run again.
    Result<bool> step();
    /// To the end, for statements without rows of interest.
    Result<void> run();

    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] double number(int column) const;
    [[nodiscard]] bool is_null(int column) const;
    [[nodiscard]] std::string_view blob(int column) const;  // valid until the next step()

private:
    friend class Database;

    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };

    explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
public:
    /// Creates the file when it is not there. Touches nothing inside yet.
    static Result<Database> open(const std::filesystem::path& file);

    /// One or more statements without parameters.
    Result<void> execute(const char* sql);
    Result<Statement> prepare(const char* sql);
    /// The first column of the first row, as an integer. Errors: corrupt when there is no row.
    Result<std::int64_t> query_integer(const char* sql);

private:
    struct Close {
        void operator()(sqlite3* database) const;
    };

    explicit Database(sqlite3* database) : database_(database) {}

    std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace bw::journal
