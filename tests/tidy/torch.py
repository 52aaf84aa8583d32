"""The budget of translation units that see LibTorch (each costs up to a minute): torch_files.txt lists them.

`torch.py ROOT --update` writes the list anew; look at its diff before you commit it.
"""

import pathlib
import re
import sys

import source

LIST = pathlib.Path(__file__).with_name("torch_files.txt")
_TORCH = re.compile(r'#\s*include\s+[<"](?:torch|ATen|c10)/')
_OWN = re.compile(r'#\s*include\s+"([^"]+)"')


def units(texts):
    """The .cc files among {path: text} that include torch, themselves or through our headers."""
    seen = {}

    def sees_torch(path):
        if path not in seen:
            seen[path] = False  # for a circle of includes
            text = texts.get(path, "")
            seen[path] = bool(_TORCH.search(text)) or any(sees_torch(header) for header in _OWN.findall(text))
        return seen[path]

    return sorted(path for path in texts if path.endswith(".cc") and sees_torch(path))


def check(found, listed):
    new = [f"{path}:1: includes torch: another slow translation unit needs its line in tests/tidy/torch_files.txt"
           for path in sorted(set(found) - set(listed))]
    gone = [f"tests/tidy/torch_files.txt: {path} does not include torch any more: remove its line"
            for path in sorted(set(listed) - set(found))]
    return new + gone


if __name__ == "__main__":
    present = units(dict(source.files(sys.argv[1])))
    if "--update" in sys.argv:
        LIST.write_text("".join(path + "\n" for path in present), encoding="utf-8")
    source.finish(check(present, LIST.read_text(encoding="utf-8").split()), "the files that include torch are listed")
