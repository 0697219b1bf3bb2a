"""Titles and headings as questions."""

from __future__ import annotations

import pytest

from serve.turns.titles import as_question, as_topic, with_article


@pytest.mark.parametrize(
    ("title", "question"),
    [
        ("How to Order a Replacement Card", "How do I order a replacement card?"),
        ("When to choose expedited shipping", "When should I choose expedited shipping?"),
        ("What Happens When You Order a Replacement Card", "What happens when you order a replacement card?"),
        ("Why was your credit card request rejected?", "Why was your credit card request rejected?"),
        ("2.3 How to query Prometheus", "How do I query Prometheus?"),
        ("How many days does it take", "How many days does it take?"),
        ("After Approval", "What happens after approval?"),
        ("Create Your First Virtual Card", "How do I create my first virtual card?"),
        ("Set up alerts", "How do I set up alerts?"),
        ("About Your Card", ""),
        ("Understanding Your Key Terms", ""),
        ("Is the Card Free", "Is the card free?"),
        ("How It Works", ""),
        ("What You Can Ask", ""),
        ("Gold Rewards Card", ""),
        ("Is", ""),
        ("Canada", ""),
        ("How to Order a Card (Internal)", ""),
        ("How to call get_orders_5765", ""),
        ("How to " + "x " * 80, ""),
        ("", ""),
    ],
)
def test_a_title_that_asks_something_is_a_question(title: str, question: str) -> None:
    assert as_question(title) == question


@pytest.mark.parametrize(
    ("title", "topic"),
    [
        ("Expedited shipping fees", "expedited shipping fees"),
        ("Pilot Information", "pilot information"),
        ("APR on Carried Balances", "APR on carried balances"),
        ("Monitoring Docker daemons", "monitoring Docker daemons"),
        ("Understanding Your Key Terms", "understanding my key terms"),
        ("With a premium subscription", ""),
        ("Matches Are Exhaustive", ""),
        ("How to Apply", ""),
        ("How It Works", ""),
        ("Report (20080108X00031)", ""),
        ("", ""),
    ],
)
def test_a_title_that_names_something_can_be_spoken_of(title: str, topic: str) -> None:
    assert as_topic(title) == topic


@pytest.mark.parametrize(
    ("topic", "spoken"),
    [
        ("quick setup checklist", "the quick setup checklist"),
        ("monitoring Docker daemons", "monitoring Docker daemons"),
        ("APR on carried balances", "APR on carried balances"),
        ("my annual fee", "my annual fee"),
    ],
)
def test_a_topic_has_an_article_where_one_would_say_it(topic: str, spoken: str) -> None:
    assert with_article(topic) == spoken
