"""Who may do what: keys, visitors, limits, what is noted, and what is never shown or written down."""
