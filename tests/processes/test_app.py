from dataclasses import replace

from services.app import App
from services.case.case_cache import Dossiers
from services.inspection.replay.season_timeline import Courses
from services.wiring import wired


async def test_a_process_has_one_part_of_each_class_and_no_other_process_has_the_same(house: App, services):
    async with wired(services) as other:
        assert isinstance(house.part(Dossiers), Dossiers)
        assert isinstance(house.part(Courses), Courses)
        assert house.part(Dossiers) is house.part(Dossiers)
        assert other.part(Dossiers) is not house.part(Dossiers)


async def test_the_same_process_with_another_setting_keeps_what_it_holds(house: App):
    here = replace(house, pool=None)

    assert here.part(Dossiers) is house.part(Dossiers)
