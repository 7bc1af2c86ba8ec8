"""What was read and not yet committed: when a group closes, and what is acknowledged after it (reliability.md §2.4)."""

from msgspec.structs import replace

from hub.model import KEPT_OF_LARGER, MAX_WHOLE, NS, Message, Source

MAX_BYTES = 262_144
MAX_MESSAGES = 1_000
MAX_NS = 10_000_000
"""A group closes at half the window, or at this many bytes, messages or nanoseconds since its first message."""
MOST_RESUMED, MAX_RESUMED_BYTES = 10_000, 16 * 1024 * 1024
"""The one after a resumed session at the whole window, since all that is delivered again is compared together."""

MUCH = 50_000
"""Messages after which memory is given back, once nothing waits: groups leave room between the journal's pages, and
4.5 MB were free and kept after 300,000 messages (mallinfo2, measured)."""


class Batch:
    """The group being read.

    Attributes:
        messages: in order of arrival.
        ids: packet ids to acknowledge after the commit, in order of arrival.
        resumed: the group may repeat the journal's tail: it closes at the whole window, since all that the broker
            delivers again must be compared together (§2.8).
        again: its first message was sent to us before (DUP).
        undecided: how it is compared is not known yet: it stays open, as far as memory allows.
        cut: it ends here, whatever it holds.
        oversize: payloads cut since the start.
    """

    def __init__(self, window: int) -> None:
        """Prepare for a broker that keeps `window` messages in flight."""
        self.messages: list[Message] = []
        self.ids: list[int] = []
        self.resumed = False
        self.again = False
        self.undecided = False
        self.cut = False
        self.oversize = 0
        self._window = window
        self._half = max(window // 2, 1)
        self._bytes = 0
        self._first = 0
        self._last = 0

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.messages or self.ids or self.cut)

    @property
    def last(self) -> int:
        """When the newest message arrived, of this group or of those before [ns]; 0: none did."""
        return self._last

    @property
    def enough(self) -> bool:
        """Whether the group must be committed before more is read."""
        if self.resumed:
            most = MOST_RESUMED if self.undecided else self._window
            return self.cut or len(self.ids) >= most or self._bytes >= MAX_RESUMED_BYTES
        if self.cut or len(self.ids) >= self._half or len(self.messages) >= MAX_MESSAGES or self._bytes >= MAX_BYTES:
            return True
        return self._last - self._first >= MAX_NS

    def add(self, topic: str, payload: bytes, qos: int, now: int, *, retained: bool, again: bool = False) -> None:
        """Add a message that arrived at `now` [ns]; no two share an arrival time, or their readings would meet."""
        if 0 <= self._last - now < NS:
            now = self._last + 1
        self._last = now
        if not self.messages:
            self._first, self.again = now, again
        message = Message(topic, payload, now, Source.MQTT, retained, qos=qos)
        if len(payload) > MAX_WHOLE:
            message = cut(message)
            self.oversize += 1
        self.messages.append(message)
        self._bytes += len(message.payload)

    def journalled(self) -> None:
        """Forget the messages: they are committed; their acknowledgements are still due."""
        self.messages = []
        self._bytes = 0
        self._first = self._last
        self.resumed = self.undecided = False


def cut(message: Message) -> Message:
    """Return an over-size message as it is journalled: its first KiB and its length."""
    return replace(message, payload=message.payload[:KEPT_OF_LARGER], length=message.length or len(message.payload))
