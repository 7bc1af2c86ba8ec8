"""What each answer of InfluxDB leads to (hub/store/delivery.py, reliability.md §2.7)."""

from collections.abc import Callable, Sequence

import pytest

from hub.store.delivery import LONGEST, LONGEST_OBEYED, PROBE, Delivery, PauseError, back_off
from hub.store.influx_client import Answer

FINE = Answer(204)


class Server:
    """Takes lines but those that are bad; remembers every request."""

    def __init__(
        self, bad: Callable[[bytes], bool] = lambda _: False, status: int = 400, *, named: bool = False
    ) -> None:
        """Refuse what is `bad` with `status`."""
        self.bad, self.status, self.named = bad, status, named
        self.requests: list[Sequence[bytes]] = []
        self.stored: set[bytes] = set()

    def post(self, lines: Sequence[bytes]) -> Answer:
        """Answer as InfluxDB does: 400 writes nothing, 422 all but what is refused."""
        self.requests.append(lines)
        bad = [line for line in lines if self.bad(line)]
        if not bad or self.status == 422:
            self.stored |= set(lines) - set(bad)
        if not bad:
            return FINE
        if self.status == 422:
            return Answer(422, f"partial write: field type conflict dropped={len(bad)}")
        named = "\n".join(f"unable to parse '{line.decode()}': invalid boolean" for line in bad)
        return Answer(400, named if self.named else "something is malformed")


def batch(size: int = 5000) -> list[bytes]:
    """Return lines."""
    return [b"telemetry,device=a v=%d.0 %d" % (number, number) for number in range(size)]


def numbers(*wanted: int) -> Callable[[bytes], bool]:
    """Return whether a line is one of these."""
    return lambda line: int(line.rsplit(b" ", 1)[1]) in wanted


def test_a_fine_answer_is_the_end() -> None:
    """One request for 5,000 lines."""
    server = Server()
    assert Delivery(server.post).deliver(batch()) == []
    assert len(server.requests) == 1


@pytest.mark.parametrize("place", [0, 1, 2499, 2500, 4998, 4999])
def test_a_named_line_is_given_up_and_the_rest_is_stored(place: int) -> None:
    """InfluxDB names it: one more request."""
    server, lines = Server(numbers(place), named=True), batch()
    (refused,) = Delivery(server.post).deliver(lines)
    assert (refused.line, refused.reason) == (lines[place], "invalid boolean")
    assert server.stored == set(lines) - {lines[place]}
    assert len(server.requests) == 2


@pytest.mark.parametrize("place", [0, 1, 2499, 2500, 4998, 4999])
def test_a_line_that_is_not_named_is_found_by_halves(place: int) -> None:
    """13 halvings of 5,000 lines, the line alone, and the rest."""
    server, lines = Server(numbers(place)), batch()
    assert [each.line for each in Delivery(server.post).deliver(lines)] == [lines[place]]
    assert server.stored == set(lines) - {lines[place]}
    assert len(server.requests) <= 1 + 13 + 1 + 1


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("bad", [(0, 1), (7, 2500, 4999), tuple(range(100, 110))])
def test_several_malformed_lines_are_all_found(bad: tuple[int, ...], *, named: bool) -> None:
    """Nothing else is lost."""
    server, lines = Server(numbers(*bad), named=named), batch()
    refused = Delivery(server.post).deliver(lines)
    assert {each.line for each in refused} == {lines[place] for place in bad}
    assert server.stored == set(lines) - {each.line for each in refused}


def test_a_line_is_given_up_only_when_refused_alone() -> None:
    """A proxy that says 400 once costs nothing."""
    answers = [Answer(400, "bad gateway, in its own way")]
    server = Server()

    def post(lines: Sequence[bytes]) -> Answer:
        return answers.pop() if answers else server.post(lines)

    assert Delivery(post).deliver(batch(100)) == []
    assert server.stored == set(batch(100))


def test_ten_points_of_another_type_are_given_up_and_the_rest_stays() -> None:
    """422: the rest is written; the refused ones are found by halves."""
    bad = (3, 77, 500, 501, 502, 1999, 2500, 3333, 4000, 4999)
    server, lines = Server(numbers(*bad), status=422), batch()
    refused = Delivery(server.post).deliver(lines)
    assert {each.line for each in refused} == {lines[place] for place in bad}
    assert all("type conflict" in each.reason for each in refused)
    assert server.stored == set(lines) - {each.line for each in refused}


def test_a_batch_that_is_dropped_whole_is_given_up_in_one_request() -> None:
    """Too old for the bucket: 5,000 requests would not change that."""
    server = Server(lambda _: True, status=422)
    assert len(Delivery(server.post).deliver(batch())) == 5000
    assert len(server.requests) == 1


def test_too_large_halves_the_requests_for_good() -> None:
    """The next batch begins small."""
    requests: list[int] = []

    def post(lines: Sequence[bytes]) -> Answer:
        requests.append(len(lines))
        return FINE if len(lines) <= 1500 else Answer(413, "too large")

    delivery = Delivery(post)
    assert delivery.deliver(batch()) == []
    assert delivery.most == 1250
    requests.clear()
    assert delivery.deliver(batch()) == []
    assert requests == [1250] * 4


def test_a_line_that_is_too_large_alone_is_given_up() -> None:
    """It would block all others for ever."""
    refused = Delivery(lambda _: Answer(413, "too large")).deliver([b"huge"])
    assert [(each.line, each.reason) for each in refused] == [(b"huge", "too large")]


@pytest.mark.parametrize("status", [401, 403, 404, 405, 302])
def test_what_only_a_person_can_correct_stops_the_sending(status: int) -> None:
    """Probed every 30 s, whatever the number of failures."""
    with pytest.raises(PauseError) as caught:
        Delivery(lambda _: Answer(status, "no")).deliver(batch(10))
    assert caught.value.blocked
    assert caught.value.wait(1) == caught.value.wait(99) == PROBE


@pytest.mark.parametrize("status", [None, 429, 500, 502, 503, 504])
def test_what_passes_by_itself_is_tried_again_with_longer_pauses(status: int | None) -> None:
    """Exponential, full jitter, capped, without end."""
    with pytest.raises(PauseError) as caught:
        Delivery(lambda _: Answer(status, "later")).deliver(batch(10))
    pause = caught.value
    assert not pause.blocked
    longest = [pause.wait(failures, lambda _, high: high) for failures in (1, 2, 3, 10, 10_000)]
    assert longest == [1.0, 2.0, 4.0, LONGEST, LONGEST]
    assert back_off(5, lambda low, _: low) == 0


@pytest.mark.parametrize(("asked", "waited"), [(0.0, 0.0), (7.0, 7.0), (1e9, LONGEST_OBEYED)])
def test_retry_after_is_obeyed(asked: float, waited: float) -> None:
    """As InfluxDB says, within reason."""
    assert PauseError(Answer(503, "overloaded", retry_after=asked)).wait(5) == waited


def test_trouble_in_the_middle_of_a_search_loses_nothing() -> None:
    """The batch is delivered anew: what was stored before is stored again."""
    server = Server(numbers(10))

    def post(lines: Sequence[bytes]) -> Answer:
        answer = server.post(lines)
        return Answer(None, "reset") if len(server.requests) in {3, 4} else answer

    delivery = Delivery(post)
    with pytest.raises(PauseError):
        delivery.deliver(batch(64))
    assert [each.line for each in delivery.deliver(batch(64))] == [batch(64)[10]]
    assert server.stored == set(batch(64)) - {batch(64)[10]}
