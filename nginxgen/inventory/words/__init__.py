"""The types at the door: each function takes a text and returns it as the program uses it, or raises BadValue."""
