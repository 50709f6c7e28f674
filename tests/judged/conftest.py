"""GitHub's descriptions, and what `make test` recorded."""

from pathlib import Path

import pytest

from tests.judged.judge import Judge

DESCRIPTIONS = Path(__file__).parents[2] / ".cache" / "judges"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the folder into which an earlier run recorded."""
    parser.addoption("--records", type=Path, help="the folder that SANDBOX_RECORD named")


@pytest.fixture(scope="session")
def judge() -> Judge:
    assert DESCRIPTIONS.exists(), "`make judges` fetches GitHub's descriptions"
    return Judge(DESCRIPTIONS)


@pytest.fixture(scope="session")
def records(pytestconfig: pytest.Config) -> Path:
    folder: Path | None = pytestconfig.getoption("--records", None)
    if folder is None:
        pytest.skip("nothing was recorded: `make test` does it")
    return folder
