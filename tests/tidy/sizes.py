"""Sizes of the house style, section 8: hard limits of files and functions."""

import re
import sys

import source

CC_LINES_MAX = 450
H_LINES_MAX = 200
TEST_LINES_MAX = 600
FUNCTION_LINES_MAX = 60

_NOT_A_FUNCTION = re.compile(r"^(?:\}\s*)?(?:if|for|while|switch|do|else|try|catch|namespace|class|struct|enum|union|return|extern)\b")
_QUALIFIERS = r"(?:\s*(?:const|noexcept|override|final|mutable|->\s*[\w:<>,\s*&]+))*"
_FUNCTION_HEAD = re.compile(r"\)" + _QUALIFIERS + r"\s*(?::[^:][\s\S]*)?$")
_PREFIX = re.compile(r"^(?:template\s*<[^{}]*?>\s*|(?:public|private|protected):\s*)+")


def _is_function(head):
    head = _PREFIX.sub("", head.strip())
    if not head or _NOT_A_FUNCTION.match(head) or not _FUNCTION_HEAD.search(head):
        return False
    before = head.split("(")[0]
    return "=" not in before or "operator" in before  # a lambda in a table is part of the table


def functions(text):
    """Triples of (name, first line, lines) of the outermost functions, found by their braces. A table of data inside
    a function counts as one line."""
    code = re.sub(r"^\s*#.*?(?<!\\)$", "", source.code_only(text), flags=re.MULTILINE)
    stack = []  # (kind, where its head begins, head)
    head_start = 0
    inside = 0
    table_lines = 0
    for match in re.finditer(r"[{};]", code):
        at = match.start()
        head = code[head_start:at]
        if match.group() == "{":
            kind = "function" if inside == 0 and _is_function(head) else "table" if head.rstrip().endswith("=") else ""
            stack.append((kind, at - len(head.lstrip()), head))
            inside += kind == "function"
        elif match.group() == "}" and stack:
            kind, begins, head = stack.pop()
            if kind == "table" and inside and not any(outer[0] == "table" for outer in stack):
                table_lines += code.count("\n", begins, at)
            if kind == "function":
                inside -= 1
                first = source.line_of(code, begins)
                name = re.search(r"([~\w:]+|operator\W+)\s*\(", head)
                yield (name.group(1) if name else "?"), first, source.line_of(code, at) - first + 1 - table_lines
                table_lines = 0
        head_start = at + 1


def check(path, text):
    lines = text.count("\n")
    if path.startswith(("tests/", "bench/")):
        limit = TEST_LINES_MAX
    else:
        limit = H_LINES_MAX if path.endswith(".h") else CC_LINES_MAX
    problems = []
    if lines > limit:
        problems.append(f"{path}:1: {lines} lines, more than {limit}; see STYLE 8")
    for name, first, length in functions(text):
        if length > FUNCTION_LINES_MAX:
            problems.append(f"{path}:{first}: {name} has {length} lines, more than {FUNCTION_LINES_MAX}; see STYLE 8")
    return problems


if __name__ == "__main__":
    found = [problem for path, text in source.files(sys.argv[1]) for problem in check(path, text)]
    source.finish(found, "files and functions keep within the hard limits of STYLE 8")
