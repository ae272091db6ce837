"""The verbs: words to values, results to text or JSON. One module a verb, imported when it is asked for."""
