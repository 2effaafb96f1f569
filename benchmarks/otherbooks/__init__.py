"""Books of another kind: a small invented charity with a cycle workshop, with the truth about them.

They score detectors on data for which these were not written: the books have their own code,
layouts, habits and mistakes. `python -m benchmarks.otherbooks FOLDER --seed N` writes them; so does
`charity.write`.
"""
