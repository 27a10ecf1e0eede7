"""Indicators as SDMX: the columns of SDMX-CSV 2.0, and the data structure with its code lists as SDMX-JSON 2.0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import polars as pl

from warehouse.store.query import run

AGENCY, VERSION = "NIANBAO", "1.0.0"
STRUCTURE_ID = f"{AGENCY}:DSD_INDICATOR({VERSION})"
NEEDED = ("year", "org_code", "indicator", "value", "state", "unit", "coverage_pct", "maturity")
"""Columns that rows must have to be written as SDMX."""
_STATUS = {
    "A": "正常值（终报）",
    "P": "初报值",
    "L": "未报送",
    "M": "不适用",
    "O": "暂存待改正，尚未计入",
    "Q": "涉及个别家庭的较小计数，不公布",
}
"""Codes of CL_OBS_STATUS that occur, as the cross-domain list has them."""
_OF_STATE = {"not_applicable": "M", "not_reported": "L", "held": "O", "suppressed": "Q"}
_URN = "urn:sdmx:org.sdmx.infomodel"
_ENUMERATED = {
    "FREQ": "CL_FREQ",
    "REF_AREA": "CL_AREA",
    "INDICATOR": "CL_INDICATOR",
    "OBS_STATUS": "CL_OBS_STATUS",
}
_CONCEPTS = {
    "FREQ": "频率",
    "REF_AREA": "单位",
    "INDICATOR": "指标",
    "TIME_PERIOD": "年度",
    "OBS_VALUE": "数值",
    "OBS_STATUS": "数值状态",
    "UNIT_MEASURE": "计量单位",
    "COVERAGE": "覆盖率（%）",
}
_DIMENSIONS, _ATTRIBUTES = ("FREQ", "REF_AREA", "INDICATOR"), ("OBS_STATUS", "UNIT_MEASURE", "COVERAGE")


def as_observations(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with the columns NEEDED as rows of SDMX-CSV 2.0; a number that is not there is empty, its status says why."""
    status = pl.when(pl.col("maturity") == "final").then(pl.lit("A")).otherwise(pl.lit("P"))
    missing = pl.col("state").replace_strict(_OF_STATE, default=None, return_dtype=pl.String)
    return rows.select(
        STRUCTURE=pl.lit("datastructure"),
        STRUCTURE_ID=pl.lit(STRUCTURE_ID),
        ACTION=pl.lit("I"),
        FREQ=pl.lit("A"),
        REF_AREA="org_code",
        INDICATOR="indicator",
        TIME_PERIOD="year",
        OBS_VALUE="value",
        OBS_STATUS=pl.coalesce(missing, status),
        UNIT_MEASURE="unit",
        COVERAGE="coverage_pct",
    )


