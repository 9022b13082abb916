# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from scons_kmod.engine.remember import Answer, remembered


class Question:
    """Counts how often it had to be answered."""

    def __init__(self, directory: Path) -> None:
        self.answer_file = directory / "answer.json"
        self.tool = directory / "tool"
        self.tool.write_text("1")
        self.asked = 0
        time.sleep(0.03)  # longer than the clock tick within which a file counts as just changed

    def __call__(self, key: object = "key") -> object:
        return remembered(self.answer_file, key, self.find)

    def find(self) -> Answer:
        self.asked += 1
        return {"answer": [self.tool.read_text()]}, [self.tool]


@pytest.fixture
def question(tmp_path: Path) -> Question:
    return Question(tmp_path)


def test_an_answer_is_found_once(question: Question) -> None:
    assert question() == question() == {"answer": ["1"]}
    assert question.asked == 1


def test_another_key_asks_again(question: Question) -> None:
    question(("a", 1))
    question(["a", 1])
    assert question.asked == 1
    question(["a", 2])
    assert question.asked == 2


def test_a_changed_file_asks_again(question: Question) -> None:
    question()
    question.tool.write_text("2")
    assert question() == {"answer": ["2"]}


def test_a_file_that_changed_during_the_answer_asks_again(question: Question) -> None:
    def find() -> Answer:
        answer = question.find()
        question.tool.write_text("edited meanwhile")
        return answer

    remembered(question.answer_file, "key", find)
    assert question() == {"answer": ["edited meanwhile"]}


@pytest.mark.parametrize("damage", ["", "{", "[]", "null", '{"key": "key"}', '{"key": "key", "files": 3}'])
def test_a_damaged_answer_asks_again(question: Question, damage: str) -> None:
    question()
    question.answer_file.write_text(damage)
    assert question() == {"answer": ["1"]}
    assert question.asked == 2


def test_an_edited_answer_asks_again(question: Question) -> None:
    question()
    text = question.answer_file.read_text()
    question.answer_file.write_text(text.replace('"1"', '"2"'))
    assert question() == {"answer": ["1"]}
    assert question.asked == 2
    # Another layout of the same content is no edit.
    question.answer_file.write_text(json.dumps(json.loads(question.answer_file.read_text())))
    assert question() == {"answer": ["1"]}
    assert question.asked == 2


def test_an_error_is_not_remembered(question: Question) -> None:
    def find() -> Answer:
        raise ValueError("no answer")

    with pytest.raises(ValueError, match="no answer"):
        remembered(question.answer_file, "key", find)
    assert not question.answer_file.exists()
