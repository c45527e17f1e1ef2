"""Energy conversions: tonnes of standard coal and of CO2 for the forms of public institutions.

Pure and exact; :func:`load_energy_tables` alone reads files. Every result carries its factor set,
calculation basis, area, day and whether its factors are the exact ones. ``docs/energy.md`` is the
guide.
"""

from credit_rules.energy.choices import Basis, Choices
from credit_rules.energy.conversion import convert
from credit_rules.energy.decomposing import Decomposition, Effects, decompose
from credit_rules.energy.describing import (
    JSON_DIGITS,
    SHOWN_DIGITS,
    describe_conversion,
    describe_factors,
)
from credit_rules.energy.errors import EnergyRefused, EnergyTablesError
from credit_rules.energy.items import ITEMS, Item
from credit_rules.energy.loading import load_energy_tables
from credit_rules.energy.measures import rounded
from credit_rules.energy.restating import ClosedYear, Restatement, close_year, restate
from credit_rules.energy.results import Conversion, ConvertedLine, MarketElectricity
from credit_rules.energy.tables import EnergyTables, read_tables

__all__ = [
    "ITEMS",
    "JSON_DIGITS",
    "SHOWN_DIGITS",
    "Basis",
    "Choices",
    "ClosedYear",
    "Conversion",
    "ConvertedLine",
    "Decomposition",
    "Effects",
    "EnergyRefused",
    "EnergyTables",
    "EnergyTablesError",
    "Item",
    "MarketElectricity",
    "Restatement",
    "close_year",
    "convert",
    "decompose",
    "describe_conversion",
    "describe_factors",
    "load_energy_tables",
    "read_tables",
    "restate",
    "rounded",
]
