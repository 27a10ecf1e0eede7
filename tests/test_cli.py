"""The command line: help everywhere, exit codes 0, 1 and 2, errors as one Chinese sentence without a traceback."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flows.cli.app import app
from flows.settings import find_installation
from tests.clerk_workbook import ClerkWorkbook
from tests.small_city import LANHE
from tests.terminal import Terminal, is_one_chinese_sentence

COMMANDS = (
    "template", "sample", "check", "nightly", "status", "trace", "query", "export", "rebuild", "doctor", "docs", "report",
    "review", "rules", "catalogue", "year", "registry", "deadline", "backup", "restore", "contacts", "matters",
    "acknowledge", "timeliness", "deploy", "upgrade", "release", "shell", "show", "completion", "journal", "lake",
)  # fmt: skip


@pytest.fixture
def nianbao(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    find_installation.cache_clear()
    return Terminal(tmp_path / "home", monkeypatch, capsys)


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample workbook of 阳信县 for 2024, as its clerk would have filled it in."""
    from flows.cli.sample_workbooks import write_samples

    folder = tmp_path_factory.mktemp("issued")
    place = find_installation(folder / "home", None)
    return next(path for path in write_samples(place, [2024], folder) if path.name.startswith("371622"))


# ------------------------------------------------------------------------------------------------------- help


def test_help_lists_every_command(nianbao: Terminal) -> None:
    said = nianbao("--help")
    assert said.code == 0
    assert [name for name in COMMANDS if name not in said.out] == []


def test_every_command_is_tested_for_its_help() -> None:
    commands = {str(c.name or getattr(c.callback, "__name__", "")) for c in app.registered_commands}
    assert commands | {str(group.name) for group in app.registered_groups} == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_in_chinese(nianbao: Terminal, command: str) -> None:
    said = nianbao(command, "--help")
    assert said.code == 0
    assert any("\u4e00" <= character <= "\u9fff" for character in said.out)
    said_without_names = re.sub(
        r"nianbao [a-z ]*|--?[a-z]+|[{\[][a-z_]+[}\]]|\b(JSON|CSV|SQL|NIANBAO\w*)\b", "", said.out
    )
    assert not re.search(r"Usage|OPTIONS|Show this|<(bool|int|str|path|file|float)", said_without_names)


def test_help_answers_without_the_slow_libraries() -> None:
    slow = "{'prefect', 'great_expectations', 'duckdb', 'apprise'}"
    script = (
        "import sys; from flows.cli.app import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        f"sys.exit(' '.join(sorted({slow} & set(sys.modules))) or None)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_check_does_not_wait_for_the_gate_of_the_night(issued: Path, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from flows.checking import check_file; from flows.settings import find_installation\n"
        f"found = check_file(find_installation(Path({str(tmp_path)!r}), None), Path({str(issued)!r}))\n"
        "assert found.refusal is None\n"
        "sys.exit(' '.join(sorted({'prefect', 'great_expectations', 'pandas'} & set(sys.modules))) or None)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


# ------------------------------------------------------------------------------------------------- wrong use


@pytest.mark.parametrize(
    "arguments",
    [
        ("无此命令",),
        ("check",),
        ("status",),
        ("status", "--year", "去年"),
        ("trace", "member_count"),
        ("export", "mart.indicator"),
        ("nightly", "--无此选项"),
    ],
    ids=" ".join,
)
def test_wrong_use_ends_with_code_2(nianbao: Terminal, arguments: tuple[str, ...]) -> None:
    said = nianbao(*arguments)
    assert said.code == 2
    assert said.out == ""


def test_an_argument_too_many_is_named(nianbao: Terminal) -> None:
    said = nianbao("template", "371621", "--year", "2024")
    assert said.err.partition("用法见")[0] == "错误：多写了参数 371621。"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("exprot",), "错误：没有命令“exprot”，是否为 export？"),
        (("review", "aprove"), "错误：没有命令“aprove”，是否为 approve？"),
        (("re",), "错误：没有命令“re”。"),
    ],
)
def test_a_mistyped_command_is_answered_with_what_may_be_meant(
    nianbao: Terminal, typed: tuple[str, ...], said: str
) -> None:
    assert nianbao(*typed).err.partition("用法见")[0] == said


