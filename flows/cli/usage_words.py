"""Wrong use of the command line, said in Chinese: its library speaks English only, or asks gettext for its words."""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable
from typing import Any

_WORDS = {
    "Options": "选项",
    "Arguments": "参数",
    "Commands": "命令",
    "required": "必填",
    "[required]": "[必填]",
    "[default: {}]": "[默认：{}]",
    "default: {default}": "默认：{default}",
    "[env var: {}]": "[环境变量：{}]",
    "env var: {var}": "环境变量：{var}",
    "Missing command.": "没有写明命令。",
    "No such command {name!r}.": "没有命令“{name}”。",
    "Option {name!r} does not take a value.": "选项“{name}”后面不写值。",
}


def speak_chinese() -> None:
    """Give gettext these words; to be called before the command line's library is imported."""

    def dgettext(domain: str, message: str) -> str:
        del domain
        return _WORDS.get(message, message)

    gettext.dgettext = dgettext


_USAGE = {"Usage: ": "用法：", "[OPTIONS]": "[选项]", "COMMAND [ARGS]...": "命令 [参数]…"}
_TYPES = {
    "bool": "", "int": "整数", "float": "数", "str": "文字", "path": "路径", "file": "文件", "directory": "文件夹",
    "%Y-%m-%d": "年-月-日",
}  # fmt: skip
_KEPT = "显示本说明。"


def translate_help() -> None:
    """Make help pages Chinese where the library asks nobody: usage line, help option, names of types.

    It has no setting for these; what is replaced is what it calls itself.
    """
    from typer import core

    def usage(original: Callable[..., str]) -> Callable[..., str]:
        def of(self: Any, context: Any) -> str:
            said = original(self, context)
            for english, chinese in _USAGE.items():
                said = said.replace(english, chinese)
            return said

        return of

    def help_option(original: Callable[..., Any]) -> Callable[..., Any]:
        def of(self: Any, context: Any) -> Any:
            option = original(self, context)
            if option is not None:
                option.help = _KEPT
            return option

        return of

    def name_type(original: Callable[..., str]) -> Callable[..., str]:
        def of(self: Any, context: Any) -> str:
            english = original(self, context).strip("<>")
            chinese = _TYPES.get(english.removeprefix("list[").removesuffix("]"), english)
            return f"<{chinese}>" if chinese else ""

        return of

    for kind in (core.TyperCommand, core.TyperGroup):
        for name, translated in (("get_usage", usage), ("get_help_option", help_option)):
            setattr(kind, name, translated(getattr(kind, name)))
    for parameter in (core.TyperOption, core.TyperArgument):
        setattr(parameter, "display_type", name_type(parameter.display_type))  # noqa: B010 - mypy forbids the plain form


_SUGGESTED = re.compile(r"。\. Did you mean (.+)\?$")
"""What the library adds to a sentence about a command that it does not know."""


_EXTRA = re.compile(r"^Got unexpected extra argument\(s\) \((.+)\)$")
"""What the library says of more arguments than the command has."""


def _suggest(found: re.Match[str]) -> str:
    near = re.findall("'([^']+)'", found[1])
    return f"，是否为 {'、'.join(near)}？"


def write_usage_sentence(error: Exception) -> str:
    """What is wrong with a command as it was typed. ``error``: the library's UsageError, or one derived from it."""
    context = getattr(error, "ctx", None)
    parameter = getattr(error, "param", None)
    name = "" if parameter is None else max(parameter.opts, key=len) if parameter.opts else parameter.name
    given = getattr(error, "option_name", "")
    match type(error).__name__:
        case "MissingParameter":
            said = f"缺少{'选项' if name.startswith('-') else '参数'} {name}。"
        case "BadParameter":
            said = f"{name} 所填的值不对。"
        case "NoSuchOption":
            near = "、".join(getattr(error, "possibilities", None) or ())
            said = f"没有选项 {given}" + (f"，是否为 {near}？" if near else "。")
        case "BadOptionUsage":
            said = f"选项 {given} 后面缺少值。"
        case _:
            said = _SUGGESTED.sub(_suggest, getattr(error, "message", str(error)))
            said = _EXTRA.sub(r"多写了参数 \1。", said)
    return said + (f"用法见 {context.command_path} --help。" if context is not None else "")
