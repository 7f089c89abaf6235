"""The commands that take something out of a database again: `forget`, `purge`, `remove`; and another key.

Each says what goes, asks, and writes the database anew; see kpibar.removal.erasure and kpibar.removal.rewrite.
"""

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kpibar.cli.console import announce, say
from kpibar.cli.errors import ConsentMissing
from kpibar.cli.options import ConfigOption, DatabaseOption, Lang, LangOption, WaitOption, choose_language
from kpibar.database.errors import DatabaseMissing

if TYPE_CHECKING:
    from kpibar.config import Config
    from kpibar.database.store import Store
    from kpibar.removal.erasure import Erasure

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="List what would be deleted, and delete nothing.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

# Answers to a question, in any language; none is a no.
_ANSWERS = {"y": True, "yes": True, "o": True, "oui": True, "n": False, "no": False, "non": False, "": False}


def forget(
    email: Annotated[list[str] | None, typer.Option(help="An e-mail address; may be repeated.")] = None,
    phone: Annotated[list[str] | None, typer.Option(help="A telephone number; may be repeated.")] = None,
    customer: Annotated[list[str] | None, typer.Option(help="A customer id; may be repeated.")] = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    lang: LangOption = None,
    db: DatabaseOption = None,
    wait: WaitOption = 0.0,
    config: ConfigOption = None,
) -> None:
    """Delete everything of a person from the database, and rewrite its file so that nothing of it is left there.

    The person's contacts, orders, parcels, messages, surveys and gestures are deleted. Older exports that are
    ingested again do not bring them back.

    Example: kpibar forget --email jean@example.org --phone "06 12 34 56 78" --dry-run
    """
    from kpibar.removal.erasure import plan_forgetting
    from kpibar.removal.people import Identifiers
    from kpibar.render import withdrawals

    identifiers = Identifiers(email or (), phone or (), customer or ())
    _erase(
        "forget", lambda store, settings: plan_forgetting(store, identifiers, settings), withdrawals.forget_lines,
        dry_run=dry_run, yes=yes, lang=lang, db=db, wait=wait, config=config,
    )  # fmt: skip


def purge(
    older_than: Annotated[str, typer.Option("--older-than", help="Age, such as 3y, 18m, 26w or 90d.")],
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    lang: LangOption = None,
    db: DatabaseOption = None,
    wait: WaitOption = 0.0,
    config: ConfigOption = None,
) -> None:
    """Delete every record that began so long ago from the database, and rewrite its file.

    Exports that are ingested later do not bring such records back.

    Example: kpibar purge --older-than 3y --dry-run
    """
    from kpibar.removal.erasure import plan_purge
    from kpibar.render import withdrawals

    _erase(
        "purge", lambda store, settings: plan_purge(store, older_than), withdrawals.purge_lines,
        dry_run=dry_run, yes=yes, lang=lang, db=db, wait=wait, config=config,
    )  # fmt: skip


def remove(
    file: Annotated[str, typer.Argument(help="Its number in the ledger, its name, or the file itself.")],
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    lang: LangOption = None,
    db: DatabaseOption = None,
    wait: WaitOption = 0.0,
    config: ConfigOption = None,
) -> None:
    """Remove a file from the database, as if it had never been ingested, to correct a wrong --brand for example.

    Where it replaced records of other files, those files are listed: ingest them again.

    Example: kpibar remove tickets-march.csv --dry-run
    """
    from kpibar.config import load
    from kpibar.database.store import open_store
    from kpibar.removal import files
    from kpibar.render import messages, withdrawals

    settings = load(config)
    path, language = _existing_database(db, settings), choose_language(lang, settings)
    with open_store(
        path, write=not dry_run, wait=wait, migrate=not dry_run, rewritten=not dry_run, notify=announce
    ) as store:
        removal = files.plan_removal(store, files.find_file(store, file))
        for line in withdrawals.remove_lines(removal, language):
            say(line)
        if dry_run:
            say(messages.say("removal_dry_run", language))
            return
        if not ask_consent("remove", yes, language):
            raise typer.Exit(1)
        files.remove(store, removal, settings)
    say(messages.say("removal_rewritten_file", language, path=path))


def rotate_key(
    finish: Annotated[bool, typer.Option("--finish", help="Replace the old key and database by the new ones.")] = False,
    lang: LangOption = None,
    db: DatabaseOption = None,
    wait: WaitOption = 0.0,
    config: ConfigOption = None,
) -> None:
    """Make a new key for the pseudonyms, and list the commands that ingest the exports again under it.

    New pseudonyms can only be made from the exports. The old key is kept beside the new one: older copies of the
    database need it.

    Example: kpibar rotate-key, then the commands it lists, then kpibar rotate-key --finish
    """
    from kpibar.config import load
    from kpibar.removal.rotation import begin_rotation, finish_rotation
    from kpibar.render import messages, withdrawals

    settings = load(config)
    path, language = _existing_database(db, settings), choose_language(lang, settings)
    if finish:
        finish_rotation(path, settings, wait)
        say(messages.say("rotate_done", language, path=path))
        return
    for line in withdrawals.rotate_lines(begin_rotation(path, settings, wait), language):
        say(line)


def _existing_database(db: Path | None, config: "Config") -> Path:
    """The database, which must be there. Raises DatabaseMissing."""
    path = config.database_path(db)
    if not path.exists():
        raise DatabaseMissing(path)
    return path


def _erase(
    command: str,
    plan: "Callable[[Store, Config], Erasure]",
    words: "Callable[[Erasure, str], Sequence[str]]",
    *,
    dry_run: bool,
    yes: bool,
    lang: Lang | None,
    db: Path | None,
    wait: float,
    config: Path | None,
) -> None:
    """Plan, say, ask and erase."""
    from kpibar.config import load
    from kpibar.database.store import open_store
    from kpibar.removal.erasure import erase
    from kpibar.render import messages, withdrawals

    settings = load(config)
    path, language = _existing_database(db, settings), choose_language(lang, settings)
    with open_store(
        path, write=not dry_run, wait=wait, migrate=not dry_run, rewritten=not dry_run, notify=announce
    ) as store:
        erasure = plan(store, settings)
        for line in words(erasure, language):
            say(line)
        if dry_run:
            say(messages.say("removal_dry_run", language))
            return
        if not ask_consent(command, yes, language):
            raise typer.Exit(1)
        erase(store, erasure, settings)
    records = withdrawals.count_text(erasure.records, language)
    say(messages.say("removal_rewritten", language, path=path, records=records))


def ask_consent(command: str, yes: bool, lang: str) -> bool:
    """Whether the user wants it. Raises ConsentMissing where nobody can be asked."""
    from kpibar.render import messages

    if yes:
        return True
    if not sys.stdin.isatty():
        raise ConsentMissing(f"kpibar {command}")
    with suppress(EOFError, typer.Abort):
        while True:
            answer = typer.prompt(messages.say("removal_question", lang), default="", show_default=False, err=True)
            if answer.strip().lower() in _ANSWERS:
                break
        if _ANSWERS[answer.strip().lower()]:
            return True
    say(messages.say("removal_declined", lang))
    return False
