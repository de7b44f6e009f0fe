"""A request whose beginning has been looked at, for whoever reads it then."""

from starlette.types import Message, Receive


def again(message: Message, receive: Receive) -> Receive:
    """What was received, then what comes after it."""
    pieces = [message]

    async def receive_again() -> Message:
        return pieces.pop() if pieces else await receive()

    return receive_again
