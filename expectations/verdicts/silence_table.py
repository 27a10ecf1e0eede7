"""The table behind docs/silences.md: which question keeps which other one from being asked, and why."""

from __future__ import annotations

from dataclasses import dataclass

from warehouse.words.templates import render_text


@dataclass(frozen=True)
class Silence:
    """One line of the table, in Chinese. ``step``: the name of the function that silences; ``then``: what becomes of the
    silenced question.
    """

    step: str
    by: str
    silenced: str
    why: str
    then: str


SILENCES = (
    Silence(
        "any_unreadable",
        "单元格未能读取（不是数、不是选项、不是日期）",
        "读这一格的表内审核关系",
        "未读出的值无从比较，读取的问题已要求改正",
        "不核对，计入“未核对”",
    ),
    Silence(
        "leave_out_impossible",
        "数不可能成立（超出范围、不是整数、不在选项内）",
        "同一行中读这个数的表内审核关系",
        "一个错数会使同一行的几条关系都不成立",
        "不另问；改正后仍不成立的再问",
    ),
    Silence(
        "leave_out_blank",
        "表内审核关系已指出某格应填",
        "同一格的“未填”，严重程度不高于它的",
        "两条说的是同一个空格，表内的一条说得更具体",
        "不另问",
    ),
    Silence(
        "ask_widest",
        "成块的问题（错行、错栏、两单位互换、整表抄上年等）",
        "块内各数的年度数列问题",
        "错位是一处错误，不必逐数询问",
        "不另问",
    ),
    Silence(
        "fold_into_blocks",
        "成块的问题",
        "读块内数的表内、表间关系和范围、整数、选项的核对",
        "错位的数归位后这些问题一并消除",
        "折叠在该问题之下，说明被认可后重新列出",
    ),
    Silence(
        "ask_widest",
        "同一个数更严重的年度数列问题",
        "同一个数的其他年度数列问题",
        "一个数只问一次",
        "不另问",
    ),
    Silence(
        "leave_out_asked",
        "同一个数已有强制性或核实性问题",
        "该数的年度数列问题",
        "先改正已指出的问题，数变了再与历年比较",
        "不另问；改正后仍可疑的再问",
    ),
    Silence(
        "leave_out_followers",
        "下级单元格有疑问，按上年数代入后合计即正常",
        "上级单位与上年比较的核实性问题",
        "合计的变动由有疑问的单元格引起",
        "不另问；单元格属实而合计仍不正常的再问",
    ),
    Silence(
        "leave_out_settled",
        "某行的问题已能说明合计之差",
        "该栏的合计问题",
        "改正该行后合计即相符",
        "不另问",
    ),
    Silence(
        "doubt_totals",
        "合计各行另有疑问",
        "合计问题中“应是多少”的提示",
        "各行未定，合计的数也未定",
        "合计问题照列，改为请先核对各行",
    ),
    Silence(
        "leave_out_repeated",
        "同一处同一问题已列出5行",
        "其余各行",
        "一个单位列了上千行是一个错误",
        "不另问",
    ),
    Silence(
        "ask_once_of_empty",
        "整个工作簿未填一个数",
        "其他全部问题",
        "空表逐格列出没有意义",
        "只列“未填任何数”一条",
    ),
)  # fmt: skip


def format_silences() -> str:
    """The table as a page of Markdown."""
    rows = [[each.by, each.silenced, each.why, each.then] for each in SILENCES]
    return render_text("expectations.verdicts", "silences.md", rows=rows)
