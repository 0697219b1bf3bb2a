"""What a citation shows: the document around the cited words, or the page of the PDF with the words marked."""
