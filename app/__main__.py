"""`python -m app …` in a checkout and `python -m convscope …` after installation: the command line."""

from .cli import main

main()
