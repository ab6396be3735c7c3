"""The next and the previous post, as a page states them."""
