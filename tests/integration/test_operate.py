"""What an operator copies: units that systemd takes, settings that exist, commands that both languages give alike."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import typer

from flows.cli.app import app
from flows.dispatch.secrets import list_secrets
from flows.settings import Settings
from tests.integration.test_wheel import OTHER_SOURCES, PACKAGES

DOCS = Path(__file__).parents[2] / "docs"
UNITS = sorted(path for path in (DOCS / "systemd").iterdir() if path.suffix in (".service", ".timer"))
EXAMPLE = DOCS / "systemd" / "nianbao.env.example"
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("operate*.md"))}
OF_OTHERS = {"GX_ANALYTICS_ENABLED", "NO_PROXY", "no_proxy", "OTEL_EXPORTER_OTLP_ENDPOINT"}
COMMANDS = re.compile(r"```bash\n(.*?)```|`([^`\n]+)`", re.DOTALL)
PLACEHOLDER = re.compile(r"<[^>]*>|\bchange-me\b|[^\x00-\x7f]+|\b[A-Z]{2,}\b(?![_=])")


# ------------------------------------------------------------------------------------------------- systemd


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="this machine has no systemd")
def test_systemd_has_nothing_to_say_about_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        text = re.sub(r"/opt/nianbao/bin/\w+", "/bin/true", unit.read_text(encoding="utf-8"))
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    command = ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / unit.name) for unit in UNITS)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    said = [line for line in ended.stderr.splitlines() if str(tmp_path) in line or "nianbao" in line]
    assert (ended.returncode, said) == (0, [])


def test_a_unit_starts_programs_that_the_installation_brings() -> None:
    started = [
        line for unit in UNITS for line in re.findall(r"^ExecStart=(.+)$", unit.read_text(), re.MULTILINE)
    ]
    assert {shlex.split(line)[0] for line in started} == {
        f"/opt/nianbao/bin/{p}" for p in ("nianbao", "prefect")
    }
    for line in started:
        program, *arguments = shlex.split(line)
        if program.endswith("/nianbao"):
            find_options(arguments)


# ------------------------------------------------------------------------------------------------ settings


def list_known_variables() -> set[str]:
    from prefect.settings import get_current_settings

    own = {f"NIANBAO_{name.upper()}" for name in Settings.model_fields}
    return own | OF_OTHERS | set(get_current_settings().to_environment_variables())


def is_known(name: str) -> bool:
    return name in list_known_variables() or bool(list(list_secrets({name: "x"})))


def test_every_variable_of_the_example_is_a_setting() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    named = [line.lstrip("#").partition("=")[0] for line in lines if re.match(r"#?[A-Za-z_]+=", line)]
    assert "NIANBAO_INBOX" in named
    assert [name for name in named if not is_known(name)] == []


def test_every_variable_of_the_pages_and_units_is_a_setting() -> None:
    texts = [*PAGES.values(), *(unit.read_text(encoding="utf-8") for unit in UNITS)]
    named = {name for text in texts for name in re.findall(r"\b(?:NIANBAO|PREFECT)_[A-Z_]+\b", text)}
    assert len(named) > 8
    assert [name for name in sorted(named) if not is_known(name)] == []


def test_a_shell_reads_every_line_of_the_example(tmp_path: Path) -> None:
    text = re.sub(r"^#(?=[A-Za-z_]+=)", "", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    file = tmp_path / "nianbao.env"
    file.write_text(text, encoding="utf-8")
    script = f"set -aeu; . {file}; env"
    ended = subprocess.run(
        ["sh", "-c", script], env={}, capture_output=True, text=True, timeout=30, check=True
    )
    read = dict(line.partition("=")[::2] for line in ended.stdout.splitlines())
    wanted = re.findall(r'^([A-Za-z_]+)="?(.*?)"?$', text, re.MULTILINE)
    assert [(name, read.get(name)) for name, _ in wanted] == wanted


# ------------------------------------------------------------------------------------------------ commands


def list_commands(page: str) -> list[str]:
    """The lines to type, and what is quoted of nianbao's own, with placeholders and comments made alike."""
    found: list[str] = []
    for block, quoted in COMMANDS.findall(page):
        lines = block.splitlines() if block else [quoted] if quoted.startswith("nianbao ") else []
        found += [PLACEHOLDER.sub("X", re.sub(r"\s+# .*", "", line)) for line in lines]
    return found


