"""How Redis is spoken to in TLS: whom to trust, and who one is oneself."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

PARAMETERS = frozenset({"ssl_certfile", "ssl_keyfile", "ssl_ca_certs", "ssl_cert_reqs", "ssl_check_hostname"})
"""The names that redis-py gave them."""

_VERIFY = {"required": True, "optional": True, "none": False}
"""For a client "optional" means the same as "required" (Python documentation, `ssl.CERT_OPTIONAL`)."""

_BOOLEAN = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


@dataclass(frozen=True, slots=True)
class Tls:
    """What the files are called; they are read for each connection, so that new ones count from the next on."""

    certfile: str | None = None
    keyfile: str | None = None
    ca_certs: str | None = None
    """None: whom the system trusts."""
    verify: bool = True
    check_hostname: bool = True

    @classmethod
    def parse(cls, parameters: Mapping[str, str]) -> Self:
        """Of a URL's query; raises `ValueError` for what cannot work, files that cannot be read included."""
        verify = _VERIFY.get(parameters.get("ssl_cert_reqs", "required").lower().removeprefix("cert_"))
        if verify is None:
            raise ValueError("ssl_cert_reqs must be required or none")
        check_hostname = _BOOLEAN.get(parameters.get("ssl_check_hostname", str(verify)).lower())
        if check_hostname is None:
            raise ValueError("ssl_check_hostname must be true or false")
        if check_hostname and not verify:
            raise ValueError("ssl_check_hostname cannot be true where ssl_cert_reqs is none")
        for name in ("ssl_certfile", "ssl_keyfile", "ssl_ca_certs"):
            if name in parameters:
                _see_readable(name, parameters[name])
        tls = cls(
            parameters.get("ssl_certfile"),
            parameters.get("ssl_keyfile"),
            parameters.get("ssl_ca_certs"),
            verify,
            check_hostname,
        )
        if tls.keyfile and not tls.certfile:
            raise ValueError("ssl_keyfile needs an ssl_certfile")
        tls.context()
        return tls

    def context(self) -> ssl.SSLContext:
        """For one more connection; raises `ValueError` when the files, as they are now, cannot be used."""
        try:
            context = ssl.create_default_context(cafile=self.ca_certs)
        except ssl.SSLError:
            raise ValueError("ssl_ca_certs holds no certificates") from None
        context.check_hostname = self.check_hostname
        context.verify_mode = ssl.CERT_REQUIRED if self.verify else ssl.CERT_NONE
        if self.certfile:
            try:
                context.load_cert_chain(self.certfile, self.keyfile, password="")  # asks no terminal
            except ssl.SSLError:
                raise ValueError("ssl_certfile and ssl_keyfile cannot be used together") from None
        return context


def _see_readable(name: str, path: str) -> None:
    try:
        Path(path).open("rb").close()
    except OSError as error:
        raise ValueError(f"{name} cannot be read: {error.strerror}") from None
