from uuid import UUID

import pytest

from domain.log import Log


@pytest.fixture
def log() -> Log:
    log = Log(id=UUID(int=1), origin="minhchuan.example/t/1", province_code="99", province="Tỉnh Mẫu")
    log.collect_events()
    return log


def facts(log: Log) -> list[str]:
    return [type(fact).__qualname__ for fact in log.collect_events()]


def test_a_log_begins_without_a_policy(log):
    assert log.policy is None


def test_the_policy_published_last_is_in_force(log):
    for text in ("quorum 1\n", "quorum 2\n", "quorum 1\n"):
        log.publish_policy(text, "15/QĐ-UBND")

    assert log.policy == "quorum 1\n"
    assert facts(log) == ["Log.PolicyPublished"] * 3


def test_the_policy_in_force_is_not_published_again(log):
    log.publish_policy("quorum 1\n")
    log.publish_policy("quorum 1\n", "16/QĐ-UBND")

    assert facts(log) == ["Log.PolicyPublished"]


def test_a_key_is_announced_once_and_stays_announced(log):
    for sha256 in ("a" * 64, "b" * 64, "a" * 64):
        log.announce_key(sha256)

    assert log.announced == {"a" * 64, "b" * 64}
    assert facts(log) == ["Log.KeyAnnounced"] * 2


LOST = ("minhchuan.example/t/1", 6913, "root", 6801, "Hỏng ổ đĩa", "21/QĐ-UBND")


def test_an_epoch_begins_once_and_the_log_goes_on_under_its_origin(log):
    log.restore("minhchuan.example/t/1/e2", *LOST)
    log.restore("minhchuan.example/t/1/e2", *LOST)

    assert log.origin == "minhchuan.example/t/1/e2"
    assert facts(log) == ["Log.Restored"]


def test_a_log_is_closed_once(log):
    log.close("minhchuan.example/t/2", "202/2025/QH15")
    log.close("minhchuan.example/t/3", "203/2025/QH15")

    assert (log.successor, log.closed_by) == ("minhchuan.example/t/2", "202/2025/QH15")
    assert facts(log) == ["Log.Closed"]


def test_each_predecessor_is_recorded_once(log):
    for origin in ("minhchuan.example/t/2", "minhchuan.example/t/3", "minhchuan.example/t/2"):
        log.record_predecessor(origin, 7102, "root", "202/2025/QH15")

    assert log.predecessors == {"minhchuan.example/t/2", "minhchuan.example/t/3"}
    assert facts(log) == ["Log.PredecessorRecorded"] * 2
