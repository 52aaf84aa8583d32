"""The pure libraries have no undefined symbol for clocks, sockets, files, threads or random devices.

symbols.py NM LIBRARY...: nm's path and the static libraries.
"""

import pathlib
import re
import subprocess
import sys

import source

FORBIDDEN = {
    "a clock": r"clock_\w+|gettimeofday|time|times|ftime|timespec_get|localtime(_r)?|gmtime(_r)?|std::chrono::.*::now\(\)",
    "waiting": r"sleep|usleep|nanosleep|poll|ppoll|select|pselect|epoll_\w+",
    "a socket": r"socket|socketpair|connect|bind|listen|accept4?|send|sendto|sendmsg|recv|recvfrom|recvmsg|getaddrinfo|gethostname",
    "a file": r"f?open(64|at)?|freopen(64)?|fread|fwrite|read|pread(64)?|write|pwrite(64)?|close|fclose|unlink|remove|rename|mkdir"
    r"|f?stat(64)?|fsync|mmap(64)?|tmpfile(64)?|mkstemp(64)?|std::basic_(if|of|f)stream<.*|std::basic_filebuf<.*|std::filesystem::.*",
    "a thread": r"pthread_(create|join|mutex_\w+|cond_\w+|rwlock_\w+)|std::thread::.*|std::condition_variable::.*|std::__future_base::.*",
    "a random device": r"std::random_device::.*|getrandom|getentropy|rand|rand_r|srand|random|srandom|drand48|arc4random\w*",
    "the environment": r"(secure_)?getenv|setenv|putenv|system|popen|fork|exec\w+|posix_spawnp?|dlopen",
    "a stream of the process": r"std::cout|std::cerr|std::clog|std::cin|printf|puts|putchar|vprintf|fprintf|fputs|fputc|fflush",
}
# yaml-cpp's inline code comes with its header; what it must have is named here, and nothing else is let through.
EXEMPT = {}


def reason_against(symbol):
    for what, pattern in FORBIDDEN.items():
        if re.fullmatch(pattern, symbol):
            return what
    return None


def check(listing, library):
    """`listing` is the output of nm --undefined-only --demangle on a library."""
    problems = []
    unit = "?"
    for line in listing.splitlines():
        if line.endswith(":") and not line.startswith(" "):
            unit = line[:-1]
            continue
        match = re.match(r"\s+[Uwv] (.+)$", line)
        if not match:
            continue
        symbol = match.group(1).split("@")[0]
        what = reason_against(symbol)
        if what and symbol not in EXEMPT.get(unit, ()):
            problems.append(f"{library}({unit}): needs {symbol}, which is {what}: {library} is pure; see DESIGN 4")
    return problems


def listing_of(nm, library):
    command = [nm, "--undefined-only", "--demangle", library]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    found = []
    for path in sys.argv[2:]:
        text = listing_of(sys.argv[1], path)
        if not text.strip():
            found.append(f"{path}: nm lists nothing")
        found += check(text, pathlib.Path(path).name)
    source.finish(found, "the pure libraries need no clock, socket, file, thread or random device")
