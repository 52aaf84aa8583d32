#include "coordinator/journal/filesystem.h"

#include <sys/statfs.h>

namespace bw::journal {

// The numbers are those of statfs(2); some are in no header.
const char* network_filesystem_name(long magic) {
    switch (magic & 0xFFFFFFFF) {
        case 0x6969:
            return "NFS";
        case 0x517B:
            return "SMB";
        case 0xFE534D42:
            return "SMB2";
        case 0xFF534D42:
            return "CIFS";
        case 0x5346414F:
            return "AFS";
        case 0x0BD00BD0:
            return "Lustre";
        case 0x00C36400:
            return "Ceph";
        case 0x47504653:
            return "GPFS";
        case 0x19830326:
            return "BeeGFS";
        case 0x01021997:
            return "9P";
        case 0x65735546:
            return "FUSE";
        default:
            return nullptr;
    }
}

std::string network_filesystem_warning(const std::filesystem::path& folder) {
    struct statfs info {};

    if (statfs(folder.c_str(), &info) != 0) return {};
    const char* name = network_filesystem_name(static_cast<long>(info.f_type));
    if (name == nullptr) return {};
    return "journal in \"" + folder.string() + "\": lies on " + name +
           ", where a crash of the server may damage it; put it on a local disk with --journal DIR";
}

}  // namespace bw::journal
