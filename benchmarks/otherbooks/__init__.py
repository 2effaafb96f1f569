"""Books of another make: a small charity with a cycle workshop, invented, with their truth.

Made to score detectors on what they were not written for: its own code, layouts, habits and
mishaps. `python -m benchmarks.otherbooks FOLDER --seed N` writes them; so does `charity.write`.
"""
