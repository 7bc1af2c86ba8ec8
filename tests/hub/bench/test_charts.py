"""What the bench of the charts makes of a trace."""

from hub.bench.charts import TASK, all_but_a_twentieth, page_tasks


def test_a_rare_long_task_is_forgiven_and_a_frequent_one_is_not() -> None:
    """Of 100 rounds five may be long."""
    assert all_but_a_twentieth([80.0] * 5 + [20.0] * 300, rounds=100) == 20
    assert all_but_a_twentieth([80.0] * 6 + [20.0] * 300, rounds=100) == 80
    assert all_but_a_twentieth([], rounds=100) == 0


def test_only_the_pages_own_main_thread_counts() -> None:
    """Not the browser's threads, and not another page that does little."""
    events = [
        {"pid": of, "tid": 1, "name": "thread_name", "args": {"name": name}}
        for of, name in ((1, "CrBrowserMain"), (2, "CrRendererMain"), (3, "CrRendererMain"))
    ]
    events += [{"pid": of, "tid": 1, "name": TASK, "dur": 9, "tdur": spent} for of, spent in ((1, 90), (2, 7), (3, 1))]
    assert [each["tdur"] for each in page_tasks(events)] == [7]
