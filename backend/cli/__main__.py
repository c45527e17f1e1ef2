"""`python -m backend.cli` is `tanpuhui`."""

from backend.cli import main

main(prog_name="tanpuhui")
