"""The lock, the licences and the versions a run was tested with are those of pyproject.toml."""

import re
import runpy
import tomllib
from importlib.metadata import distributions

from packaging.requirements import Requirement

from tests.support import REPOSITORY

LOCK = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
TOOL = runpy.run_path(str(REPOSITORY / "docs" / "lock.py"))
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
LOCKED = dict(re.findall(r"^([a-z0-9-]+)==(\S+) ", LOCK, re.M))
RENEW = "python docs/lock.py writes it anew"
# A fresh environment may hold newer packages than the lock: what these need says nothing of the lock.
INSTALLED = {TOOL["normal"](one.metadata["Name"]): one for one in distributions()}
AS_LOCKED = {name: one for name, one in INSTALLED.items() if LOCKED.get(name) == one.version}


def test_the_lock_holds_the_tested_versions() -> None:
    assert TOOL["pins"]() == LOCKED, RENEW


def test_the_lock_holds_all_that_is_asked_for() -> None:
    """What kpibar runs on, what tests it and what builds it, each in a version that pyproject.toml allows."""
    asked = [
        *PROJECT["project"]["dependencies"],
        *PROJECT["project"]["optional-dependencies"]["test"],
        *PROJECT["build-system"]["requires"],
    ]
    for requirement in map(Requirement, asked):
        version = LOCKED.get(TOOL["normal"](requirement.name))
        assert version and requirement.specifier.contains(version), f"{requirement}: {version}; {RENEW}"


def test_the_lock_holds_what_its_packages_need() -> None:
    """Of the packages installed here in the locked version: each requirement is locked, in a version it allows."""
    for package in AS_LOCKED.values():
        for requirement in map(Requirement, package.requires or []):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                version = LOCKED.get(TOOL["normal"](requirement.name))
                assert version and requirement.specifier.contains(version), f"{requirement}: {version}; {RENEW}"


def test_each_package_has_hashes_and_none_an_address() -> None:
    blocks = re.split(r"\n(?=[a-z0-9-]+==)", LOCK.partition("requirements.lock\n")[2].strip())
    assert len(blocks) == len(LOCKED) > 40
    for block in blocks:
        assert re.fullmatch(r"[a-z0-9-]+==\S+( \\\n    --hash=sha256:[0-9a-f]{64})+", block), block
    for text in (LOCK, (REPOSITORY / "constraints.txt").read_text(encoding="utf-8")):
        assert not re.search(r"://|@|--(extra-)?index|--find-links|--trusted", text)


def test_the_checks_install_from_the_lock_alone() -> None:
    script = (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")
    assert "--require-hashes --no-deps --only-binary :all: -r requirements.lock" in script
    assert "export PIP_NO_INDEX=1" in script


def test_the_licences_are_those_of_the_packages() -> None:
    """All packages are named, and of those that are installed in the tested version the licence is as they state it.

    Where others are newer than the tested ones, they may need other packages.
    """
    written = (REPOSITORY / "docs" / "LICENCES.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| ([a-z0-9-]+) \| (.+) \|$", written, re.M))
    listed.pop("package")
    found = TOOL["needed"]()
    if found.keys() <= AS_LOCKED.keys():
        assert listed.keys() == found.keys(), RENEW
    assert found.keys() & AS_LOCKED.keys() <= listed.keys(), RENEW
    assert "not stated" not in listed.values()
    for name in found.keys() & AS_LOCKED.keys():
        assert listed[name] == found[name], RENEW
