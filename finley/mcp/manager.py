"""Makes the SDK's session manager."""

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings

from finley.mcp import protocol


def build() -> StreamableHTTPSessionManager:
    """A session manager: stateless, JSON answers. finley.mcp.origins has checked host and origin
    before a request comes here, by finley's own settings."""
    return StreamableHTTPSessionManager(
        protocol.build(),
        json_response=True,
        stateless=True,
        security_settings=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
