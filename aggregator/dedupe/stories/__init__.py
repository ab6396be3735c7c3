"""One story for one event, however many outlets cover it: pure functions and values, no model, no service.

Item -> terms.features -> clustering.Clusterer.add -> StoryDecision        article by article
Items -> grouping.group -> Grouped                                         a whole file at once

Comparing takes numpy, which costs a tenth of a second to import: `terms` and `values` do without.
"""
