// run_rank() as a process of its own.
#include "worker/program/program.h"

int main() { return bw::program::run_rank(); }
