"""Every test here has the same API process, which serves assistants."""

import pytest

from tests.stack import ApiProcess, Stack


@pytest.fixture(scope="package")
def api(stack: Stack) -> ApiProcess:
    return stack.api(
        MCP="true", MCP_HOSTS="tasks.example.com", CORS_ORIGINS="http://localhost:3000,https://app.example.com"
    )
