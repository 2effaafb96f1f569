"""`python -m benchmarks.request_cost`: the cost of a request, beside bare Django's."""