def count_doubles(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    """How many rows of ``sql`` stand for a number of which there is another row. QueryError."""
    found = run(
        connection,
        f"SELECT count(*) - count(DISTINCT (year, org_code, indicator)) FROM ({sql.rstrip().rstrip(';')}\n)",
    )
    return int(found.item())


def build_structure(
    connection: duckdb.DuckDBPyConnection, sql: str, annotations: dict[str, str], prepared: str
) -> dict[str, Any]:
    """The SDMX-JSON 2.0 structure message of the rows of ``sql``, with the code lists of what occurs in them.

    ``annotations``: what is said of the whole; ``prepared``: the ISO moment of the message. QueryError.
    """
    rows = f"FROM ({sql.rstrip().rstrip(';')}\n)"
    areas = run(
        connection,
        f"""SELECT asked.org_code AS id, coalesce(arg_max(u.org_name, u.valid_from), asked.org_code) AS name, '' AS meaning
            FROM (SELECT DISTINCT org_code {rows}) AS asked LEFT JOIN core.org_unit AS u ON u.org_code = asked.org_code
            GROUP BY asked.org_code ORDER BY asked.org_code""",
    )
    indicators = run(
        connection,
        f"""SELECT asked.indicator AS id, coalesce(d.name_zh, asked.indicator) AS name, coalesce(d.meaning, '') AS meaning
            FROM (SELECT DISTINCT indicator {rows}) AS asked
            LEFT JOIN mart.dictionary AS d ON d.kind = 'indicator' AND d.name = asked.indicator ORDER BY 1""",
    )
    lists = [
        _code_list("CL_FREQ", "频率", [("A", "年度", "")]),
        _code_list("CL_AREA", "单位", areas.rows()),
        _code_list("CL_INDICATOR", "指标", indicators.rows()),
        _code_list("CL_OBS_STATUS", "数值状态", [(code, name, "") for code, name in _STATUS.items()]),
    ]
    return {
        "meta": {
            "schema": "https://raw.githubusercontent.com/sdmx-twg/sdmx-json/master/structure-message/tools/schemas/"
            "2.0.0/sdmx-json-structure-schema.json",
            "id": "NIANBAO_INDICATOR",
            "prepared": prepared,
            "test": False,
            "contentLanguages": ["zh"],
            "sender": {"id": AGENCY},
        },
        "data": {
            "codelists": lists,
            "conceptSchemes": [
                _maintained("CS_INDICATOR", "概念")
                | {"concepts": [_named(i, n) for i, n in _CONCEPTS.items()]}
            ],
            "dataStructures": [_build_dsd(annotations)],
        },
    }


def _build_dsd(annotations: dict[str, str]) -> dict[str, Any]:
    dimensions = [_component(name) | {"position": at} for at, name in enumerate(_DIMENSIONS, start=1)]
    time = _concept("TIME_PERIOD") | {"localRepresentation": {"format": {"dataType": "GregorianYear"}}}
    attributes = [
        _component(name, "Double" if name == "COVERAGE" else "String")
        | {"usage": "mandatory" if name == "OBS_STATUS" else "optional"}
        | {"attributeRelationship": {"observation": {}}}
        for name in _ATTRIBUTES
    ]
    return (
        _maintained("DSD_INDICATOR", "年度指标")
        | {
            "annotations": [
                {"id": name, "text": text, "texts": {"zh": text}} for name, text in annotations.items()
            ]
        }
        | {
            "dataStructureComponents": {
                "dimensionList": {
                    "id": "DimensionDescriptor",
                    "dimensions": dimensions,
                    "timeDimension": time,
                },
                "attributeList": {"id": "AttributeDescriptor", "attributes": attributes},
                "measureList": {
                    "id": "MeasureDescriptor",
                    "measures": [_component("OBS_VALUE", "Double") | {"usage": "optional"}],
                },
            }
        }
    )


def _named(identifier: str, name: str, meaning: str = "") -> dict[str, Any]:
    said: dict[str, Any] = {"id": identifier, "name": name, "names": {"zh": name}}
    return said | ({"description": meaning, "descriptions": {"zh": meaning}} if meaning else {})


def _maintained(identifier: str, name: str) -> dict[str, Any]:
    return _named(identifier, name) | {"agencyID": AGENCY, "version": VERSION, "isExternalReference": False}


def _code_list(identifier: str, name: str, codes: Sequence[tuple[str, str, str]]) -> dict[str, Any]:
    return _maintained(identifier, name) | {"codes": [_named(*code) for code in codes]}


def _concept(name: str) -> dict[str, Any]:
    urn = f"{_URN}.conceptscheme.Concept={AGENCY}:CS_INDICATOR({VERSION}).{name}"
    return {"id": name, "conceptIdentity": urn}


def _component(name: str, data_type: str = "String") -> dict[str, Any]:
    """A component of the data structure: of its code list, else of ``data_type``."""
    if name in _ENUMERATED:
        urn = f"{_URN}.codelist.Codelist={AGENCY}:{_ENUMERATED[name]}({VERSION})"
        return _concept(name) | {"localRepresentation": {"enumeration": urn}}
    return _concept(name) | {"localRepresentation": {"format": {"dataType": data_type}}}
