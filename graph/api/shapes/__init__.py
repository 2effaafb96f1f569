"""The shapes of parameters, bodies and answers, one module for each kind of question."""
