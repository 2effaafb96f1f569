"""The whole graph as files and streams."""
