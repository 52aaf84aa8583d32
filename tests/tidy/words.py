"""The vocabulary of the design, section 2, and a few habits that a search can see."""

import re
import sys

import source

NEVER = {
    "node": "agent, host or slot",
    "task": "job",
    "manager": "what it does",
    "helper": "what it does",
    "util": "what it holds",
    "utils": "what it holds",
    "common": "what it holds",
    "trial": "job",
}
# Names of libraries that are not ours to choose.
_FOREIGN = re.compile(r"\b(?:YAML|std|boost|asio|torch|at|c10|nlohmann|google|grpc|prometheus)(?:::\w+)+|\btoYAML\w+")
# Slurm counts tasks and nodes, and so do its variables; Gloo's headers have Gloo's paths.
_SLURM = re.compile(r"slurm", re.IGNORECASE)
_FOREIGN_PATHS = ("worker/trainer/gloo_decl/gloo/",)
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_SLEEP = re.compile(r"\b(?:sleep|usleep|nanosleep|sleep_for|sleep_until)\s*\(")
_COROUTINE_LAMBDA = re.compile(r"\[[^\[\]]+\]\s*\([^()]*\)[^;{}]*->\s*(?:boost::)?asio::awaitable")


def check_names(path, text):
    problems = []
    if path.startswith(_FOREIGN_PATHS):
        return problems
    for part in _PARTS.findall(path):
        if part.lower() in NEVER:
            problems.append(f'{path}:1: "{part}" in a file\'s name: say {NEVER[part.lower()]}; see DESIGN 2')
    code = re.sub(r"^\s*#\s*include.*$", "", source.code_only(text), flags=re.MULTILINE)
    for number, line in enumerate(_FOREIGN.sub("", code).split("\n"), 1):
        for name in _IDENTIFIER.findall(line):
            for part in [] if _SLURM.search(name) else _PARTS.findall(name):
                if part.lower() in NEVER:
                    problems.append(f'{path}:{number}: "{part}" in `{name}`: say {NEVER[part.lower()]}; see DESIGN 2')
    return problems


def is_poll(code, at):
    """Whether a pause only spaces out the looks at a condition: the body of a `while` on its line, or wait_until()."""
    before = code[:at]
    line = before[before.rfind("\n") + 1 :]
    enclosing = re.findall(r"^\s*def (\w+)", before, re.MULTILINE)
    return bool(re.search(r"\bwhile \(.*\)\s*[:\w]*$", line)) or (bool(enclosing) and enclosing[-1] == "wait_until")


def check_habits(path, text):
    problems = []
    if path.startswith("tests/tidy/"):  # it holds what it looks for
        return problems
    code = source.code_only(text) if path.endswith(source.CODE) else re.sub(r"#.*", "", text)
    if path.startswith("tests/"):
        for match in _SLEEP.finditer(code):
            if is_poll(code, match.start()):
                continue
            line = source.line_of(code, match.start())
            problems.append(f"{path}:{line}: a test sleeps: wait for what it waits for; see STYLE 6")
    for match in _COROUTINE_LAMBDA.finditer(code):
        line = source.line_of(code, match.start())
        problems.append(f"{path}:{line}: a capturing lambda is a coroutine: name the function; see STYLE 5")
    return problems


def check(path, text):
    return (check_names(path, text) if path.endswith(source.CODE) else []) + check_habits(path, text)


if __name__ == "__main__":
    found = [p for path, text in source.files(sys.argv[1], source.CODE + (".py",)) for p in check(path, text)]
    source.finish(found, "names keep to the vocabulary of DESIGN 2; no test sleeps")
