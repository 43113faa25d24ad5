"""`python -m switchyard`."""

from .cli import main

raise SystemExit(main())
