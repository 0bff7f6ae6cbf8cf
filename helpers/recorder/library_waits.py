"""What the waits inside libraries are called, without importing the libraries.

A coroutine function is known by where it stands: the last two parts of the name of its file, and its qualified name. It
is looked up once, when its code is first met, so a step of a task costs nothing more. A wait inside one of these
functions gets the name of the outermost of them, as it does with asyncio's own functions in `waits.py`. So the function
to name is the one that waits for this alone: `ClientResponse.start` waits for the response, while
`ClientSession._request` looks up an address and connects, too.

A library that is not here is known by its name: "waits for redis". `tests/recorder/test_library_waits.py` looks every
function up in the real library: an upgrade that renames one is noticed there.
"""

from __future__ import annotations

import os
from types import CodeType

Key = tuple[str, str]                   # ("aiohttp/streams.py", "StreamReader._wait")

_ANYIO, _ANYIO_SOCKETS, _ANYIO_STREAMS = "_backends/_asyncio.py", "_core/_sockets.py", "streams/memory.py"

# Of each package: a file, and what the waits inside its functions are called.
TABLE: dict[str, dict[str, dict[str, str]]] = {
    "aiohttp": {
        "aiohttp/client_reqrep.py": {
            "ClientResponse.start": "response",
            "ClientResponse._wait_released": "socket",      # until the request is sent
            "ClientResponse.wait_for_close": "socket",
        },
        "aiohttp/streams.py": {
            "StreamReader._wait": "socket",
            "StreamReader.wait_eof": "socket",
        },
        "aiohttp/base_protocol.py": {"BaseProtocol._drain_helper": "socket"},
        "aiohttp/connector.py": {
            "BaseConnector._wait_for_available_connection": "connection",
            "TCPConnector._resolve_host": "dns",
            "_wait_for_close": "socket",
        },
        "aiohttp/client.py": {"ClientSession.close": "socket"},
        "aiohttp/client_ws.py": {
            "ClientWebSocketResponse.receive": "message",
            "ClientWebSocketResponse.close": "socket",
        },
        "aiohttp/web_ws.py": {"WebSocketResponse.receive": "message", "WebSocketResponse.close": "socket"},
    },
    "httpcore": {
        "_async/connection_pool.py": {"AsyncPoolRequest.wait_for_connection": "connection"},
        "_async/http11.py": {
            "AsyncHTTP11Connection._receive_response_headers": "response",
            "AsyncHTTP11Connection._receive_response_body": "socket",
        },
        "_async/http2.py": {
            "AsyncHTTP2Connection._receive_response": "response",
            "AsyncHTTP2Connection._receive_response_body": "socket",
        },
    },
    "websockets": {
        "asyncio/connection.py": {
            "Connection.recv": "message",
            "Connection.recv_streaming": "message",
            "Connection.send_context": "socket",
            "Connection.drain": "socket",
            "Connection.wait_closed": "socket",
        },
        "asyncio/client.py": {"ClientConnection.handshake": "socket"},
        "asyncio/server.py": {
            "ServerConnection.handshake": "socket",
            "Server.wait_closed": "socket",
            "Server.serve_forever": "socket",
        },
    },
    "aiosqlite": {
        "aiosqlite/core.py": {
            "Connection._execute": "database",
            "Connection._connect": "database",
            "Connection.close": "database",
        },
    },
    "anyio": {
        _ANYIO: {
            "Lock.acquire": "lock",
            "Semaphore.acquire": "semaphore",
            "CapacityLimiter.acquire_on_behalf_of": "semaphore",
            "Event.wait": "event",
            "TaskGroup.__aexit__": "task group",
            "TaskGroup.start": "task",
            "AsyncIOBackend.sleep": "sleep",
            "AsyncIOBackend.run_sync_in_worker_thread": "thread",
            "AsyncIOBackend.open_process": "subprocess",
            "AsyncIOBackend.wait_readable": "socket",
            "AsyncIOBackend.wait_writable": "socket",
            "Process.wait": "subprocess",
            **{f"{stream}.{method}": "socket"
               for stream in ("SocketStream", "UNIXSocketStream", "UDPSocket", "ConnectedUDPSocket",
                              "UNIXDatagramSocket", "ConnectedUNIXDatagramSocket")
               for method in ("receive", "send")},
        },
        "_core/_synchronization.py": {"Condition.wait": "condition"},
        "_core/_tasks.py": {"TaskHandle.wait": "task"},
        "_core/_subprocesses.py": {"run_process": "subprocess"},
        _ANYIO_SOCKETS: {"connect_tcp": "socket", "connect_unix": "socket", "getaddrinfo": "dns"},
        _ANYIO_STREAMS: {
            "MemoryObjectReceiveStream.receive": "queue get",
            "MemoryObjectSendStream.send": "queue put",
        },
        "streams/stapled.py": {"MultiListener.serve": "socket"},
        "anyio/to_process.py": {"run_sync": "process"},      # also until one of them is free
    },
    "uvicorn": {
        "http/h11_impl.py": {"RequestResponseCycle.receive": "socket"},
        "http/httptools_impl.py": {"RequestResponseCycle.receive": "socket"},
        "http/flow_control.py": {"FlowControl.drain": "socket"},
        "websockets/websockets_impl.py": {
            "WebSocketProtocol.run_asgi": "socket",
            "WebSocketProtocol.asgi_receive": "message",
            "WebSocketProtocol.asgi_send": "socket",
        },
        "websockets/websockets_sansio_impl.py": {
            "WebSocketsSansIOProtocol.receive": "message",
            "WebSocketsSansIOProtocol.send": "socket",
        },
        "websockets/wsproto_impl.py": {"WSProtocol.receive": "message", "WSProtocol.send": "socket"},
    },
    "starlette": {
        "starlette/websockets.py": {"WebSocket.receive": "message"},
    },
}

# Functions that only pass a coroutine on, to be made a task: whoever calls them makes the task.
PASSING: dict[str, dict[str, tuple[str, ...]]] = {
    "anyio": {
        _ANYIO: ("TaskGroup._spawn", "TaskGroup.create_task", "TaskGroup.start"),
        "abc/_tasks.py": ("TaskGroup.start_soon",),
    },
}

# Coroutine functions that a library puts around the coroutine that it was given, which their object keeps.
WRAPPING: dict[str, dict[str, tuple[str, ...]]] = {
    "anyio": {"_core/_tasks.py": ("TaskHandle._run_coro",)},
}

KINDS: dict[Key, str] = {(file, name): kind for files in TABLE.values() for file, names in files.items()
                         for name, kind in names.items()}
PASSES: frozenset[Key] = frozenset((file, name) for files in PASSING.values() for file, names in files.items()
                                   for name in names)
WRAPS: frozenset[Key] = frozenset((file, name) for files in WRAPPING.values() for file, names in files.items()
                                  for name in names)


def key_of(code: CodeType) -> Key:
    """Where a function stands: the last two parts of the name of its file, and its qualified name."""
    parts = code.co_filename.replace(os.sep, "/").rsplit("/", 2)
    return "/".join(parts[-2:]), code.co_qualname
