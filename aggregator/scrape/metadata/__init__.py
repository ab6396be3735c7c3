"""Title, author, dates, language and lead image of a page."""
