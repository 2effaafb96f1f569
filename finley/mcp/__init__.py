"""An MCP server for assistants, over HTTP and stdio. Its tools only read."""
