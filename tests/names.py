"""Which names of the package are participles or pronouns: `python -m tests.names` prints their share and each of them.

A name says what it stands for with a noun or, of a function, what it does with a verb. A participle or a pronoun alone
(`found`, `held`, `one`, `other`) does neither. Counted are all names that the code binds: functions, classes,
parameters, variables, attributes.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "kpibar"
PRONOUNS = frozenset(
    """all another any both each either every few fewer he here it its least less many more most much neither none one
    ones other others own same several she some such that their them then there these they this those what which who
    whom whose""".split()  # noqa: SIM905
)
IRREGULAR = frozenset(
    """begun bent bound broken brought built caught chosen come cut done drawn driven eaten fallen fed felt forgotten
    found frozen given gone got grown heard held hidden kept known laid led lent lost made meant met paid ridden risen
    run said seen sent shown shut slept sold sought spelt spent spoken stolen stood struck sunk sworn taken taught
    thought thrown told torn understood woken won worn wound written""".split()  # noqa: SIM905
)
# Words of that form that are nouns, or verbs.
NOUNS = frozenset(
    """bed bleed embed exceed feed finding indeed need proceed red run seed shed speed succeed
    binding ceiling drawing ending encoding heading landing listing mapping meaning opening padding pricing ranking
    rating reporting ring rounding setting spacing spelling spring string thing timing warning""".split()  # noqa: SIM905
)
# What became of a record, and of a line: the columns of the ledger, as every version of it has written them.
FATES = frozenset("added updated unchanged superseded folded rejected dropped repaired removed".split())  # noqa: SIM905
PARTICIPLE = re.compile(r".{2,}(?:ed|ing)")


@dataclass(frozen=True)
class Name:
    """A name that a line of a file binds."""

    text: str
    path: Path
    line: int

    @property
    def is_riddle(self) -> bool:
        """Whether it is a participle or a pronoun and nothing else."""
        word = self.text.strip("_")
        if re.search(r"_|[a-z][A-Z]", word):
            return False
        word = word.lower()
        if word in PRONOUNS or word in IRREGULAR - NOUNS:
            return True
        return bool(PARTICIPLE.fullmatch(word)) and word not in NOUNS | FATES


def names(package: Path = PACKAGE) -> Iterator[Name]:
    """Every name that the files of a package bind, in their order."""
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.FunctionDef(name=text) | ast.AsyncFunctionDef(name=text) | ast.ClassDef(name=text):
                    yield Name(text, path, node.lineno)
                case ast.arg(arg=text) | ast.Name(id=text, ctx=ast.Store()) | ast.Attribute(attr=text, ctx=ast.Store()):
                    yield Name(text, path, node.lineno)
                case ast.ExceptHandler(name=str(text)):
                    yield Name(text, path, node.lineno)


def main() -> None:
    """Print the share, the words by how often they are names, and each place."""
    every = list(names())
    riddles = [name for name in every if name.is_riddle]
    print(f"{len(riddles)} of {len(every)} names are participles or pronouns: {len(riddles) / len(every):.2%}")
    print(", ".join(f"{word} {count}" for word, count in Counter(name.text for name in riddles).most_common()))
    for name in riddles:
        print(f"{name.path.relative_to(PACKAGE.parent)}:{name.line}: {name.text}")


if __name__ == "__main__":
    main()
