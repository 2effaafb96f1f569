"""A local HTTP server that behaves like Nango's proxy and the four providers behind it."""
