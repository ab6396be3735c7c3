"""What the tests of several folders use: builders, servers, rules for documents."""
