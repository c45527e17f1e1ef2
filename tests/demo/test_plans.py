"""The drawn plans keep to their scale and to what the registers accept."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.demo.catalogue import BAG_CENTIKG, MIXES, TYPES
from backend.demo.draws import apportion, stream
from backend.demo.organisation import DEMO_BODY, demo_credit_code, plan_institutions
from backend.demo.scale import SCALES, scale_named
from backend.errors import InvalidInputError
from backend.organisations.models import InstitutionKind
from backend.organisations.policy import checked_credit_code


@given(
    st.lists(st.integers(1, 10_000), min_size=1, max_size=30),
    st.integers(0, 5),
    st.integers(0, 5_000),
)
def test_shares_add_up_and_follow_the_weights(weights: list[int], minimum: int, spare: int) -> None:
    total = minimum * len(weights) + spare
    shares = apportion(total, weights, minimum=minimum)
    assert sum(shares) == total
    for weight, share in zip(weights, shares, strict=True):
        assert abs(share - minimum - spare * weight / sum(weights)) < 1


def test_a_total_too_small_for_the_minimum_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 3"):
        apportion(5, [1, 1], minimum=3)


@given(st.integers(0, 99_999), st.sampled_from(InstitutionKind))
def test_demo_codes_are_well_formed_and_tell_themselves(number: int, kind: InstitutionKind) -> None:
    code = demo_credit_code(number, kind=kind, district_code="330102")
    assert checked_credit_code(code) == code
    assert code[8:11] == DEMO_BODY


@pytest.mark.parametrize("name", SCALES)
def test_plans_add_up_to_their_scale(name: str) -> None:
    scale = SCALES[name]
    plans = plan_institutions(scale, stream(1, "institutions"))
    assert len(plans) == scale.institutions
    assert sum(plan.staff + plan.citizens for plan in plans) == scale.members
    assert sum(plan.departments for plan in plans) == scale.departments
    assert sum(plan.points for plan in plans) == scale.points
    assert sum(plan.leads_district for plan in plans) == scale.districts


@pytest.mark.parametrize("name", SCALES)
def test_no_two_institutions_share_a_name(name: str) -> None:
    plans = plan_institutions(SCALES[name], stream(1, "institutions"))
    names = Counter((plan.site.name, plan.word, plan.type.suffix) for plan in plans)
    assert not [name for name, times in names.items() if times > 1]


@pytest.mark.parametrize("name", SCALES)
def test_every_institution_has_names_for_its_departments(name: str) -> None:
    plans = plan_institutions(SCALES[name], stream(1, "institutions"))
    assert all(plan.departments <= len(plan.type.departments) + 2 for plan in plans)


def test_every_material_of_a_mix_has_a_usual_mass() -> None:
    assert {name for mix in MIXES.values() for name in mix} == BAG_CENTIKG.keys()
    assert {each.waste for each in TYPES} <= MIXES.keys()


def test_an_unknown_scale_names_those_there_are() -> None:
    with pytest.raises(InvalidInputError, match="small"):
        scale_named("village")
