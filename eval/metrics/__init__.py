"""What is measured of one case: ranking, spans, answers, citations, routing and effort."""
