"""Books of a small district council in which every hard case is planted, counted and named.

They show what ordinary books hide. Each kind of case (a deduction, a case number, a series of
three, a shortened name) has its own rows, with look-alikes among them, and its own score.
"""
