"""networkx's algorithms on compiled code. Names, parameters and answers are networkx's.

Each takes a Topology first; one that cannot serve its arguments raises Unsupported.
"""
