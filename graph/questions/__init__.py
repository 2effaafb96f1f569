"""Answers the questions of the API. Each question has its module."""
