"""Review rules over energy statements: what looks wrong, ranked by what it may hide in tCO2.

May call the energy statistics; owns no table.
"""