def find_options(arguments: list[str]) -> None:
    """Fails where nianbao has no such command, or the command no such option."""
    command: object = typer.main.get_command(app)
    words = list(arguments)
    while words and hasattr(command, "commands"):
        assert words[0] in command.commands, arguments
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts}  # type: ignore[attr-defined]
    assert {word for word in words if word.startswith("--")} <= known, arguments


def test_both_languages_give_the_same_commands_in_the_same_order() -> None:
    english, chinese = (list_commands(page) for page in PAGES.values())
    assert len(english) > 30
    assert english == chinese


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_nianbao_exists_with_its_options(page: str) -> None:
    named = re.findall(r"(?:^|[`/ ])nianbao ((?:[a-z]+|--)[^`\n|#]*)", PAGES[page], re.MULTILINE)
    typed = [words for words in map(str.split, named) if words[0] in typer.main.get_command(app).commands]
    assert {"deploy", "doctor", "nightly", "backup", "restore", "rebuild"} <= {words[0] for words in typed}
    for words in typed:
        find_options(words)


@pytest.mark.parametrize("page", PAGES)
def test_what_is_copied_from_the_sources_is_there(page: str) -> None:
    named = re.findall(r"/usr/local/src/nianbao/(?!build)([^\s`]+)", PAGES[page])
    assert named
    assert [name for name in named if not list(DOCS.parent.glob(name))] == []


def test_the_command_runs_with_the_settings_of_the_services_and_as_their_user(tmp_path: Path) -> None:
    settings, program, runuser = (tmp_path / name for name in ("nianbao.env", "program", "runuser"))
    settings.write_text('NIANBAO_HOME=/srv/nianbao\nNIANBAO_INBOX="one two"\n', encoding="utf-8")
    program.write_text('#!/bin/sh\nprintf "%s|" "$@" "$NIANBAO_INBOX" "$HOME"; umask\n', encoding="utf-8")
    runuser.write_text(
        '#!/bin/sh\n[ "$1 $2 $3" = "-u nianbao --" ] && shift 3 && exec "$@"\n', encoding="utf-8"
    )
    for script in (program, runuser):
        script.chmod(0o755)
    command = (DOCS / "systemd" / "nianbao.sh").read_text(encoding="utf-8")
    for written, here in (
        ("/etc/nianbao/nianbao.env", settings),
        ("/opt/nianbao/bin/nianbao", program),
        ("runuser -u", f"{runuser} -u"),
        ('"$(id -u)"', "0"),
    ):
        assert written in command
        command = command.replace(written, str(here))
    ended = subprocess.run(
        ["sh", "-c", command, "nianbao", "query", "SELECT 1 AS 数"],
        capture_output=True, text=True, timeout=30, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert ended.stdout == "query|SELECT 1 AS 数|one two|/var/lib/nianbao|0027\n"


@pytest.mark.parametrize("given", ["", "http://10.0.0.1:4200/api"])
def test_a_container_reads_the_settings_and_knows_no_server_but_one_that_is_named(
    tmp_path: Path, given: str
) -> None:
    settings, program = tmp_path / "nianbao.env", tmp_path / "nianbao"
    settings.write_text(
        'NIANBAO_INBOX="one two"\nPREFECT_API_URL=http://127.0.0.1:4200/api\n', encoding="utf-8"
    )
    program.write_text('#!/bin/sh\nprintf "%s|" "$@" "$NIANBAO_INBOX" "${PREFECT_API_URL-none}"\n')
    program.chmod(0o755)
    recipe = (DOCS.parent / "Containerfile").read_text(encoding="utf-8")
    [entry] = re.findall(r"^ENTRYPOINT (.+)$", recipe, re.MULTILINE)
    assert "/etc/nianbao/nianbao.env" in entry
    shell, option, script, name = json.loads(entry)
    ended = subprocess.run(
        [shell, option, script.replace("/etc/nianbao/nianbao.env", str(settings)), name, "query", "SELECT 1"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", **({"PREFECT_API_URL": given} if given else {})},
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    assert ended.stdout == f"query|SELECT 1|one two|{given or 'none'}|"


def test_a_container_holds_what_the_wheel_is_made_of() -> None:
    recipe = (DOCS.parent / "Containerfile").read_text(encoding="utf-8")
    copied = {name for line in re.findall(r"^COPY (.+) \S+$", recipe, re.MULTILINE) for name in line.split()}
    assert copied == {*PACKAGES, *OTHER_SOURCES, "requirements.lock"}
