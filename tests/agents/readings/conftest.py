"""The same place as the tutorial's programs run in: an empty folder, a scripted server, nothing else configured."""

from tests.agents.tutorial.conftest import serve as serve
from tests.agents.tutorial.conftest import workplace as workplace
