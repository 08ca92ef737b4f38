from dataclasses import replace

import pytest

from infra.platform.config import Settings
from infra.transparency.seal_status import CheckpointState
from infra.transparency.witness_server import Unfit
from services.demo import witnesses
from services.operations.create_tenant import as_operator, create_tenant
from services.processes.supervise import supervised
from services.wiring import wired
from tests.operations.test_create_tenant import new


async def test_two_witnesses_cosign_every_province_and_asking_for_it_again_changes_nothing(
    services: Settings, tmp_path
):
    settings = replace(services, folder=tmp_path)
    async with wired(settings) as house, as_operator(settings) as operator:
        provinces = [await create_tenant(house, operator, new(province_code="99")) for _ in range(2)]
        sealers = {f"sealer-{tenant.id}": ("sealer", "--tenant", tenant.slug) for tenant in provinces}
        with supervised(settings, {**sealers, **witnesses.programs(settings)}):
            seals = []
            for tenant in (*provinces, *provinces):
                await witnesses.trust(house, tenant)
                seals.append(await witnesses.cosigned(house, tenant))

    assert [(seal.state, len(seal.cosigned), seal.witnesses) for seal in seals] == [
        (CheckpointState.WITNESSED, 2, 2)
    ] * 4
    assert [seal.position for seal in seals[2:]] == [seal.position for seal in seals[:2]]
    known = [(tmp_path / f"witness-{name}" / "logs").read_text().split() for name in witnesses.WITNESSES]
    assert [len(logs) for logs in known] == [2, 2]
    assert known[0] == known[1]


def test_a_witness_of_the_demonstration_that_lost_its_memory_is_said(tmp_path):
    settings = Settings(folder=tmp_path)
    witnesses.programs(settings)
    (tmp_path / "witness-tinh-ban" / "cosigned.sqlite").unlink()

    with pytest.raises(Unfit, match="is retired"):
        witnesses.programs(settings)
