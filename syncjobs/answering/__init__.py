"""Questions of the graph that workers answer, each in a process of its own."""
