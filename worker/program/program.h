// One rank of an external program (`program`, `command` in a sweep file): a small process between
// the agent and the program, which speaks the trainer's protocol to the one and starts the other,
// so that leases, fencing, logs, curves, stop requests and results are those of the built-in
// trainer. No LibTorch. What a program may say and is told: docs/programs.md.
//
//   agent <--- BATCHWRIGHT_FD, wire/trainer ---> this <--- BATCHWRIGHT_FD, wire/trainer --->
//   program
//
#pragma once

namespace bw::program {

/// Says Ready, waits for Start, runs the program, says how it ended. Ends like the program where it
/// ended without a word: with its status, or by its signal. Call from the main thread: the program
/// dies with it.
int run_rank();

}  // namespace bw::program
