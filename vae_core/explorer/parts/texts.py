"""The page's prose, which lives in assets/text."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl

from ...errors import InputError
from ...models.data import ASSETS

__all__ = ["TEXT", "Claim", "Question", "Step", "claim", "questions", "tour"]

TEXT = ASSETS / "text"


@dataclass(frozen=True)
class Claim:
    """One claim: its title and what is claimed, in Markdown."""

    title: str
    body: str


@dataclass(frozen=True)
class Question:
    """A learner's question, its answer in Markdown, and where to see it.

    Attributes:
        page: `"argument"` or `"explore"`.
        query: of the link to that page.
    """

    question: str
    answer: str
    page: str
    query: dict[str, str]


@dataclass(frozen=True)
class Step:
    """A step of the tour.

    Attributes:
        symbol: that is lit up.
        sentence: with {names} of numbers on the stage.
    """

    symbol: str
    sentence: str


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Text {path.name}: expected a readable file in {path.parent}") from error


@cache
def claim(number: int) -> Claim:
    """The text of a claim, from `claim-NUMBER.md`: a heading, then the body.

    Raises:
        InputError: the file is missing.
    """
    title, _, body = _read(TEXT / f"claim-{number}.md").partition("\n")
    return Claim(title.lstrip("# ").strip(), body.strip())


@cache
def questions() -> tuple[Question, ...]:
    """The questions, from `questions.md`: `## question`, the answer, `see: page?query`.

    Raises:
        InputError: the file is missing, or a question lacks its answer or its link.
    """
    found = []
    for section in _read(TEXT / "questions.md").split("\n## ")[1:]:
        question, _, rest = section.partition("\n")
        answer, _, link = rest.strip().rpartition("\nsee: ")
        page, _, query = link.strip().partition("?")
        if not answer or page not in ("argument", "explore"):
            raise InputError(
                f"Text questions.md: expected an answer and a line 'see: page?query' below "
                f"{question!r}"
            )
        found.append(Question(question.strip(), answer.strip(), page, dict(parse_qsl(query))))
    return tuple(found)


@cache
def tour() -> tuple[Step, ...]:
    """The steps of the tour, from `tour.md`: `## symbol`, the sentence.

    Raises:
        InputError: the file is missing.
    """
    sections = _read(TEXT / "tour.md").split("\n## ")[1:]
    return tuple(
        Step(symbol.strip(), sentence.strip())
        for symbol, _, sentence in (section.partition("\n") for section in sections)
    )
