"""`python -m serve` is `refdesk`."""

import sys

from serve.cli import main

sys.exit(main())
