"""Prefect's own server that does not start is one sentence for the operator, and what it said is in the log."""

from __future__ import annotations

from pathlib import Path

from tests.integration.conftest import LANHE
from tests.integration.prefect_office import clean_environment, nianbao


def test_a_server_that_cannot_keep_its_database_is_a_sentence_and_the_log_says_why(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".prefect").write_text("a file where the server's folder should be", encoding="utf-8")
    said = nianbao(
        "nightly",
        environment=clean_environment(NIANBAO_HOME=str(home), NIANBAO_CATALOGUE=str(LANHE), COLUMNS="200"),
    )
    assert said.returncode == 2
    assert "Prefect 服务未能启动" in said.stderr
    assert "Traceback" not in said.stderr
    assert "Error" in (home / "nianbao-error.log").read_text(encoding="utf-8")
