#include "coordinator/journal/sqlite.h"

#include <sqlite3.h>

#include "base/assert.h"

namespace bw::journal {
namespace {

Errc cause_of(int sqlite_code) {
    const int primary = sqlite_code & 0xFF;
    if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB) return Errc::corrupt;
    if (primary == SQLITE_BUSY || primary == SQLITE_LOCKED) return Errc::in_use;
    return Errc::io;
}

Error error_of(sqlite3* database) {
    const int code = sqlite3_extended_errcode(database);
    const char* file = sqlite3_db_filename(database, "main");
    std::string text = "database \"" + std::string(file != nullptr ? file : "") +
                       "\": " + sqlite3_errmsg(database);
    text += " (SQLite code " + std::to_string(code) + ")";
    if ((code & 0xFF) == SQLITE_BUSY) text += "; another program has the file open: end it";
    if ((code & 0xFF) == SQLITE_FULL) text += "; free some space on this file system";
    return fail(cause_of(code), std::move(text));
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

void Database::Close::operator()(sqlite3* database) const { sqlite3_close(database); }

Statement& Statement::bind(int parameter, std::int64_t value) {
    const int code = sqlite3_bind_int64(statement_.get(), parameter, value);
    BW_ASSERT(code == SQLITE_OK, "a statement that is reset takes its parameters");
    return *this;
}

Statement& Statement::bind(int parameter, double value) {
    const int code = sqlite3_bind_double(statement_.get(), parameter, value);
    BW_ASSERT(code == SQLITE_OK, "a statement that is reset takes its parameters");
    return *this;
}

Statement& Statement::bind_blob(int parameter, std::string_view bytes) {
    const int code =
        sqlite3_bind_blob64(statement_.get(), parameter, bytes.data(), bytes.size(), SQLITE_STATIC);
    BW_ASSERT(
        code == SQLITE_OK || code == SQLITE_TOOBIG, "a statement that is reset takes its parameters"
    );
    return *this;
}

Result<bool> Statement::step() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) {
        const Error error = error_of(sqlite3_db_handle(statement_.get()));
        sqlite3_reset(statement_.get());
        return error;
    }
    sqlite3_reset(statement_.get());
    return false;
}

Result<void> Statement::run() {
    for (;;) {
        const auto row = step();
        if (!row) return row.error();
        if (!*row) return {};
    }
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

double Statement::number(int column) const {
    return sqlite3_column_double(statement_.get(), column);
}

bool Statement::is_null(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::string_view Statement::blob(int column) const {
    const void* bytes = sqlite3_column_blob(statement_.get(), column);
    const int size = sqlite3_column_bytes(statement_.get(), column);
    return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

Result<Database> Database::open(const std::filesystem::path& file) {
    sqlite3* handle = nullptr;
    const int code =
        sqlite3_open_v2(file.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    Database database(handle);
    if (handle == nullptr)
        return fail(
            Errc::out_of_memory, "database \"" + file.string() + "\": no memory to open it"
        );
    if (code != SQLITE_OK) {
        return fail(
            cause_of(code), "database \"" + file.string() + "\": " + sqlite3_errmsg(handle)
        );
    }
    return database;
}

Result<void> Database::execute(const char* sql) {
    if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
        return error_of(database_.get());
    return {};
}

Result<Statement> Database::prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database_.get(), sql, -1, &statement, nullptr) != SQLITE_OK) {
        return error_of(database_.get());
    }
    return Statement(statement);
}

Result<std::int64_t> Database::query_integer(const char* sql) {
    auto statement = prepare(sql);
    if (!statement) return statement.error();
    const auto row = statement->step();
    if (!row) return row.error();
    if (!*row) return fail(Errc::corrupt, std::string("query without a row: ") + sql);
    return statement->integer(0);
}

}  // namespace bw::journal
