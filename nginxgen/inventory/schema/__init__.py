"""The inventory's shape, in pydantic: which keys there are and which type each value has.

Descriptions are what a message says is expected, and what an editor shows.
"""