def test_no_command_at_all_shows_the_help(nianbao: Terminal) -> None:
    said = nianbao()
    assert said.code in (0, 2)
    assert "template" in said.out + said.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("status", "--year", "2024"),
        ("query", "SELECT 1"),
        ("trace", "member_count", "371600", "2024"),
        ("export", "mart.indicator", "--out", "x.csv"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_without_a_warehouse_it_says_what_to_do(nianbao: Terminal, arguments: tuple[str, ...]) -> None:
    said = nianbao(*arguments)
    assert said.code == 2
    assert is_one_chinese_sentence(said.err)
    assert "nianbao nightly" in said.err


def test_a_catalogue_that_is_none_is_named(nianbao: Terminal, tmp_path: Path) -> None:
    said = nianbao("--catalogue", str(tmp_path), "doctor")
    assert said.code == 2
    assert "catalogue.yaml" in said.err


# ----------------------------------------------------------------------------------------------- workbooks


def test_template_writes_one_workbook_for_each_unit(nianbao: Terminal, tmp_path: Path) -> None:
    said = nianbao("template", "--year", "2024", "--out", str(tmp_path / "下发"))
    assert said.code == 0, said.err
    files = sorted(p.name for p in (tmp_path / "下发").iterdir())
    assert len(files) == 8
    assert files[2] == "371603_2024_沾化区_计生协年报.xlsx"
    assert len(said.out.splitlines()) == 8


def test_template_writes_the_workbook_of_one_unit(nianbao: Terminal, tmp_path: Path) -> None:
    assert nianbao("template", "--year", "2024", "--unit", "371621", "--out", str(tmp_path / "t")).code == 0
    assert [p.name for p in (tmp_path / "t").iterdir()] == ["371621_2024_惠民县_计生协年报.xlsx"]


@pytest.mark.parametrize(
    "arguments", [("--year", "1999"), ("--year", "2024", "--unit", "999999")], ids=" ".join
)
def test_template_for_an_unknown_year_or_unit_writes_nothing(
    nianbao: Terminal, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    said = nianbao("template", *arguments, "--out", str(tmp_path / "t"))
    assert said.code == 2
    assert is_one_chinese_sentence(said.err)
    assert not (tmp_path / "t").exists()


def test_sample_fills_the_inbox_of_a_new_home(nianbao: Terminal) -> None:
    assert nianbao("--catalogue", str(LANHE), "sample", "--year", "2024").code == 0
    units = sorted(path.parent.name for path in (nianbao.home / "inbox").rglob("*.xlsx"))
    assert units == ["990100", "990101", "990102"]


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("units:\n  care:\n    fields:\n      visit_count: {totl: 3}\n", "samples.yaml:4: "),
        (
            "units:\n  care:\n    fields:\n      visits: {total: 3}\n",
            "samples.yaml:4: 报表“care”的栏目“visits”没有定义",
        ),
        (
            "units:\n  care:\n    fields:\n      visit_count: {ratio: 1, of: visits}\n",
            "samples.yaml:4: 报表“care”字段visit_count的 of：栏目“visits”没有定义",
        ),
    ],
)
def test_a_mistake_in_the_samples_is_told_in_chinese(
    nianbao: Terminal, tmp_path: Path, written: str, says: str
) -> None:
    city = Path(shutil.copytree(LANHE, tmp_path / "lanhe"))
    (city / "samples.yaml").write_text(written, encoding="utf-8")
    said = nianbao("--catalogue", str(city), "sample", "--year", "2024")
    assert said.code == 2
    assert says in said.err
    assert "Extra inputs" not in said.err


