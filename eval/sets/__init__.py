"""Sets of cases with the documents they ask about, in the layouts that others publish."""
