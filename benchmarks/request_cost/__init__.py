"""`python -m benchmarks.request_cost`: compares the processor time of a request with bare
Django's."""