def test_docs_and_doctor_name_a_mistake_in_the_samples(nianbao: Terminal, tmp_path: Path) -> None:
    city = Path(shutil.copytree(LANHE, tmp_path / "lanhe"))
    (city / "samples.yaml").write_text("units:\n  cares: {}\n", encoding="utf-8")
    said = nianbao("--catalogue", str(city), "docs", "--out", str(tmp_path / "docs"))
    assert said.code == 2
    assert "samples.yaml:2: 报表“cares”没有定义" in said.err
    said = nianbao("--catalogue", str(city), "doctor")
    assert said.code == 1
    assert "样例不能生成" in said.out + said.err


def test_sample_for_an_unknown_year_is_wrong_use(nianbao: Terminal) -> None:
    said = nianbao("sample", "--year", "2031")
    assert said.code == 2
    assert is_one_chinese_sentence(said.err)


# ---------------------------------------------------------------------------------------------------- check


def test_check_of_an_honest_workbook_is_good_and_leaves_no_trace(nianbao: Terminal, issued: Path) -> None:
    said = nianbao("check", str(issued))
    assert said.code == 0, said.out + said.err
    assert issued.exists()
    assert not nianbao.home.exists()


def test_check_as_json_can_be_read_by_a_program(nianbao: Terminal, issued: Path) -> None:
    said = nianbao("check", "--json", str(issued))
    assert said.code == 0, said.err
    assert isinstance(json.loads(said.out), list)


def test_check_of_a_workbook_with_a_blocking_error_ends_with_code_1(
    nianbao: Terminal, issued: Path, tmp_path: Path
) -> None:
    book = ClerkWorkbook(issued)
    count = book.cell("年1表", "个人会员数", org=book.villages()[0])
    count.value = "约三百"
    sheet, cell = book.sheet("年1表").title, count.coordinate
    wrong = book.save(tmp_path / "371622_2024_阳信县.xlsx")
    said = nianbao("check", "--json", str(wrong))
    assert said.code == 1, said.err
    [found] = [f for f in json.loads(said.out) if f["severity"] == "critical" and "约三百" in f["message"]]
    assert (found["rule"], found["sheet"], found["cell"]) == ("conform.unreadable_number", sheet, cell)
    said = nianbao("check", str(wrong))
    assert said.code == 1
    assert "强制性" in said.out
    assert f"年1表 {cell}（" in said.out
    assert "conform.unreadable_number" not in said.out, "ids are for programs"


def test_check_tells_many_cells_of_one_cause_in_one_line(
    nianbao: Terminal, issued: Path, tmp_path: Path
) -> None:
    book = ClerkWorkbook(issued)
    for org in book.villages()[:8]:
        book.cell("年1表", "个人会员数", org=org).value = "约三百"
    wrong = book.save(tmp_path / "371622_2024_阳信县.xlsx")
    asked = [f for f in json.loads(nianbao("check", "--json", str(wrong)).out) if "约三百" in f["message"]]
    assert len(asked) == 8
    said = nianbao("check", str(wrong)).out
    assert said.count("约三百") == 1
    assert "“个人会员数”8行填的不是数字" in said.replace("\n", "")


@pytest.mark.parametrize(
    "content", [b"", "这是一段文字".encode(), b"PK\x03\x04 cut off"], ids=["empty", "text", "cut"]
)
def test_check_of_a_file_that_is_no_workbook_ends_with_code_2(
    nianbao: Terminal, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "年报.xlsx"
    file.write_bytes(content)
    said = nianbao("check", str(file))
    assert said.code == 2
    assert is_one_chinese_sentence(said.err)
    assert nianbao("check", "--json", str(file)).code == 2


def test_check_of_a_file_that_is_not_there_ends_with_code_2(nianbao: Terminal) -> None:
    said = nianbao("check", "没有.xlsx")
    assert (said.code, said.err) == (2, "错误：找不到文件：没有.xlsx\n")
