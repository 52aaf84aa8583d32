// What `batchwright profile`, `plan --profile` and earlier jobs have left in the state directory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace bw::coordinator {

/// Looks at the folder's entries whenever it is asked, into a file only when that has changed. Not
/// thread-safe.
class ProfileFolder {
public:
    explicit ProfileFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// The texts of the profiles that are new or other than when this was last asked, by name; none
    /// when there is no such folder. What is no profile is for the core to see.
    std::vector<std::string> read_changed();

private:
    struct Seen {
        std::filesystem::file_time_type written_at;
        std::uintmax_t bytes = 0;
        friend bool operator==(const Seen&, const Seen&) = default;
    };

    std::filesystem::path folder_;
    std::map<std::filesystem::path, Seen> seen_;
};

}  // namespace bw::coordinator
