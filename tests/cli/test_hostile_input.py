"""Whatever stands on standard input: an answer, or one Chinese line and 2; never a traceback."""

import json
from datetime import date

import pytest
from click import Command
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st

import credit_rules.energy
import credit_rules.footprint
from backend.cli import energy, footprint, rules
from credit_rules import load_rulebook

ON = ("--on", "2026-03-01")
ENERGY = ("convert", *ON, "--set", "js_t_303_2026", "--basis", "calorific", "--region", "浙江")
COMMANDS: dict[str, tuple[Command, tuple[str, ...]]] = {
    "rules": (rules.rules, ("assess", "--methodology", "recycling.drop_off", *ON)),
    "footprint": (footprint.footprint, ("estimate", *ON)),
    "energy": (energy.energy, ENERGY),
}
FIELDS = ("material", "mass", "car_km", "car_type", "gas_m3", "item", "quantity", "unit")
WORDS = ("paper", "petrol", "electricity", "kWh", "kg", "L", "1", "0.5", "-1", "１", "NaN", "1 kg")
# As written in JSON: numbers that other readers expand, and texts that are none.
RAW = ("1e999999999", "1e99999999999999999999", "-1e-999999", "NaN", "-Infinity", "9" * 5000, "-0",
       '"\\ud800"', '"\\u0000\\n\\u202e"', "[" * 400 + "]" * 400, "null", "true")  # fmt: skip

values = st.one_of(
    st.sampled_from(RAW),
    st.one_of(
        st.sampled_from(WORDS),
        st.text(max_size=20),
        st.integers(),
        st.decimals(allow_nan=False, places=3, min_value=-10, max_value=10**6).map(str),
        st.lists(st.sampled_from(WORDS), max_size=2),
    ).map(json.dumps),
)
names = st.one_of(st.sampled_from(FIELDS), st.text(max_size=8)).map(json.dumps)
objects = st.lists(st.tuples(names, values), max_size=4).map(
    lambda pairs: "{" + ", ".join(f"{name}: {value}" for name, value in pairs) + "}"
)
documents = st.one_of(
    objects,
    st.lists(objects, max_size=3).map(lambda rows: f"[{', '.join(rows)}]"),
    values,
    st.text(max_size=30),
).map(lambda text: text.encode(errors="surrogatepass"))


@pytest.fixture(scope="module", autouse=True)
def _loaded_once() -> object:
    """What the commands load, once for all the examples."""
    book = load_rulebook()
    tables = credit_rules.energy.load_energy_tables()
    questionnaires = credit_rules.footprint.load_questionnaires()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules, "load_rulebook", lambda _folder: book)
        patch.setattr(energy, "load_energy_tables", lambda: tables)
        patch.setattr(footprint, "load_questionnaires", lambda: questionnaires)
        assert questionnaires.on(date(2026, 3, 1)).version
        yield


@pytest.mark.parametrize("name", COMMANDS)
@settings(max_examples=60)
@given(data=st.one_of(documents, st.binary(max_size=20)))
@example(data=b"\xef\xbb\xbf{}")
@example(data=b"[" * 30_000)
@example(data=b'{"mass": ' * 30_000)
def test_any_input_is_answered_or_refused_in_one_line(name: str, data: bytes) -> None:
    command, options = COMMANDS[name]
    result = CliRunner().invoke(command, list(options), input=data)
    assert result.exception is None or isinstance(result.exception, SystemExit), data
    if result.exit_code == 0:
        assert result.stderr == ""
        return
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    file, key, sentence = line.split(": ", 2)
    assert file.endswith(".json")
    assert key
    assert any("\u4e00" <= char <= "\u9fff" for char in sentence)
    assert line.isprintable()


@pytest.mark.parametrize("raw", RAW)
@pytest.mark.parametrize(
    "name, document, field",
    [
        ("rules", '{{"material": "paper", "mass": {raw}}}', "inputs.json: mass: "),
        ("footprint", '{{"car_km": {raw}}}', "answers.json: car_km: "),
        (
            "energy",
            '[{{"item": "petrol", "quantity": {raw}, "unit": "L"}}]',
            "quantities.json: lines[0].quantity: ",
        ),
    ],
)
def test_a_number_that_is_none_is_refused_by_the_name_of_its_field(
    name: str, document: str, field: str, raw: str
) -> None:
    command, options = COMMANDS[name]
    result = CliRunner().invoke(command, list(options), input=document.format(raw=raw))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(field)
