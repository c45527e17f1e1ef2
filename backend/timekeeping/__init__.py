"""Whether the clocks can be trusted: what cannot be undone waits when they cannot.

Owns `clock_watch`. May call audit. Knows nothing of the jobs: `backend.schedule` lists them.
"""
