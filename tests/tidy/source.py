"""What all checks share: the files of the tree, and code without its comments and strings."""

import pathlib
import re
import sys

FOLDERS = ("base", "sweeps", "plan", "wire", "coordinator", "worker", "models", "metrics", "cli", "bench", "tests")
CODE = (".cc", ".h")


def files(root, suffixes=CODE, folders=FOLDERS):
    """Pairs of (path relative to the root, text), in order."""
    root = pathlib.Path(root)
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in suffixes and path.is_file():
                yield path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")


_TOKEN = re.compile(
    r"""
    //[^\n]* | /\*.*?\*/                                        # comments
    | R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)"              # raw strings
    | "(?:\\.|[^"\\\n])*" | (?<![0-9a-zA-Z_])'(?:\\.|[^'\\\n])*'  # strings, characters (not 1'000)
    """,
    re.VERBOSE | re.DOTALL,
)


def code_only(text):
    """The text with comments and the insides of strings blanked; every line keeps its number."""

    def blank(match):
        kept = '""' if match.group()[0] in "\"'R" else ""
        return kept + "\n" * match.group().count("\n")

    return _TOKEN.sub(blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def finish(problems, what):
    """Prints what a check found and ends the program with its status."""
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems: {what}" if problems else f"ok: {what}")
    sys.exit(1 if problems else 0)
