"""How long the nodes of a job took: from the server's own record, from its events, or what its history knows.

with Client("http://127.0.0.1:8188") as client:
    profile = take_profile(client, graph)
print(profile.table())
"""

from __future__ import annotations

from .comparison import Comparison, compare, summary_table
from .profile import Profile, Row, csv_of, load_profiles, save_profiles
from .records import Call
from .taking import read_profile, take_profile
from .trace import trace_of

__all__ = [
    "Call", "Comparison", "Profile", "Row", "compare", "csv_of", "load_profiles", "read_profile", "save_profiles",
    "summary_table", "take_profile", "trace_of",
]  # fmt: skip
