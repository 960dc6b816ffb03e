"""Errors of the package.  What libppdl says is passed on: what is wrong, more about it, and what to do."""

from __future__ import annotations


class PpdlError(Exception):
    """An error of ppdl.  `detail` says more and `hint` what to do; both may be empty."""

    def __init__(self, message: str, detail: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.hint = hint

    def __str__(self) -> str:
        lines = [self.message]
        if self.detail:
            lines.append(f"detail: {self.detail}")
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)


class FormatError(PpdlError, ValueError):
    """Malformed bytes, JSON or options, and fields that cannot be encoded."""


class KeyFileError(PpdlError):
    """A key is missing, of another owner or kind, or its passphrase is wrong."""


class RangeError(PpdlError, ValueError):
    """A value is, or could become, too large."""


class PrecisionError(PpdlError, ArithmeticError):
    """Noise has eaten a message: there is no number to return."""


class ModelError(PpdlError, ValueError):
    """A model that the network format, or encrypted rows, have no room for."""
