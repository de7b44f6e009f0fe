"""Who asks by a personal access token: found in the database once, then for as long as their list stands still."""

from api.auth.personal.judge import PersonalTokens, Verdicts

__all__ = ["PersonalTokens", "Verdicts"]
