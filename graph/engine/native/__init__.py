"""networkx's algorithms on compiled code, with networkx's names, parameters and results.

Each function takes a Topology first, and raises Unsupported for arguments that it does not support.
"""
