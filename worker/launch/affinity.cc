#include <algorithm>

#include <sched.h>
#include <unistd.h>

#include "worker/launch/launch.h"

namespace bw::launch {

int widen_affinity() {
    // The kernel cuts the set that is asked for down to what the cgroup's cpuset allows, and
    // refuses only an empty remainder: so asking for all is how to learn what is allowed.
    cpu_set_t all;
    CPU_ZERO(&all);
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) CPU_SET(cpu, &all);
    ::sched_setaffinity(0, sizeof all, &all);
    return cores_of_affinity();
}

int cores_of_affinity() {
    cpu_set_t now;
    CPU_ZERO(&now);
    if (::sched_getaffinity(0, sizeof now, &now) == 0) return std::max(1, CPU_COUNT(&now));
    return std::max(1, static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)));
}

}  // namespace bw::launch
