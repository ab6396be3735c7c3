"""What an article names: identifiers, names and network values, recognised and judged.

Pure: text in, values out. Nothing here reads files, the clock, the network or the database.
"""
