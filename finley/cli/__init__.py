"""The command line `finley`: questions, exports, imports, syncs and failures of a server."""
