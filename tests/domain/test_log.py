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
