"""The markers of pluggy: they stand below all stages, since built-in hooks of several stages use them."""

from __future__ import annotations

import pluggy

GROUP = "hatch_envpack"
"""The entry point group, and the name that pluggy knows the hooks by."""

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)
