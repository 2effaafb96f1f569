"""Makes the SDK's session manager."""

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings

from finley.mcp import protocol


def build() -> StreamableHTTPSessionManager:
    """Return a session manager of the SDK that keeps no state and answers in JSON. It checks
    neither host nor origin, because finley.mcp.origins has checked both before."""
    return StreamableHTTPSessionManager(
        protocol.build(),
        json_response=True,
        stateless=True,
        security_settings=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
