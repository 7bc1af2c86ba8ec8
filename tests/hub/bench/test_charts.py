"""What the bench of the charts says of the tasks that it saw."""

from hub.bench.charts import judged


def test_a_rare_long_task_is_told_and_forgiven() -> None:
    """One round in fifty."""
    figures = judged([80.0, 60.0], rounds=100)
    assert figures == {"rounds": 100, "long_tasks": 2, "task_p95_ms": 0, "task_worst_ms": 80}


def test_one_long_task_in_ten_rounds_is_too_many() -> None:
    """The worst twentieth is left out, and there are more."""
    assert judged([70.0] * 10, rounds=100)["task_p95_ms"] == 70
    assert judged([70.0] * 30, rounds=10)["task_p95_ms"] == 70
