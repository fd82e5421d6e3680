"""Who may send requests: whoever has the token, or, without one, programs of this machine."""

import ipaddress
from dataclasses import dataclass

from starlette.requests import Request

from xraykit.errors import DataError
from xraykit.serve.refusals import Refused
from xraykit.serve.tokens import VARIABLE, Token

_LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Access:
    """The rule of a server.

    Attributes:
        token: That clients must send; None: they need none.
        hosts: Names that the header Host may have, without a port; empty: any.
    """

    token: Token | None
    hosts: tuple[str, ...] = ()

    @classmethod
    def at(cls, host: str, token: Token | None, *, without_token: bool = False) -> "Access":
        """The rule for a server at an address.

        Without a token at loopback, only requests to a name of this machine are answered: a page of another site, whose
        name was made to lead here, gets nothing.

        Args:
            host: Where the server listens.
            token: If there is one.
            without_token: Whether a server that other machines reach was asked for without one.

        Raises:
            DataError: other machines would reach it without a token.
        """
        if token is not None:
            if without_token:
                raise DataError("There is a token, and --without-token asks for none. Omit one of them.")
            return cls(token)
        if is_loopback(host):
            return cls(None, (*_LOCAL_NAMES, host))
        if not without_token:
            raise DataError(
                f"Other machines reach {host}, so a token is needed. Set {VARIABLE} or give --token-file FILE; make "
                f"one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'. Behind a proxy that checks "
                f"who asks, --without-token allows it."
            )
        return cls(None)

    def check_host(self, request: Request) -> None:
        """Refuse a request to another name.

        Raises:
            Refused: 421.
        """
        name = request.headers.get("host", "").lower()
        name = name.rpartition(":")[0] if not name.endswith("]") and ":" in name else name
        if self.hosts and name not in self.hosts:
            raise Refused(
                421,
                "unknown_host",
                "This server answers requests to localhost only. A server with a token takes any name.",
            )

    def check_token(self, request: Request) -> None:
        """Refuse a request without the token.

        Raises:
            Refused: 401.
        """
        if self.token is not None and not self.token.matches(request.headers.get("authorization")):
            raise Refused(
                401,
                "unauthorized",
                "Send the server's token in the header: Authorization: Bearer TOKEN.",
                {"WWW-Authenticate": "Bearer"},
            )
