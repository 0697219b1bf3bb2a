from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsers.html import HtmlParser
from knowledge.errors import EmptyDocument, ParseError
from tests.ingest.made_files import check, gaps, outline, read

PAGE = """<!DOCTYPE html><html lang="en"><head><title>Opening hours &amp; prices</title>
<meta name="author" content="The desk"><style>p {color:red}</style></head>
<body><nav><a href="/">Home</a></nav><script>alert('x')</script>
<h1>Visit<br>us</h1>
<p>We are <b>open</b> daily&nbsp;&mdash; even
on Sundays.</p>
<ul><li>Adults<ul><li>with a guest</li></ul></li><li><p>Children</p><p>under 12</p></li></ul>
<ol start="3"><li>Pay</li><li>Enter</li></ol>
<table><caption>Prices</caption><tr><th>Who</th><th>Price</th></tr>
<tr><td rowspan="2">Adult</td><td>10 <i>EUR</i></td></tr><tr><td>12 USD</td></tr></table>
<pre>
  keep
    this
</pre>
<p hidden>secret</p><p style="display: none">secret</p><template>secret</template>
<div>tail<p>inner</p>after</div></body></html>"""


def test_a_page_becomes_what_its_reader_sees() -> None:
    document = read(PAGE, "visit.html")
    assert outline(document) == [
        ("heading", "Visit us"),
        ("paragraph", "We are open daily — even on Sundays."),
        ("list_item", "- Adults"),
        ("list_item", "- with a guest"),
        ("list_item", "- Children"),
        ("list_item", "under 12"),
        ("list_item", "3. Pay"),
        ("list_item", "4. Enter"),
        ("paragraph", "Prices"),
        ("table_header", "Who | Price"),
        ("table_row", "Adult | 10 EUR"),
        ("table_row", "Adult | 12 USD"),
        ("code", "  keep\n    this"),
        ("paragraph", "tail"),
        ("paragraph", "inner"),
        ("paragraph", "after"),
    ]
    assert document.title == "Opening hours & prices"
    assert document.metadata == {"author": "The desk", "language": "en"}
    assert gaps(document) == []


def test_the_declared_encoding_is_used() -> None:
    page = '<html><head><meta charset="windows-1251"></head><body><p>Да</p></body></html>'
    assert "Да" in read(page.encode("cp1251"), "a.html").text


def test_only_the_main_part_of_a_page_is_read_where_it_says_which_that_is() -> None:
    page = (
        f"<body><header>Skip to content</header><main><h1>Pay</h1><p>{'word ' * 60}</p></main><footer>©</footer></body>"
    )
    document = read(page, "a.html")
    assert "Skip" not in document.text
    assert document.title == "Pay"


def test_a_table_that_lays_out_a_page_is_no_table() -> None:
    page = "<table><tr><td><h2>News</h2><p>Words.</p></td><td><table><tr><td>a<td>b</table></td></tr></table>"
    assert outline(read(page, "a.html")) == [("heading", "News"), ("paragraph", "Words."), ("table_row", "a | b")]


def test_invisible_characters_are_left_out() -> None:
    assert read("<p>pass\u200bword re\xadset</p>", "a.html").text == "password reset"


def test_malformed_markup_is_read_as_browsers_do() -> None:
    assert outline(read("<p>one<p>two<b>three<li>x</b></div>&bogus; &#0; end", "a.html"))[:2] == [
        ("paragraph", "one"),
        ("paragraph", "twothree"),
    ]


def test_a_page_that_nests_too_deeply_is_refused_and_not_cut() -> None:
    with pytest.raises(ParseError, match=r"deep\.html nests its elements too deeply"):
        read("<div>" * 30_000 + "words", "deep.html")


def test_a_page_without_words_is_empty() -> None:
    with pytest.raises(EmptyDocument):
        read("<html><body><img src='x.png'><script>run()</script></body></html>", "a.html")


MARKUP = (
    "<p> </p> <div> </div> <ul> <li> </ul> <table> <tr> <td> <th rowspan=3> </table> <pre> </pre> <h2> </h2> <br> "
    "<script> </script> <p\thidden> word word <!-- --> &amp; <title> <body>"
)


@given(st.lists(st.sampled_from(MARKUP.split(" ")), max_size=30).map("".join))
def test_any_markup_gives_sound_blocks_with_nothing_between(source: str) -> None:
    try:
        document = HtmlParser().parse(source.encode(), "a.html")
    except ParseError:
        return
    check(document)
    assert gaps(document) == []
