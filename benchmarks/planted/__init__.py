"""Books of a small district council in which every hard case is planted, counted and named.

Made to show what ordinary books hide: each kind of case (a deduction, a case number, a series of
three, a shortened name) has its own rows, look-alikes among them, and its own score.
"""
