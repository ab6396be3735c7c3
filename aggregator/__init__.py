"""A feed aggregator and mirror for security news: poll, scrape, dedupe, store, emit."""
