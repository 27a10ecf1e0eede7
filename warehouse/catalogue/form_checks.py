"""Checks across forms, and of the labels within a form: a heading names one field, an answer one code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from warehouse.catalogue.models import Code, CodeList, Field, Form, Indicator, Measure
from warehouse.catalogue.yaml_source import Source
from warehouse.words.folding import fold


def check_labels(source: Source, form: Form) -> None:
    """Refuse a label or alias that two fields of one year share, whatever its spelling."""
    seen: dict[str, list[Field]] = {}
    for index, field in enumerate(form.fields):
        for text in field.all_labels:
            others = [f for f in seen.setdefault(fold(text), []) if f is not field and _overlap(f, field)]
            if others:
                raise source.error(
                    ["fields", index],
                    f"“{text}”既指栏目“{field.label}”（{field.id}），又指栏目“{others[0].label}”（{others[0].id}），读表时无法区分",
                )
            seen[fold(text)].append(field)


def check_codes(source: Source, code_lists: Mapping[str, CodeList]) -> None:
    """Refuse a label or alias of a code list that means two of its answers."""
    for index, codes in enumerate(code_lists.values()):
        seen: dict[str, list[Code]] = {}
        for number, code in enumerate(codes.codes):
            for text in (code.label, *code.aliases):
                others = [c for c in seen.setdefault(fold(text), []) if c is not code and _overlap(c, code)]
                if others:
                    is_same = others[0].label == code.label
                    both = f"既指“{others[0].label}”，又指“{code.label}”"
                    raise source.error(
                        [index, "codes", number],
                        f"代码表“{codes.id}”中“{text}”{'在重叠的年份写了两条' if is_same else both}",
                    )
                seen[fold(text)].append(code)


def check_numbers(sources: Mapping[str, Source], forms: Iterable[Form]) -> None:
    """Refuse a number or title that two forms of one year share."""
    known: list[Form] = []
    for form in forms:
        for other in known:
            for key in ("number", "title"):
                if fold(getattr(form, key)) == fold(getattr(other, key)) and _overlap(form, other):
                    raise sources[form.id].error(
                        [key],
                        f"报表“{form.id}”与“{other.id}”的{'表号' if key == 'number' else '表名'}都是“{getattr(form, key)}”",
                    )
        known.append(form)


def find_unread_measures(
    measures: Mapping[str, Measure], indicators: Iterable[Indicator], read: Mapping[str, frozenset[str]]
) -> Iterator[Measure]:
    """The reported measures that no indicator reads; ``read``: indicator -> the measures of its formula."""
    used = {name for indicator in indicators for name in read[indicator.id]}
    yield from (m for m in measures.values() if m.id not in used)


def _overlap(one: Field | Form | Code, other: Field | Form | Code) -> bool:
    """Whether both are in force in some year."""
    return (one.since or 0) <= (other.until or 9999) and (other.since or 0) <= (one.until or 9999)
