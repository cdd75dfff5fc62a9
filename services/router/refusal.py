"""An act that does not fit the state of things; nothing was done."""


class ActRefusedError(ValueError):
    """`reason` is a text key under `router.refused`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
