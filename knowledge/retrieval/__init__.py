"""How passages are found: dense and lexical search, fusion, and the routing of questions to banks."""
