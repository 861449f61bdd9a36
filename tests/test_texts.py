"""The page's prose: complete, short, and with links that lead somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from vae_core.errors import InputError
from vae_core.experiments.orders import ORDERS
from vae_core.explorer.claims import all_claims
from vae_core.explorer.parts import texts
from vae_core.explorer.parts.layers import LAYERS
from vae_core.explorer.parts.texts import Question

from .explore_page import MODEL_NAMES

CLAIMS = all_claims()
QUESTION = "# Questions\n\n## Why?\nBecause. So.\nsee: argument?claim=1&image=7\n"
INTEGERS = [str(number) for number in range(10_000)]
ALLOWED = {
    "argument": {"claim": list(CLAIMS), "model": list(MODEL_NAMES), "image": INTEGERS},
    "explore": {
        "model": list(MODEL_NAMES),
        "versus": [*MODEL_NAMES, "none"],
        "image": INTEGERS,
        "layer": list(LAYERS),
        "order": list(ORDERS),
        "scale": ["0", "0.5", "1", "2", "3"],
    },
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder in place of the project's texts."""
    monkeypatch.setattr(texts, "TEXT", tmp_path)
    texts.claim.cache_clear()
    texts.questions.cache_clear()
    yield tmp_path
    texts.claim.cache_clear()
    texts.questions.cache_clear()


@pytest.mark.parametrize("number", [int(number) for number in CLAIMS])
def test_a_claim_is_a_title_and_at_most_90_words(number: int) -> None:
    text = texts.claim(number)
    assert text.title
    assert "#" not in text.title
    assert "\n" not in text.title
    assert 30 <= len(text.body.split()) <= 90
    assert not text.body.startswith("#")


def test_the_texts_are_those_of_the_claims() -> None:
    names = {path.name for path in texts.TEXT.glob("*.md")}
    assert names >= {*(f"claim-{number}.md" for number in CLAIMS), "questions.md"}
    assert len({texts.claim(int(number)).title for number in CLAIMS}) == len(CLAIMS)


def test_there_are_at_least_twelve_questions() -> None:
    found = texts.questions()
    assert len(found) >= 12
    assert len({one.question for one in found}) == len(found)


@pytest.mark.parametrize("one", texts.questions(), ids=lambda one: one.question)
def test_an_answer_is_two_sentences_and_a_link_that_works(one: Question) -> None:
    assert one.question.endswith("?")
    sentences = re.findall(r"[.?!](?=\s|$)", one.answer)
    assert 1 <= len(sentences) <= 3, one.answer
    assert one.answer.endswith(".")
    assert "see:" not in one.answer
    assert one.query, "a link says what to look at"
    for key, value in one.query.items():
        assert value in ALLOWED[one.page][key], (key, value)
    assert one.page == "explore" or "claim" in one.query


def test_a_claim_is_read_from_its_file(folder: Path) -> None:
    (folder / "claim-3.md").write_text("# A title\nOne **line**.\nAnother.\n", encoding="utf-8")
    assert texts.claim(3) == texts.Claim("A title", "One **line**.\nAnother.")


def test_a_question_is_read_from_its_file(folder: Path) -> None:
    (folder / "questions.md").write_text(QUESTION, encoding="utf-8")
    expected = Question("Why?", "Because. So.", "argument", {"claim": "1", "image": "7"})
    assert texts.questions() == (expected,)


@pytest.mark.parametrize(
    "damaged",
    [
        QUESTION.replace("see: argument?claim=1&image=7\n", ""),
        QUESTION.replace("Because. So.\n", ""),
        QUESTION.replace("argument?", "nowhere?"),
        QUESTION.replace("argument?", "?"),
        QUESTION.replace("see:", "look:"),
        QUESTION + "\n## And without an answer?\n",
    ],
)
def test_a_damaged_question_is_refused(folder: Path, damaged: str) -> None:
    (folder / "questions.md").write_text(damaged, encoding="utf-8")
    with pytest.raises(InputError, match=r"questions\.md: expected an answer and a line 'see:"):
        texts.questions()


def test_a_missing_or_unreadable_text_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match=r"claim-1\.md: expected a readable file"):
        texts.claim(1)
    with pytest.raises(InputError, match=r"questions\.md: expected a readable file"):
        texts.questions()
    (folder / "claim-1.md").write_bytes(b"# \xff\xfe\n")
    with pytest.raises(InputError, match=r"claim-1\.md: expected a readable file"):
        texts.claim(1)
