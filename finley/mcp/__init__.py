"""The door for assistants: an MCP server over HTTP and stdio, with read-only tools."""
