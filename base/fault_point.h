// Places at which a test can end the process, as the kernel would: by SIGKILL, with whatever is
// half done left half done. Off unless BATCHWRIGHT_FAULT_DIR names a folder. A file there with the
// point's name arms it; the first process to pass the point takes the file away and dies, so every
// file kills once. Any thread.
#pragma once

namespace bw {

/// `name` is a file name: "checkpoint-write", "journal-commit".
void fault_point(const char* name);

}  // namespace bw
