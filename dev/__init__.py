"""Commands to develop the addon with; a package only so that lint sees who imports it."""
