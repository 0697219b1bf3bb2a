from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.tool.docstring import read_docstring

GOOGLE = """Find things.

    In the database, and
    nowhere else.

    Args:
        query (str): What to
            look for: words.
        limit (int, optional): How many.
        *rest: More.

    Returns:
        list: The things.
    """
NUMPY = """Find things.

    In the database, and
    nowhere else.

    Parameters
    ----------
    query : str
        What to
        look for: words.
    limit, other : int, optional
        How many.

    Returns
    -------
    list
        The things.
    """
SPHINX = """Find things.

    In the database, and
    nowhere else.

    :param query: What to
        look for: words.
    :param int limit: How many.
    :returns: The things.
    :rtype: list
    """


@pytest.mark.parametrize("text", [GOOGLE, NUMPY, SPHINX])
def test_each_style_tells_of_the_function_and_its_parameters(text: str) -> None:
    doc = read_docstring(text)
    assert doc.summary == "Find things."
    assert doc.details == "In the database, and\nnowhere else."
    assert doc.parameters["query"] == "What to look for: words."
    assert doc.parameters["limit"] == "How many."
    assert "returns" not in doc.parameters


def test_names_that_share_words_in_numpy_style_share_them() -> None:
    assert read_docstring(NUMPY).parameters["other"] == "How many."


def test_variadic_parameters_lose_their_stars() -> None:
    assert read_docstring(GOOGLE).parameters["rest"] == "More."


@pytest.mark.parametrize("text", [None, "", "   \n  "])
def test_no_docstring_says_nothing(text: str | None) -> None:
    assert read_docstring(text).whole == ""


def test_a_docstring_in_no_style_is_all_description() -> None:
    doc = read_docstring("Do it.\n\nNote that: this is prose.\nAnd a list:\n  - one")
    assert doc.whole == "Do it.\n\nNote that: this is prose.\nAnd a list:\n  - one"
    assert doc.parameters == {}


@given(st.text(alphabet="ab :-\n\t()*,A", max_size=200) | st.text(max_size=200))
def test_any_text_is_read_without_failing(text: str) -> None:
    doc = read_docstring(text)
    assert "\n" not in doc.summary


NAME = st.text("abcdefgh", min_size=1, max_size=8)
WORDS = st.text("abc (),*", max_size=20).map(lambda words: f"It is {words}.")


@given(st.dictionaries(NAME, WORDS))
def test_what_google_style_says_of_each_parameter_is_found(parameters: dict[str, str]) -> None:
    lines = "".join(f"    {name}: {words}\n" for name, words in parameters.items())
    found = read_docstring(f"Do it.\n\nArgs:\n{lines}").parameters
    assert found == parameters
