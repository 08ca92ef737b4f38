"""Whom the address of a connection stands for."""

from functools import lru_cache
from ipaddress import IPv4Address, ip_address, ip_network

#: Who has an IPv6 connection has at least so many bits of addresses to choose from.
NETWORK = 64


@lru_cache(maxsize=10_000)
def network_of(host: str) -> str:
    """Whom an address stands for: itself, of IPv6 the network; "" for what is no address."""
    try:
        address = ip_address(host)
    except ValueError:
        return ""
    if isinstance(address, IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or ip_network((int(address), NETWORK), strict=False))
