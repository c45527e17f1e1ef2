"""The history gone through again: as it was credited (replay), or under a draft (simulate).

Writes nothing. Calls actions for what was recorded, rankings for what a draft does to boards.
"""
