from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from serve.sources.matching import Quote, find_quote, keyed


def said(quote: Quote, page: str) -> str:
    return "|".join(page[span.start : span.stop] for span in find_quote(quote, page))


def test_words_are_found_across_lines_spaces_and_hyphens() -> None:
    page = "The pilot re\ufffeported a loss of\r\nengine  power near Boquete."
    assert said(Quote("reported a loss of engine power"), page) == "re\ufffeported a loss of\r\nengine  power"
    assert said(Quote("The well-known valley"), "The well-\r\nknown val-\r\nley.") == "The well-\r\nknown val-\r\nley"


def test_ligatures_accents_and_capitals_make_no_difference() -> None:
    assert said(Quote("The final eﬃciency"), "the ﬁnal efficiency") == "the ﬁnal efficiency"
    assert said(Quote("Café"), "caf\u0065\u0301 noir") == "caf\u0065\u0301"


def test_the_marks_around_a_quote_belong_to_it() -> None:
    page = "He said: “It stopped.” Then he left."
    assert said(Quote("“It stopped.”"), page) == "“It stopped.”"
    assert said(Quote("“It stopped.”"), "It stopped; then") == "It stopped"


def test_of_two_places_the_one_amid_the_same_words_is_meant() -> None:
    page = "Speed: 10 knots at noon. Wind: 10 knots at night."
    assert find_quote(Quote("10 knots", before="Wind: ", after=" at night"), page) == [range(31, 39)]
    assert find_quote(Quote("10 knots", before="Speed: ", after=" at noon"), page) == [range(7, 15)]


def test_where_the_words_around_say_nothing_the_share_of_the_page_decides() -> None:
    page = "x 10 y\n" + "z " * 50 + "x 10 y"
    assert find_quote(Quote("10", at=0.0), page)[0].start < 10
    assert find_quote(Quote("10", at=0.9), page)[0].start > 50


def test_cells_that_run_over_lines_are_found_in_pieces() -> None:
    page = "Certificate:  Commercial pilot    Age: 34\r\nAirplane single-engine            Male\r\nOther words here"
    quote = "Certificate: Commercial pilot Airplane single-engine | Age: 34 Male"
    found = said(Quote(quote), page)
    assert keyed(found).key == keyed("Certificate: Commercial pilot Age: 34 Airplane single-engine Male").key


def test_what_the_page_does_not_say_is_not_found() -> None:
    assert find_quote(Quote("an entirely different sentence about bread"), "The pilot reported a loss of power.") == []
    assert find_quote(Quote("the pilot reported bread and butter and cheese"), "The pilot reported a loss.") == []
    assert find_quote(Quote("…"), "no such mark") == []
    assert find_quote(Quote("→"), "here → there") == [range(5, 6)]
    assert find_quote(Quote("words"), "") == []


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_whatever_is_on_a_page_is_found_there(before: str, words: str, after: str) -> None:
    page = before + words + after
    spans = find_quote(Quote(words, before, after), page)
    assert all(0 <= span.start < span.stop <= len(page) for span in spans)
    if keyed(words).key:
        assert keyed(words).key in keyed("".join(page[span.start : span.stop] for span in spans)).key
