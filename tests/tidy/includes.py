"""The include table of the design, section 3: includes follow the flow of the data."""

import re
import sys

import source

# A folder's own files, its sub-folders' and base/ may always be included. The longest matching folder decides.
COORDINATOR_PARTS = ["coordinator/journal", "coordinator/net", "coordinator/http", "coordinator/results", "coordinator/sim"]
SHELL = ["coordinator/core", "sweeps", "plan", "wire", "metrics"] + COORDINATOR_PARTS
MAY_INCLUDE = {
    "base": [],
    "sweeps": ["models/catalog"],
    "plan": [],
    "wire": [],
    "wire/trainer": [],
    "coordinator": SHELL,
    "coordinator/core": ["sweeps", "plan"],
    **{part: SHELL for part in COORDINATOR_PARTS},
    "worker/launch": ["wire"],
    "worker/agent": ["wire", "metrics", "worker/cuda/nvml"],
    "worker/program": ["wire/trainer", "sweeps"],  # the words of a command; no LibTorch
    "worker/trainer": ["models", "plan", "wire/trainer", "metrics"],
    "worker/cuda": ["worker/trainer"],
    "worker/cuda/nvml": [],  # opens the driver's library by itself: no CUDA, no torch
    "models/catalog": [],
    "models/arch": ["models/catalog"],
    "metrics": [],
    "cli": ["sweeps", "plan", "wire", "coordinator", "worker/launch", "worker/agent", "worker/program", "models/catalog", "metrics"],
}
# A parent's row does not open these: "wire" includes wire/trainer by the table, the others stand on their own.
SEPARATE = {"coordinator/core"}

# Libraries and the only places that may see them.
ONLY_IN = {
    "yaml-cpp/": ["sweeps/yaml_reader.cc", "tests/deploy"],
    "mpi.h": ["worker/launch/mpi.cc"],
    "sqlite3.h": ["coordinator/journal", "tests/coordinator/journal"],
    "torch/": ["models/arch", "worker/trainer", "worker/cuda", "tests/models/arch", "tests/worker/trainer", "bench"],
    "ATen/": ["models/arch", "worker/trainer", "worker/cuda", "tests/models/arch", "tests/worker/trainer", "bench"],
    "c10/": ["models/arch", "worker/trainer", "worker/cuda", "tests/models/arch", "tests/worker/trainer", "bench"],
    "nccl.h": ["worker/cuda"],
    "prometheus/": ["metrics", "tests/metrics"],
    "CLI/": ["cli", "bench"],
}
# The pure parts and the base see the standard library and, header-only, what stands here.
PURE_MAY_SEE = {
    "base": ("boost/system/result.hpp",),
    "sweeps": ("yaml-cpp/", "Eigen/", "boost/math/", "boost/random/sobol.hpp"),
    "plan": (),
    "coordinator/core": (),
}
# The torch headers carry their own copies of these (the design's trap 6).
NOT_WITH_TORCH = ("fmt/", "spdlog/", "google/protobuf/")

_INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)


def folder_of(path, table=MAY_INCLUDE):
    """The longest folder of the table that holds the path, or None."""
    found = [folder for folder in table if path.startswith(folder + "/")]
    return max(found, key=len, default=None)


def is_inside(path, places):
    return any(path == place or path.startswith(place.rstrip("/") + "/") for place in places)


def may_include(folder, included):
    target = folder_of(included)
    if target is None or target in ("base", folder):
        return True
    if target.startswith(folder + "/") and target not in SEPARATE:
        return True
    allowed = MAY_INCLUDE[folder]
    if target in allowed:
        return True
    return any(target.startswith(row + "/") and target not in SEPARATE for row in allowed) or (
        folder == "cli" and target.startswith("coordinator/")
    )


def check_project(path, line, included):
    folder = folder_of(path)
    if folder is None or "/" not in included or may_include(folder, included):
        return []
    allowed = ", ".join(["base"] + MAY_INCLUDE[folder])
    return [f'{path}:{line}: includes "{included}": {folder} may include {allowed}; see DESIGN 3']


def check_library(path, line, included):
    problems = []
    for prefix, places in ONLY_IN.items():
        if included.startswith(prefix) and not is_inside(path, places):
            problems.append(f"{path}:{line}: includes <{included}>: only {', '.join(places)} may; see DESIGN 3")
    folder = folder_of(path)
    is_library = "/" in included or included.endswith(".hpp")
    is_system = included.startswith(("sys/", "linux/", "netinet/", "arpa/"))
    if folder not in PURE_MAY_SEE:
        return problems
    if is_library and not is_system and not included.startswith(PURE_MAY_SEE[folder]):
        problems.append(f"{path}:{line}: includes <{included}>: {folder} links nothing; see DESIGN 3")
    if folder != "base" and (is_system or included in ("unistd.h", "fcntl.h", "pthread.h", "time.h")):
        problems.append(f"{path}:{line}: includes <{included}>: {folder} is pure; see DESIGN 3")
    return problems


def check(path, text):
    problems = []
    seen = []
    for match in _INCLUDE.finditer(text):
        line = source.line_of(text, match.start(2))
        included = match.group(2)
        seen.append((line, included))
        if match.group(1) == '"' and folder_of(included):
            problems += check_project(path, line, included)
        else:
            problems += check_library(path, line, included)
    if any(included.startswith(("torch/", "ATen/", "c10/")) for _, included in seen):
        for line, included in seen:
            if included.startswith(NOT_WITH_TORCH):
                problems.append(f"{path}:{line}: includes <{included}> beside torch, which has its own copy; see DESIGN 11.6")
    return problems


if __name__ == "__main__":
    found = [problem for path, text in source.files(sys.argv[1]) for problem in check(path, text)]
    source.finish(found, "includes follow the table of DESIGN 3")
