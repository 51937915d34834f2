"""The command ``hatch-envpack``: one file for each verb."""
