"""Wrong use of the command line, said in Chinese: its library speaks English only, or asks gettext for its words."""

from __future__ import annotations

import gettext

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


def usage_sentence(error: Exception) -> str:
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
            said = getattr(error, "message", str(error))
    return said + (f"用法见 {context.command_path} --help。" if context is not None else "")
