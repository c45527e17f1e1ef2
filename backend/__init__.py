"""The domain of tanpuhui: what is true and what may change it.

One folder a feature, the same file names in each (models, queries, policy, service, jobs).
Knows no HTTP: only `backend.web` imports Flask.
"""
