"""A client of a finley server, for programs and for the command line.

It needs httpx only; tables need pyarrow, and graphs networkx. It imports nothing else of finley, so
that `scripts/client.py` copies it into the package finley-client.
"""

from .problem_error import ProblemError, QuestionFailed, Unreachable
from .session import Session

__all__ = ["ProblemError", "QuestionFailed", "Session", "Unreachable"]
