"""What is wrong with a document, a request or a signature."""

from __future__ import annotations

__all__ = ["DuisError"]


class DuisError(ValueError):
    """Why a document, request or signature is refused: one line."""
