"""Writes requirements.lock (every version of constraints.txt with the hashes of its files) and docs/LICENCES.md.

    python docs/lock.py

The hashes are those that the package index this machine is set up for states, of the wheels for Linux on x86-64 and
the versions of CPython below; no address is written. `.ci/run` installs from these files alone. Needs the network.
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from importlib.metadata import distribution
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "linux_x86_64")
HEAD = """\
# What .ci/run installs, and nothing else: versions of constraints.txt with the SHA-256 of their wheels.
# Written by docs/lock.py. Use: pip install --require-hashes --only-binary :all: -r requirements.lock
"""
LICENCES = """\
# Licences

What an installed kpibar runs on, as the packages themselves state it. Written by `docs/lock.py`; a test compares it
with the packages installed. kpibar itself is under the MIT licence (LICENSE).

| package | licence |
|---|---|
"""


def pins() -> dict[str, str]:
    """The versions of constraints.txt, by normalised name."""
    lines = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {normal(name): version for name, version in pairs}


def normal(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def hashes(python: str) -> dict[str, str]:
    """The SHA-256 of the wheel of each pinned package for a version of CPython."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--no-deps"),
                *("--only-binary", ":all:", "--implementation", "cp", "--python-version", python, *platforms),
                *("--target", folder, "--report", str(report), "-r", str(REPOSITORY / "constraints.txt")),
            ],
            check=True,
        )
        found = json.loads(report.read_text(encoding="utf-8"))["install"]
    return {normal(one["metadata"]["name"]): one["download_info"]["archive_info"]["hashes"]["sha256"] for one in found}


def lock() -> str:
    """The text of requirements.lock."""
    found = [hashes(python) for python in PYTHONS]
    lines = []
    for name, version in sorted(pins().items()):
        listed = sorted({one[name] for one in found})
        lines.append(" \\\n".join([f"{name}=={version}", *(f"    --hash=sha256:{text}" for text in listed)]))
    return HEAD + "\n".join(lines) + "\n"


def needed() -> dict[str, str]:
    """The packages kpibar runs on, directly and through others, with the licence each states."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    waiting, found = [_name(text) for text in project["dependencies"]], dict[str, str]()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = licence(name)
            required = distribution(name).requires or []
            waiting += [_name(text) for text in required if not re.search(r"extra\s*==|win32|Windows|emscripten", text)]
    return dict(sorted(found.items()))


def _name(requirement: str) -> str:
    return normal(re.split(r"[^A-Za-z0-9._-]", requirement.strip(), maxsplit=1)[0])


def licence(name: str) -> str:
    """What the metadata of an installed package says of its licence."""
    data = distribution(name).metadata
    classes = [text.rpartition(" :: ")[2] for text in data.get_all("Classifier") or [] if text.startswith("License ::")]
    stated = data["License-Expression"] or ", ".join(classes) or (data["License"] or "").partition("\n")[0]
    return stated or "not stated"


def licences() -> str:
    """The text of docs/LICENCES.md."""
    return LICENCES + "".join(f"| {name} | {stated} |\n" for name, stated in needed().items())


if __name__ == "__main__":
    (REPOSITORY / "docs" / "LICENCES.md").write_text(licences(), encoding="utf-8")
    (REPOSITORY / "requirements.lock").write_text(lock(), encoding="utf-8")
