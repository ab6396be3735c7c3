"""A feed aggregator and mirror for security news: poll, scrape, dedupe, store, emit."""

import os

# A signal that the daemon holds back while it starts would reach the threads of numpy, and end it: one is enough.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
