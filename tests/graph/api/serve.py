"""finley by uvicorn on a given database and listening socket: serve.py DATABASE FILENO"""

import socket
import sys

import uvicorn
from django.db import connections

from finley.asgi import application
from finley.server import uvicorn as server_uvicorn


def serve(database: str, fileno: int) -> None:
    for alias in connections:
        connections[alias].settings_dict["NAME"] = database
    config = uvicorn.Config(application, **server_uvicorn.options())
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=fileno)])


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
