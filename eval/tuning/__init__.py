"""Banks that fit themselves to their questions: confidence with a meaning, settings with evidence."""
